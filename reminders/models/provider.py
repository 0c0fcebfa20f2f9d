"""How the providers are doing, what is sent to try them, and the one for development: a box that keeps all it gets."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models

from reminders.models.reminder import Reminder
from reminders.models.rule import Medium

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class ProviderHealth(models.Model):
    """The circuit breaker of one provider: after failures in a row it is left alone until `open_until` (UTC)."""

    provider = models.CharField(max_length=40, primary_key=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row")
    openings = models.PositiveSmallIntegerField(default=0, help_text="In a row: each waits longer")
    open_until = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_code = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name_plural = "provider health"

    def __str__(self) -> str:
        return self.provider


class OutboxMessageQuerySet(models.QuerySet["OutboxMessage"]):
    def visible_to(self, user: User) -> Self:
        """Messages of clinics where the user may send some, and those that belong to no clinic, such as test sends."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        clinics = clinic_ids_with(user, Permission.SEND_REMINDERS)
        if not clinics:
            return self.none()
        elsewhere = Reminder.objects.exclude(clinic__in=clinics).filter(key=models.OuterRef("key"))
        return self.exclude(models.Exists(elsewhere))


class OutboxMessage(models.Model):
    """A message that a development system would have sent. Shown at /dev/outbox/; never kept in production."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.UUIDField(unique=True, help_text="The reminder's key: the same one is kept once")
    medium = models.CharField(max_length=8, choices=Medium.choices)
    sender = models.CharField(max_length=254, blank=True)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    html = models.TextField(blank=True)
    calendar = models.TextField(blank=True, help_text="The attached .ics")
    at = models.DateTimeField(auto_now_add=True)

    objects = OutboxMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.get_medium_display()} {self.pk.hex[:8]}"


class TrialMessageQuerySet(models.QuerySet["TrialMessage"]):
    def visible_to(self, user: User) -> Self:
        """A person's own."""
        return self.filter(user=user)


class TrialMessage(models.Model):
    """A rule's message that somebody sends to themselves: finished, about nobody, handed over once. Kept for a day."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    words = models.CharField(max_length=240, blank=True, help_text="Why it failed; no address")
    medium = models.CharField(max_length=8, choices=Medium.choices)
    sender = models.CharField(max_length=254, blank=True)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    html = models.TextField(blank=True)
    calendar = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    objects = TrialMessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "sending", "sent", "failed"]), name="trial_known_state"
            ),
        ]

    def __str__(self) -> str:
        return f"Test {self.key.hex[:8]}"
