"""A worker is killed at each step of an offer's life: the offer is whole or not at all, and no time is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from scheduling import sweeps
from scheduling.availability import SlotSearch, find_slots
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.models import Appointment, Status
from tests import factories
from tests.waitlist.killing import AFTER_COMMIT, BEFORE_COMMIT, Fatal, Work, everything, kill
from tests.waitlist.promises import broken_promises
from waitlist.by_hand import offer_by_hand
from waitlist.freed import match_due
from waitlist.models import FreedSlot, Offer, OfferState, Outcome, SlotState
from waitlist.offers import accept, approve, decline, take_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def day(freed, waits, sweep, consultation, dr_osei, harbour, receptionist, patient_request, at) -> SimpleNamespace:
    """Monday's visit at ten has been cancelled, and somebody waits. Somebody else has a visit at three."""
    book = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
    person = factories.PatientFactory(at=[harbour], mobile="+447700900123")
    later = book_appointment(patient=person, starts_at=at("15:00"), **book)
    waits(1)
    return SimpleNamespace(
        waits=waits,
        sweep=sweep,
        offer=lambda **asked: waits(30, **asked) and sweep(),
        desk=receptionist,
        doctor=dr_osei,
        at=at,
        later=later,
        reason=patient_request,
    )


# --- The steps -------------------------------------------------------------------------------------------------------


Step = Callable[[SimpleNamespace], Work]


def matching(day: SimpleNamespace) -> Work:
    FreedSlot.objects.update(due_at=timezone.now())
    return match_due


def offering_by_hand(day: SimpleNamespace) -> Work:
    entry = day.waits(30)
    wish = {"entry": entry, "doctor": day.doctor, "starts_at": day.at("13:30"), "by": day.desk, "reason": "Rang"}
    return lambda **more: offer_by_hand(**wish, **more)


def calling_who_says_yes(day: SimpleNamespace) -> Work:
    offer = offering_by_hand(day)
    return lambda: offer(said_yes=True)


def approving(day: SimpleNamespace) -> Work:
    offer = day.offer(is_sensitive=True)
    assert offer.state == OfferState.APPROVAL
    return lambda: approve(offer=offer, by=day.desk)


def accepting(day: SimpleNamespace) -> Work:
    offer = day.offer()
    return lambda: accept(offer=offer, by=None)


def accepting_in_the_place_of_another_visit(day: SimpleNamespace) -> Work:
    offer = day.offer(patient=day.later.patient, visit=day.later)
    return lambda: accept(offer=offer, by=None)


def declining(day: SimpleNamespace) -> Work:
    offer = day.offer()
    return lambda: decline(offer=offer, by=None)


def declining_for_good(day: SimpleNamespace) -> Work:
    offer = day.offer()
    return lambda: decline(offer=offer, by=None, stop=True)


def letting_lapse_and_asking_the_next(day: SimpleNamespace) -> Work:
    over = day.offer().appointment.expires_at + timedelta(seconds=1)

    def run() -> None:
        with time_machine.travel(over, tick=False):
            match_due()

    return run


def leaving_the_list(day: SimpleNamespace) -> Work:
    offer = day.offer()
    return lambda: take_off(entry=offer.entry, outcome=Outcome.WITHDREW, by=None)


def calling_off_what_was_accepted(day: SimpleNamespace) -> Work:
    visit = accept(offer=day.offer(), by=None)
    return lambda: cancel_appointment(appointment=visit, reason=day.reason, by=day.desk)


def taking_that_back(day: SimpleNamespace) -> Work:
    calling_off_what_was_accepted(day)()
    visit = Appointment.objects.get(status=Status.CANCELLED, channel="waitlist")
    return lambda: undo_cancellation(appointment=visit, by=day.desk)


MAIN = [
    matching,
    offering_by_hand,
    calling_who_says_yes,
    approving,
    accepting,
    accepting_in_the_place_of_another_visit,
    declining,
    letting_lapse_and_asking_the_next,
]
OTHERS = [declining_for_good, leaving_the_list, calling_off_what_was_accepted, taking_that_back]
TORN = [matching, accepting_in_the_place_of_another_visit, letting_lapse_and_asking_the_next]


