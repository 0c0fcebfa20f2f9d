"""The calendar file: a visit is entered once, moves with its move, and goes when it is cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from io import StringIO

import icalendar
import pytest
import vobject
from dateutil.tz import tzical
from django.utils import timezone

from reminders.calendar_file import calendar_file
from reminders.models import Kind
from reminders.occasion import Occasion
from reminders.wording import wording_in
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.models import Appointment, Clinic
from scheduling.rescheduling import reschedule_appointment

pytestmark = pytest.mark.django_db

MADE_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def booked(patient, consultation, dr_osei, harbour, receptionist, monday):
    """The patient sees Dr Osei on Monday at ten."""
    patient.email = "nerys@example.com"
    patient.save()
    at_ten = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    return book_appointment(
        patient=patient, appointment_type=consultation, doctor=dr_osei, clinic=harbour, starts_at=at_ten,
        by=receptionist,
    )  # fmt: skip


def _occasion(visit: Appointment, kind: str) -> Occasion:
    return Occasion(kind, visit.clinic, visit.patient, [visit], timezone.now())


def _written(occasion: Occasion) -> str:
    return calendar_file(occasion, wording_in("en"), made_at=MADE_AT)


def _event(text: str) -> icalendar.Event:
    (event,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    return event


def _as_another_reads(text: str) -> tuple[str, int, str, datetime]:
    """The event's identity, sequence, status and start (UTC), by a library that had no part in writing it."""
    event = vobject.readOne(text).vevent
    return event.uid.value, int(event.sequence.value), event.status.value, event.dtstart.value.astimezone(UTC)


def _unfolded(text: str) -> dict[str, str]:
    """Lines of the first event by name, read without the library that wrote them (RFC 5545, 3.1)."""
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")
    inside = lines[lines.index("BEGIN:VEVENT") + 1 : lines.index("END:VEVENT")]
    return {line.partition(":")[0]: line.partition(":")[2] for line in inside}


def test_a_booked_visit_is_entered_at_its_time(booked):
    text = _written(_occasion(booked, Kind.BOOKED))
    event = _event(text)

    assert icalendar.Calendar.from_ical(text)["method"] == "REQUEST"
    assert event.start == booked.starts_at
    assert event.end == booked.ends_at
    assert event["uid"] == f"{booked.calendar_uid}@carebridge"
    assert (event["sequence"], event["status"]) == (0, "CONFIRMED")
    assert event["attendee"] == "mailto:nerys@example.com"


def test_another_reader_finds_the_same_instant_by_the_zone_in_the_file(booked):
    text = _written(_occasion(booked, Kind.BOOKED))
    start = next(value for name, value in _unfolded(text).items() if name == "DTSTART;TZID=Europe/London")
    zone = tzical(StringIO(text)).get("Europe/London")

    assert datetime.strptime(start, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(UTC) == booked.starts_at


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("month", [1, 4, 7, 10])
def test_the_instant_is_right_in_every_season(booked, harbour, zone, month):
    Clinic.objects.filter(pk=harbour.pk).update(time_zone=zone)
    visit = Appointment.objects.get(pk=booked.pk)
    visit.starts_at = datetime(2027, month, 15, 9, 30, tzinfo=UTC)
    visit.ends_at, visit.local_date = visit.starts_at + timedelta(minutes=30), visit.starts_at.date()

    text = _written(_occasion(visit, Kind.BOOKED))
    start = next(value for name, value in _unfolded(text).items() if name.startswith("DTSTART"))
    read = tzical(StringIO(text)).get(zone)

    assert _event(text).start == visit.starts_at
    assert datetime.strptime(start, "%Y%m%dT%H%M%S").replace(tzinfo=read).astimezone(UTC) == visit.starts_at


def test_a_moved_visit_replaces_itself(booked, receptionist):
    moved = reschedule_appointment(appointment=booked, starts_at=booked.starts_at + timedelta(hours=1), by=receptionist)
    before, after = (
        _event(_written(_occasion(visit, kind))) for visit, kind in ((booked, Kind.BOOKED), (moved, Kind.RESCHEDULED))
    )

    assert before["uid"] == after["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.start == moved.starts_at


def test_a_cancelled_visit_leaves_the_calendar_and_comes_back_when_that_is_undone(
    booked, receptionist, patient_request
):
    entered = _event(_written(_occasion(booked, Kind.BOOKED)))
    cancelled = cancel_appointment(appointment=booked, reason=patient_request, by=receptionist).appointment
    text = _written(_occasion(cancelled, Kind.CANCELLED))
    restored = undo_cancellation(appointment=cancelled, by=receptionist)
    again = _event(_written(_occasion(restored, Kind.BOOKED)))

    assert icalendar.Calendar.from_ical(text)["method"] == "CANCEL"
    assert _event(text)["status"] == "CANCELLED"
    assert entered["uid"] == _event(text)["uid"] == again["uid"]
    assert entered["sequence"] < _event(text)["sequence"] < again["sequence"]
    assert again["status"] == "CONFIRMED"


def test_another_library_reads_the_same_event_booked_moved_and_cancelled(booked, receptionist, patient_request):
    texts = [_written(_occasion(booked, Kind.BOOKED))]
    moved = reschedule_appointment(appointment=booked, starts_at=booked.starts_at + timedelta(hours=1), by=receptionist)
    texts.append(_written(_occasion(moved, Kind.RESCHEDULED)))
    cancelled = cancel_appointment(appointment=moved, reason=patient_request, by=receptionist).appointment
    texts.append(_written(_occasion(cancelled, Kind.CANCELLED)))

    read = [_as_another_reads(text) for text in texts]

    events = [_event(text) for text in texts]
    assert read == [(each["uid"], each["sequence"], each["status"], each.start.astimezone(UTC)) for each in events]
    assert len({uid for uid, *_ in read}) == 1
    assert [sequence for _, sequence, *_ in read] == sorted({sequence for _, sequence, *_ in read})
    assert [status for *_, status, _ in read] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [start for *_, start in read] == [booked.starts_at, moved.starts_at, moved.starts_at]


def test_several_visits_of_a_day_are_published_together(booked, dr_wilk, receptionist):
    second = book_appointment(
        patient=booked.patient, appointment_type=booked.appointment_type, doctor=dr_wilk, clinic=booked.clinic,
        starts_at=booked.starts_at + timedelta(hours=4), by=receptionist,
    )  # fmt: skip
    text = _written(replace(_occasion(booked, Kind.BOOKED), visits=[booked, second]))
    calendar = icalendar.Calendar.from_ical(text)

    assert calendar["method"] == "PUBLISH"
    assert [event.start for event in calendar.walk("VEVENT")] == [booked.starts_at, second.starts_at]
    assert len(calendar.walk("VTIMEZONE")) == 1


def test_a_calendar_tells_nobody_what_the_visit_is_for(booked):
    text = _written(_occasion(booked, Kind.BOOKED)).replace("\r\n ", "")

    assert "Cardiology" not in text
    assert "Calloway" not in text
    assert "Dr Amara Osei" in text
    assert "CLASS:PRIVATE" in text


@pytest.mark.parametrize("kind", [Kind.UPCOMING, Kind.SAME_DAY, Kind.THANKS, Kind.NO_SHOW, Kind.STAFF_CHANGE])
def test_a_reminder_of_a_known_visit_brings_no_file(booked, kind):
    assert _written(_occasion(booked, kind)) == ""
