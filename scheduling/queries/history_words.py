"""What happened to an appointment, told for people. The stored rows hold only facts; the words are made here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from scheduling.models import Appointment, CancellationReason, Channel, ScheduleEvent, Status

WORDS = {
    "appointment.booked": ("plus", "", "Booked"),
    "appointment.confirmed": ("check", "good", "Confirmed"),
    "appointment.attendance_confirmed": ("check", "good", "Patient will come"),
    "appointment.rescheduled": ("history", "", "Moved"),
    "appointment.cancelled": ("x", "bad", "Cancelled"),
    "appointment.cancellation_undone": ("undo", "", "Cancellation undone"),
    "appointment.expired": ("clock", "warn", "Lapsed unconfirmed"),
    "appointment.offered": ("send", "", "Offered to the patient"),
    "appointment.checked_in": ("user", "good", "Checked in"),
    "appointment.started": ("steth", "good", "Visit started"),
    "appointment.completed": ("check", "good", "Visit completed"),
    "appointment.no_show": ("x", "bad", "Did not come"),
    "appointment.status_undone": ("undo", "", "Step taken back"),
    "appointment.review_required": ("warn", "warn", "Put up for review"),
    "appointment.review_reason_changed": ("warn", "warn", "Still up for review"),
    "appointment.override_refused": ("x", "bad", "A second person said no"),
    "appointment.review_resolved": ("check", "good", "Review settled"),
    "appointment.notes_changed": ("info", "", "Note changed"),
    "appointment.duration_changed": ("clock", "", "Length changed"),
    "appointment.patient_changed": ("user", "", "Now on another record of the patient"),
}
REASONED = ("appointment.review_required", "appointment.review_reason_changed", "appointment.override_refused")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: icon and tone, what, by whom and how, when (UTC)."""

    icon: str
    tone: str
    what: str
    detail: str
    at: datetime


def history_of(appointment_ids: Collection[int], appointment: Appointment) -> list[Entry]:
    """The history of an appointment and of those it was moved from, newest first. Two statements."""
    events = ScheduleEvent.objects.filter(appointment__in=appointment_ids).select_related("actor").order_by("-id")
    reasons = dict(CancellationReason.objects.values_list("code", "label"))
    return [entry_of(event, appointment, reasons) for event in events]


def entry_of(event: ScheduleEvent, appointment: Appointment, reasons: dict[str, str]) -> Entry:
    """One stored change as a line."""
    icon, tone, word = WORDS.get(event.kind, ("info", "", event.kind.rpartition(".")[2].replace("_", " ").capitalize()))
    actor = (event.actor.get_full_name() or event.actor.get_username()) if event.actor else ""
    nobody = "by the patient" if event.source == Channel.WEB else "by the patient or the system"
    details = [f"by {actor}" if actor else nobody, *facts_of(event, appointment, reasons)]
    return Entry(icon, tone, word + moved_from(event, appointment), " · ".join(details), event.at)


def facts_of(event: ScheduleEvent, appointment: Appointment, reasons: dict[str, str]) -> list[str]:
    """What is worth telling of the payload."""
    payload, found = event.payload, []
    if event.kind == "appointment.booked" and event.source in Channel.values:
        found.append(Channel(event.source).label)
    if event.kind == "appointment.cancelled":
        code = payload.get("reason", [None, ""])[1]
        found.append(reasons.get(code, code))
        if payload.get("late", [None, False])[1]:
            found.append("after the cut-off")
    if event.kind == "appointment.duration_changed":
        found.append("{1} min instead of {0}".format(*payload["duration_minutes"]))
    if event.kind in REASONED:
        found.append(payload.get("review_reason", [None, ""])[1])
    if event.kind in ("appointment.status_undone", "appointment.review_resolved"):
        found.append(f"back to {Status(payload['status'][1]).label.lower()}" if "status" in payload else "")
    return [each for each in found if each]


def moved_from(event: ScheduleEvent, appointment: Appointment) -> str:
    """From when and to when, for a move."""
    starts = event.payload.get("starts_at") if event.kind == "appointment.rescheduled" else None
    if not starts or not starts[0]:
        return ""
    old, new = (datetime.fromisoformat(each).astimezone(appointment.clinic.zone) for each in starts)
    return f" from {old:%a} {old.day} {old:%b} {old:%H:%M} to {new:%a} {new.day} {new:%b} {new:%H:%M}"
