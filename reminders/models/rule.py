"""What is said to whom and when: rules that clinic administrators edit, every version of them kept."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from scheduling.models import AppointmentType, Clinic, Service

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class Kind(models.TextChoices):
    """What a message is about. The first of a pair is stored; rules for it say when."""

    BOOKED = "booked", "Booked"
    PREPARATION = "preparation", "How to prepare"
    UPCOMING = "upcoming", "48 hours before"
    CONFIRM_REQUEST = "confirm_request", "Please confirm"
    SAME_DAY = "same_day", "Same day"
    RESCHEDULED = "rescheduled", "Moved"
    CANCELLED = "cancelled", "Cancelled"
    OFFER = "offer", "Offer of an earlier time"
    INVITATION = "invitation", "Please choose a time"
    NO_SHOW = "no_show", "Missed visit"
    THANKS = "thanks", "After the visit"
    FOLLOW_UP = "follow_up", "Follow-up to book"
    RECALL = "recall", "Recall"
    FEEDBACK = "feedback", "Feedback"
    STAFF_CHANGE = "staff_change", "To staff: change today"
    STAFF_TOMORROW = "staff_tomorrow", "To staff: tomorrow's list"


TO_STAFF = frozenset({Kind.STAFF_CHANGE, Kind.STAFF_TOMORROW})
"""Kinds that go to people who work here; every other one goes to the patient."""


class Medium(models.TextChoices):
    """The way a message travels."""

    SMS = "sms", "SMS"
    EMAIL = "email", "Email"
    LETTER = "letter", "Letter"


class RuleQuerySet(models.QuerySet["Rule"]):
    def visible_to(self, user: User) -> Self:
        """Rules of clinics whose messages the user may see, and those of the whole group."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        clinics = clinic_ids_with(user, Permission.SEE_REMINDERS)
        return self.filter(Q(clinic__in=clinics) | Q(clinic=None)) if clinics else self.none()


class Rule(models.Model):
    """One message at one moment, for the whole group or only for a clinic, a service or a type.

    Of the rules of one kind and slot that cover an appointment, the most specific wins: type before service before
    clinic before group. `slot` tells apart rules of one kind that go out side by side (a reminder a week before and
    one two days before).
    """

    kind = models.CharField(max_length=16, choices=Kind.choices)
    slot = models.SlugField(max_length=24, default="main", help_text="Rules of one slot replace each other")
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    appointment_type = models.ForeignKey(
        AppointmentType, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    current = models.OneToOneField("RuleVersion", on_delete=models.PROTECT, null=True, related_name="+")
    replan_due_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Set by every change, until visits to come are planned by it"
    )

    replanned_to = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="How far that has come: an appointment's id"
    )

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "slot", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "slot", "clinic", "service", "appointment_type"],
                nulls_distinct=False,
                name="rule_once_per_scope",
                violation_error_message="There is a rule of this kind for this clinic, service and type.",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="rule_known_kind"),
            models.CheckConstraint(
                condition=Q(service__isnull=True) | Q(appointment_type__isnull=True), name="rule_service_or_type"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.slot})"


class RuleVersion(models.Model):
    """What a rule says since somebody saved it. Never changed: saving makes the next one.

    A moment is `months`, `days` and then `minutes` from the rule's anchor (the start for messages before a visit, its
    end for those after it, else the event itself); `at_time` replaces the wall-clock time on the day reached.
    Months and days are counted on the clinic's calendar, minutes on the clock that doesn't jump.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    is_active = models.BooleanField(default=True, help_text="Off: nothing is sent where this rule wins")
    months = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Calendar months after the anchor; the last day of a shorter one"
    )
    days = models.SmallIntegerField(default=0, help_text="Local days from the anchor; negative: before it")
    minutes = models.IntegerField(default=0, help_text="Then minutes; negative: before")
    at_time = models.TimeField(null=True, blank=True, help_text="Then this local time on the day reached")
    quiet_from = models.TimeField(default=time(20), help_text="No message from this local time …")
    quiet_until = models.TimeField(default=time(8), help_text="… until this one")
    latest_minutes_before = models.PositiveIntegerField(default=60, help_text="Not later than this before the start")
    skip_when_booked_within = models.PositiveIntegerField(
        default=0, help_text="Minutes: left out when booked so shortly before it would go that the confirmation says it"
    )
    media = ArrayField(
        models.CharField(max_length=8, choices=Medium.choices),
        default=list,
        blank=True,
        help_text="In this order; empty: what the patient prefers, then whatever reaches them",
    )
    saved_at = models.DateTimeField(auto_now_add=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["rule", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="rule_version_once"),
            models.CheckConstraint(condition=~Q(quiet_from=F("quiet_until")), name="rule_version_some_time_to_send"),
        ]
        triggers = [pgtrigger.Protect(name="version_kept", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"version {self.number} of rule {self.rule_id}"


class MessageText(models.Model):
    """A clinic's own words for a version of a rule. Where there are none, the words that come with CareBridge hold."""

    version = models.ForeignKey(RuleVersion, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=8)
    medium = models.CharField(max_length=8, choices=Medium.choices)
    subject = models.CharField(max_length=160, blank=True)
    body = models.TextField()

    class Meta:
        ordering = ["version", "language", "medium"]
        constraints = [models.UniqueConstraint(fields=["version", "language", "medium"], name="message_text_once")]
        triggers = [pgtrigger.Protect(name="text_kept", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.get_medium_display()} in {self.language} of version {self.version_id}"
