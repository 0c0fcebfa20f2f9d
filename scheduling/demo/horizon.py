"""The weeks around today as one long row of five-minute cells, so that a diary is an int and a check is an AND."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.models.fields import GRID_MINUTES

CELLS_PER_DAY = 24 * 60 // GRID_MINUTES
GRID = timedelta(minutes=GRID_MINUTES)
LONDON = ZoneInfo("Europe/London")

Span = tuple[int, int]
"""Half-open range of cells."""


def bits(start: int, end: int) -> int:
    """An int with the bits of the cells [start, end) set."""
    return ((1 << (end - start)) - 1) << start


def minutes_of(clock: str) -> int:
    """Minutes after midnight of "0830"."""
    return int(clock[:2]) * 60 + int(clock[2:])


def time_of(minutes: int) -> time:
    """The local time so many minutes after midnight."""
    return time(minutes // 60, minutes % 60)


@dataclass(frozen=True)
class Horizon:
    """The days that the demo fills, both included, and the moment it takes for now. Cell 0 begins the first UTC day."""

    first: date
    last: date
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(LONDON).date()

    @property
    def origin(self) -> datetime:
        return datetime.combine(self.first, time(), tzinfo=UTC)

    def days(self) -> Iterator[date]:
        """Every local day, in order."""
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def cell(self, day: date, minutes: int) -> int:
        """The cell of a London time of day. Clinics are shut while the clocks change, so noon's offset is right."""
        offset = datetime.combine(day, time(12), tzinfo=LONDON).utcoffset()
        assert offset is not None  # noqa: S101 - London always has one
        shift = int(offset.total_seconds()) // 60
        return (day - self.first).days * CELLS_PER_DAY + (minutes - shift) // GRID_MINUTES

    def span(self, day: date, start: int, end: int) -> Span:
        """The cells of a local day between two minutes after midnight."""
        return self.cell(day, start), self.cell(day, end)

    def instant(self, cell: int) -> datetime:
        """When a cell begins, in UTC."""
        return self.origin + cell * GRID

    def local(self, day: date, minutes: int) -> datetime:
        """A local time of day as an instant in UTC."""
        return self.instant(self.cell(day, minutes))

    @property
    def now_cell(self) -> int:
        return (self.now - self.origin) // GRID


@dataclass
class Diary:
    """What a resource's time is: where it works (by clinic id), what bars it (breaks, leave), what is taken."""

    works: dict[int, int] = field(default_factory=dict)
    barred: int = 0
    busy: int = 0

    def work(self, clinic_id: int, span: Span) -> None:
        self.works[clinic_id] = self.works.get(clinic_id, 0) | bits(*span)

    def bar(self, span: Span) -> None:
        self.barred |= bits(*span)

    def fits(self, clinic_id: int, core: Span, during: Span) -> bool:
        """Whether the core lies in working time at the clinic and nothing else is in the way of all of it."""
        start, end = core
        width = (1 << (end - start)) - 1
        if (self.works.get(clinic_id, 0) >> start) & width != width:
            return False
        start, end = during
        return not ((self.busy | self.barred) >> start) & ((1 << (end - start)) - 1)

    def take(self, during: Span) -> None:
        self.busy |= bits(*during)
