"""Different commands at the same instant, in processes of their own; beside most, the twin without the locks."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from time import sleep

import pytest
from django.db import connection

from scheduling import ledger, ledger_masks
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.models import Appointment, Resource
from scheduling.rescheduling import reschedule_appointment, swap_appointments
from scheduling.resizing import change_duration
from tests import factories
from tests.concurrency.checks import (
    FLAGGED_BUT_ALONE,
    IN_NO_SLOT_OR_IN_TWO,
    MOVED_TO_TWO_PLACES,
    ORDINARY_ON_A_SURVIVOR,
    TWICE_AT_ONCE,
    deadlocks,
    number,
)
from tests.concurrency.processes import Failed, together
from tests.concurrency.unguarded import no_constraint, take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


@pytest.fixture
def doctors(harbour, consultation):
    """Eight doctors who offer consultations, and a look at the heart that needs nothing but them."""
    found = []
    for _ in range(AT_ONCE):
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour, time(8), time(18))
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
        found.append(doctor)
    return found


@pytest.fixture
def rooms(harbour, consulting_room):
    return [factories.RoomFactory(clinic=harbour, categories=[consulting_room]) for _ in range(AT_ONCE)]


@pytest.fixture
def patients(harbour):
    return [factories.PatientFactory(at=[harbour]) for _ in range(40)]


@pytest.fixture
def at(harbour, monday) -> Callable[[int, int], datetime]:
    return lambda hour, minute=0: datetime.combine(monday, time(hour, minute), tzinfo=harbour.zone)


@pytest.fixture
def book(consultation, harbour, receptionist):
    return partial(book_appointment, appointment_type=consultation, clinic=harbour, by=receptionist)


@pytest.fixture
def without_locks(monkeypatch) -> None:
    """Nobody locks, and everybody takes a moment between looking and writing, so that they do meet."""
    take_locks_away(monkeypatch.setattr)
    occupy = ledger.occupy

    def occupy_later(*args, **kwargs) -> None:
        sleep(0.02)
        occupy(*args, **kwargs)

    monkeypatch.setattr(ledger, "occupy", occupy_later)


# --- The last rooms ----------------------------------------------------------------------------------------------


@pytest.fixture
def want_every_room(book, doctors, rooms, patients, at):
    """Five times over, eight doctors want one of eight rooms at the same instant."""
    hours = range(9, 14)
    return [
        [
            partial(book, patient=patients[AT_ONCE * turn + place], doctor=doctor, starts_at=at(hour))
            for turn, hour in enumerate(hours)
        ]
        for place, doctor in enumerate(doctors)
    ]


def test_eight_doctors_and_eight_free_rooms_get_eight_bookings(want_every_room):
    assert together(want_every_room, in_step=True) == {"done": 40}


def test_without_locks_they_all_choose_the_first_room(want_every_room, without_locks):
    assert together(want_every_room, in_step=True)["done"] < 40


# --- Trading places ----------------------------------------------------------------------------------------------


@pytest.fixture
def trade_places(book, doctors, rooms, patients, at, receptionist):
    """Each process has two visits with different doctors; it swaps them, or moves one over another's place."""

    def trade(mine: list[int], others: list[int], choose: random.Random) -> None:
        one, other = (Appointment.objects.filter(calendar_uid=uid).latest("pk") for uid in mine)
        if choose.random() < 0.6:
            swap_appointments(first=one, second=other, by=receptionist)
        else:
            there = Appointment.objects.filter(calendar_uid=choose.choice(others)).latest("pk")
            reschedule_appointment(appointment=one, doctor=there.doctor, starts_at=there.starts_at, by=receptionist)

    mine = []
    for place in range(AT_ONCE):
        pair = [(doctors[place], at(9)), (doctors[-1 - place], at(10))]
        visits = [
            book(patient=patients[2 * place + turn], doctor=doctor, starts_at=start)
            for turn, (doctor, start) in enumerate(pair)
        ]
        mine.append([visit.calendar_uid for visit in visits])
    everyone = [uid for pair in mine for uid in pair]
    return [[partial(trade, pair, everyone, random.Random(place))] * 8 for place, pair in enumerate(mine)]


def test_swaps_and_crossing_moves_never_deadlock(trade_places):
    before = deadlocks()

    ended = together(trade_places)

    assert ended["done"] >= 20, ended
    assert set(ended) <= {"done", "slot_taken", "patient_busy"}
    assert number(MOVED_TO_TWO_PLACES) == number(IN_NO_SLOT_OR_IN_TWO) == number(TWICE_AT_ONCE) == 0
    assert deadlocks() == before


def test_locked_in_any_order_they_do(trade_places, monkeypatch):
    def lock_in_any_order(ids):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '20ms'")
        return [Resource.objects.select_for_update(no_key=True).get(pk=pk) for pk in random.sample([*ids], len(ids))]

    monkeypatch.setattr(ledger, "lock_resources", lock_in_any_order)
    before = deadlocks()

    together([turns[:3] for turns in trade_places])

    assert deadlocks() > before


