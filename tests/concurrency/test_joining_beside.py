"""Two messages about one patient's day, taken at the same instant by two processes that send."""

from __future__ import annotations

import multiprocessing
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from reminders import claiming, joining
from reminders.models import Kind, Reminder, State
from tests.concurrency.processes import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def due(book, harbour, monday, patient):
    """At ten and at three the patient comes to Harbour: the reminders of both are due, and nothing else is."""
    patient.mobile, patient.consents_to_sms = "+447700900461", True
    patient.save()
    for hour in (10, 15):
        book(starts_at=datetime.combine(monday, time(hour), tzinfo=harbour.zone))
    Reminder.objects.exclude(kind=Kind.UPCOMING).delete()
    now = timezone.now()
    # Whatever the time of day is: rules of quiet hours are not what this is about.
    Reminder.objects.update(state=State.PLANNED, reason="", version=None, next_try_at=now, not_after=now + _AN_HOUR)
    return Reminder.objects.all()


_AN_HOUR = timedelta(hours=1)


@pytest.fixture
def taken_at_once():
    """Has two processes claim one message each, neither going on before the other has its own."""
    both_have_one = multiprocessing.get_context("fork").Barrier(2)

    def claim_one() -> None:
        def admit(provider: str, now: datetime) -> None:
            both_have_one.wait(20)

        claiming.claim(1, now=timezone.now(), admit=admit)

    return lambda: together([[claim_one], [claim_one]])


def states(due) -> list[str]:
    return sorted(due.values_list("state", flat=True))


def test_neither_goes_alone_and_then_one_tells_of_both(due, taken_at_once):
    taken_at_once()
    # Both let go when each finds the other's in hand; whoever looks after the other has let go tells of both at once.
    if states(due) == [State.PLANNED, State.PLANNED]:
        claiming.claim(1, now=timezone.now() + timedelta(seconds=5), admit=lambda provider, now: None)

    assert states(due) == [State.JOINED, State.SENDING]
    assert due.get(state=State.SENDING).joined.count() == 1


def test_without_a_look_at_what_others_have_in_hand_the_patient_gets_two(due, taken_at_once, monkeypatch):
    every_row = joining._planned_beside
    monkeypatch.setattr(joining, "_planned_beside", lambda *given: {pk: every_row(*given)[pk] for pk in free(given)})

    def free(given) -> set[int]:
        return joining._lock(every_row(*given))

    taken_at_once()

    assert states(due) == [State.SENDING, State.SENDING]


def test_a_message_whose_visit_somebody_is_changing_is_waited_for(due, sessions):
    first, second = due.order_by("starts_at")
    with_lock_held, looked = multiprocessing.Event(), multiprocessing.Event()

    def change() -> None:
        from django.db import transaction

        with transaction.atomic():
            Reminder.objects.select_for_update().get(pk=second.pk)
            with_lock_held.set()
            looked.wait(10)

    changing = sessions(change)
    assert with_lock_held.wait(10)
    found = claiming.claim(5, now=timezone.now(), admit=lambda provider, now: None)
    looked.set()
    changing.result(10)

    assert (found.looked_at, found.claims) == (1, [])
    first.refresh_from_db()
    assert (first.state, first.tries) == (State.PLANNED, 0)
