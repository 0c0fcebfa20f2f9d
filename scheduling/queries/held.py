"""Time that somebody is booking right now, read live and drawn on the board."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import structlog
from redis.exceptions import RedisError

from carebridge.accounts.models import User
from scheduling import hold_store
from scheduling.models import Clinic
from scheduling.queries.columns import HeldTime
from scheduling.queries.spans import DayFrame, Span, local_day, overlaps
from scheduling.timeline import instant_of

log = structlog.get_logger(__name__)

HOLD_SECONDS = 300


def live_holds(clinic: Clinic, span: Span) -> list[hold_store.HoldRecord]:
    """Holds at the clinic that touch the span. Redis away: none, for then nobody can hold."""
    try:
        records = hold_store.alive()
    except RedisError as error:
        log.warning("holds_unavailable", error=type(error).__name__)
        return []
    return [
        record
        for record in records
        if record.clinic_id == clinic.pk and overlaps((instant_of(record.starts), instant_of(record.ends)), span)
    ]


def held_version(clinic: Clinic, day: date) -> str:
    """Changes when a hold begins, is extended or ends."""
    records = live_holds(clinic, local_day(day, clinic.zone))
    known = "".join(sorted(f"{record.id}{record.expires}" for record in records))
    return hashlib.blake2b(known.encode(), digest_size=6).hexdigest() if known else ""


def held_on(clinic: Clinic, day: date) -> list[hold_store.HoldRecord]:
    """The holds that a board of the day draws."""
    return live_holds(clinic, local_day(day, clinic.zone))


def held_times(
    records: Collection[hold_store.HoldRecord], frame: DayFrame, now: datetime
) -> Mapping[int, Sequence[HeldTime]]:
    """Holds by the resource they claim. One statement for the names, none without holds."""
    users = {record.user_id for record in records if record.user_id}
    names = dict(User.objects.filter(pk__in=users).values_list("pk", "first_name")) if users else {}
    drawn: dict[int, list[HeldTime]] = defaultdict(list)
    for record in records:
        span = instant_of(record.starts), instant_of(record.ends)
        name = next((first for key, first in names.items() if str(key) == str(record.user_id)), "")
        for resource_id in {cell[0] for cell in record.cells}:
            drawn[resource_id].append(held_time(record, span, name, frame, now))
    return drawn


def held_time(record: hold_store.HoldRecord, span: Span, name: str, frame: DayFrame, now: datetime) -> HeldTime:
    y, n = frame.place(*span)
    return HeldTime(
        hold_id=record.id,
        y=y,
        n=n,
        start=frame.clock(span[0]),
        label=f"by {name}" if name else "by a colleague",
        expires_at=record.expires_at,
        seconds_left=max(0, round((record.expires_at - now).total_seconds())),
        seconds=HOLD_SECONDS,
    )
