"""Who waits for a visit, for what, and since when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from scheduling.models import Appointment, AppointmentType, Channel, Clinic, Doctor, Patient, Referral, Status

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class Urgency(models.IntegerChoices):
    """How soon somebody should be seen; whoever sets more than routine says why."""

    ROUTINE = 0, "Routine"
    SOON = 1, "Soon"
    URGENT = 2, "Urgent"


class Contact(models.TextChoices):
    """How somebody would be asked about a time."""

    AS_USUAL = "", "As they like to be written to"
    MESSAGE = "message", "By a message"
    PHONE = "phone", "By telephone only"


class EntryStatus(models.TextChoices):
    ACTIVE = "active", "Waiting"
    PAUSED = "paused", "Paused"
    CLOSED = "closed", "Closed"


class Outcome(models.TextChoices):
    BOOKED = "booked", "Booked"
    WITHDREW = "withdrew", "No longer wants it"
    UNREACHABLE = "unreachable", "Could not be reached"
    MISTAKE = "mistake", "Entered by mistake"
    TOO_LATE = "too_late", "The last day that would have helped is over"
    JOINED = "joined", "Two records of one patient waited for it"


GIVEN_UP_FOR_AN_EARLIER = frozenset({Status.CONFIRMED, Status.REQUIRES_REVIEW})
"""Statuses of a visit that its patient may give up for an earlier one."""
NO_VISIT_ANY_MORE = frozenset({Status.CANCELLED, Status.EXPIRED})
"""Of a visit that somebody would have given up: they have none now, and wait on."""


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: User) -> Self:
        """Entries at clinics whose waitlist the user may see."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.SEE_WAITLIST))

    def open(self) -> Self:
        """Those that wait, also while paused."""
        return self.exclude(status=EntryStatus.CLOSED)


class Entry(models.Model):
    """One patient's wait for one type of visit at a clinic, the first choice, or at one of several.

    `paused_for` is how long it has been paused in all, without a pause that still lasts: waiting doesn't count then.
    `visit` is one that the patient has, and would give up for an earlier time; cancelled or expired, it is as none.
    Days and times are local to the clinic of the time that comes free; the times stand for starts, both included.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="waitlist_entries")
    came_from = models.ForeignKey(
        Patient,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="The record that joined, if it was merged into the patient's since",
    )
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.PROTECT, related_name="+")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+", db_index=False)
    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    doctor_is_must = models.BooleanField(default=False, help_text="Nobody else will do; otherwise a wish")
    urgency = models.PositiveSmallIntegerField(choices=Urgency.choices, default=Urgency.ROUTINE)
    urgency_reason = models.CharField(max_length=160, blank=True)
    urgency_set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    earliest_day = models.DateField(null=True, blank=True, help_text="The first day that suits")
    latest_day = models.DateField(null=True, blank=True, help_text="The last day that would still help")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text="From 0 for Monday; none: any day"
    )
    from_time = models.TimeField(null=True, blank=True)
    until_time = models.TimeField(null=True, blank=True)
    notice_minutes = models.PositiveIntegerField(default=0, help_text="How long before a visit the patient must know")
    is_sensitive = models.BooleanField(default=False, help_text="A person agrees before anything is offered")
    contact = models.CharField(
        max_length=8, choices=Contact.choices, default=Contact.AS_USUAL, db_default="", blank=True
    )
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    visit = models.ForeignKey(Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.DESK)
    status = models.CharField(max_length=8, choices=EntryStatus.choices, default=EntryStatus.ACTIVE)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    waiting_since = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateField(null=True, blank=True, help_text="Local day on which the wait goes on by itself")
    paused_for = models.DurationField(default=timedelta)
    closed_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["waiting_since", "id"]
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(condition=Q(urgency__in=Urgency.values), name="waitlist_known_urgency"),
            models.CheckConstraint(
                condition=Q(urgency=Urgency.ROUTINE) | ~Q(urgency_reason=""), name="waitlist_urgency_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(status=EntryStatus.ACTIVE, paused_at__isnull=True, closed_at__isnull=True, outcome="")
                | Q(status=EntryStatus.PAUSED, paused_at__isnull=False, closed_at__isnull=True, outcome="")
                | Q(status=EntryStatus.CLOSED, closed_at__isnull=False) & ~Q(outcome=""),
                name="waitlist_status_says_since_when",
            ),
            models.CheckConstraint(
                condition=Q(doctor_is_must=False) | Q(doctor__isnull=False), name="waitlist_must_names_doctor"
            ),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True) | Q(paused_at__gte=F("waiting_since")), name="waitlist_pause_after"
            ),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=list(range(7))), name="waitlist_weekdays_of_a_week"
            ),
            models.CheckConstraint(
                condition=Q(earliest_day__isnull=True)
                | Q(latest_day__isnull=True)
                | Q(earliest_day__lte=F("latest_day")),
                name="waitlist_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(from_time__isnull=True) | Q(until_time__isnull=True) | Q(from_time__lte=F("until_time")),
                name="waitlist_times_in_order",
            ),
            models.UniqueConstraint(
                fields=["patient", "appointment_type", "clinic"],
                condition=~Q(status=EntryStatus.CLOSED),
                name="waitlist_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "status"], name="waitlist_clinic_status"),
            models.Index(
                fields=["appointment_type", "clinic"],
                condition=Q(status=EntryStatus.ACTIVE),
                name="waitlist_active_by_type",
            ),
        ]

    def __str__(self) -> str:
        return f"Waitlist entry {self.pk}"

    @property
    def other_clinic_ids(self) -> list[int]:
        """The further clinics that suit, the second choice first."""
        return [each.clinic_id for each in self.other_clinics.all()]

    @property
    def gives_up_visit(self) -> bool:
        """Whether there is a visit that the patient gives up for an earlier time."""
        return self.visit is not None and self.visit.status in GIVEN_UP_FOR_AN_EARLIER

    def waited(self, now: datetime) -> timedelta:
        """How long they have waited, pauses not counted."""
        return (self.paused_at or self.closed_at or now) - self.waiting_since - self.paused_for


class OtherClinic(models.Model):
    """A further clinic that suits somebody who waits; `place` is 2 for the second choice and so on."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="other_clinics")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "clinic"], name="waitlist_clinic_named_once"),
            models.UniqueConstraint(fields=["entry", "place"], name="waitlist_place_taken_once"),
            models.CheckConstraint(condition=Q(place__gte=2), name="waitlist_first_choice_is_the_entrys"),
        ]

    def __str__(self) -> str:
        return f"Choice {self.place} of waitlist entry {self.entry_id}"
