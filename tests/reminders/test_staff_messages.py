"""What people who work here are told: today's changes while they look elsewhere, and tomorrow's list."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.utils import timezone

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from reminders import reasons
from reminders.models import Kind, Reminder, State
from reminders.staff_messages import plan_tomorrows_lists, wish_for, wish_no_more
from scheduling import live
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.rescheduling import reschedule_appointment
from tests.reminders.booked import book, monday

__all__ = ["book", "monday"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def at_nine(monday, harbour):
    """It is nine on Monday morning."""
    with time_machine.travel(datetime.combine(monday, time(9), tzinfo=harbour.zone), tick=False):
        yield


@pytest.fixture
def wishes(doctor_user, receptionist):
    """Dr Osei wants word of changes, and so does the receptionist who makes them."""
    wish_for(user=doctor_user, kind=Kind.STAFF_CHANGE, medium="email", by=doctor_user)
    wish_for(user=receptionist, kind=Kind.STAFF_CHANGE, medium="email", by=receptionist)


def told() -> dict[str, list[str]]:
    """What is planned for whom, and how often."""
    found: dict[str, list[str]] = {}
    for row in Reminder.objects.filter(kind=Kind.STAFF_CHANGE).order_by("pk"):
        found.setdefault(row.user.username, []).append(row.reason or row.state)
    return found


def test_the_doctor_hears_of_a_visit_booked_for_today_and_who_booked_it_does_not(book, wishes, doctor_user, at_nine):
    book("15:00")

    assert told() == {doctor_user.username: [State.PLANNED]}


def test_nobody_hears_of_another_day(book, wishes, at_nine, monday, harbour):
    book(starts_at=datetime.combine(monday + timedelta(days=1), time(10), tzinfo=harbour.zone))

    assert told() == {}


def test_who_has_the_schedule_open_is_not_written_to(book, wishes, doctor_user, at_nine):
    live.note_open(doctor_user.pk)
    book("15:00")

    assert told() == {doctor_user.username: [reasons.SCREEN_OPEN]}


def test_a_doctor_hears_nothing_of_a_colleagues_list(book, wishes, dr_wilk, at_nine):
    book("15:00", doctor=dr_wilk)

    assert told() == {}


def test_a_cancellation_is_told_once_it_stands_and_not_if_it_is_undone(
    book, wishes, doctor_user, receptionist, patient_request, at_nine
):
    visit = book("15:00")
    Reminder.objects.filter(kind=Kind.STAFF_CHANGE).delete()
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist, exception_reason="Fell ill")
    (row,) = Reminder.objects.filter(kind=Kind.STAFF_CHANGE)
    assert row.due_at > timezone.now()

    undo_cancellation(appointment=visit, by=receptionist)
    assert told() == {doctor_user.username: [reasons.UNDONE]}


def test_a_visit_moved_away_from_today_is_told(book, wishes, doctor_user, receptionist, at_nine):
    visit = book("15:00")
    reschedule_appointment(
        appointment=visit, starts_at=visit.starts_at + timedelta(days=1), by=receptionist, exception_reason="Fell ill"
    )

    assert told() == {doctor_user.username: [reasons.UNDONE, State.PLANNED]}


def test_tomorrows_list_is_planned_once_for_those_who_have_visits(
    book, doctor_user, receptionist_elsewhere, harbour, northgate, monday
):
    for user in (doctor_user, receptionist_elsewhere):
        wish_for(user=user, kind=Kind.STAFF_TOMORROW, medium="email", by=user)
    book()
    evening = datetime.combine(monday - timedelta(days=1), time(17, 30), tzinfo=harbour.zone)
    with time_machine.travel(evening - timedelta(hours=2), tick=False):
        assert plan_tomorrows_lists() == 0
    with time_machine.travel(evening, tick=False):
        assert (plan_tomorrows_lists(), plan_tomorrows_lists()) == (1, 0)

    row = Reminder.objects.get(kind=Kind.STAFF_TOMORROW)
    assert (row.user, row.clinic) == (doctor_user, harbour)
    assert row.due_at.astimezone(harbour.zone).time() == time(18)


def test_everybody_wishes_for_themselves(doctor_user, receptionist):
    with pytest.raises(NotAllowed):
        wish_for(user=doctor_user, kind=Kind.STAFF_CHANGE, medium="email", by=receptionist)
    with pytest.raises(InvalidInput):
        wish_for(user=doctor_user, kind=Kind.BOOKED, medium="email", by=doctor_user)
    with pytest.raises(InvalidInput):
        wish_for(user=doctor_user, kind=Kind.STAFF_CHANGE, medium="sms", by=doctor_user)


def test_a_wish_can_be_taken_back_and_both_are_accounted_for(doctor_user):
    wish_for(user=doctor_user, kind=Kind.STAFF_CHANGE, medium="email", by=doctor_user)
    wish_no_more(user=doctor_user, kind=Kind.STAFF_CHANGE, by=doctor_user)

    assert not doctor_user.reminder_wishes.exists()
    events = LogEntry.objects.filter(event__startswith="staff_wish").order_by("pk").values_list("event", flat=True)
    assert list(events) == ["staff_wish.saved", "staff_wish.removed"]
