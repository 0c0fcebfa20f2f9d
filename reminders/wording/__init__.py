"""The words that come with CareBridge, a file for each language; clinics may put their own in their place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import NamedTuple

LANGUAGES = ("en", "fr", "de", "es", "pl", "ar")
DEFAULT = "en"


class Text(NamedTuple):
    """A subject, empty for an SMS, and a body with placeholders."""

    subject: str
    body: str


@dataclass(frozen=True)
class Wording:
    """One language: its texts by kind and medium, its small words, and how it writes days and times."""

    code: str
    name: str
    direction: str
    calendar: Mapping[str, str]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    words: Mapping[str, str]
    texts: Mapping[str, Mapping[str, str]]

    def text(self, kind: str, medium: str) -> Text:
        """The text of a kind for a medium; a letter says what the email says unless it has words of its own.

        Raises KeyError for a kind that this language doesn't have.
        """
        texts = self.texts[kind]
        body = texts.get(medium) or texts["email"]
        return Text("" if medium == "sms" else texts["subject"], body)

    def day(self, day: date, *, with_year: bool = False) -> str:
        """A local day: Monday 30 November."""
        number = self.calendar.get("first", "1") if day.day == 1 else str(day.day)
        form = self.calendar["date_with_year" if with_year else "date"]
        weekday, month = self.weekdays[day.weekday()], self.months[day.month - 1]
        return form.format(weekday=weekday, day=number, month=month, year=day.year)

    def clock(self, at: time) -> str:
        """A wall-clock time as people read it: 10:00am, 10h00, 10:00 Uhr."""
        half = self.calendar.get("pm" if at.hour >= 12 else "am", "")
        hour = (at.hour + 11) % 12 + 1 if half else at.hour
        return self.calendar["time"].format(hour=hour, hour2=f"{hour:02d}", minute=f"{at.minute:02d}", half=half)

    def moment(self, at: str, day: str) -> str:
        """A time and a day, both in words: 10:00am on Monday 30 November."""
        return self.words["moment"].format(time=at, date=day)

    def listed(self, items: Iterable[str]) -> str:
        """Different things in a row: Dr Osei and Dr Wilk."""
        *rest, last = dict.fromkeys(items)
        return f"{', '.join(rest)} {self.words['and']} {last}" if rest else last


def language_for(code: str) -> str:
    """The language to write in for somebody whose record names `code`, such as fr-CA: English where we lack it."""
    base = code.strip().lower().replace("_", "-").partition("-")[0]
    return base if base in LANGUAGES else DEFAULT


@cache
def wording_in(language: str) -> Wording:
    """The words of one of LANGUAGES."""
    content = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    calendar = content.pop("calendar")
    return Wording(
        code=language,
        name=content.pop("name"),
        direction=content.pop("direction"),
        weekdays=tuple(calendar.pop("weekdays")),
        months=tuple(calendar.pop("months")),
        calendar=calendar,
        words=content.pop("words"),
        texts=content,
    )
