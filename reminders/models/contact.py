"""What comes back from patients: addresses that must not be written to, and what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from reminders.models.reminder import Reminder
from reminders.models.rule import Medium
from scheduling.models import Appointment, Clinic, Patient

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class ContactBlock(models.Model):
    """A number or address that gets no messages: its holder said stop, complained, or it doesn't exist."""

    class Reason(models.TextChoices):
        STOPPED = "stopped", "The patient asked for no messages"
        BOUNCED = "bounced", "The address doesn't exist"
        COMPLAINED = "complained", "Reported as unwanted"

    medium = models.CharField(max_length=8, choices=Medium.choices)
    address = models.CharField(max_length=254, help_text="E.164 number, or e-mail address in lower case")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["medium", "address", "reason"], condition=Q(lifted_at__isnull=True), name="contact_block_once"
            )
        ]

    def __str__(self) -> str:
        # Not the address: this string may end up in a log.
        return f"{self.get_reason_display()} ({self.medium}) {self.pk}"


class Conversation(models.Model):
    """What we asked somebody by SMS and wait to hear: one question at a time per number."""

    class Question(models.TextChoices):
        CANCEL = "cancel", "Really cancel?"

    address = models.CharField(max_length=20, unique=True, help_text="E.164")
    question = models.CharField(max_length=12, choices=Question.choices)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=8, default="en")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.get_question_display()} about appointment {self.appointment_id}"


class InboundMessageQuerySet(models.QuerySet["InboundMessage"]):
    def visible_to(self, user: User) -> Self:
        """Answers that came to clinics whose patients' contacts the user may see."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.SEND_REMINDERS))

    def unanswered(self) -> Self:
        return self.filter(needs_person=True, handled_at=None)


class InboundMessage(models.Model):
    """A patient's reply: what was understood, what was done, and whether a person must look at it."""

    provider = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=120)
    medium = models.CharField(max_length=8, choices=Medium.choices, default=Medium.SMS)
    address = models.CharField(max_length=254)
    body = models.TextField()
    received_at = models.DateTimeField()
    meaning = models.CharField(max_length=16, blank=True, help_text="confirm, cancel, another_time, stop, start …")
    outcome = models.CharField(max_length=32, blank=True, help_text="What was done, or why nothing: a code")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.SET_NULL, null=True, related_name="+")
    appointment = models.ForeignKey(Appointment, on_delete=models.SET_NULL, null=True, related_name="+")
    answers = models.ForeignKey(Reminder, on_delete=models.SET_NULL, null=True, related_name="answers")
    needs_person = models.BooleanField(default=False)
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = InboundMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        constraints = [models.UniqueConstraint(fields=["provider", "provider_id"], name="inbound_once")]
        indexes = [
            models.Index(
                fields=["clinic", "received_at"],
                condition=Q(needs_person=True, handled_at__isnull=True),
                name="inbound_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"Reply {self.pk}"
