"""What a change to a recurring row would mean, for the command that makes it and the preview that only asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from datetime import date, time
from typing import Any, TypedDict, TypeVar
from zoneinfo import ZoneInfo

from django.utils import timezone

from scheduling.models import AppointmentType, Clinic, RecurringBreak, WorkingHours
from scheduling.roster.consequences import Revision
from scheduling.roster.facts import RosterFacts, weekly
from scheduling.roster.overlap import HORIZON, refuse_overlap
from scheduling.roster.wording import broken_off, calling
from scheduling.roster_time import Kind

W = TypeVar("W", WorkingHours, RecurringBreak)


class WeeklyChanges(TypedDict, total=False):
    """What may change about a weekly row; its resource stays."""

    clinic: Clinic
    weekday: int
    starts: time
    ends: time
    every_weeks: int
    valid_from: date
    valid_until: date | None
    appointment_types: Collection[AppointmentType]
    note: str
    label: str


def changed(row: W, changes: Mapping[str, Any]) -> W:
    """A copy of the row with the changes, not saved."""
    new = copy(row)
    new._state = copy(row._state)
    new._state.fields_cache = dict(row._state.fields_cache)
    for name, value in changes.items():
        if name != "appointment_types":
            setattr(new, name, value)
    return new


def types_after(row: WorkingHours | RecurringBreak, changes: Mapping[str, Any]) -> frozenset[int]:
    """Ids of the types a session is kept for once changed; none: all."""
    if not isinstance(row, WorkingHours):
        return frozenset()
    types = changes.get("appointment_types", None)
    return frozenset(each.pk for each in (row.appointment_types.all() if types is None else types))


def changing(old: W | None, new: W | None, types: frozenset[int] = frozenset()) -> Revision:
    """The change from one weekly row (None: none) to another (None: none) of the same resource."""
    row: Any = new or old
    table, kind = ("hours", Kind.HOURS) if isinstance(row, WorkingHours) else ("breaks", Kind.BREAK)
    gone = {old.pk} if old else set()

    def revise(facts: RosterFacts) -> RosterFacts:
        left = facts.without(table, gone)
        return left.plus(table, weekly(kind, new, types)) if new else left

    def cause(zone: ZoneInfo) -> str:
        if isinstance(row, RecurringBreak):
            return broken_off(row.resource, row)
        return f"{calling(row.resource)}: working hours changed"

    def policy() -> None:
        if new is None or table == "breaks":
            return
        first = max(new.valid_from, timezone.now().date())
        last = min(new.valid_until or date.max, first + HORIZON)
        refuse_overlap(weekly(kind, new, types), new.resource, first, last, replacing=gone)

    return Revision(
        starts_at=timezone.now(), ends_at=None, resources=(row.resource,), revise=revise, cause=cause, policy=policy
    )
