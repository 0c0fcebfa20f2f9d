"""A country changes its clocks' law: patients keep the time on the wall, instants move through the ledger."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from scheduling.booking import book_appointment
from scheduling.consistency import findings
from scheduling.models import Appointment, Status
from scheduling.zone_law import COLLIDES, promised_start, rederive_starts

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(patient, another_patient, consultation, dr_osei, harbour, receptionist, monday):
    def run(clock: str, who=None):
        return book_appointment(
            patient=who or patient,
            appointment_type=consultation,
            doctor=dr_osei,
            clinic=harbour,
            starts_at=datetime.combine(monday, time.fromisoformat(clock), tzinfo=harbour.zone),
            by=receptionist,
        )

    return run


def promise(visit: Appointment, clock: str) -> None:
    """As if the visit had been promised for this time under a law that has since changed."""
    Appointment.objects.filter(pk=visit.pk).update(local_time=time.fromisoformat(clock))


def test_nothing_moves_while_the_law_stays(book):
    book("10:00")

    assert rederive_starts(now=timezone.now()) == 0


def test_a_visit_keeps_its_promised_time_and_the_ledger_follows(book):
    visit = book("10:00")
    promise(visit, "11:00")

    call_command("rederive_starts")

    visit.refresh_from_db()
    assert visit.local_start.time() == time(11)
    assert visit.calendar_sequence == 1
    day = visit.starts_at.date()
    assert list(findings(day, day)) == []
    assert visit.allocations.filter(released_at=None).count() == 2


def test_a_visit_that_lands_on_another_goes_to_review_and_neither_is_lost(book, another_patient):
    visit, other = book("10:00"), book("11:00", another_patient)
    promise(visit, "11:00")

    assert rederive_starts(now=timezone.now()) == 1

    visit.refresh_from_db()
    other.refresh_from_db()
    assert (visit.status, visit.review_reason) == (Status.REQUIRES_REVIEW, COLLIDES)
    assert other.status == Status.CONFIRMED
    assert all(row.overbooked for row in visit.allocations.filter(released_at=None))


def test_a_visit_that_has_begun_does_not_move(book):
    visit = book("10:00")
    promise(visit, "11:00")

    assert rederive_starts(now=visit.starts_at + timedelta(minutes=1)) == 0


def test_the_second_of_two_equal_times_is_told_from_the_first(book):
    visit = book("10:00")
    Appointment.objects.filter(pk=visit.pk).update(local_date="2027-10-31", local_time="01:30", local_fold=True)
    visit.refresh_from_db()

    second = promised_start(visit)
    visit.local_fold = False
    assert second - promised_start(visit) == timedelta(hours=1)


@pytest.fixture(autouse=True)
def check_deferred_rules():
    """Ask the deferred constraints before the test's transaction is rolled back."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