def named(step: Step, *given: object, heavy: bool):
    marks = [pytest.mark.full] if heavy else []
    return pytest.param(step, *given, marks=marks, id=f"{step.__name__}{'-every point' if given == (True,) else ''}")


# --- What holds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "every_point"),
    [
        *(named(step, False, heavy=False) for step in MAIN),
        *(named(step, True, heavy=True) for step in MAIN + OTHERS),
    ],
)
def test_wherever_a_worker_is_killed_its_step_is_whole_or_not_at_all_and_the_sweeps_bring_it_to_its_end(
    step, every_point, day
):
    work = step(day)
    before, points = everything(), 0
    _ends_well()

    # What is left to do after a commit is done by whoever comes next, who is killed in turn.
    while (last := kill(work, lambda number, point: point == BEFORE_COMMIT)) is not None:
        for doomed in range(last + 1) if every_point else (0, last // 2, last - 1, last):
            # What is read from the cache varies, so the way to the commit may be shorter now.
            assert kill(work, lambda number, point, n=doomed: number >= n or point == BEFORE_COMMIT) is not None
            assert everything() == before, f"half done when killed at point {doomed} of {last}"
            points += 1
        assert kill(work, lambda number, point: point == AFTER_COMMIT) is not None
        assert everything() != before
        _ends_well()
        before, points = everything(), points + 1

    print(f"{step.__name__}: killed at {points} points")
    assert points >= 5


@pytest.mark.parametrize("step", [named(step, heavy=step not in TORN) for step in MAIN + OTHERS])
def test_without_its_transaction_a_killed_worker_leaves_a_step_half_done(step, day):
    work, doomed = step(day), 1
    assert broken_promises() == []
    while kill(work, _before_write(doomed), torn=True) is not None and not broken_promises():
        doomed += 1
    assert broken_promises()


def _before_write(doomed: int) -> Fatal:
    """To die before the write that follows so many others."""
    seen = 0

    def fatal(number: int, statement: str) -> bool:
        nonlocal seen
        seen += statement.startswith(("INSERT", "UPDATE"))
        return seen > doomed

    return fatal


def _ends_well() -> None:
    """Nobody answers any more and only the sweeps run. What they do is taken back, so that more can be tried."""
    assert broken_promises() == []
    with transaction.atomic():
        _let_time_pass()
        assert broken_promises() == []
        assert not Offer.objects.open().exists()
        assert not Appointment.objects.filter(status=Status.PENDING).exists()
        for slot in FreedSlot.objects.all():
            assert _is_free(slot) is not _is_taken(slot), "a time is neither free nor taken"
        transaction.set_rollback(True)


def _let_time_pass() -> None:
    for _ in range(20):
        offered = Offer.objects.open().values_list("appointment__expires_at", flat=True)
        waiting = FreedSlot.objects.filter(state=SlotState.WAITING).values_list("due_at", flat=True)
        if not (instants := [*offered, *waiting]):
            return
        with time_machine.travel(max(timezone.now(), min(instants)) + timedelta(seconds=1), tick=False):
            sweeps.expire_lapsed()
            match_due()
            sweeps.retry_failed_handlers()
    raise AssertionError("it never ends")


def _is_free(slot: FreedSlot) -> bool:
    day = slot.local_start.date()
    search = SlotSearch(
        appointment_type_id=slot.appointment_type_id,
        clinic_ids=(slot.clinic_id,),
        doctor_ids=(slot.doctor_id,),
        from_day=day,
        to_day=day,
        now=timezone.now(),
    )
    return slot.starts_at in [each.starts_at for each in find_slots(search)]


def _is_taken(slot: FreedSlot) -> bool:
    return Appointment.objects.filter(doctor=slot.doctor, starts_at=slot.starts_at, status=Status.CONFIRMED).exists()
