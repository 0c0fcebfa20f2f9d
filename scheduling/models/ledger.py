"""The ledger: who occupies which resource, when; and the same as bits."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Q

from scheduling.models.appointment import CHECK_OCCUPATION, Appointment
from scheduling.models.resource import Resource
from scheduling.models.service import Requirement


class Allocation(models.Model):
    """The ledger: an appointment occupies a resource for a time. One truth for everything that can be busy.

    `during` is all the time taken, buffers and cleaning included; `core` is the part inside the visit, which must
    lie in working hours. `requirement` None is the doctor. Rows are released, never deleted.
    """

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="allocations")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    requirement = models.ForeignKey(Requirement, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    core = DateTimeRangeField()
    during = DateTimeRangeField()
    released_at = models.DateTimeField(null=True, blank=True)
    overbooked = models.BooleanField(default=False)

    class Meta:
        ordering = ["appointment", "id"]
        constraints = [
            ExclusionConstraint(
                name="allocation_no_overlap",
                expressions=[(F("resource"), "="), (F("during"), "&&")],
                condition=Q(released_at__isnull=True, overbooked=False),
                violation_error_message="That time is already taken.",
            ),
            models.CheckConstraint(condition=Q(during__isempty=False, core__isempty=False), name="allocation_lasts"),
            models.CheckConstraint(condition=Q(during__contains=F("core")), name="allocation_core_inside"),
        ]
        indexes = [
            # The nightly check and commands look for survivors of an overbooking, which the constraint leaves out.
            models.Index(
                fields=["resource"], condition=Q(released_at__isnull=True, overbooked=True), name="overbooked"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="keeps_step_with_status",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                func=CHECK_OCCUPATION.format("COALESCE(NEW.appointment_id, OLD.appointment_id)"),
            )
        ]

    def __str__(self) -> str:
        return f"Allocation {self.pk}"


class ResourceDay(models.Model):
    """What the ledger says of a resource on a UTC day, as 288 bits of five minutes. Derived, rebuildable.

    Written by commands under the resource's lock, so search reads a day in one small row. Bit i (least significant
    first) is the five minutes that begin 5·i minutes after midnight UTC.
    """

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    busy = models.BinaryField(help_text="36 bytes, little-endian")
    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resource", "day"], name="resource_day_once")]

    def __str__(self) -> str:
        return f"Resource {self.resource_id} on {self.day}"
