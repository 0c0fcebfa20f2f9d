"""Half-open ranges of time, and what local days and times are in UTC, across daylight saving."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.utils.dateparse import parse_datetime


class Period(NamedTuple):
    """From `start` up to, not including, `end`; both aware."""

    start: datetime
    end: datetime

    def overlaps(self, other: Period) -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: Period) -> bool:
        return self.start <= other.start and other.end <= self.end


class WallClock(datetime):
    """A time on a clinic's wall clock. Templates show it as it is instead of turning it into another zone."""

    convert_to_local_time = False


def wall_clock(instant: datetime, zone: zoneinfo.ZoneInfo) -> WallClock:
    """The instant as the clocks of a zone show it; still aware."""
    local = instant.astimezone(zone)
    return WallClock.combine(local.date(), local.timetz())


@lru_cache(maxsize=65_536)
def to_utc(day: date, at: time, zone: zoneinfo.ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time.

    A time that the clocks skip moves forward by what they skip (01:30 becomes 02:30 in a London spring); of a time
    that comes twice the first is meant.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def local_day_bounds(day: date, zone: zoneinfo.ZoneInfo) -> tuple[datetime, datetime]:
    """Begin and end of a local day as UTC instants: 23, 24 or 25 hours apart."""
    return to_utc(day, time(), zone), to_utc(day + timedelta(days=1), time(), zone)


def days_from(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


def monday_of(day: date) -> date:
    """The Monday of the day's ISO week."""
    return day - timedelta(days=day.weekday())


def local_span(start: datetime, end: datetime, zone: zoneinfo.ZoneInfo) -> str:
    """A range as staff read it, in local 24-hour time: "12:30 to 13:15", with the days where they differ."""
    begin, finish = start.astimezone(zone), end.astimezone(zone)
    if begin.date() == (finish - timedelta(microseconds=1)).date():
        return f"{begin:%H:%M} to {finish:%H:%M}"
    return f"{begin:%a %-d %b %H:%M} to {finish:%a %-d %b %H:%M}"


def read_instant(word: str) -> datetime | None:
    """An instant as somebody sent it, of a year that a schedule can be about; None for anything else."""
    try:
        found = parse_datetime(word)
    except ValueError:
        return None
    return found if found and found.tzinfo and 2000 <= found.year <= 2100 else None
