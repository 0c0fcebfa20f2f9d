"""The languages that patients read: their names, which way they run, and how they write days and times."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "fr", "de", "es", "pl", "ar")
DEFAULT = "en"


@dataclass(frozen=True)
class Language:
    """One language. `direction` is ltr or rtl; the rest is how a date and a time are put."""

    code: str
    name: str
    direction: str
    weekdays: tuple[str, ...]
    weekdays_short: tuple[str, ...]
    months: tuple[str, ...]
    day_form: str
    day_form_with_year: str
    clock_form: str
    first: str = "1"
    am: str = ""
    pm: str = ""
    months_alone: tuple[str, ...] = ()
    month_form: str = "{month} {year}"

    def day(self, day: date, *, with_year: bool = False) -> str:
        """A local day: Monday 30 November."""
        number = self.first if day.day == 1 else str(day.day)
        form = self.day_form_with_year if with_year else self.day_form
        weekday, month = self.weekdays[day.weekday()], self.months[day.month - 1]
        return form.format(weekday=weekday, day=number, month=month, year=day.year)

    def month(self, day: date) -> str:
        """The month of a day: November 2026."""
        return self.month_form.format(month=(self.months_alone or self.months)[day.month - 1], year=day.year)

    def clock(self, at: time) -> str:
        """A wall-clock time as people read it: 10:00am, 10h00, 10:00 Uhr."""
        half = self.pm if at.hour >= 12 else self.am
        hour = (at.hour + 11) % 12 + 1 if half else at.hour
        return self.clock_form.format(hour=hour, hour2=f"{hour:02d}", minute=f"{at.minute:02d}", half=half)


def language_for(code: str) -> str:
    """The language to write in for somebody whose record names `code`, such as fr-CA: English where we lack it."""
    base = code.strip().lower().replace("_", "-").partition("-")[0]
    return base if base in LANGUAGES else DEFAULT


@cache
def language_in(code: str) -> Language:
    """One of LANGUAGES."""
    content = tomllib.loads((Path(__file__).parent / f"{code}.toml").read_text(encoding="utf-8"))
    facts: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in content.items()}
    return Language(code=code, **facts)
