"""The words that come with CareBridge, a file for each language; clinics may put their own in their place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from scheduling.languages import DEFAULT, LANGUAGES, Language, language_for, language_in

__all__ = ["DEFAULT", "LANGUAGES", "Text", "Wording", "language_for", "wording_in"]


class Text(NamedTuple):
    """A subject, empty for an SMS, and a body with placeholders."""

    subject: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Wording(Language):
    """One language with its texts by kind and medium, and its small words."""

    words: Mapping[str, str]
    texts: Mapping[str, Mapping[str, str]]

    def text(self, kind: str, medium: str) -> Text:
        """The text of a kind for a medium; a letter says what the email says unless it has words of its own.

        Raises KeyError for a kind that this language doesn't have.
        """
        texts = self.texts[kind]
        body = texts.get(medium) or texts["email"]
        return Text("" if medium == "sms" else texts["subject"], body)

    def moment(self, at: str, day: str) -> str:
        """A time and a day, both in words: 10:00am on Monday 30 November."""
        return self.words["moment"].format(time=at, date=day)

    def listed(self, items: Iterable[str]) -> str:
        """Different things in a row: Dr Osei and Dr Wilk."""
        *rest, last = dict.fromkeys(items)
        return f"{', '.join(rest)} {self.words['and']} {last}" if rest else last


@cache
def wording_in(language: str) -> Wording:
    """The words of one of LANGUAGES."""
    texts = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    return Wording(**vars(language_in(language)), words=texts.pop("words"), texts=texts)