# --- Everybody moves the same visit ------------------------------------------------------------------------------


@pytest.fixture
def move_the_same_visit(book, doctors, rooms, patients, at, receptionist):
    """Seven desks move one visit to seven different hours at the same instant, for five visits in turn."""
    visits = [book(patient=patients[turn], doctor=doctors[turn], starts_at=at(9)) for turn in range(5)]
    return [
        [
            partial(reschedule_appointment, appointment=visit, starts_at=at(10 + desk), by=receptionist)
            for visit in visits
        ]
        for desk in range(AT_ONCE - 1)
    ]


def test_a_visit_moved_by_many_is_live_exactly_once(move_the_same_visit):
    ended = together(move_the_same_visit, in_step=True)

    assert ended == {"done": 5, "wrong_status": 30}
    assert Appointment.objects.occupying().count() == 5
    assert number(IN_NO_SLOT_OR_IN_TWO) == 0


def test_without_locks_only_the_database_stops_it(move_the_same_visit, without_locks):
    with pytest.raises(Failed, match="moved_from"):
        together(move_the_same_visit, in_step=True)


# --- Survivors of an overbooking ---------------------------------------------------------------------------------


@pytest.fixture
def land_on_a_survivor(book, doctors, rooms, patients, at):
    """An urgent visit is put over the end of another; at that instant someone books the time after it."""
    rounds = [(doctor, hour) for hour in (9, 11, 13) for doctor in doctors[:5]]
    for turn, (doctor, hour) in enumerate(rounds):
        book(patient=patients[turn], doctor=doctor, starts_at=at(hour))
    urgent = [
        partial(book, patient=patients[15 + turn], doctor=doctor, starts_at=at(hour, 30), override_reason="Chest pain")
        for turn, (doctor, hour) in enumerate(rounds)
    ]
    ordinary = [
        partial(book, patient=patients[30 + turn % 10], doctor=doctor, starts_at=at(hour + 1))
        for turn, (doctor, hour) in enumerate(rounds)
    ]
    return [urgent, ordinary]


def test_an_ordinary_booking_never_lands_on_an_overbooked_survivor(land_on_a_survivor):
    ended = together(land_on_a_survivor, in_step=True)

    assert ended["done"] >= 15
    assert set(ended) <= {"done", "slot_taken"}
    assert number(ORDINARY_ON_A_SURVIVOR) == 0


def test_without_locks_it_does(land_on_a_survivor, without_locks):
    together(land_on_a_survivor, in_step=True)

    assert number(ORDINARY_ON_A_SURVIVOR) > 0


# --- Everything at once ------------------------------------------------------------------------------------------


@pytest.fixture
def storm(book, doctors, rooms, patients, at, receptionist, patient_request):
    """Eight desks book, overbook, move, shorten, lengthen, cancel and undo among three doctors and two hours."""

    def act(mine: list[int], place: int, choose: random.Random) -> None:
        doctor, start = choose.choice(doctors[:3]), at(9) + timedelta(minutes=15 * choose.randrange(8))
        what = choose.random()
        if what < 0.45 or not mine:
            urgent = "Urgent" if what < 0.2 else ""
            patient = patients[5 * place + choose.randrange(5)]
            mine.append(book(patient=patient, doctor=doctor, starts_at=start, override_reason=urgent).pk)
            return
        visit = Appointment.objects.get(pk=choose.choice(mine))
        if what < 0.6:
            change_duration(appointment=visit, minutes=choose.choice((15, 20, 45, 60)), by=receptionist)
        elif what < 0.75:
            mine.append(reschedule_appointment(appointment=visit, starts_at=start, doctor=doctor, by=receptionist).pk)
        elif what < 0.9:
            cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
        else:
            undo_cancellation(appointment=visit, by=receptionist)

    for room in rooms[3:]:
        Resource.objects.filter(pk=room.pk).update(is_active=False)
    return [[partial(act, [], place, random.Random(place))] * 16 for place in range(AT_ONCE)]


def disagreements(monday) -> list:
    checks = (TWICE_AT_ONCE, FLAGGED_BUT_ALONE, IN_NO_SLOT_OR_IN_TWO, MOVED_TO_TWO_PLACES, ORDINARY_ON_A_SURVIVOR)
    found: list = [sql for sql in checks if number(sql)]
    return found + ledger_masks.verify(monday - timedelta(days=1), monday + timedelta(days=1))


def test_after_a_storm_ledger_masks_and_statuses_agree(storm, monday):
    before = deadlocks()

    ended = together(storm, in_step=True)

    assert ended["done"] >= 30, ended
    assert disagreements(monday) == []
    assert deadlocks() == before


def test_without_locks_and_constraint_they_do_not(storm, monday, without_locks):
    with no_constraint():
        together(storm, in_step=True, forgiving=True)

        assert disagreements(monday) != []
