"""Does a booked visit still fit the roster? Roster rows as plain facts, which may be revised before anything is saved.

A roster change is judged twice with the same facts: as they are, and as they would be. So the preview and the
command find the same visits. Rows recur as `scheduling.roster_time` says, as they do for search.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q

from scheduling import periods
from scheduling.models import (
    Allocation,
    Clinic,
    ClinicClosure,
    ExtraSession,
    OpeningHours,
    RecurringBreak,
    Resource,
    ScheduleBlock,
    WorkingHours,
)
from scheduling.queries.spans import Span, intersect, merge, overlaps, subtract
from scheduling.roster_time import Kind, SingleTime, WeeklyTime

Problem = tuple[str, int | None]
"""A code and the key of the row behind it (None: no row, or one not saved yet).

Codes are those of search and booking, which say `not_offered` for either kind of `out_of_use`.
"""


@dataclass(frozen=True, slots=True)
class Weekly(WeeklyTime):
    """A weekly row and its primary key; None: not saved."""

    key: int | None = None

    def times(self, first: date, last: date) -> list[Span]:
        """Its UTC times on the local days from `first` to `last`, both included."""
        return [
            (periods.to_utc(day, self.starts, self.zone), periods.to_utc(day, self.ends, self.zone))
            for day in self.on_days(first, last)
        ]


@dataclass(frozen=True, slots=True)
class Timed(SingleTime):
    """A block, a closure or an extra session and its primary key; None: not saved."""

    key: int | None = None

    @property
    def time(self) -> Span:
        return self.starts_at, self.ends_at


@dataclass(frozen=True)
class RosterFacts:
    """The rows that decide whether these resources work at these clinics between two days."""

    first: date
    last: date
    own_hours: Mapping[int, bool]
    opening: tuple[Weekly, ...] = ()
    hours: tuple[Weekly, ...] = ()
    breaks: tuple[Weekly, ...] = ()
    closures: tuple[Timed, ...] = ()
    extra: tuple[Timed, ...] = ()
    blocks: tuple[Timed, ...] = ()
    resources_off: frozenset[int] = frozenset()
    clinics_off: frozenset[int] = frozenset()

    def without(self, table: str, keys: Collection[int | None]) -> RosterFacts:
        """The same facts as if the saved rows of one table with these keys were gone."""
        kept: dict[str, Any] = {table: tuple(row for row in getattr(self, table) if row.key not in keys)}
        return replace(self, **kept)

    def plus(self, table: str, *rows: Weekly | Timed) -> RosterFacts:
        """The same facts with further rows in one table."""
        more: dict[str, Any] = {table: (*getattr(self, table), *rows)}
        return replace(self, **more)

    def switched(self, table: str, key: int, *, in_use: bool) -> RosterFacts:
        """The same facts as if a resource or clinic (`resources_off`, `clinics_off`) were in use, or not."""
        off = getattr(self, table) - {key} if in_use else getattr(self, table) | {key}
        changed: dict[str, Any] = {table: off}
        return replace(self, **changed)

    def keeping(self, resource_id: int, *, own_hours: bool) -> RosterFacts:
        """The same facts as if a resource kept hours of its own, or its clinic's."""
        return replace(self, own_hours={**self.own_hours, resource_id: own_hours})

    def problems(self, allocation: Allocation, clinic_id: int, type_id: int) -> frozenset[Problem]:
        """What speaks against this allocation, row by row. Empty: it fits."""
        during = (allocation.during.lower, allocation.during.upper)
        core = (allocation.core.lower, allocation.core.upper)
        mine = [row for row in self.blocks if row.resource_id == allocation.resource_id]
        breaks = self._breaks.get(allocation.resource_id, ())
        shut = {
            ("clinic_closed", row.key)
            for row in self.closures
            if row.clinic_id == clinic_id and overlaps(row.time, core)
        }
        outside = not shut and subtract([core], self._works(allocation.resource_id, clinic_id, type_id))
        return frozenset(
            shut
            | {("blocked", row.key) for row in mine if overlaps(row.time, during)}
            | {("on_break", key) for key, span in breaks if overlaps(span, during)}
            | ({("outside_hours", None)} if outside else set())
            | ({("out_of_use", allocation.resource_id)} if allocation.resource_id in self.resources_off else set())
            | ({("clinic_out_of_use", clinic_id)} if clinic_id in self.clinics_off else set())
        )

    def sessions(self, resource_id: int, *, clinic_id: int | None = None) -> list[tuple[int, Span]]:
        """(clinic, UTC time) of everything the resource works, opening hours and absences not considered."""
        regular = [
            (row.clinic_id, span)
            for row in self.hours
            if row.resource_id == resource_id
            for span in row.times(self.first, self.last)
        ]
        added = [(row.clinic_id or 0, row.time) for row in self.extra if row.resource_id == resource_id]
        return sorted(each for each in (*regular, *added) if clinic_id in (None, each[0]))

    def working(self, resource_id: int, clinic_id: int) -> list[Span]:
        """UTC time in which it works there for one type or another, whether or not visits are booked in it."""
        if resource_id in self.resources_off or clinic_id in self.clinics_off:
            return []
        away = [row.time for row in self.closures if row.clinic_id == clinic_id]
        away += [row.time for row in self.blocks if row.resource_id == resource_id]
        away += [span for _, span in self._breaks.get(resource_id, ())]
        return subtract(self._works(resource_id, clinic_id, None), away)

    @cached_property
    def _breaks(self) -> Mapping[int | None, list[tuple[int | None, Span]]]:
        found: dict[int | None, list[tuple[int | None, Span]]] = {}
        for row in self.breaks:
            found.setdefault(row.resource_id, []).extend((row.key, each) for each in row.times(self.first, self.last))
        return found

    @cached_property
    def _memo(self) -> dict[tuple, list[Span]]:
        return {}

    def _open(self, clinic_id: int) -> list[Span]:
        if ("open", clinic_id) not in self._memo:
            rows = [row for row in self.opening if row.clinic_id == clinic_id]
            spans = [span for row in rows for span in row.times(self.first, self.last)]
            self._memo["open", clinic_id] = merge(spans)
        return self._memo["open", clinic_id]

    def _works(self, resource_id: int, clinic_id: int, type_id: int | None) -> list[Span]:
        """Opening hours and closures of the clinic are apart: a session counts while open, an extra one anyway."""
        own = self.own_hours.get(resource_id, True)
        key = ("works", resource_id if own else None, clinic_id, type_id if own else None)
        if key not in self._memo:
            extra = [
                row.time
                for row in self.extra
                if row.clinic_id == clinic_id
                and (not own or (row.resource_id == resource_id and _is_for(row, type_id)))
            ]
            regular = self._regular(resource_id, clinic_id, type_id) if own else self._open(clinic_id)
            self._memo[key] = merge([*regular, *extra])
        return self._memo[key]

    def _regular(self, resource_id: int, clinic_id: int, type_id: int | None) -> list[Span]:
        rows = [
            row
            for row in self.hours
            if (row.resource_id, row.clinic_id) == (resource_id, clinic_id) and _is_for(row, type_id)
        ]
        spans = [span for row in rows for span in row.times(self.first, self.last)]
        return intersect(spans, self._open(clinic_id))


