"""What a screen depends on, as one short string per clinic and day: unchanged string, unchanged screen.

One statement. Counts and sums rather than the highest event id, because transactions commit in another order than
they take their ids: a screen fetched in between would never learn of the earlier one. Appointments are never deleted
and their versions only rise, so neither can hide a change from the other.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import CharField, Count, F, Func, IntegerField, Max, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from scheduling.models import Appointment, Clinic, DayNote, Doctor, Resource
from scheduling.queries.spans import local_day

if TYPE_CHECKING:
    from carebridge.accounts.models import User


def clinics_with_version(user: User, clinic: Clinic | None, day: date | None) -> QuerySet[Clinic]:
    """Clinics the user may open, with `version` for the day when both are known.

    The zone is taken from the clinic as remembered; a clinic that changes its zone changes `schedule_version`.
    """
    queryset = Clinic.objects.visible_to(user).active()
    if clinic is None or day is None:
        return queryset
    return queryset.filter(pk=clinic.pk).annotate(version=version_of_day(clinic, day))


def version_of_day(clinic: Clinic, day: date) -> Concat:
    """An expression over Clinic: everything stored that the clinic's board of that local day shows."""
    start, end = local_day(day, clinic.zone)
    booked = Appointment.objects.filter(clinic=OuterRef("pk"), starts_at__gte=start, starts_at__lt=end)
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
    dotted: list = [parts[0]]
    for part in parts[1:]:
        dotted += [Value("."), part]
    return Concat(*dotted, output_field=CharField())


def _one(queryset: QuerySet, aggregate: Func) -> Cast:
    """An aggregate over a correlated subquery; nothing counts as 0."""
    rows = queryset.order_by().values(_group=Value(1, output_field=IntegerField())).annotate(_found=aggregate)
    return Cast(Coalesce(Subquery(rows.values("_found")), Value(0)), CharField())


def entity_tag(*parts: object) -> str:
    """A weak ETag out of what the answer depends on."""
    return 'W/"{}"'.format("-".join(str(part) for part in parts))


def minute_of(now: datetime, day: date, clinic: Clinic) -> str:
    """The minute, on the clinic's own today: waiting times and late marks move with it. Otherwise nothing."""
    local = now.astimezone(clinic.zone)
    return f"{local:%H%M}" if local.date() == day else ""
