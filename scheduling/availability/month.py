"""A month of free times as a calendar shows it, from one reading of the rows."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from scheduling import periods, timeline
from scheduling.availability.search import Desk, Slot
from scheduling.availability.wanted import SlotSearch


@dataclass(frozen=True, slots=True)
class MonthOfTimes:
    """How many times of day each local day of a month can be booked at, and what is free on one of its days.

    Doctors who are free at the same time count once. `until` is the last local day that can be booked at all.
    """

    counts: Mapping[date, int]
    day: date | None
    slots: Sequence[Slot]
    until: date


def find_month(search: SlotSearch, month: date | None, day: date | None, *, last: date | None) -> MonthOfTimes | None:
    """The month of a day, or else the first that has any time, between `from_day` and `last` (None: the window's end).

    With the times of `day`, or else of the first day with any. None where no day is left to be booked, or where no
    month was asked for and none has any time; `to_day` is not looked at. Raises as find_slots.
    """
    desk = Desk.open(replace(search, to_day=search.from_day), to_end_of_window=True)
    until = min(_end_of_window(desk), last or date.max)
    month = month or _first_day(desk)
    if until < search.from_day or month is None:
        return None
    month = min(max(month, search.from_day), until)
    desk = desk.between(max(month.replace(day=1), search.from_day), min(_last_of(month), until))
    counts = _times_a_day(desk)
    if not (day and counts.get(day)):
        day = next((each for each, count in counts.items() if count), None)
    slots = desk.between(day, day).slots(search.limit) if day else []
    return MonthOfTimes(counts, day, slots, until)


def _last_of(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _end_of_window(desk: Desk) -> date:
    """The last local day within the booking window of any plan."""
    ends = [plan.rules.window(desk.search.now)[1].astimezone(plan.zone) for plan in desk.plans]
    return max(((end - timedelta.resolution).date() for end in ends), default=date.min)


def _first_day(desk: Desk) -> date | None:
    """The local day of the earliest bookable time."""
    for part in desk.parts():
        if found := part.slots(1):
            return found[0].starts_at.astimezone(found[0].plan.zone).date()
    return None


def _times_a_day(desk: Desk) -> dict[date, int]:
    """At how many times of the clinics' clocks each local day can be booked."""
    origin = desk.horizon.origin
    times = dict.fromkeys(periods.days_from(desk.search.from_day, desk.search.to_day), 0)
    for plan, starts in desk.possible():
        for day in times if starts else ():
            begin, end = (timeline.step_ceil(edge) - origin for edge in periods.local_day_bounds(day, plan.zone))
            times[day] |= (starts & timeline.span(begin, end)) >> begin
    return {day: steps.bit_count() for day, steps in times.items()}
