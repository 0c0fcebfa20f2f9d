"""Sixty-four clients want fifty times. Fifty get one; nobody gets an error; without the guards it goes wrong."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from carebridge.accounts.tokens import ApiToken
from scheduling.models import Appointment
from tests import factories
from tests.concurrency.checks import TWICE_AT_ONCE, deadlocks, number
from tests.concurrency.forked_site import fork_site
from tests.concurrency.racers import race
from tests.concurrency.unguarded import no_constraint, take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fifty_slots(harbour, consultation, consulting_room, monday):
    """Five doctors with ten offered times each, five rooms, and 200 patients."""
    consultation.start_step_minutes = 60
    consultation.save()
    wishes = []
    for place in range(5):
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour, time(8), time(18))
        factories.RoomFactory(clinic=harbour, name=f"Room {place}", categories=[consulting_room])
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
        for hour in range(8, 18):
            starts_at = datetime.combine(monday, time(hour), tzinfo=harbour.zone)
            wishes.append({"doctor": doctor.pk, "starts_at": starts_at.isoformat()})
    patients = [str(factories.PatientFactory(at=[harbour]).pk) for _ in range(200)]
    common = {"clinic": harbour.pk, "appointment_type": consultation.pk, "patients": patients}
    return [common | wish for wish in wishes]


@pytest.fixture
def token(receptionist):
    return ApiToken.objects.issue(user=receptionist)[1]


@pytest.mark.parametrize("attempts", [2048, pytest.param(128_000, marks=pytest.mark.full)])
def test_sixty_four_clients_for_fifty_slots_make_fifty_bookings(fifty_slots, token, attempts):
    before = deadlocks()

    with fork_site(workers=2) as address:
        outcome = race(address, token, fifty_slots, clients=64, attempts=attempts)

    assert outcome.statuses.total() == attempts
    assert set(outcome.codes) <= {"slot_taken", "patient_busy", "too_many_open"}, "refused otherwise, or failed"
    assert outcome.statuses[201] == Appointment.objects.count() == 50
    assert number(TWICE_AT_ONCE) == 0
    assert deadlocks() == before


def test_without_locks_and_constraint_the_same_race_collides(fifty_slots, token):
    with no_constraint():
        with fork_site(workers=2, prepare=take_locks_away) as address:
            race(address, token, fifty_slots[:8], clients=64, attempts=256)

        assert number(TWICE_AT_ONCE) > 0
