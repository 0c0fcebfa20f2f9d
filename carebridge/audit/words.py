"""The trail told for people: what each row says, in words. The stored rows hold only facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from carebridge.audit.models import LogEntry

EVENTS = {
    "access.refused": "Asked for something not theirs",
    "appointment.listed": "Looked up appointments",
    "appointment.opened": "Opened an appointment",
    "appointment.history_viewed": "Read an appointment's history",
    "appointment.booked": "Booked an appointment",
    "appointment.rescheduled": "Moved an appointment",
    "appointment.cancelled": "Cancelled an appointment",
    "audit.exported": "Exported the audit trail",
    "audit.purged": "Removed audit rows past their time",
    "emergency.opened": "Opened a history in an emergency",
    "emergency.history_viewed": "Read an emergency history",
    "emergency.closed": "Closed an emergency history",
    "emergency.reviewed": "Reviewed an emergency opening",
    "membership.granted": "Gave somebody a role",
    "membership.revoked": "Took a role from somebody",
    "patient.identified": "Identified a patient exactly",
    "patient.not_identified": "Looked a patient up in vain",
    "patient.listed": "Listed patients",
    "patient.opened": "Opened a patient's record",
    "patient.viewed": "Read a patient's record over the API",
    "patient.registered": "Registered a patient",
    "patient.searched": "Searched for patients",
    "patient.updated": "Corrected a patient's details",
    "referral.recorded": "Recorded a referral",
    "refusals.not_listed": "Kept trying; further attempts are not listed",
}
ACTIONS = {0: "created", 1: "changed", 2: "deleted", 3: "looked at"}
MASKED = "•••"
HIDDEN_FACTS = {"patients", "process", "host"}
MOST_FACTS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the trail as a screen shows it."""

    entry: LogEntry
    what: str
    who: str
    clinic: str
    facts: Sequence[str]


def line_of(entry: LogEntry, clinics: dict[int, str]) -> Line:
    """The row in words; `clinics` holds the names within the viewer's reach."""
    actor, process = entry.actor, (entry.additional_data or {}).get("process", "")
    return Line(
        entry=entry,
        what=what_of(entry),
        who=(actor.get_full_name() or actor.get_username()) if actor else process or "Somebody unknown",
        clinic=clinics.get(entry.clinic_id or 0, ""),
        facts=facts_of(entry),
    )


def what_of(entry: LogEntry) -> str:
    """What was done, seen or tried."""
    if entry.event in EVENTS:
        return EVENTS[entry.event]
    if not entry.event:
        return f"{str(entry.content_type.name).capitalize()} {ACTIONS[entry.action]}"
    subject, _, verb = entry.event.rpartition(".")
    if verb == "refused":
        return f"Was refused: {subject.replace('_', ' ')}"
    return f"{subject} {verb}".replace("_", " ").strip().capitalize()


def facts_of(entry: LogEntry) -> list[str]:
    """What changed, and what else is worth knowing; masked fields by name alone."""
    facts = [_change(field, change) for field, change in (entry.changes or {}).items()]
    more = {key: value for key, value in (entry.additional_data or {}).items() if key not in HIDDEN_FACTS}
    facts += [f"{key.replace('_', ' ')}: {_short(value)}" for key, value in more.items() if value not in ("", {}, [])]
    left = len(facts) - MOST_FACTS
    return facts[:MOST_FACTS] + ([f"and {left} more"] if left > 0 else [])


def _change(field: str, change: Any) -> str:
    name = field.replace("_", " ")
    if isinstance(change, dict):
        return f"{name}: {change.get('operation', '')} {', '.join(change.get('objects', []))}"
    old, new = (_short(each) for each in change)
    if MASKED in (old, new):
        return name
    return f"{name}: {new}" if old in ("", "None") else f"{name}: {old} to {new or 'nothing'}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items() if each)
    return "" if value is None else str(value)[:80]
