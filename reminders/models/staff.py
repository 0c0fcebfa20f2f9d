"""What people who work here want to be told."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reminders.models.rule import TO_STAFF, Medium


class StaffWish(models.Model):
    """A person's wish for one kind of message to staff. No row: not wanted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reminder_wishes")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.label) for kind in sorted(TO_STAFF)])
    medium = models.CharField(
        max_length=8, choices=[(Medium.EMAIL.value, Medium.EMAIL.label), (Medium.SMS.value, Medium.SMS.label)]
    )
    mobile = models.CharField(max_length=20, blank=True, help_text="In E.164 form, for SMS")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="staff_wish_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for user {self.user_id}"
