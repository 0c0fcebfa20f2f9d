"""A block laid while somebody books: real sessions of PostgreSQL, and no visit is left unflagged."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta

import pytest
from django.db import connection

from carebridge.errors import DomainError
from scheduling.cancelling import cancel_appointment
from scheduling.errors import SlotUnavailable
from scheduling.events import AppointmentBooked, RosterChanged
from scheduling.models import Allocation, Appointment, ScheduleBlock, Status
from scheduling.rescheduling import reschedule_appointment
from scheduling.roster import displacement
from scheduling.roster.blocks import block_time, lift_block
from scheduling.roster.opening import close_clinic
from tests import factories
from tests.concurrency.pauses import meet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def block(dr_osei, harbour, clinic_admin, monday):
    """Blocks Dr Osei on Monday from ten to eleven, unless told otherwise."""

    def run(**changes):
        begin = datetime.combine(monday, time(10), tzinfo=harbour.zone)
        wish = {
            "resource": dr_osei.resource,
            "kind": "emergency",
            "starts_at": begin,
            "ends_at": begin + timedelta(hours=1),
            "by": clinic_admin,
        }
        return block_time(**(wish | changes))

    return run


def unflagged() -> int:
    """How many visits lie in a block and nobody was told."""
    found = 0
    for laid in ScheduleBlock.objects.all():
        found += (
            Allocation.objects.filter(
                resource=laid.resource, released_at=None, during__overlap=(laid.starts_at, laid.ends_at)
            )
            .exclude(appointment__status=Status.REQUIRES_REVIEW)
            .count()
        )
    return found


def test_a_block_waits_for_the_booking_under_way_and_sends_it_to_review(book, block, paused, sessions):
    booking, blocking, waited = meet(book, block, paused(AppointmentBooked), sessions)

    assert waited
    blocking.result()
    appointment = Appointment.objects.get(pk=booking.result().pk)
    assert appointment.status == Status.REQUIRES_REVIEW
    assert appointment.review_reason == "Dr Osei: emergency block 10:00 to 11:00"


def test_without_the_lock_the_visit_stays_unflagged(book, block, paused, sessions, monkeypatch):
    """The twin: if this passes with a flagged visit, the test above proves nothing."""
    monkeypatch.setattr(displacement, "lock_resources", lambda ids: [])

    booking, blocking, _ = meet(book, block, paused(AppointmentBooked), sessions)

    blocking.result()
    assert Appointment.objects.get(pk=booking.result().pk).status == Status.CONFIRMED
    assert unflagged() > 0


def test_a_booking_waits_for_the_block_under_way_and_is_refused(book, block, paused, sessions):
    blocking, booking, waited = meet(block, book, paused(RosterChanged), sessions)

    assert waited
    blocking.result()
    assert isinstance(booking.exception(), SlotUnavailable)
    assert booking.exception().code == "blocked"
    assert not Appointment.objects.exists()


def test_a_closure_waits_for_the_booking_under_way(book, harbour, clinic_admin, paused, sessions, monday):
    begin = datetime.combine(monday, time(8), tzinfo=harbour.zone)

    def close():
        return close_clinic(
            clinic=harbour, starts_at=begin, ends_at=begin + timedelta(hours=9), reason="Flood", by=clinic_admin
        )

    booking, closing, waited = meet(book, close, paused(AppointmentBooked), sessions)

    assert waited
    closing.result()
    assert Appointment.objects.get(pk=booking.result().pk).status == Status.REQUIRES_REVIEW


def test_without_the_clinics_lock_a_closure_misses_the_visit(
    book, harbour, clinic_admin, paused, sessions, monday, monkeypatch
):
    monkeypatch.setattr(displacement, "lock_clinics", lambda ids: None)
    begin = datetime.combine(monday, time(8), tzinfo=harbour.zone)

    def close():
        return close_clinic(
            clinic=harbour, starts_at=begin, ends_at=begin + timedelta(hours=9), reason="Flood", by=clinic_admin
        )

    booking, closing, _ = meet(book, close, paused(AppointmentBooked), sessions)

    closing.result()
    assert Appointment.objects.get(pk=booking.result().pk).status == Status.CONFIRMED


def test_a_busy_morning_leaves_no_visit_unflagged_and_nobody_deadlocks(
    book, block, sessions, harbour, clinic_admin, receptionist, patient_request, dr_wilk, monday
):
    """Eight desks book, move and cancel while two administrators block and lift."""
    patients = [factories.PatientFactory(at=[harbour]) for _ in range(8)]
    before = deadlocks()
    begin = datetime.combine(monday, time(9), tzinfo=harbour.zone)
    begins = [begin + timedelta(minutes=15 * step) for step in range(24)]

    desks = [
        sessions(work_at_desk, random.Random(n), book, patients[n], begins, receptionist, patient_request, dr_wilk)
        for n in range(8)
    ]
    blocks = [sessions(work_on_roster, random.Random(99 + n), block, begins, clinic_admin) for n in range(2)]

    assert sum(each.result(timeout=120) for each in desks) >= 4, "the desks got nothing done, so nothing was tried"
    assert sum(each.result(timeout=120) for each in blocks) > 0
    assert unflagged() == 0
    assert stuck_in_review() == 0
    assert deadlocks() == before


def work_at_desk(choose: random.Random, book, patient, begins, receptionist, reason, dr_wilk) -> int:
    done = 0
    mine: list[Appointment] = []
    for _ in range(14):
        try:
            act = choose.random()
            if act < 0.6 or not mine:
                mine.append(book(patient=patient, starts_at=choose.choice(begins)))
            elif act < 0.8:
                old = mine.pop()
                doctor = dr_wilk if choose.random() < 0.3 else None
                mine.append(
                    reschedule_appointment(
                        appointment=old, starts_at=choose.choice(begins), doctor=doctor, by=receptionist
                    )
                )
            else:
                cancel_appointment(appointment=mine.pop(), reason=reason, by=receptionist)
            done += 1
        except DomainError as refusal:
            if refusal.status >= 500:
                raise
    return done


def work_on_roster(choose: random.Random, block, begins, clinic_admin) -> int:
    laid: list[ScheduleBlock] = []
    for _ in range(10):
        # Never more than two at once, so that the desks find times whoever is quicker.
        if len(laid) == 2:
            lift_block(block=laid.pop(0), by=clinic_admin)
        else:
            begin = choose.choice(begins)
            laid.append(block(starts_at=begin, ends_at=begin + timedelta(minutes=30)))
    return len(laid)


def stuck_in_review() -> int:
    """How many visits wait for review although no block lies over them any more."""
    stuck = 0
    for row in Allocation.objects.filter(
        released_at=None, appointment__status=Status.REQUIRES_REVIEW, requirement=None
    ):
        span = (row.during.lower, row.during.upper)
        stuck += not ScheduleBlock.objects.filter(
            resource=row.resource, starts_at__lt=span[1], ends_at__gt=span[0]
        ).exists()
    return stuck


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
