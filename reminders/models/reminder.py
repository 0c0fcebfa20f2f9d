"""A message that is to be sent, with everything that became of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from reminders.models.rule import TO_STAFF, Kind, Medium, RuleVersion
from scheduling.models import Appointment, BookingInvitation, Clinic, Patient

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class State(models.TextChoices):
    PLANNED = "planned", "Planned"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"
    SUPPRESSED = "suppressed", "Not sent"
    JOINED = "joined", "Told with another visit"


OPEN = frozenset({State.PLANNED, State.SENDING})
"""States in which something is still to happen."""


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def visible_to(self, user: User) -> Self:
        """Messages of clinics whose messages the user may see, a doctor's patients' ones, and those to the user."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        seen = Q(clinic__in=clinic_ids_with(user, Permission.SEE_REMINDERS)) | Q(user=user)
        return self.filter(seen | Q(appointment__in=Appointment.objects.visible_to(user).filter(doctor__user=user)))

    def due(self, now: datetime) -> Self:
        """Planned ones whose (next) try is due."""
        return self.filter(state=State.PLANNED, next_try_at__lte=now)


class Reminder(models.Model):
    """A message about one visit or an invitation to book one, to the patient or to somebody who works there.

    Written in the transaction of the change it tells of, and sent when `next_try_at` (UTC) has come, never after
    `not_after`. `key` names it to the provider, so that a second attempt can't become a second message.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    version = models.ForeignKey(
        RuleVersion, on_delete=models.PROTECT, null=True, related_name="reminders", help_text="Empty: sent by hand"
    )
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+", db_index=False)
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, related_name="reminders", db_index=False
    )
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="reminders", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    invitation = models.ForeignKey(
        BookingInvitation, on_delete=models.PROTECT, null=True, blank=True, related_name="reminders", db_index=False
    )
    starts_at = models.DateTimeField(null=True, help_text="The start it was planned for: a moved visit has another")
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    reason = models.CharField(max_length=32, blank=True, help_text="Why it is suppressed, or failed: a code")
    due_at = models.DateTimeField()
    not_after = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    medium = models.CharField(max_length=8, choices=Medium.choices, blank=True, help_text="Chosen when it is sent")
    language = models.CharField(max_length=8, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    provider_id = models.CharField(max_length=120, blank=True)
    provider_words = models.CharField(max_length=240, blank=True, help_text="The provider's last words, no address")
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True, help_text="When somebody dealt with the failure")
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    joined_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="joined")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="reminder_known_kind"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="reminder_known_state"),
            models.CheckConstraint(
                condition=Q(kind__in=TO_STAFF, user__isnull=False)
                | ~Q(kind__in=TO_STAFF) & Q(patient__isnull=False, user__isnull=True),
                name="reminder_to_one",
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.INVITATION, invitation__isnull=False)
                | ~Q(kind=Kind.INVITATION) & Q(invitation__isnull=True),
                name="reminder_invites_to_something",
            ),
            models.CheckConstraint(condition=~Q(state=State.SUPPRESSED) | ~Q(reason=""), name="reminder_says_why_not"),
            models.CheckConstraint(
                condition=~Q(state=State.SENDING) | Q(claimed_at__isnull=False), name="reminder_sending_is_claimed"
            ),
            models.UniqueConstraint(
                fields=["appointment", "version", "starts_at"],
                condition=Q(state__in=OPEN, version__isnull=False, appointment__isnull=False, user__isnull=True),
                name="reminder_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state=State.PLANNED), name="reminder_due"),
            models.Index(fields=["claimed_at"], condition=Q(state=State.SENDING), name="reminder_claimed"),
            models.Index(fields=["appointment", "due_at"], name="reminder_appointment"),
            models.Index(fields=["patient", "due_at"], name="reminder_patient"),
            models.Index(
                fields=["clinic", "due_at"],
                condition=Q(state=State.FAILED, handled_at__isnull=True),
                name="reminder_failed_open",
            ),
            models.Index(
                fields=["next_try_at"], condition=Q(state=State.PLANNED, tries__gt=0), name="reminder_retrying"
            ),
            models.Index(fields=["handled_at"], condition=Q(handled_at__isnull=False), name="reminder_handled"),
            models.Index(fields=["clinic", "kind", "due_at"], name="reminder_clinic"),
            models.Index(fields=["provider", "provider_id"], condition=~Q(provider_id=""), name="reminder_provider_id"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def to_staff(self) -> bool:
        return self.kind in TO_STAFF


class Attempt(models.Model):
    """One try to hand a message to a provider, written before the try, so that a crash leaves its trace."""

    class Outcome(models.TextChoices):
        STARTED = "started", "Started"
        ACCEPTED = "accepted", "Accepted"
        TEMPORARY = "temporary", "Failed for now"
        PERMANENT = "permanent", "Refused"
        LOST = "lost", "Never reached the provider"

    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    medium = models.CharField(max_length=8, choices=Medium.choices)
    provider = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.STARTED)
    provider_id = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=40, blank=True)
    words = models.CharField(max_length=240, blank=True)

    class Meta:
        ordering = ["reminder", "number"]
        constraints = [models.UniqueConstraint(fields=["reminder", "number"], name="attempt_once")]
        indexes = [models.Index(fields=["provider", "started_at"], name="attempt_provider")]

    def __str__(self) -> str:
        return f"try {self.number} of reminder {self.reminder_id}"
