"""Two records become one while somebody books, refers or opens the one that goes, in processes of their own."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial

import pytest

from scheduling import booking, emergency, patients, record_pairs
from scheduling.booking import book_appointment
from scheduling.emergency import close_record, open_record
from scheduling.merging import merge_patients
from scheduling.models import Appointment, EmergencyAccess, Patient, PatientClinic, PatientMerge, Referral
from scheduling.patients import record_referral
from tests import factories
from tests.concurrency.checks import deadlocks
from tests.concurrency.processes import together
from tests.concurrency.unguarded import read_appointments, read_patient

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8
DESKS = 3


@pytest.fixture
def pairs(harbour) -> list[tuple[Patient, Patient]]:
    """For every round the record that stays and the one that goes."""
    return [tuple(factories.PatientFactory(at=[harbour], pms_number=None) for _ in range(2)) for _ in range(ROUNDS)]


@pytest.fixture
def merge(pairs, clinic_admin):
    return [partial(merge_patients, keep=keep, remove=remove, by=clinic_admin) for keep, remove in pairs]


@pytest.fixture
def book(pairs, consultation, harbour, receptionist, consulting_room, monday):
    """Each desk has a doctor and a room, and books the one that goes at an hour of its own."""
    desks = []
    for desk in range(DESKS):
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour, time(8), time(18))
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
        factories.RoomFactory(clinic=harbour, categories=[consulting_room])
        first = datetime.combine(monday, time(9 + 2 * desk), tzinfo=harbour.zone)
        desks.append(
            [
                partial(
                    book_appointment,
                    patient=remove,
                    appointment_type=consultation,
                    doctor=doctor,
                    clinic=harbour,
                    starts_at=first + timedelta(days=turn % 4, hours=turn // 4),
                    by=receptionist,
                )
                for turn, (_, remove) in enumerate(pairs)
            ]
        )
    return desks


@pytest.fixture
def refer(pairs, harbour, receptionist, monday):
    """A desk that records referrals for the one that goes until it is told that the record is gone."""

    def record_some(patient: Patient, turn: int) -> None:
        for number in range(12):
            record_referral(
                patient=patient,
                clinic=harbour,
                by=receptionist,
                number=f"R-{turn}-{number}",
                referrer="Dr Gray",
                valid_from=monday,
                valid_until=monday,
            )

    return [partial(record_some, remove, turn) for turn, (_, remove) in enumerate(pairs)]


@pytest.fixture
def open_history(pairs, receptionist):
    """Somebody who opens and closes the history of the one that goes until they are told that the record is gone."""

    def open_some(patient: Patient) -> None:
        for _ in range(12):
            access = open_record(patient=patient, reason="Collapsed in the waiting room", by=receptionist)
            close_record(access=access, by=receptionist)

    return [partial(open_some, remove) for _, remove in pairs]


def opened_too_late() -> list[EmergencyAccess]:
    """Histories opened on a record that had been merged into another before."""
    merged_at = dict(PatientMerge.objects.values_list("removed", "merged_at"))
    openings = EmergencyAccess.objects.filter(patient__in=merged_at)
    return [access for access in openings if access.opened_at > merged_at[access.patient_id]]


def left_behind() -> list[object]:
    """What hangs on records that were merged into others."""
    gone = {"patient__merged_into__isnull": False}
    return [row for model in (Appointment, Referral, PatientClinic) for row in model.objects.filter(**gone)]


def test_a_booking_beside_a_merge_is_the_kept_records_or_refused(merge, book):
    before = deadlocks()

    ended = together([merge, *book], in_step=True)

    assert ended["done"] >= ROUNDS
    assert ended["done"] + ended["record_merged"] == ROUNDS * (1 + DESKS)
    assert Patient.objects.exclude(merged_into=None).count() == ROUNDS
    assert left_behind() == []
    assert deadlocks() == before


def test_without_the_patients_lock_visits_stay_on_a_record_nobody_sees(merge, book, monkeypatch):
    monkeypatch.setattr(booking, "lock_patient", read_patient)
    monkeypatch.setattr(record_pairs, "lock_appointments", read_appointments)

    together([merge, *book], in_step=True, forgiving=True)

    assert any(isinstance(row, Appointment) for row in left_behind())


def test_a_referral_beside_a_merge_is_the_kept_records_or_refused(merge, refer):
    before = deadlocks()

    ended = together([merge, refer], in_step=True)

    assert ended["done"] >= ROUNDS
    assert ended["done"] + ended["record_merged"] == ROUNDS * 2
    assert left_behind() == []
    assert deadlocks() == before


def test_without_the_patients_lock_referrals_stay_on_a_record_nobody_sees(merge, refer, monkeypatch):
    monkeypatch.setattr(patients, "lock_patient", read_patient)

    together([merge, refer], in_step=True, forgiving=True)

    assert any(isinstance(row, Referral) for row in left_behind())


def test_no_history_is_opened_in_an_emergency_on_a_record_that_is_gone(merge, open_history):
    before = deadlocks()

    ended = together([merge, open_history], in_step=True)

    assert ended["done"] >= ROUNDS
    assert ended["done"] + ended["record_merged"] == ROUNDS * 2
    assert opened_too_late() == []
    assert deadlocks() == before


def test_without_the_patients_lock_an_empty_history_is_opened_in_an_emergency(merge, open_history, monkeypatch):
    monkeypatch.setattr(emergency, "lock_patient", read_patient)

    together([merge, open_history], in_step=True, forgiving=True)

    assert opened_too_late()
