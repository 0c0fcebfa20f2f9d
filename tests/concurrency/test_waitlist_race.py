"""Sweeps, patients and the desk at the same instant: no time is promised twice, and none is lost."""

from __future__ import annotations

import random
import time as clock
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from carebridge.errors import DomainError
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.errors import WrongStatus
from scheduling.lapsing import expire_lapsed
from scheduling.models import Appointment, Cancellation, CancellationReason, Channel, Status
from tests import factories
from tests.concurrency.checks import deadlocks, number
from tests.concurrency.processes import together
from tests.concurrency.unguarded import no_constraint, no_index_of_offers, take_the_waitlists_locks_away
from tests.concurrency.waiting import answer, let_everything_end, wait
from tests.waitlist.conftest import sorted_by_hand
from tests.waitlist.promises import ACCEPTED_TWICE, broken_promises
from waitlist import handlers
from waitlist.freed import match, match_due
from waitlist.models import Decision, Entry, FreedSlot, Offer, OfferState, SlotState
from waitlist.offers import accept
from waitlist.queries.replay import replayed

pytestmark = pytest.mark.django_db(transaction=True)


def at_the_desk(slots: list[FreedSlot], receptionist, rng: random.Random) -> None:
    """Somebody at the desk books such a time for whoever stands there."""
    slot = rng.choice(slots)
    with suppress(DomainError):
        book_appointment(
            patient=factories.PatientFactory(at=[slot.clinic]),
            appointment_type=slot.appointment_type,
            doctor=slot.doctor,
            clinic=slot.clinic,
            starts_at=slot.starts_at,
            by=receptionist,
        )


def second_thoughts(receptionist, reason: CancellationReason) -> None:
    """Somebody calls off what they said yes to, nobody waits for their second thoughts, and yet some have them."""
    firm = Appointment.objects.filter(channel=Channel.WAITLIST, status=Status.CONFIRMED).order_by("?").first()
    if firm:
        with suppress(WrongStatus):
            cancel_appointment(appointment=firm, reason=reason, by=receptionist)
        FreedSlot.objects.filter(appointment=firm, state=SlotState.WAITING).update(due_at=timezone.now())
    again = Appointment.objects.filter(status=Status.CANCELLED, channel=Channel.WAITLIST).order_by("?").first()
    if again:
        with suppress(DomainError):
            undo_cancellation(appointment=again, by=receptionist)


