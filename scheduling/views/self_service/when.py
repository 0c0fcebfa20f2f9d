"""When patients look for a time: a list from some day on, or a month of a calendar with one of its days."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.http import HttpRequest, QueryDict

from scheduling.availability import MonthOfTimes
from scheduling.languages import Language

CALENDAR = "calendar"
WHEN = ("from", "view", "month", "day")
PASSING = ("slot", "ask")
"""What an address says of one moment, and no link takes along."""


@dataclass(frozen=True)
class Asked:
    """What an address asks for: a list from a day on, or a calendar open at a month and a day; None: the first of all.

    `choice` is the rest of the address, which every link takes along.
    """

    choice: QueryDict
    calendar: bool = False
    from_day: date | None = None
    month: date | None = None
    day: date | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """As the address says; what can't be read is left out."""
        said, choice = request.GET, request.GET.copy()
        for name in (*WHEN, *PASSING):
            choice.pop(name, None)
        return cls(
            choice,
            said.get("view") == CALENDAR,
            _day(said.get("from", "")),
            _day(f"{said.get('month', '')}-01"),
            _day(said.get("day", "")),
        )

    def at(self, day: str) -> Asked:
        """The same, opened at a day (ISO); as it was if that is none."""
        found = _day(day)
        return replace(self, from_day=found, month=found, day=found) if found else self

    @property
    def query(self) -> str:
        """The choice alone, for links that say when."""
        return self.choice.urlencode()

    @property
    def here(self) -> str:
        """The choice and what is open now, for links that come back."""
        if not self.calendar:
            return self.query
        opened = QueryDict(mutable=True)
        opened.update({"view": CALENDAR})
        if self.month:
            opened.update({"month": f"{self.month:%Y-%m}"})
        if self.day:
            opened.update({"day": self.day.isoformat()})
        return "&".join(filter(None, (self.query, opened.urlencode())))


@dataclass(frozen=True)
class CalendarDay:
    """A day of a month: its date, its name in words, how many times it has, whether these are shown."""

    date: date
    name: str
    count: int
    is_open: bool


@dataclass(frozen=True)
class Month:
    """A month as weeks from Monday on, without those that are over, and its neighbours if they can be booked.

    None stands for days of other months.
    """

    name: str
    weekdays: Sequence[tuple[str, str]]
    weeks: Sequence[Sequence[CalendarDay | None]]
    earlier: date | None
    later: date | None


def month_of(found: MonthOfTimes, first_day: date, language: Language) -> Month:
    """The month that was found, in words; nothing before `first_day` can be booked."""
    begin = next(iter(found.counts)).replace(day=1)
    following = (begin + timedelta(days=31)).replace(day=1)
    weeks = Calendar().monthdatescalendar(begin.year, begin.month)

    def shown(day: date) -> CalendarDay | None:
        if day.month != begin.month:
            return None
        return CalendarDay(day, language.day(day), found.counts.get(day, 0), day == found.day)

    return Month(
        name=language.month(begin),
        weekdays=list(zip(language.weekdays_short, language.weekdays, strict=True)),
        weeks=[[shown(day) for day in week] for week in weeks if week[-1] >= first_day],
        earlier=begin - timedelta(days=1) if begin > first_day else None,
        later=following if following <= found.until else None,
    )


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None
