"""Sixty-four clients want fifty times. Fifty get one; nobody gets an error; without the guards it goes wrong."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from knox.models import AuthToken

from scheduling.models import Appointment
from tests import factories
from tests.concurrency.racers import race
from tests.site import serve

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

OVERLAPS = """
    SELECT count(*) FROM scheduling_allocation a JOIN scheduling_allocation b
      ON a.resource_id = b.resource_id AND a.id < b.id AND a.during && b.during
    WHERE a.released_at IS NULL AND b.released_at IS NULL
"""


@pytest.fixture
def fifty_slots(harbour, consultation, consulting_room, monday):
    """Five doctors with ten offered times each, five rooms, and 200 patients."""
    consultation.start_step_minutes = 60
    consultation.save()
    wishes = []
    for number in range(5):
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour, time(8), time(18))
        factories.RoomFactory(clinic=harbour, name=f"Room {number}", categories=[consulting_room])
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
        for hour in range(8, 18):
            starts_at = datetime.combine(monday, time(hour), tzinfo=harbour.zone)
            wishes.append({"doctor": doctor.pk, "starts_at": starts_at.isoformat()})
    patients = [str(factories.PatientFactory(at=[harbour]).pk) for _ in range(200)]
    common = {"clinic": harbour.pk, "appointment_type": consultation.pk, "patients": patients}
    return [common | wish for wish in wishes]


@pytest.fixture
def token(receptionist):
    return AuthToken.objects.create(receptionist, expiry=timedelta(hours=1))[1]


def number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def deadlocks() -> int:
    return number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def test_sixty_four_clients_for_fifty_slots_make_fifty_bookings(fifty_slots, token):
    before = deadlocks()

    with serve(workers=2) as address:
        outcome = race(address, token, fifty_slots, clients=64, attempts=2048)

    # Every status but "yours" and "taken" would be an error; a patient already elsewhere at that hour is 422.
    assert set(outcome.statuses) <= {201, 409, 422}
    assert outcome.statuses[201] == Appointment.objects.count() == 50
    assert number(OVERLAPS) == 0
    assert deadlocks() == before


def test_without_locks_and_constraint_the_same_race_collides(fifty_slots, token):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scheduling_allocation DROP CONSTRAINT allocation_no_overlap")
    try:
        with serve(workers=2, application="tests.concurrency.unguarded:application") as address:
            race(address, token, fifty_slots[:8], clients=64, attempts=512)
        assert number(OVERLAPS) > 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE scheduling_allocation, scheduling_appointment CASCADE")
            cursor.execute(
                "ALTER TABLE scheduling_allocation ADD CONSTRAINT allocation_no_overlap EXCLUDE USING gist"
                " (resource_id WITH =, during WITH &&) WHERE (released_at IS NULL AND NOT overbooked)"
            )
