"""The roster rows of a clinic over some days, loaded once and laid out day by day for the board and the month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.db.models import Q

from scheduling.models import (
    Clinic,
    ClinicClosure,
    ExtraSession,
    OpeningHours,
    RecurringBreak,
    ScheduleBlock,
    WorkingHours,
)
from scheduling.models.roster import WeeklyRow
from scheduling.periods import monday_of
from scheduling.queries.spans import Span, instant, intersect, local_day, merge, subtract

W = TypeVar("W", bound=WeeklyRow)


@dataclass(frozen=True, slots=True)
class RosterRows:
    """Every row that may matter to these resources at the clinic between two local days, both included."""

    clinic: Clinic
    opening: list[OpeningHours]
    closures: list[ClinicClosure]
    hours: Mapping[int, list[WorkingHours]]
    breaks: Mapping[int, list[RecurringBreak]]
    extra: Mapping[int, list[ExtraSession]]
    blocks: Mapping[int, list[ScheduleBlock]]

    def open_on(self, day: date) -> list[Span]:
        """When the clinic is open on a local day, closures taken out."""
        zone = self.clinic.zone
        spans = [
            (instant(day, row.starts, zone), instant(day, row.ends, zone))
            for row in self.opening
            if row.weekday == day.weekday()
            and (row.valid_from is None or row.valid_from <= day)
            and (row.valid_until is None or day <= row.valid_until)
        ]
        return subtract(spans, self.closed_on(day))

    def closed_on(self, day: date) -> list[Span]:
        start, end = local_day(day, self.clinic.zone)
        return [(row.starts_at, row.ends_at) for row in self.closures if row.starts_at < end and start < row.ends_at]

    def hours_on(self, resource_id: int, day: date, *, elsewhere: bool = False) -> list[WorkingHours]:
        """The sessions of a resource on a local day: at this clinic, or at all the others."""
        return [
            row
            for row in self.hours.get(resource_id, ())
            if (row.clinic_id != self.clinic.pk) is elsewhere and falls_on(row, day)
        ]

    def breaks_on(self, resource_id: int, day: date) -> list[RecurringBreak]:
        return [
            row for row in self.breaks.get(resource_id, ()) if row.clinic_id == self.clinic.pk and falls_on(row, day)
        ]

    def blocks_on(self, resource_id: int, day: date) -> list[ScheduleBlock]:
        return within(self.blocks.get(resource_id, ()), local_day(day, self.clinic.zone))

    def works_on(self, resource_id: int, day: date) -> list[Span]:
        """Sessions at this clinic while it is open, and extra sessions unless it is closed; breaks still included."""
        zone = self.clinic.zone
        regular = [
            (instant(day, row.starts, zone), instant(day, row.ends, zone)) for row in self.hours_on(resource_id, day)
        ]
        added = within(self.extra.get(resource_id, ()), local_day(day, zone))
        extra = subtract([(row.starts_at, row.ends_at) for row in added], self.closed_on(day))
        return merge([*intersect(regular, self.open_on(day)), *extra])

    def bookable_on(self, resource_id: int, day: date) -> list[Span]:
        """Working time without breaks and blocks: what utilisation is measured against."""
        zone = self.clinic.zone
        breaks = [
            (instant(day, row.starts, zone), instant(day, row.ends, zone)) for row in self.breaks_on(resource_id, day)
        ]
        blocks = [(row.starts_at, row.ends_at) for row in self.blocks_on(resource_id, day)]
        return subtract(self.works_on(resource_id, day), [*breaks, *blocks])


def falls_on(row: WeeklyRow, day: date) -> bool:
    """Whether a weekly row holds on a local day; weeks count from the Monday of the week in which it begins."""
    if row.weekday != day.weekday() or day < row.valid_from or (row.valid_until and day > row.valid_until):
        return False
    weeks = (monday_of(day) - monday_of(row.valid_from)).days // 7
    return weeks % row.every_weeks == 0


def within(rows: Iterable, span: Span) -> list:
    """Rows with instants that touch the span."""
    return [row for row in rows if row.starts_at < span[1] and span[0] < row.ends_at]


def load_roster_rows(clinic: Clinic, resource_ids: Collection[int], first: date, last: date) -> RosterRows:
    """Six statements, however many resources and days."""
    start, end = local_day(first, clinic.zone)[0], local_day(last, clinic.zone)[1]
    touching = Q(starts_at__lt=end, ends_at__gt=start)
    valid = Q(valid_from__lte=last) & (Q(valid_until__isnull=True) | Q(valid_until__gte=first))
    theirs = Q(resource__in=resource_ids)
    return RosterRows(
        clinic=clinic,
        opening=list(OpeningHours.objects.filter(clinic=clinic)),
        closures=list(ClinicClosure.objects.filter(touching, clinic=clinic)),
        hours=by_resource(WorkingHours.objects.filter(theirs, valid).select_related("clinic")),
        breaks=by_resource(RecurringBreak.objects.filter(theirs, valid, clinic=clinic)),
        extra=by_resource(ExtraSession.objects.filter(theirs, touching, clinic=clinic)),
        blocks=by_resource(ScheduleBlock.objects.filter(theirs, touching)),
    )


def by_resource(rows: Iterable) -> Mapping[int, list]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.resource_id].append(row)
    return grouped
