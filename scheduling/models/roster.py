"""When resources work and when they don't. Local times belong to the zone of the row's clinic.

Expanding these rows into time is `scheduling.roster_time`; changing them is `scheduling.roster`.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from scheduling.models.clinic import Clinic
from scheduling.models.fields import Weekday, in_order
from scheduling.models.resource import Resource
from scheduling.models.service import AppointmentType


class WeeklyRow(models.Model):
    """A local time of the week that recurs every n weeks, counted from the week of `valid_from`."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="%(class)s")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    starts = models.TimeField()
    ends = models.TimeField()
    every_weeks = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(26)], help_text="1 = every week"
    )
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text="Last day on which this holds")

    class Meta:
        abstract = True
        ordering = ["resource", "weekday", "starts"]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M} to {self.ends:%H:%M}"  # type: ignore[attr-defined]


def weekly_constraints(prefix: str) -> list[models.BaseConstraint]:
    """The constraints that every weekly row keeps."""
    return [
        in_order(f"{prefix}_in_order", "starts", "ends"),
        models.CheckConstraint(condition=Q(every_weeks__gte=1), name=f"{prefix}_every"),
        models.CheckConstraint(
            condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name=f"{prefix}_validity"
        ),
    ]


class WorkingHours(WeeklyRow):
    """A session that a resource works at a clinic, week after week. Empty types: any type it performs."""

    appointment_types = models.ManyToManyField(AppointmentType, blank=True, related_name="+")
    note = models.CharField(max_length=120, blank=True)

    class Meta(WeeklyRow.Meta):
        verbose_name_plural = "working hours"
        constraints = weekly_constraints("working_hours")
        indexes = [models.Index(fields=["clinic", "weekday"], name="working_hours_clinic")]


class RecurringBreak(WeeklyRow):
    """A break inside working hours, such as lunch."""

    label = models.CharField(max_length=60, default="Break")

    class Meta(WeeklyRow.Meta):
        constraints = weekly_constraints("recurring_break")


class ScheduleBlock(models.Model):
    """Time a resource can't be used. Laid over booked time it deletes nothing: those visits go to review."""

    class Kind(models.TextChoices):
        LEAVE = "leave", "Leave"
        EMERGENCY = "emergency", "Emergency block"
        OUTAGE = "outage", "Out of order"
        BUSY = "busy", "Busy elsewhere"

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="blocks")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True, help_text="Shown on the board; no personal details")
    source = models.CharField(max_length=60, blank=True, help_text="The calendar this was imported from")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            in_order("schedule_block_in_order", "starts_at", "ends_at"),
            models.CheckConstraint(condition=Q(kind__in=["leave", "emergency", "outage", "busy"]), name="block_kind"),
        ]
        indexes = [models.Index(fields=["resource", "ends_at"], name="schedule_block_until")]

    def __str__(self) -> str:
        return self.get_kind_display()


class ExtraSession(models.Model):
    """A session outside the recurring hours, such as a Saturday list."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="extra_sessions")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    appointment_types = models.ManyToManyField(AppointmentType, blank=True, related_name="+")
    note = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [in_order("extra_session_in_order", "starts_at", "ends_at")]
        indexes = [models.Index(fields=["resource", "ends_at"], name="extra_session_until")]

    def __str__(self) -> str:
        return f"Extra session for resource {self.resource_id}"
