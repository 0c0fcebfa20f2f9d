"""A rule as people say it: when it goes out, when it doesn't, by which way, and for whom. Pure."""

from __future__ import annotations

from reminders.kinds import BEFORE_VISIT, TELLING
from reminders.models import Medium, Rule
from reminders.models.rule import TO_STAFF
from reminders.timing import Terms

HOUR, DAY = 60, 24 * 60


def moment_words(kind: str, terms: Terms) -> str:
    """The moment seen from its anchor: "2 days before, at the same time"."""
    counted = [_count(abs(number), unit) for number, unit in ((terms.months, "month"), (terms.days, "day")) if number]
    parts = [*counted, span_words(abs(terms.minutes))] if terms.minutes else counted
    if not parts:
        return _without_distance(kind, terms)
    said = f"{' and '.join(parts)} {_side(kind, terms)}"
    if terms.at_time is not None:
        return f"{said}, at {terms.at_time:%H:%M}"
    return said if terms.minutes else f"{said}, at the same time"


def quiet_words(terms: Terms) -> str:
    """The hours in which nothing is sent: "not between 20:00 and 08:00"."""
    return f"not between {terms.quiet_from:%H:%M} and {terms.quiet_until:%H:%M}"


def way_words(kind: str, media: list[str]) -> str:
    """The media in their order: "SMS, then Email". People who work here choose for themselves."""
    if kind in TO_STAFF:
        return "As each person chose"
    return ", then ".join(Medium(each).label for each in media) or "As the patient prefers"


def scope_name(rule: Rule) -> str:
    """For whom a rule is, by name: "Echo at Harbour Street". Needs its clinic, service and type."""
    about = rule.appointment_type or rule.service
    if about and rule.clinic:
        return f"{about} at {rule.clinic.name}"
    return str(about or (rule.clinic.name if rule.clinic else "Whole group"))


def span_words(minutes: int) -> str:
    """Minutes in the largest units that fit: "2 hours", "1 day", "1 hour 30 minutes"."""
    days, rest = divmod(minutes, DAY)
    hours, rest = divmod(rest, HOUR)
    parts = [(days, "day"), (hours, "hour"), (rest, "minute")]
    return " ".join(_count(number, unit) for number, unit in parts if number) or "no time"


def _without_distance(kind: str, terms: Terms) -> str:
    if terms.at_time is not None:
        return f"The same day, at {terms.at_time:%H:%M}"
    if kind in TELLING:
        return "At once"
    return "When the visit starts" if kind in BEFORE_VISIT else "When the visit ends"


def _side(kind: str, terms: Terms) -> str:
    if kind in TELLING:
        return "later"
    return "before" if terms.days < 0 or terms.minutes < 0 else "after"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
