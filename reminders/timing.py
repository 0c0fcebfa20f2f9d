"""When a message goes out: a rule's terms, a moment to count from and a clinic's zone make an instant. Pure.

Days are counted on the clinic's calendar, so that 48 hours before a visit at ten is ten o'clock whatever the clocks
did between. Quiet hours are wall-clock hours: what is quiet is what the clocks on the patients' walls say.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from reminders import reasons
from reminders.kinds import BEFORE_VISIT, CANNOT_WAIT, TELLING

TO_DELIVER = timedelta(minutes=5)
"""A message due less than this before its last moment would come too late at the first hitch."""
LEADS = (timedelta(hours=1), timedelta(minutes=1))
"""How long before quiet hours a message goes out that must not wait for their end; the second for short days."""
WORTH_SAYING = timedelta(days=7)
"""After a visit nothing is late, but thanks a month afterwards are odd."""
AN_INSTANT = timedelta(microseconds=1)


class Terms(Protocol):
    """What a version of a rule says about time."""

    months: int
    days: int
    minutes: int
    at_time: time | None
    quiet_from: time
    quiet_until: time
    latest_minutes_before: int
    skip_when_booked_within: int


@dataclass(frozen=True)
class Times:
    """When a visit is (aware instants) and since when it has been booked for then, on the clocks of its zone."""

    starts_at: datetime
    ends_at: datetime
    booked_at: datetime
    zone: ZoneInfo


@dataclass(frozen=True)
class Timed:
    """When a message is due and until when it may go out (UTC); or why it won't, in which case `due_at` is idle."""

    due_at: datetime
    not_after: datetime
    reason: str = ""


def timed(kind: str, terms: Terms, times: Times, *, now: datetime, told_at: datetime | None = None) -> Timed:
    """When a message of this kind goes out, never before `now` and never in quiet hours.

    `told_at` is the instant of the event that BOOKED, RESCHEDULED, CANCELLED and OFFER tell of.
    """
    wanted = moment(terms, anchor_of(kind, times, told_at), times.zone)
    not_after = last_moment(kind, terms, times, wanted)
    if kind in BEFORE_VISIT and left_out(terms, wanted, times.booked_at):
        return Timed(wanted, not_after, reasons.CONFIRMATION_SAYS_IT)
    due_at = fit(terms, wanted, zone=times.zone, earliest=now, not_after=not_after)
    if due_at is None:
        return Timed(wanted, not_after, reasons.NO_TIME_LEFT)
    return Timed(due_at, not_after)


def anchor_of(kind: str, times: Times, told_at: datetime | None = None) -> datetime:
    """What the moment of a kind is counted from: the event it tells of, or the start or end of the visit."""
    if kind in TELLING:
        return told_at or times.booked_at
    return times.starts_at if kind in BEFORE_VISIT else times.ends_at


def moment(terms: Terms, anchor: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) that the terms name: from the anchor local months and days, then minutes, then the time of day.

    A time that the clocks skip moves forward by what they skip; of one that comes twice the first is meant, unless
    the anchor itself is the second.
    """
    local = anchor.astimezone(zone)
    if terms.months or terms.days:
        day = months_later(local.date(), terms.months) + timedelta(days=terms.days)
        local = datetime.combine(day, local.time(), tzinfo=zone)
    reached = local.astimezone(UTC) + timedelta(minutes=terms.minutes)
    if terms.at_time is None:
        return reached
    return datetime.combine(reached.astimezone(zone).date(), terms.at_time, tzinfo=zone).astimezone(UTC)


def months_later(day: date, months: int) -> date:
    """The same day so many months later; the last one of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_moment(kind: str, terms: Terms, times: Times, wanted: datetime) -> datetime:
    """Until when a message of this kind may go out: before the visit if it is about a visit to come."""
    if kind in BEFORE_VISIT or kind in TELLING:
        # Who would come in vain is told until the very start.
        before = 0 if kind in CANNOT_WAIT else terms.latest_minutes_before
        return times.starts_at - timedelta(minutes=before)
    return wanted + WORTH_SAYING


def left_out(terms: Terms, wanted: datetime, booked_at: datetime) -> bool:
    """Whether the visit was booked so shortly before this moment, or after it, that the confirmation says it."""
    within = timedelta(minutes=terms.skip_when_booked_within)
    return bool(within) and wanted - booked_at < within


def fit(terms: Terms, wanted: datetime, *, zone: ZoneInfo, earliest: datetime, not_after: datetime) -> datetime | None:
    """The wanted instant, or the nearest one after it that is not quiet; else the last good one before it.

    None when there is none from `earliest` to `not_after`.
    """
    if earliest > not_after:
        return None
    last = max(earliest, not_after - TO_DELIVER)
    at = max(wanted, earliest)
    open_again = quiet_ends(terms, at, zone) or at
    if open_again <= last:
        return open_again
    return _last_open(terms, min(at, last), zone, earliest)


def _last_open(terms: Terms, at: datetime, zone: ZoneInfo, earliest: datetime) -> datetime | None:
    began = quiet_began(terms, at, zone)
    if began is None:
        return at
    for lead in LEADS:
        candidate = max(began - lead, earliest)
        if candidate < began and quiet_ends(terms, candidate, zone) is None:
            return candidate
    return None


def is_quiet(terms: Terms, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the local clock shows a time from `quiet_from` up to, not including, `quiet_until`."""
    clock, begins, ends = at.astimezone(zone).time(), terms.quiet_from, terms.quiet_until
    return begins <= clock < ends if begins < ends else clock >= begins or clock < ends


def quiet_ends(terms: Terms, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that include this instant are over (UTC); None when it is not quiet."""
    if not is_quiet(terms, at, zone):
        return None
    return min(
        each
        for each in _on_the_clock(terms.quiet_until, at, zone, range(3))
        if each > at and not is_quiet(terms, each, zone)
    )


def quiet_began(terms: Terms, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that include this instant began (UTC); None when it is not quiet."""
    if not is_quiet(terms, at, zone):
        return None
    return max(
        each
        for each in _on_the_clock(terms.quiet_from, at, zone, range(-2, 1))
        if each <= at and not is_quiet(terms, each - AN_INSTANT, zone)
    )


def _on_the_clock(clock: time, at: datetime, zone: ZoneInfo, days: range) -> Iterator[datetime]:
    """The instants at which the local clock shows this time on days around one: two where it comes twice."""
    today = at.astimezone(zone).date()
    for ahead in days:
        for fold in (0, 1):
            local = datetime.combine(today + timedelta(days=ahead), clock.replace(fold=fold), tzinfo=zone)
            yield local.astimezone(UTC)