def load_roster_facts(resource_ids: Collection[int], first: date, last: date) -> RosterFacts:
    """The facts of these resources, everywhere they work, with the clinics' own. A fixed number of statements."""
    resources = list(Resource.objects.filter(pk__in=resource_ids).select_related("doctor"))
    theirs = Q(resource__in=resource_ids)
    valid = Q(valid_from__lte=last) & (Q(valid_until__isnull=True) | Q(valid_until__gte=first))
    margin = timedelta(days=1)
    start, end = (datetime.combine(day, time(), tzinfo=UTC) for day in (first - margin, last + 2 * margin))
    timed = Q(starts_at__lt=end, ends_at__gt=start)
    hours = WorkingHours.objects.filter(theirs, valid).select_related("clinic").prefetch_related("appointment_types")
    breaks = RecurringBreak.objects.filter(theirs, valid).select_related("clinic")
    at = {each.clinic_id for each in resources if each.clinic_id} | {row.clinic_id for row in hours}
    at |= set(ExtraSession.objects.filter(theirs, timed).values_list("clinic", flat=True))
    # A doctor may have visits where no session is left, so the clinics of the bookings count too.
    booked = Allocation.objects.filter(theirs, released_at__isnull=True, during__overlap=(start, end))
    at |= set(booked.values_list("appointment__clinic", flat=True))
    extra = ExtraSession.objects.filter(timed).filter(theirs | Q(clinic__in=at)).prefetch_related("appointment_types")
    opening = OpeningHours.objects.filter(clinic__in=at).select_related("clinic")
    return RosterFacts(
        first=first,
        last=last,
        own_hours={each.pk: each.keeps_own_hours for each in resources},
        opening=tuple(weekly(Kind.OPEN, row) for row in opening),
        hours=tuple(weekly(Kind.HOURS, row) for row in hours),
        breaks=tuple(weekly(Kind.BREAK, row) for row in breaks),
        closures=tuple(timed_row(Kind.CLOSED, row) for row in ClinicClosure.objects.filter(timed, clinic__in=at)),
        extra=tuple(timed_row(Kind.EXTRA, row) for row in extra),
        blocks=tuple(timed_row(Kind.BLOCK, row) for row in ScheduleBlock.objects.filter(theirs, timed)),
        resources_off=frozenset(each.pk for each in resources if not _in_use(each)),
        clinics_off=frozenset(Clinic.objects.filter(pk__in=at, is_active=False).values_list("pk", flat=True)),
    )


def _is_for(row: Weekly | Timed, type_id: int | None) -> bool:
    """Whether visits of a type (None: of one or another) may be in it."""
    return type_id is None or not row.types or type_id in row.types


def _in_use(resource: Resource) -> bool:
    doctor = getattr(resource, "doctor", None)
    return resource.is_active and (doctor is None or doctor.is_active)


def weekly(
    kind: Kind, row: WorkingHours | RecurringBreak | OpeningHours, types: frozenset[int] | None = None
) -> Weekly:
    """A weekly row, saved or not, as a fact. `types` must be said for a row that is not saved yet."""
    return Weekly(
        kind=kind,
        resource_id=getattr(row, "resource_id", None),
        clinic_id=row.clinic_id,
        zone=row.clinic.zone,
        weekday=row.weekday,
        starts=row.starts,
        ends=row.ends,
        every_weeks=getattr(row, "every_weeks", 1),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        types=_types(row) if types is None else types,
        key=row.pk,
    )


def timed_row(
    kind: Kind, row: ScheduleBlock | ClinicClosure | ExtraSession, types: frozenset[int] | None = None
) -> Timed:
    """A one-off row, saved or not, as a fact. `types` must be said for a row that is not saved yet."""
    return Timed(
        kind=kind,
        resource_id=getattr(row, "resource_id", None),
        clinic_id=getattr(row, "clinic_id", None),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        types=_types(row) if types is None else types,
        key=row.pk,
    )


def _types(row: object) -> frozenset[int]:
    listed: Iterable = row.appointment_types.all() if hasattr(row, "appointment_types") else ()
    return frozenset(each.pk for each in listed)
