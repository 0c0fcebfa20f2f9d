"""Which messages a visit has at every turn of its life: planned in the change's own transaction, and saying why not."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from carebridge import events as kernel
from reminders import handlers, planning, reasons, rules
from reminders.models import Kind, OutboxMessage, Reminder, Rule, RuleVersion, State
from scheduling import sweeps
from scheduling.booking import confirm_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.events import AppointmentBooked
from scheduling.models import Appointment, Cancellation, HandlerFailure
from scheduling.rescheduling import reschedule_appointment
from scheduling.visits import check_in_patient, complete_visit, mark_no_show, start_visit, undo_status
from tests.reminders.booked import book, monday, planned, withheld

__all__ = ["book", "monday"]
pytestmark = pytest.mark.django_db


def begin_now(visit: Appointment) -> None:
    """Let the visit's time come: as hours pass."""
    now = timezone.now()
    Appointment.objects.filter(pk=visit.pk).update(starts_at=now - timedelta(minutes=1))


LEADING_UP = {Kind.UPCOMING, Kind.CONFIRM_REQUEST, Kind.SAME_DAY}


def test_a_booking_plans_word_of_it_and_what_leads_up_to_the_visit(book):
    assert planned(book()) == {Kind.BOOKED} | LEADING_UP


def test_only_a_type_with_instructions_plans_how_to_prepare(book, consultation):
    consultation.preparation = "Come with an empty stomach"
    consultation.save()

    assert Kind.PREPARATION in planned(book())


def test_messages_keep_the_clinics_wall_clock(book, harbour, monday):
    rows = {row.kind: row for row in Reminder.objects.filter(appointment=book())}

    local = {kind: row.due_at.astimezone(harbour.zone) for kind, row in rows.items()}
    assert local[Kind.SAME_DAY] == datetime.combine(monday, time(7, 30), tzinfo=harbour.zone)
    assert local[Kind.UPCOMING] == datetime.combine(monday - timedelta(days=2), time(10), tzinfo=harbour.zone)


def test_an_unverified_booking_plans_nothing_until_it_is_confirmed(book, receptionist):
    visit = book(pending_until=timezone.now() + timedelta(hours=1))
    assert not Reminder.objects.exists()

    confirm_appointment(appointment=visit, by=receptionist)
    assert planned(visit) == {Kind.BOOKED} | LEADING_UP


def test_a_move_withdraws_what_was_planned_and_plans_it_for_the_new_time(book, receptionist):
    old = book()
    new = reschedule_appointment(appointment=old, starts_at=old.starts_at + timedelta(hours=1), by=receptionist)

    assert not planned(old)
    assert set(withheld(old).values()) == {reasons.MOVED}
    assert planned(new) == {Kind.RESCHEDULED} | LEADING_UP


def test_a_cancelled_visit_is_told_of_once_the_cancellation_stands(book, receptionist, patient_request):
    visit = book()
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    assert planned(visit) == {Kind.CANCELLED}
    assert set(withheld(visit).values()) == {reasons.CANCELLED}
    told = Reminder.objects.get(appointment=visit, kind=Kind.CANCELLED)
    assert told.due_at >= Cancellation.objects.get().effects_due_at


def test_undoing_a_cancellation_says_nothing_and_plans_everything_as_before(book, receptionist, patient_request):
    visit = book()
    before = list(Reminder.objects.order_by("pk").values_list("kind", "due_at", "state"))
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    undo_cancellation(appointment=visit, by=receptionist)

    after = Reminder.objects.exclude(kind=Kind.CANCELLED).order_by("pk").values_list("kind", "due_at", "state")
    assert list(after) == before
    assert withheld(visit) == {Kind.CANCELLED: reasons.UNDONE}


def test_a_patient_who_was_told_of_the_cancellation_is_told_that_it_was_undone(book, receptionist, patient_request):
    visit = book()
    Reminder.objects.filter(kind=Kind.BOOKED).update(state=State.SENT)
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    Reminder.objects.filter(kind=Kind.CANCELLED).update(state=State.SENT)
    undo_cancellation(appointment=visit, by=receptionist)

    assert planned(visit) == {Kind.BOOKED} | LEADING_UP


def test_a_message_that_is_being_sent_is_left_to_delivery(book, receptionist, patient_request):
    visit = book()
    Reminder.objects.filter(kind=Kind.BOOKED).update(state=State.SENDING, claimed_at=timezone.now())
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    assert Reminder.objects.get(kind=Kind.BOOKED).state == State.SENDING


def test_a_patient_who_is_here_is_not_reminded_and_is_again_if_that_was_a_slip(book, receptionist):
    visit = book()
    begin_now(visit)
    check_in_patient(appointment=visit, by=receptionist)
    assert not planned(visit)
    assert set(withheld(visit).values()) == {reasons.ARRIVED}

    Reminder.objects.update(not_after=timezone.now() + timedelta(hours=1))
    undo_status(appointment=visit, by=receptionist)
    assert planned(visit) == {Kind.BOOKED} | LEADING_UP


