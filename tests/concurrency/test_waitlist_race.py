"""Sweeps, patients and the desk at the same instant: no time is promised twice, and none is lost."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from carebridge.errors import DomainError
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.errors import WrongStatus
from scheduling.lapsing import expire_lapsed
from scheduling.models import Appointment, Channel, Status
from tests import factories
from tests.concurrency.checks import TWICE_AT_ONCE, deadlocks, number
from tests.concurrency.processes import together
from tests.waitlist.conftest import sorted_by_hand
from waitlist import handlers
from waitlist.entries import join
from waitlist.errors import OfferOver
from waitlist.freed import match, match_due
from waitlist.models import Decision, Entry, FreedSlot, Offer, OfferState, SlotState, Urgency
from waitlist.offers import accept, decline
from waitlist.queries.replay import replayed

pytestmark = pytest.mark.django_db(transaction=True)
HOURS = (9, 10, 11, 13, 14)


@pytest.fixture
def freed(harbour, consultation, consulting_room, monday, receptionist, patient_request, request) -> list[FreedSlot]:
    """Thirty visits a day with six doctors, all cancelled a moment ago."""
    days = request.param
    for _ in range(6):
        factories.RoomFactory(clinic=harbour, categories=[consulting_room])
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour, time(8), time(18))
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
        for day in range(days):
            for hour in HOURS:
                visit = book_appointment(
                    patient=factories.PatientFactory(at=[harbour]),
                    appointment_type=consultation,
                    doctor=doctor,
                    clinic=harbour,
                    starts_at=datetime.combine(_weekday(monday, day), time(hour), tzinfo=harbour.zone),
                    by=receptionist,
                )
                cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    FreedSlot.objects.update(due_at=timezone.now())
    return list(FreedSlot.objects.all())


def _weekday(monday, number: int):
    return monday + timedelta(days=number + number // 5 * 2)


def wait(count: int, consultation, harbour) -> None:
    """So many people wait, some of them sooner than others."""
    rng = random.Random(3)
    for _ in range(count):
        join(
            patient=factories.PatientFactory(at=[harbour], mobile="+447700900123"),
            appointment_type=consultation,
            clinic=harbour,
            by=None,
            urgency=rng.choice((Urgency.ROUTINE, Urgency.SOON)),
            urgency_reason="Pain at night",
            waiting_since=timezone.now() - timedelta(hours=rng.randint(1, 2000)),
        )


def answer(rng: random.Random, count: int) -> None:
    """Some patients say yes or no to what they are offered; what is over by then is over."""
    for offer in Offer.objects.filter(state=OfferState.SENT).order_by("?")[:count]:
        try:
            accept(offer=offer, by=None) if rng.random() < 0.7 else decline(offer=offer, by=None)
        except (OfferOver, WrongStatus):
            continue


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


@pytest.mark.parametrize(
    ("freed", "waiting", "turns"),
    [(1, 70, 6), pytest.param(10, 700, 60, marks=pytest.mark.full)],
    indirect=["freed"],
)
def test_each_time_is_taken_once_nobody_hears_that_it_is_taken_and_none_is_lost(
    freed, waiting, turns, consultation, harbour, receptionist
):
    wait(waiting, consultation, harbour)
    before = deadlocks()
    rng = random.Random(5)
    sweeps = [match_due] * turns
    answers = [lambda: answer(rng, len(freed) // 4)] * turns
    desk = [lambda: at_the_desk(freed, receptionist, rng)] * turns

    ended = together([sweeps, sweeps, answers, answers, desk], in_step=True)

    assert set(ended) == {"done"}, "nobody who says yes is told that the time is taken"
    assert not Offer.objects.filter(state="accepted").values("slot").annotate(n=Count("pk")).filter(n__gt=1).exists()
    assert Offer.objects.filter(state="accepted").exists()
    kept = Appointment.objects.filter(status=Status.PENDING, channel=Channel.WAITLIST)
    assert set(kept.values_list("pk", flat=True)) == set(Offer.objects.open().values_list("appointment", flat=True))
    assert number(TWICE_AT_ONCE) == 0
    assert deadlocks() == before
    for decision in Decision.objects.all():
        assert replayed(decision).agrees
        assert [row[0] for row in decision.candidates] == sorted_by_hand(decision)

    _let_everything_end()
    assert not FreedSlot.objects.filter(state__in=(SlotState.WAITING, SlotState.OFFERED)).exists()
    assert not Appointment.objects.filter(status=Status.PENDING).exists()


def _let_everything_end() -> None:
    """A month later every time is over, and what was kept for somebody has lapsed."""
    with time_machine.travel(timezone.now() + timedelta(days=60), tick=False):
        match_due(limit=1000)


class Broken(Exception):
    """The worker's end."""


@pytest.mark.parametrize("freed", [1], indirect=True)
def test_wherever_making_an_offer_breaks_off_nothing_is_half_done_and_the_next_sweep_makes_it(
    freed, consultation, harbour
):
    wait(1, consultation, harbour)
    slot, steps = freed[0], 0
    while True:
        left = steps

        def break_off(execute, sql, params, many, context):
            nonlocal left
            if left == 0:
                raise Broken
            left -= 1
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(break_off):
                match(slot.pk)
        except Broken:
            steps += 1
            assert not Offer.objects.exists()
            assert not Appointment.objects.filter(status=Status.PENDING).exists()
            assert FreedSlot.objects.get(pk=slot.pk).state == SlotState.WAITING
            continue
        break

    assert steps > 20
    assert Offer.objects.get().appointment.status == Status.PENDING
    assert Entry.objects.get().status == "active"


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
