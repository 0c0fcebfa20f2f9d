"""How long somebody has to answer an offer: longer the further away the time is, and quiet hours don't count. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHARE = 6
"""Of the time until the visit, one part in so many is for the answer; the rest is for the next in line."""


class Terms(Protocol):
    """What a clinic says about answers. Quiet hours are wall-clock hours and may pass midnight."""

    shortest_answer_minutes: int
    longest_answer_minutes: int
    too_close_minutes: int
    quiet_from: time
    quiet_until: time


def answer_by(now: datetime, starts_at: datetime, terms: Terms, zone: ZoneInfo) -> datetime | None:
    """Until when (UTC) an offer made now for a visit at `starts_at` (both aware) is kept; None: too close to ask."""
    # Two wall clocks of one zone would be subtracted as if no clock ever changed.
    now, starts_at = now.astimezone(UTC), starts_at.astimezone(UTC)
    shortest = timedelta(minutes=terms.shortest_answer_minutes)
    begins = _loud_from(now, terms, zone)
    allowed = min(max((starts_at - begins) / SHARE, shortest), timedelta(minutes=terms.longest_answer_minutes))
    latest = starts_at - timedelta(minutes=terms.too_close_minutes)
    ends = min(_after_loud(begins, allowed, terms, zone), latest)
    return ends if ends - begins >= shortest else None


def _loud_from(instant: datetime, terms: Terms, zone: ZoneInfo) -> datetime:
    """The instant itself, or the end of the quiet hours that it is in."""
    for start, end in _quiet_around(instant, terms, zone):
        if start <= instant < end:
            return end
    return instant


def _after_loud(begins: datetime, allowed: timedelta, terms: Terms, zone: ZoneInfo) -> datetime:
    """When so much time outside quiet hours is over, counted from an instant outside them."""
    at = begins
    while True:
        start, end = next((each for each in _quiet_around(at, terms, zone) if each[0] >= at), (None, None))
        if start is None or end is None or at + allowed <= start:
            return at + allowed
        allowed, at = allowed - (start - at), end


def _quiet_around(instant: datetime, terms: Terms, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The quiet hours (UTC) of yesterday, today and tomorrow on the clinic's calendar; none that have no length."""
    if terms.quiet_from == terms.quiet_until:
        return []
    today = instant.astimezone(zone).date()
    days = [today + timedelta(days=number) for number in (-1, 0, 1)]
    overnight = timedelta(days=1 if terms.quiet_until < terms.quiet_from else 0)
    return [
        (
            datetime.combine(day, terms.quiet_from, tzinfo=zone).astimezone(UTC),
            datetime.combine(day + overnight, terms.quiet_until, tzinfo=zone).astimezone(UTC),
        )
        for day in days
    ]
