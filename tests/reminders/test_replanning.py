"""After a rule is changed, visits to come are planned by it; what was sent or stopped stays so."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from reminders import handlers, reasons, replanning
from reminders.models import Kind, Reminder, Rule, State
from reminders.rule_changes import Terms, save_rule, switch_rule
from scheduling.cancelling import cancel_appointment
from scheduling.models import Appointment
from scheduling.rescheduling import reschedule_appointment
from tests.reminders.booked import book, monday, planned, withheld

__all__ = ["book", "monday"]
pytestmark = pytest.mark.django_db

LEADING_UP = {Kind.UPCOMING, Kind.CONFIRM_REQUEST, Kind.SAME_DAY}


@pytest.fixture(autouse=True)
def settled(db):
    """The rules that come with CareBridge have been planned by already."""
    Rule.objects.update(replan_due_at=None)


def replan() -> int:
    """As the sweep does, once every process has the new rules."""
    Rule.objects.exclude(replan_due_at=None).update(replan_due_at=timezone.now())
    return replanning.replan_changed_rules()


def test_a_changed_rule_moves_what_is_planned(book, harbour, monday):
    visit = book()
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), by=None)
    assert replan() == 1

    due = Reminder.objects.get(kind=Kind.UPCOMING, state=State.PLANNED).due_at
    assert due == datetime.combine(monday - timedelta(days=3), time(10), tzinfo=harbour.zone)
    assert withheld(visit) == {Kind.UPCOMING: reasons.RULE_CHANGED}
    assert replan() == 0


def test_a_closer_rule_takes_over_where_it_holds(book, harbour, northgate):
    visit = book()
    version = save_rule(kind=Kind.UPCOMING, terms=Terms(days=-4), by=None, clinic=harbour)
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-5), by=None, clinic=northgate)
    replan()

    assert Reminder.objects.get(appointment=visit, kind=Kind.UPCOMING, state=State.PLANNED).version == version


def test_switching_off_withdraws_and_switching_on_plans_again(book):
    visit, rule = book(), Rule.objects.get(kind=Kind.UPCOMING)
    switch_rule(rule=rule, is_active=False, by=None)
    replan()
    assert withheld(visit) == {Kind.UPCOMING: reasons.RULE_OFF}

    switch_rule(rule=rule, is_active=True, by=None)
    replan()
    assert planned(visit) == {Kind.BOOKED} | LEADING_UP


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.FAILED])
def test_what_was_said_is_not_said_again(book, state):
    book()
    Reminder.objects.filter(kind=Kind.UPCOMING).update(state=state)
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), by=None)

    assert replan() == 0


def test_what_somebody_blocked_stays_blocked(book):
    visit = book()
    blocked = Reminder.objects.filter(kind=Kind.UPCOMING)
    blocked.update(state=State.SUPPRESSED, reason=reasons.BLOCKED_BY_HAND)
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), by=None)
    replan()

    assert Kind.UPCOMING not in planned(visit)


def test_visits_without_any_plan_are_planned_as_when_reminders_are_introduced(book):
    visit = book()
    Reminder.objects.all().delete()
    Rule.objects.update(replan_due_at=timezone.now())
    replanning.replan_changed_rules()

    assert planned(visit) == LEADING_UP


def test_cancelled_visits_are_left_alone(book, receptionist, patient_request):
    visit = book()
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), by=None)

    assert replan() == 0
    assert planned(visit) == {Kind.CANCELLED}


def test_a_recall_months_ahead_follows_its_rule(book):
    visit = book()
    version = save_rule(kind=Kind.RECALL, terms=Terms(days=180, at_time=time(10)), by=None)
    row = Reminder.objects.filter(kind=Kind.UPCOMING).get()
    Reminder.objects.filter(pk=row.pk).update(kind=Kind.RECALL, version=version)
    later = save_rule(kind=Kind.RECALL, terms=Terms(days=200, at_time=time(10)), by=None)
    replan()

    moved = Reminder.objects.get(pk=row.pk)
    assert (moved.version, moved.state) == (later, State.PLANNED)
    assert moved.due_at.date() == (visit.starts_at + timedelta(days=200)).date()


def test_a_run_that_was_killed_is_taken_up_by_a_later_one(book, monkeypatch):
    def killed(*given: object, **named: object) -> int:
        raise KeyboardInterrupt

    book()
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), by=None)
    with monkeypatch.context() as patch:
        patch.setattr(replanning, "replan", killed)
        with pytest.raises(KeyboardInterrupt):
            replan()

    assert replan() == 1


def test_a_long_replan_goes_on_where_its_time_ran_out(book, patient_elsewhere, monkeypatch):
    monkeypatch.setattr(replanning, "AT_ONCE", 1)
    book("10:00")
    book("11:00", patient=patient_elsewhere)
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), by=None)
    Rule.objects.exclude(replan_due_at=None).update(replan_due_at=timezone.now())
    steps = [replanning._next_step(timezone.now()) for _ in range(4)]

    assert steps == [1, 1, 0, None]


def test_more_visits_take_no_more_statements(book, patient, patient_elsewhere, statements_of):
    def planned_anew() -> int:
        return statements_of(lambda: replanning.replan(Appointment.objects.all(), now=timezone.now()))

    book("09:00")
    one = planned_anew()
    for at, who in (("10:00", patient), ("11:00", patient_elsewhere)):
        book(at, patient=who)

    assert planned_anew() == one


def test_when_the_zones_law_changes_messages_keep_the_wall_clock(book, harbour):
    visit = book()
    hour_later = visit.starts_at + timedelta(hours=1)
    Appointment.objects.filter(pk=visit.pk).update(starts_at=hour_later, ends_at=hour_later + timedelta(minutes=30))
    visit.refresh_from_db()
    event = handlers.events.StartRederived(event_id=1, **_facts(visit))
    handlers.follow_the_law(event)

    rows = Reminder.objects.filter(state=State.PLANNED)
    assert set(rows.values_list("starts_at", flat=True)) == {hour_later}
    assert {row.kind for row in rows} == {Kind.BOOKED} | LEADING_UP


def _facts(visit: Appointment) -> dict[str, object]:
    return {
        "at": timezone.now(),
        "appointment_id": visit.pk,
        "appointment_type_id": visit.appointment_type_id,
        "clinic_id": visit.clinic_id,
        "doctor_id": visit.doctor_id,
        "patient_id": str(visit.patient_id),
        "before": visit.status,
        "status": visit.status,
        "day": visit.local_date,
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "time_zone": visit.time_zone,
    }


def test_a_second_move_in_a_row_leaves_one_plan(book, receptionist):
    first = book()
    second = reschedule_appointment(appointment=first, starts_at=first.starts_at + timedelta(hours=1), by=receptionist)
    third = reschedule_appointment(appointment=second, starts_at=first.starts_at, by=receptionist)

    assert (planned(first), planned(second)) == (set(), set())
    assert planned(third) == {Kind.RESCHEDULED} | LEADING_UP