def test_thanks_follow_a_visit_that_took_place(book, receptionist):
    visit = book()
    begin_now(visit)
    start_visit(appointment=visit, by=receptionist)
    complete_visit(appointment=visit, by=receptionist)

    assert planned(visit) == {Kind.THANKS}
    assert Reminder.objects.get(kind=Kind.THANKS).due_at >= visit.ends_at + timedelta(hours=2)


def test_a_missed_visit_is_written_about_the_next_morning_unless_it_was_a_slip(book, receptionist, harbour, monday):
    visit = book()
    begin_now(visit)
    mark_no_show(appointment=visit, by=receptionist)

    due = Reminder.objects.get(kind=Kind.NO_SHOW).due_at.astimezone(harbour.zone)
    assert due == datetime.combine(monday + timedelta(days=1), time(10), tzinfo=harbour.zone)
    assert planned(visit) == {Kind.NO_SHOW}
    undo_status(appointment=visit, by=receptionist)
    assert withheld(visit)[Kind.NO_SHOW] == reasons.UNDONE


def test_who_says_they_come_is_not_asked_again(book, receptionist):
    visit = book()
    confirm_appointment(appointment=visit, by=receptionist, by_patient=True)

    assert withheld(visit) == {Kind.CONFIRM_REQUEST: reasons.ALREADY_CONFIRMED}


# --- A fault of ours ------------------------------------------------------------------------------------------------


@pytest.fixture
def broken_planning(monkeypatch):
    """The handler fails after it has written its rows, until the returned function mends it."""
    name = kernel.handler_name(handlers.plan_messages)
    subscribed = kernel._in_transaction[AppointmentBooked]
    place = next(i for i, each in enumerate(subscribed) if kernel.handler_name(each) == name)

    def failing(event: AppointmentBooked) -> None:
        handlers.plan_messages(event)
        raise RuntimeError("out of ideas")

    failing.__module__, failing.__qualname__ = handlers.plan_messages.__module__, "plan_messages"
    subscribed[place] = failing
    yield lambda: subscribed.__setitem__(place, handlers.plan_messages)
    subscribed[place] = handlers.plan_messages


def test_a_fault_in_planning_stops_no_booking_and_loses_no_message(book, broken_planning):
    visit = book()
    assert HandlerFailure.objects.count() == 1
    assert not Reminder.objects.exists()

    assert sweeps.retry_failed_handlers() == 0
    broken_planning()
    assert sweeps.retry_failed_handlers() == 1
    assert planned(visit) == {Kind.BOOKED} | LEADING_UP


def test_a_fault_mended_after_the_visit_was_cancelled_plans_nothing(
    book, broken_planning, receptionist, patient_request
):
    visit = book()
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    broken_planning()
    sweeps.retry_failed_handlers()

    assert planned(visit) == {Kind.CANCELLED}


def test_a_rule_that_is_gone_stops_no_booking_either(book):
    """As in the ten seconds during which a process doesn't know yet."""
    version = RuleVersion.objects.get(rule__kind=Kind.BOOKED)
    rules.current_book()
    Rule.objects.filter(current=version).update(current=None)
    RuleVersion.objects.filter(pk=version.pk).delete()
    visit = book()
    assert HandlerFailure.objects.get().error == "IntegrityError"

    rules.forget()
    assert sweeps.retry_failed_handlers() == 1
    assert planned(visit) == LEADING_UP


def test_messages_cost_a_booking_three_statements(book, patient_elsewhere):
    book("09:00")
    with CaptureQueriesContext(connection) as with_messages:
        book("11:00", patient=patient_elsewhere)
    ours = [each["sql"] for each in with_messages if "reminders_" in each["sql"]]

    assert len(ours) == 1
    assert ours[0].startswith("INSERT")


def test_what_planning_inserts_is_what_the_model_would(book):
    row = Reminder.objects.filter(appointment=book()).first()
    values = {name: getattr(row, name) for name in planning.COLUMNS}
    model = Reminder(**values)

    for field in Reminder._meta.concrete_fields:
        if field.name not in ("id", "created_at"):
            assert getattr(row, field.attname) == getattr(model, field.attname), field.name
    assert abs(row.created_at - timezone.now()) < timedelta(minutes=5)


def test_an_anonymised_patient_leaves_no_message_to_send_and_no_copy_of_any(book, patient):
    visit = book()
    sent = Reminder.objects.get(kind=Kind.BOOKED)
    OutboxMessage.objects.create(key=sent.key, medium="sms", to="+447700900461", text="Dear Nerys")
    handlers.forget_the_person(handlers.events.PatientAnonymised(event_id=1, patient_id=str(patient.pk), other_id=None))

    assert not planned(visit)
    assert not OutboxMessage.objects.exists()
