"""Times that came free and are looked at for those who wait."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q

from scheduling.models import Allocation, Appointment, AppointmentType, Clinic, Doctor

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class Cause(models.TextChoices):
    CANCELLED = "cancelled", "Visit cancelled"
    MOVED = "moved", "Visit moved"
    OPENED = "opened", "Time opened"
    BY_HAND = "by_hand", "Offered by hand"


class SlotState(models.TextChoices):
    """WAITING: to be matched once due. OFFERED: one person has it. The others are ends."""

    WAITING = "waiting", "To be matched"
    OFFERED = "offered", "Offered"
    FILLED = "filled", "Taken up"
    NOBODY = "nobody", "Nobody it suits"
    CALL = "call", "Too close to offer: call"
    GONE = "gone", "No longer free"
    WITHDRAWN = "withdrawn", "Not free after all"


LIVE = (SlotState.WAITING, SlotState.OFFERED)


class FreedSlotQuerySet(models.QuerySet["FreedSlot"]):
    def visible_to(self, user: User) -> Self:
        """Times at clinics whose waitlist the user may see."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.SEE_WAITLIST))

    def to_call(self, now: datetime) -> Self:
        """Times too close to write to anybody, still to come and still free."""
        during = Func("starts_at", "ends_at", function="tstzrange", output_field=DateTimeRangeField())
        taken = Allocation.objects.filter(
            resource=OuterRef("doctor__resource"), released_at=None, during__overlap=OuterRef("span")
        )
        close = self.filter(state=SlotState.CALL, starts_at__gt=now).annotate(span=during)
        return close.exclude(Exists(taken))


class FreedSlot(models.Model):
    """A doctor's time that came free, written in the transaction that freed it; matched from `due_at` on.

    `appointment_type` is what it was booked for; time that opened was booked for nothing. What an offer leaves of a
    longer time is a row of its own (`part_of`). Until `due_at` whoever cancelled may take that back.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, related_name="+")
    appointment_type = models.ForeignKey(
        AppointmentType, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    part_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts")
    cause = models.CharField(max_length=10, choices=Cause.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=SlotState.choices, default=SlotState.WAITING)
    freed_at = models.DateTimeField()
    due_at = models.DateTimeField()

    objects = FreedSlotQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="waitlist_slot_has_length"),
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(state__in=LIVE), name="waitlist_freed_once_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="waitlist_slots_due"),
            models.Index(fields=["clinic", "starts_at"], name="waitlist_slots_of_clinic"),
        ]

    def __str__(self) -> str:
        return f"Freed time {self.pk}"

    @property
    def purpose(self) -> str:
        """What it was for: Cardiology. Any visit, when it opened."""
        return self.appointment_type.service.name if self.appointment_type else "Any visit"

    @property
    def local_start(self) -> datetime:
        """When it starts on the clinic's clock."""
        return self.starts_at.astimezone(self.clinic.zone)