@pytest.mark.parametrize(
    ("freed", "waiting", "turns"),
    [(1, 70, 6), pytest.param(10, 700, 60, marks=pytest.mark.full)],
    indirect=["freed"],
)
def test_each_time_is_taken_once_nobody_hears_that_it_is_taken_and_none_is_lost(
    freed, waiting, turns, consultation, harbour, receptionist, patient_request
):
    wait(waiting, consultation, harbour)
    before = deadlocks()
    rng = random.Random(5)
    sweeps = [match_due] * turns
    answers = [lambda: answer(rng, len(freed) // 4)] * turns
    desk = [lambda: at_the_desk(freed, receptionist, rng)] * turns
    regrets = [lambda: second_thoughts(receptionist, patient_request)] * turns

    began = clock.monotonic()
    ended = together([sweeps, sweeps, answers, answers, desk, regrets], in_step=True, patience_seconds=2400)

    print(_figures(ended, clock.monotonic() - began))
    assert set(ended) == {"done"}, "nobody who says yes is told that the time is taken"
    assert Offer.objects.filter(state=OfferState.ACCEPTED).exists()
    assert Cancellation.objects.filter(appointment__channel=Channel.WAITLIST).exists()
    assert broken_promises() == []
    assert deadlocks() == before
    for decision in Decision.objects.all():
        assert replayed(decision).agrees
        assert [row[0] for row in decision.candidates] == sorted_by_hand(decision)

    let_everything_end()
    assert not FreedSlot.objects.filter(state__in=(SlotState.WAITING, SlotState.OFFERED)).exists()
    assert not Appointment.objects.filter(status=Status.PENDING).exists()
    assert broken_promises() == []


def _figures(ended: Counter, seconds: float) -> str:
    """What the race came to, for whoever runs it to see."""
    answers = Counter(Offer.objects.values_list("state", flat=True))
    regrets = Cancellation.objects.filter(appointment__channel=Channel.WAITLIST)
    return (
        f"{FreedSlot.objects.count()} times, {Entry.objects.count()} waiting, {Decision.objects.count()} decisions;"
        f" offers {dict(answers)}; accepted twice {number(ACCEPTED_TWICE)}, turns {dict(ended)};"
        f" called off {regrets.count()}, of these not after all {regrets.exclude(undone_at=None).count()};"
        f" {seconds:.0f} s"
    )


@pytest.mark.parametrize("freed", [1], indirect=True)
def test_whoever_is_asked_enough_is_passed_over_without_being_tried(freed, consultation, harbour):
    wait(len(freed), consultation, harbour)
    with CaptureQueriesContext(connection) as at_first:
        match(freed[0].pk)
    for slot in freed[1:-1]:
        match(slot.pk)
    with CaptureQueriesContext(connection) as at_last:
        offer = match(freed[-1].pk)

    assert {code for _, code in offer.decision.skipped} == {"asked_enough"}
    assert len(offer.decision.skipped) > 10
    assert len(at_last) <= len(at_first)


@pytest.mark.parametrize("freed", [1], indirect=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_a_visit_that_lapses_unanswered_hands_its_time_on(freed, consultation, harbour, monkeypatch, guarded):
    wait(1, consultation, harbour)
    offer = match(freed[0].pk)
    if not guarded:
        monkeypatch.setattr(handlers, "end_of_visit", lambda event, state: False)

    with time_machine.travel(offer.appointment.expires_at + timedelta(seconds=1), tick=False):
        expire_lapsed(now=timezone.now())

    handed_on = FreedSlot.objects.get(pk=freed[0].pk).state == SlotState.WAITING
    assert handed_on is guarded


@pytest.mark.parametrize("freed", [1], indirect=True)
@pytest.mark.parametrize("guards", ["all", pytest.param("database", marks=pytest.mark.full), "none"])
def test_a_time_wanted_by_two_sweeps_and_the_desk_at_once_goes_to_one(
    freed, consultation, harbour, receptionist, monkeypatch, guards
):
    """Either the locks or the database would do; without both a time is promised twice."""
    wait(len(freed), consultation, harbour)
    slots = freed[:12]
    with ExitStack() as away:
        if guards != "all":
            take_the_waitlists_locks_away(monkeypatch.setattr)
        if guards == "none":
            away.enter_context(no_index_of_offers())
            away.enter_context(no_constraint())
        sweeps = [lambda slot=slot: match(slot.pk) for slot in slots]
        desk = [lambda slot=slot: at_the_desk([slot], receptionist, random.Random(1)) for slot in slots]
        together([sweeps, sweeps, desk], in_step=True, forgiving=guards != "all")
        answers = [lambda: answer(random.Random(2), 30)]
        together([answers], forgiving=guards != "all")

        found = broken_promises()
        assert bool(found) is (guards == "none"), found


@pytest.mark.parametrize("freed", [1], indirect=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_whoever_says_yes_to_two_times_at_once_gets_one(freed, consultation, harbour, monkeypatch, guarded):
    wait(5, consultation, harbour)
    made = [match(slot.pk) for slot in freed[:10]]
    pairs = [[offer for offer in made if offer and offer.entry == entry] for entry in Entry.objects.all()]
    assert {len(pair) for pair in pairs} == {2}
    if not guarded:
        take_the_waitlists_locks_away(monkeypatch.setattr)

    first = [lambda offer=offer: accept(offer=offer, by=None) for offer, _ in pairs]
    second = [lambda offer=offer: accept(offer=offer, by=None) for _, offer in pairs]
    together([first, second], in_step=True)

    accepted = list(Offer.objects.filter(state=OfferState.ACCEPTED).values_list("entry", flat=True))
    assert set(accepted) == set(Entry.objects.values_list("pk", flat=True))
    assert (len(accepted) == len(pairs)) is guarded
