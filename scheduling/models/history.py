"""What happened to the schedule, in order, for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models.appointment import Appointment
from scheduling.models.clinic import Clinic
from scheduling.models.resource import Doctor

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class ScheduleEventQuerySet(models.QuerySet["ScheduleEvent"]):
    def visible_to(self, user: User) -> Self:
        """Events at clinics whose schedule the user may see, of a doctor's own appointments, and of a patient
        whose history the user holds open in an emergency."""
        from scheduling.permissions import clinic_ids_with, emergencies_of, on_own_list
        from scheduling.roles import Permission

        seen = Q(clinic__in=clinic_ids_with(user, Permission.SEE_SCHEDULE)) | on_own_list(user)
        if opened := emergencies_of(user):
            seen |= Q(appointment__patient__in=[each.patient_id for each in opened])
        return self.filter(seen)


class ScheduleEvent(models.Model):
    """A change to the schedule, written in the change's own transaction and never altered.

    `payload` holds ids and scheduling facts (status, times, resources), never personal data.
    """

    kind = models.CharField(max_length=40, help_text="appointment.booked, roster.blocked…")
    clinic = models.ForeignKey(
        Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    doctor = models.ForeignKey(
        Doctor, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="events", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    source = models.CharField(max_length=12, blank=True, help_text="The door it came through")
    request_id = models.CharField(max_length=64, blank=True)
    payload = models.JSONField(default=dict)
    at = models.DateTimeField()

    objects = ScheduleEventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["appointment", "id"], name="schedule_event_appointment"),
            models.Index(fields=["clinic", "at"], name="schedule_event_clinic"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class HandlerFailure(models.Model):
    """A reaction of another app that failed, kept so that a sweep can run it again."""

    event = models.ForeignKey(ScheduleEvent, on_delete=models.CASCADE, related_name="handler_failures")
    handler = models.CharField(max_length=160)
    error = models.CharField(max_length=120, help_text="The exception's type; messages may hold personal data")
    failed_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="handler_failure_once")]
        indexes = [models.Index(fields=["failed_at"], condition=Q(resolved_at__isnull=True), name="failure_open")]

    def __str__(self) -> str:
        return f"{self.handler} failed"
