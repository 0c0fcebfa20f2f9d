"""Roster rows expanded into time. Pure: rows in, bits out; `scheduling.availability.reading` fetches the rows.

Clinics keep local hours, so a recurring row becomes other UTC steps in summer than in winter.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from scheduling import periods, timeline


class Kind(StrEnum):
    """What a roster row says."""

    OPEN = "open"
    CLOSED = "closed"
    HOURS = "hours"
    EXTRA = "extra"
    BREAK = "break"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A local time of the week. `resource_id` None: the clinic's own opening hours."""

    kind: Kind
    resource_id: int | None
    clinic_id: int
    zone: zoneinfo.ZoneInfo
    weekday: int
    starts: time
    ends: time
    every_weeks: int = 1
    valid_from: date | None = None
    valid_until: date | None = None
    types: frozenset[int] = frozenset()
    label: str = ""

    def on_days(self, first: date, last: date) -> Iterator[date]:
        """The local days between first and last, both included, on which the row holds."""
        first = max(first, self.valid_from) if self.valid_from else first
        last = min(last, self.valid_until) if self.valid_until else last
        day = first + timedelta(days=(self.weekday - first.weekday()) % 7)
        while day <= last:
            if not self.valid_from or self.weeks_since(self.valid_from, day) % self.every_weeks == 0:
                yield day
            day += timedelta(days=7)

    @staticmethod
    def weeks_since(origin: date, day: date) -> int:
        """Whole ISO weeks from the week of one day to the week of another."""
        return (periods.monday_of(day) - periods.monday_of(origin)).days // 7


@dataclass(frozen=True, slots=True)
class SingleTime:
    """A one-off range. `clinic_id` None: a block, which holds wherever the resource is."""

    kind: Kind
    resource_id: int | None
    clinic_id: int | None
    starts_at: datetime
    ends_at: datetime
    types: frozenset[int] = frozenset()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """One occurrence of a roster row, in absolute steps: outward for what is lost, inward for what is gained."""

    kind: Kind
    resource_id: int | None
    clinic_id: int | None
    first: int
    last: int
    types: frozenset[int]
    label: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Extent:
    """Where expanded masks begin (absolute step) and how long they are."""

    origin: int
    steps: int

    @property
    def full(self) -> int:
        return timeline.ones(self.steps)

    @property
    def widened(self) -> Extent:
        """One day more on both sides, so that sessions over an edge are whole."""
        return Extent(self.origin - timeline.DAY_STEPS, self.steps + 2 * timeline.DAY_STEPS)

    @property
    def days(self) -> tuple[date, date]:
        """Every local day, in whatever zone, that may touch the extent."""
        first = timeline.instant_of(self.origin).date() - timedelta(days=1)
        return first, timeline.instant_of(self.origin + self.steps).date() + timedelta(days=1)


def spans(weekly: Iterable[WeeklyTime], single: Iterable[SingleTime], extent: Extent) -> list[Span]:
    """Every occurrence of the rows that touches the extent or the day on either side of it."""
    wide = extent.widened
    found = [_span(row, start, end) for row in weekly for start, end in _occurrences(row, wide)]
    found += [_span(row, row.starts_at, row.ends_at) for row in single]
    return [each for each in found if each.first < min(each.last, wide.origin + wide.steps) and each.last > wide.origin]


def _occurrences(row: WeeklyTime, extent: Extent) -> Iterator[tuple[datetime, datetime]]:
    for day in row.on_days(*extent.days):
        yield periods.to_utc(day, row.starts, row.zone), periods.to_utc(day, row.ends, row.zone)


def _span(row: WeeklyTime | SingleTime, start: datetime, end: datetime) -> Span:
    if row.kind in (Kind.BREAK, Kind.BLOCK, Kind.CLOSED):
        first, last = timeline.step_floor(start), timeline.step_ceil(end)
    else:
        first, last = timeline.step_ceil(start), timeline.step_floor(end)
    return Span(row.kind, row.resource_id, row.clinic_id, first, last, row.types, row.label, start, end)


@dataclass(frozen=True, slots=True)
class Session:
    """A resource's stretch of work. `worked` counts from `first`: the part in which the clinic lets it work."""

    first: int
    length: int
    types: frozenset[int]
    worked: int


