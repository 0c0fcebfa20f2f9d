"""What a screen depends on, as one short string per clinic and day: unchanged string, unchanged screen.

One statement. Counts and sums rather than the highest event id, because transactions commit in another order than
they take their ids: a screen fetched in between would never learn of the earlier one. Appointments are never deleted
and their versions only rise, so neither can hide a change from the other.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    F,
    Func,
    IntegerField,
    Max,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat

from scheduling.models import Appointment, Clinic, DayNote, Doctor, Resource

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class LocalMidnight(Func):
    """The instant at which a local day begins in the zone of the clinic row at hand."""

    template = "timezone(%(expressions)s::timestamp)"
    output_field = DateTimeField()

    def __init__(self, day: date) -> None:
        super().__init__(OuterRef("time_zone"), Value(f"{day} 00:00"))


def clinics_with_version(user: User, day: date) -> QuerySet[Clinic]:
    """Clinics the user may see, each with `version`: everything stored that its board of that local day shows."""
    booked = Appointment.objects.filter(
        clinic=OuterRef("pk"),
        starts_at__gte=LocalMidnight(day),
        starts_at__lt=LocalMidnight(day + timedelta(days=1)),
    )
    here = Doctor.objects.filter(places__clinic=OuterRef("pk"))
    notes = DayNote.objects.filter(clinic=OuterRef("pk"), day=day)
    parts = [
        Cast("schedule_version", CharField()),
        _one(booked, Count("pk")),
        _one(booked, Sum(F("version") + F("patient__version"))),
        _one(here, Count("pk")),
        _one(here, Sum("resource__schedule_version")),
        _one(Resource.objects.filter(clinic=OuterRef("pk")), Sum("schedule_version")),
        _one(notes, Count("pk")),
        _one(notes, Max("pk")),
    ]
    dotted = [each for part in parts for each in (Value("."), part)]
    return Clinic.objects.visible_to(user).active().annotate(version=Concat(*dotted, output_field=CharField()))


def _one(queryset: QuerySet, aggregate: Func) -> Cast:
    """An aggregate over a correlated subquery; nothing counts as 0."""
    rows = queryset.order_by().values(_group=Value(1, output_field=IntegerField())).annotate(_found=aggregate)
    return Cast(Coalesce(Subquery(rows.values("_found")), Value(0)), CharField())


def minute_of(now: datetime, day: date, clinic: Clinic) -> str:
    """The minute, on the clinic's own today: waiting times and late marks move with it. Otherwise nothing."""
    local = now.astimezone(clinic.zone)
    return f"{local:%H%M}" if local.date() == day else ""
