"""What a message's text may speak of: names in braces from a list, filled in from the visit. No template language."""

from __future__ import annotations

import re
from collections.abc import Mapping

from carebridge.errors import DomainError
from reminders.models import Medium

PLACEHOLDERS: Mapping[str, str] = {
    "given_name": "The patient's first name",
    "family_name": "The patient's family name",
    "clinic": "The clinic",
    "address": "The clinic's address",
    "phone": "The clinic's telephone number",
    "date": "The day of the visit",
    "time": "When the visit starts",
    "visits": "Time and doctor; of several visits on a day, each",
    "doctor": "The doctor",
    "service": "What the visit is for",
    "reference": "The visit's reference",
    "link": "Where the patient sees, changes or cancels the visit: its page; without one, the telephone number",
    "old_date": "For a moved visit: the day it was on",
    "old_time": "For a moved visit: when it started",
    "deadline": "For an offer: until when we keep it",
    "change": "To staff: what changed",
    "count": "To staff: how many visits",
    "first": "To staff: the first start",
    "last": "To staff: the last start",
    "list": "To staff: a line for each visit",
    "list_date": "To staff: the day of the list",
}
USUAL_LENGTH: Mapping[str, int] = {
    "date": 19,
    "time": 7,
    "visits": 27,
    "address": 40,
    "phone": 12,
    "link": 68,
    "list": 60,
}
"""Characters that a value takes, more or less, where they are not ten."""
NOT_AT_A_GLANCE = frozenset({"family_name", "service"})
"""Somebody else may see an SMS or a subject on a screen: they don't tell who exactly or what it is for."""
SUBJECT_LENGTH = 200

_NAMED = re.compile(r"\{([^{}]*)\}")


class WordingError(DomainError):
    """A text can't become a message. The sentence says what to change in it."""

    code = "wording_error"
    message = "This text can't be sent as it is. Look at it again."


def check_text(text: str, medium: str = Medium.EMAIL) -> None:
    """Raise WordingError unless every placeholder of the text is known and may stand in this medium."""
    named = _NAMED.findall(text)
    if unknown := sorted({name for name in named if name not in PLACEHOLDERS}):
        listed = ", ".join(f"{{{name}}}" for name in unknown)
        raise _about(f"There is no placeholder {listed}. Use one of those listed beside the text.", unknown)
    if "{" in (rest := _NAMED.sub("", text)) or "}" in rest:
        raise _about("A brace stands alone. Write a placeholder as {date}, with a brace on either side.", [])
    if medium == Medium.SMS and (told := sorted(NOT_AT_A_GLANCE.intersection(named))):
        listed = ", ".join(f"{{{name}}}" for name in told)
        raise _about(f"Leave {listed} out of an SMS or a subject: somebody else may see the screen.", told)
    if not text.strip():
        raise _about("There is no text yet. Write one, or leave it to the words that come with CareBridge.", [])


def check_subject(text: str) -> None:
    """As `check_text`, for a subject: none is fine, and it tells no more than an SMS may."""
    if text.strip():
        check_text(text, Medium.SMS)


def fill(text: str, values: Mapping[str, str], medium: str = Medium.EMAIL) -> str:
    """The text with its placeholders filled in. A line is left out when something it names has nothing to say.

    Raises WordingError for a text that `check_text` refuses, and when no line is left.
    """
    check_text(text, medium)
    lines = [_NAMED.sub(lambda found: values[found[1]], line) for line in text.splitlines() if _says(line, values)]
    filled = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    if not filled:
        missing = sorted(name for name in set(_NAMED.findall(text)) if not values.get(name))
        listed = ", ".join(f"{{{name}}}" for name in missing)
        raise _about(f"Nothing is left of the text, as this visit has no {listed}. Add a line without it.", missing)
    return filled


def fill_subject(text: str, values: Mapping[str, str]) -> str:
    """A subject filled in, as one line: a line break in it would start another header. Raises WordingError."""
    return " ".join(fill(text, values, Medium.SMS).split())[:SUBJECT_LENGTH]


def filled_roughly(text: str) -> str:
    """The text with a value of usual length in each place, to see about how long it gets."""
    return _NAMED.sub(lambda found: "x" * USUAL_LENGTH.get(found[1], 10), text)


def _says(line: str, values: Mapping[str, str]) -> bool:
    return all(values.get(name) for name in _NAMED.findall(line))


def _about(sentence: str, names: list[str]) -> WordingError:
    return WordingError(sentence, fields={"body": sentence}, detail={"placeholders": names})
