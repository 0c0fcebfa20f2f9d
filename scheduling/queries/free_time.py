"""Time of a doctor's day that nothing takes yet, as the board draws it and as an address names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from scheduling.periods import read_instant
from scheduling.queries.spans import DayFrame, Span, intersect, subtract
from scheduling.timeline import instant_of, step_ceil

LEAST = timedelta(minutes=10)
"""Shorter gaps are no use to anybody, and too low to press."""
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A doctor's time at a clinic between two instants (aware)."""

    clinic_id: int
    doctor_id: int
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> FreeTime | None:
        """The time that an address names; None when it names none."""
        ids = [sent.get(name, "") for name in ("clinic", "doctor")]
        instants = [read_instant(sent.get(name, "")) for name in ("from", "until")]
        if not all(each.isascii() and each.isdigit() and len(each) < 10 for each in ids):
            return None
        match instants:
            case [datetime() as start, datetime() as end] if start < end <= start + LONGEST:
                return cls(int(ids[0]), int(ids[1]), start, end)
        return None

    @property
    def query(self) -> str:
        """As an address says it."""
        start, end = (f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}" for at in (self.starts_at, self.ends_at))
        return urlencode({"clinic": self.clinic_id, "doctor": self.doctor_id, "from": start, "until": end})


@dataclass(frozen=True, slots=True)
class Gap:
    """A free time in a column of the board; `y` and `n` are rows, `when` is said on the clinic's clock."""

    y: str
    n: str
    when: str
    query: str


def gaps(
    clinic_id: int, doctor_id: int, bookable: Sequence[Span], taken: Iterable[Span], frame: DayFrame, now: datetime
) -> list[Gap]:
    """What is left of a doctor's bookable time from now on."""
    ahead = [(max(frame.start, instant_of(step_ceil(now))), frame.end)]
    left = intersect(subtract(bookable, taken), ahead) if ahead[0][0] < frame.end else []
    return [
        Gap(
            *frame.place(start, end),
            when=f"{frame.clock(start)} to {frame.clock(end)}",
            query=FreeTime(clinic_id, doctor_id, start, end).query,
        )
        for start, end in left
        if end - start >= LEAST
    ]