@dataclass(slots=True)
class Roster:
    """What one resource's roster says at one clinic over an extent, as bits.

    `hours` is working time for any type; `off` breaks and blocks. `sessions` tell from where starts are counted.
    """

    extent: Extent
    hours: int
    off: int
    sessions: tuple[Session, ...] = ()
    _starts: dict[tuple[int, int, int, int], int] = field(default_factory=dict, repr=False, compare=False)

    def starts(self, type_id: int, step: int, begin: int, length: int) -> int:
        """Bits where a visit may start, as far as sessions go: `length` steps of work `begin` steps into it."""
        key = (type_id, step, begin, length)
        if (known := self._starts.get(key)) is None:
            known = self._starts[key] = self._all_starts(*key)
        return known

    def _all_starts(self, type_id: int, step: int, begin: int, length: int) -> int:
        offered = 0
        for session in self.sessions:
            if session.types and type_id not in session.types:
                continue
            teeth = timeline.comb(step, session.length) << (begin % step)
            cores = timeline.run(session.worked, length) & teeth
            offered |= timeline.shifted(cores, self.extent.origin + begin - session.first)
        return offered & self.extent.full


@dataclass(slots=True)
class Timetable:
    """Rosters of one resource at one clinic joined over one extent, such as the horizon of a search."""

    extent: Extent
    hours: int
    off: int
    parts: Sequence[Roster]
    _starts: dict[tuple[int, int, int, int], int] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, parts: Sequence[Roster], extent: Extent) -> Timetable:
        """The parts cut and shifted to the extent."""
        hours = off = 0
        for part in parts:
            ahead = extent.origin - part.extent.origin
            hours |= timeline.shifted(part.hours, ahead)
            off |= timeline.shifted(part.off, ahead)
        return cls(extent, hours & extent.full, off & extent.full, parts)

    def starts(self, type_id: int, step: int, begin: int, length: int) -> int:
        """As `Roster.starts`, over the whole extent."""
        key = (type_id, step, begin, length)
        if (known := self._starts.get(key)) is None:
            known = 0
            for part in self.parts:
                known |= timeline.shifted(part.starts(*key), self.extent.origin - part.extent.origin)
            self._starts[key] = known = known & self.extent.full
        return known


@dataclass(frozen=True, slots=True)
class ClinicTime:
    """When a clinic is open, closed and, by anyone's extra session, open beyond its hours; over a widened extent."""

    extent: Extent
    open: int
    closed: int
    extra: int


def clinic_time(found: Iterable[Span], clinic_id: int, extent: Extent) -> ClinicTime:
    """The clinic's own time over the widened extent."""
    wide = extent.widened
    masks = {Kind.OPEN: 0, Kind.CLOSED: 0, Kind.EXTRA: 0}
    for each in found:
        if each.clinic_id == clinic_id and each.kind in masks:
            masks[each.kind] |= timeline.span(each.first - wide.origin, each.last - wide.origin) & wide.full
    return ClinicTime(wide, masks[Kind.OPEN], masks[Kind.CLOSED], masks[Kind.EXTRA])


def roster(found: Iterable[Span], clinic: ClinicTime, clinic_id: int, *, own_hours: bool) -> Roster:
    """The roster of one resource, from its own spans, at one clinic."""
    wide = clinic.extent
    extent = Extent(wide.origin + timeline.DAY_STEPS, wide.steps - 2 * timeline.DAY_STEPS)
    off = 0
    sessions: list[Session] = []
    for each in found:
        if each.kind in (Kind.BREAK, Kind.BLOCK):
            off |= timeline.span(each.first - extent.origin, each.last - extent.origin)
        elif own_hours and each.clinic_id == clinic_id:
            sessions.append(_session(each, clinic))
    if own_hours:
        hours = 0
        for session in sessions:
            hours |= timeline.shifted(session.worked, extent.origin - session.first)
    else:
        # Rooms stand ready whenever somebody may work: in opening hours, and in anyone's extra session.
        hours = timeline.shifted((clinic.open | clinic.extra) & ~clinic.closed, timeline.DAY_STEPS)
    return Roster(extent, hours & extent.full, off & extent.full, tuple(sessions))


def _session(each: Span, clinic: ClinicTime) -> Session:
    length = each.last - each.first
    lets_work = ~clinic.closed if each.kind == Kind.EXTRA else clinic.open & ~clinic.closed
    worked = timeline.shifted(lets_work, each.first - clinic.extent.origin) & timeline.ones(length)
    return Session(each.first, length, each.types, worked)
