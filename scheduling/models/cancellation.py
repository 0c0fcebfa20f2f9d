"""That a visit was cancelled, and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models.appointment import Appointment


class CancellationReason(models.Model):
    """A reason that staff and patients choose from; `code` is what API clients send."""

    code = models.SlugField(max_length=32, unique=True)
    label = models.CharField(max_length=60)
    by_patient = models.BooleanField(default=True, help_text="Patients may choose it themselves")
    is_active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "label"]

    def __str__(self) -> str:
        return self.label


class Cancellation(models.Model):
    """That an appointment was cancelled: why, by whom, with how much notice, late or not."""

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="cancellations")
    reason = models.ForeignKey(CancellationReason, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=240, blank=True)
    cancelled_at = models.DateTimeField()
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    notice_minutes = models.IntegerField(help_text="From the cancellation to the start; negative: after it")
    is_late = models.BooleanField(help_text="After the cut-off")
    effects_due_at = models.DateTimeField(help_text="When the undo window ends and what follows may begin")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-cancelled_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(undone_at__isnull=True), name="cancellation_one_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"Cancellation of appointment {self.appointment_id}"
