"""What patients are told once they have answered: in their language, no more about them than the day and time."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

from reminders.contact_blocks import reached_by
from reminders.models import InboundMessage
from reminders.occasion import day_of, phone_of
from reminders.wording import DEFAULT, language_for, wording_in
from scheduling.periods import wall_clock

FILE = Path(__file__).parent / "answers.toml"
READ_BY_A_PERSON = "person"
OF_OUTCOME: Mapping[str, str] = {
    "confirmed": "confirmed",
    "asked": "asked",
    "cancelled": "cancelled",
    "kept": "kept",
    "declined": "declined",
    "another_time": "another_time",
    "too_late": "too_late",
    "stopped": "stopped",
    "started": "started",
    "unclear_answer": "unclear_answer",
}
SILENT = frozenset({"received", "unknown_number", "too_many", "told_by_carrier", "carrier_stopped"})
ABOUT_A_VISIT = frozenset({"confirmed", "asked", "cancelled", "kept", "declined", "unclear_answer"})
NOT_AGAIN_WITHIN = timedelta(hours=24)
"""That a person will read it is said once a day, so that two machines don't write to each other for ever."""


def answer_to(message: InboundMessage) -> str:
    """What to answer, from what was done about the message: the same however often it is asked. "" is nothing."""
    said = OF_OUTCOME.get(message.outcome, READ_BY_A_PERSON)
    about_none = said in ABOUT_A_VISIT and message.appointment is None
    if message.outcome in SILENT or about_none or (said == READ_BY_A_PERSON and _was_told(message)):
        return ""
    writer = message.patient or reached_by(message.medium, message.address).first()
    language = language_for(writer.language) if writer else DEFAULT
    return _texts()[language][said].format_map(_values(message, language)).strip()


def _values(message: InboundMessage, language: str) -> Mapping[str, str]:
    clinic, visit, texts = message.clinic, message.appointment, _texts()[language]
    wording = wording_in(language)
    number = phone_of(clinic, wording) if clinic else ""
    values = {
        "clinic": clinic.name if clinic else "",
        "call": texts["call_on" if number else "call"].format(phone=number),
    }
    if visit:
        at = wall_clock(visit.starts_at, visit.clinic.zone).time()
        values |= {"date": day_of(visit.starts_at, visit.clinic, wording), "time": wording.clock(at)}
    return values


def _was_told(message: InboundMessage) -> bool:
    earlier = InboundMessage.objects.filter(
        address=message.address,
        received_at__gte=message.received_at - NOT_AGAIN_WITHIN,
        received_at__lt=message.received_at,
    )
    return earlier.exclude(outcome__in=[*OF_OUTCOME, *SILENT]).exists()


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
