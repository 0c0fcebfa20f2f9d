"""The calendar file in an email: entered when booked, changed when moved, taken out when cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

from reminders.models import Kind
from reminders.occasion import Occasion, address_of, place_of
from reminders.senders import answers_go_to
from reminders.wording import Wording
from scheduling.models import Appointment, Modality, Patient

TELLS = frozenset({Kind.BOOKED, Kind.RESCHEDULED, Kind.CANCELLED})
"""Kinds that change what stands in the patient's calendar."""


def calendar_file(occasion: Occasion, wording: Wording, *, made_at: datetime, by_hand: bool = False) -> str:
    """The .ics of an occasion, or "" where a calendar has nothing to learn. `by_hand`: fetched from a page, not sent.

    A calendar recognises the visit by its UID, which it keeps when it is moved, and believes the highest SEQUENCE. It
    names no service: calendars are shared with families and colleagues.
    """
    if occasion.kind not in TELLS or not occasion.visits or not isinstance(occasion.person, Patient):
        return ""
    calendar = Calendar()
    calendar.add("prodid", "-//CareBridge//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH" if by_hand else _method(occasion))
    for visit in occasion.visits:
        calendar.add_component(_event(visit, occasion, occasion.person, wording, made_at))
    calendar.add_missing_timezones(
        first_date=occasion.visits[0].local_date - timedelta(days=366),
        last_date=occasion.visits[-1].local_date + timedelta(days=366),
    )
    return calendar.to_ical().decode()


def _method(occasion: Occasion) -> str:
    """RFC 5546: a REQUEST and a CANCEL hold one visit; several are published, each with its own status."""
    if len({visit.calendar_uid for visit in occasion.visits}) > 1:
        return "PUBLISH"
    return "CANCEL" if occasion.kind == Kind.CANCELLED else "REQUEST"


def _event(visit: Appointment, occasion: Occasion, patient: Patient, wording: Wording, made_at: datetime) -> Event:
    cancelled, clinic = occasion.kind == Kind.CANCELLED, visit.clinic
    event = Event()
    event.add("uid", f"{visit.calendar_uid}@carebridge")
    event.add("sequence", visit.calendar_sequence)
    event.add("dtstamp", made_at)
    event.add("dtstart", visit.starts_at.astimezone(clinic.zone))
    event.add("dtend", visit.ends_at.astimezone(clinic.zone))
    event.add("summary", wording.words["appointment"].format(clinic=clinic.name))
    event.add("location", _location(visit, wording))
    event.add("description", "\n".join(_description(visit, wording)))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    organizer = vCalAddress(f"mailto:{answers_go_to(clinic)}")
    organizer.params["cn"] = vText(clinic.name)
    event.add("organizer", organizer)
    if patient.email:
        attendee = vCalAddress(f"mailto:{patient.email}")
        attendee.params["partstat"], attendee.params["rsvp"] = vText("ACCEPTED"), vText("FALSE")
        event.add("attendee", attendee)
    return event


def _location(visit: Appointment, wording: Wording) -> str:
    place = place_of(visit, wording)
    return f"{place}, {address_of(visit.clinic)}" if visit.modality == Modality.IN_PERSON else place


def _description(visit: Appointment, wording: Wording) -> Sequence[str]:
    return [
        f"{wording.words['who']}: {visit.doctor.full_name}",
        f"{wording.words['reference']}: {visit.reference}",
        *([visit.clinic.phone] if visit.clinic.phone else []),
    ]
