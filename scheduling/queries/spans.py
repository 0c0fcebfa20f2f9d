"""Spans of time for drawing: half-open pairs of UTC instants, sorted and merged. Search has its own, faster bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.periods import local_day_bounds as local_day
from scheduling.periods import to_utc as instant

__all__ = [
    "DayFrame",
    "Span",
    "instant",
    "intersect",
    "local_day",
    "merge",
    "minutes",
    "number",
    "overlaps",
    "subtract",
]

Span = tuple[datetime, datetime]

ROW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DayFrame:
    """The part of a local day that a board shows, counted in rows of five minutes from `start` (UTC)."""

    day: date
    zone: ZoneInfo
    start: datetime
    end: datetime

    def rows(self, at: datetime) -> float:
        """How many rows below the top an instant lies."""
        return (at - self.start) / ROW

    def place(self, start: datetime, end: datetime) -> tuple[str, str]:
        """Top and height in rows, as the style attribute wants them, clipped to the frame."""
        top, bottom = max(start, self.start), min(end, self.end)
        return number(self.rows(top)), number(max(0.0, (bottom - top) / ROW))

    @property
    def units(self) -> int:
        return round(self.rows(self.end))

    def clock(self, at: datetime) -> str:
        """Wall-clock time at the clinic: 09:40."""
        return f"{at.astimezone(self.zone):%H:%M}"


def number(rows: float) -> str:
    """A number for CSS: no trailing zeros, never a comma."""
    return f"{rows:.2f}".rstrip("0").rstrip(".")


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same time with touching and overlapping spans joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif start < end:
            joined.append((start, end))
    return joined


def subtract(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """What is left of the spans without the holes."""
    left = merge(spans)
    for hole_start, hole_end in holes:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, hole_start)), (max(start, hole_end), end))
            if piece[0] < piece[1]
        ]
    return left


def intersect(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Time that is in both."""
    second = merge(others)
    return merge(
        (max(start, low), min(end, high))
        for start, end in merge(spans)
        for low, high in second
        if max(start, low) < min(end, high)
    )


def overlaps(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def minutes(spans: Iterable[Span]) -> int:
    """Length of spans that don't overlap, in minutes."""
    return round(sum((end - start).total_seconds() for start, end in spans) / 60)
