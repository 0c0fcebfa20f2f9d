"""Time as bits of one Python int: bit i is the i-th step of five minutes. A horizon of UTC days is one long int.

UTC days always have 288 steps, so daylight saving and doctors in two zones need no special case here. What is busy
is rounded outward to the grid and what works inward: the bits never promise more than the clock does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice

STEP_MINUTES = 5
STEP = timedelta(minutes=STEP_MINUTES)
DAY_STEPS = 24 * 60 // STEP_MINUTES
DAY_BYTES = DAY_STEPS // 8
DAY_MASK = (1 << DAY_STEPS) - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.date().toordinal()


def step_floor(instant: datetime) -> int:
    """The absolute step (since 1970) that contains the instant."""
    return (instant - EPOCH) // STEP


def step_ceil(instant: datetime) -> int:
    """The first absolute step that begins at or after the instant."""
    return -((EPOCH - instant) // STEP)


def instant_of(step: int) -> datetime:
    """When an absolute step begins, UTC."""
    return EPOCH + step * STEP


def day_step(day: date) -> int:
    """The absolute step at which a UTC day begins."""
    return (day.toordinal() - EPOCH_DAY) * DAY_STEPS


@dataclass(frozen=True, slots=True)
class Horizon:
    """UTC days looked at together. Bit 0 of its masks is the first day's first step."""

    first_day: date
    days: int

    @classmethod
    def around(cls, start: datetime, end: datetime, margin: timedelta) -> Horizon:
        """The whole UTC days that contain a range and a margin on either side."""
        first, last = (start - margin).astimezone(UTC).date(), (end + margin).astimezone(UTC).date()
        return cls(first, (last - first).days + 1)

    @property
    def origin(self) -> int:
        """The absolute step of bit 0."""
        return day_step(self.first_day)

    @property
    def steps(self) -> int:
        return self.days * DAY_STEPS

    @property
    def full(self) -> int:
        return ones(self.steps)

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first_day, time(), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=self.days)

    def busy(self, start: datetime, end: datetime) -> int:
        """The range rounded outward, clipped to the horizon."""
        return span(step_floor(start) - self.origin, step_ceil(end) - self.origin) & self.full

    def within(self, start: datetime, end: datetime) -> int:
        """The range rounded inward, clipped to the horizon."""
        return span(step_ceil(start) - self.origin, step_floor(end) - self.origin) & self.full


@lru_cache(maxsize=1024)
def ones(length: int) -> int:
    """The lowest `length` bits set."""
    return (1 << length) - 1


def span(first: int, last: int) -> int:
    """Bits first up to, not including, last; steps before bit 0 fall away."""
    first = max(first, 0)
    return ((1 << (last - first)) - 1) << first if last > first else 0


def shifted(mask: int, by: int) -> int:
    """Bit s of the answer is bit s + by of the mask: "what holds `by` steps later"."""
    return mask >> by if by >= 0 else mask << -by


def run(mask: int, length: int) -> int:
    """Bits where `length` set bits in a row begin. O(log length) shifts."""
    have = 1
    while have * 2 <= length:
        mask &= mask >> have
        have *= 2
    return mask & (mask >> (length - have)) if length > have else mask


def at_least(masks: Iterable[int], wanted: int, full: int) -> int:
    """Bits that are set in at least `wanted` of the masks."""
    reached = [full] + [0] * wanted
    for mask in masks:
        for count in range(wanted, 0, -1):
            reached[count] |= reached[count - 1] & mask
    return reached[wanted]


@lru_cache(maxsize=4096)
def comb(step: int, length: int) -> int:
    """Bits 0, step, 2·step… below length."""
    teeth = -(-length // step)
    return ((1 << step * teeth) - 1) // ((1 << step) - 1) if teeth > 0 else 0


def bits(mask: int) -> Iterator[int]:
    """Positions of the set bits, ascending. Meant for short masks: a day at a time."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def bits_near(mask: int, at: int, count: int) -> list[int]:
    """Up to `count` set bits from `at` on, and up to `count` before it: those closest on either side."""
    at = max(at, 0)
    found = [at + bit for bit in islice(bits(mask >> at), count)]
    below = mask & ((1 << at) - 1)
    for _ in range(count):
        if not below:
            break
        highest = below.bit_length() - 1
        found.append(highest)
        below ^= 1 << highest
    return found


def stretch(mask: int, at: int) -> tuple[int, int]:
    """First and last (exclusive) bit of the unbroken stretch of set bits around the set bit `at`."""
    last = at
    while mask >> last & 1:
        last += 1
    first = at
    while first and mask >> (first - 1) & 1:
        first -= 1
    return first, last
