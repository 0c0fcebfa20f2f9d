"""Putting people on file, finding them again, and leaving a trail without saying anything about them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling import patient_search
from scheduling.errors import DuplicatePatient, PmsNumberTaken, StaleVersion, TooManyLookups
from scheduling.models import Patient
from scheduling.patient_search import identify_patient, search_patients
from scheduling.patients import record_referral, register_patient, update_patient
from scheduling.personal_details import normalised_phone, search_form, valid_pms_number
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(harbour, receptionist):
    """Registers Zoë Brontë at Harbour, unless told otherwise."""

    def run(**changes):
        details = {"given_name": "Zoë", "family_name": "Brontë", "birth_date": date(1979, 2, 14)}
        return register_patient(clinic=harbour, by=receptionist, **(details | changes))

    return run


# --- Registering ----------------------------------------------------------------------


def test_a_new_patient_is_known_at_the_clinic_and_found_without_accents(register, receptionist):
    patient = register(mobile="07700 900218")

    assert search_patients(receptionist, "bronte zoe") == [patient]
    assert search_patients(receptionist, "0218") == [patient]
    assert search_patients(receptionist, "14.2.1979") == [patient]


def test_the_trail_names_the_fields_and_never_the_values(register):
    patient = register(mobile="07700 900218")

    entry = LogEntry.objects.get(event="patient.registered")
    assert set(entry.changes) >= {"given_name", "family_name", "birth_date", "mobile"}
    written = f"{entry.changes} {entry.object_repr} {entry.serialized_data}"
    assert not any(secret in written for secret in ("Zo", "Bront", "1979", "900218"))
    assert patient.full_name not in str(patient)


def test_somebody_of_the_same_name_and_birth_date_is_asked_about_first(register):
    first = register()

    with pytest.raises(DuplicatePatient) as refused:
        register(given_name="Zoe", family_name="Bronte")
    assert refused.value.detail["patients"] == [str(first.pk)]
    assert register(allow_duplicate=True).pk != first.pk


def test_a_namesake_at_a_clinic_one_may_not_see_stays_unknown(register, patient_elsewhere):
    registered = register(
        given_name=patient_elsewhere.given_name,
        family_name=patient_elsewhere.family_name,
        birth_date=patient_elsewhere.birth_date,
    )

    assert registered.pk != patient_elsewhere.pk


def test_a_pms_number_belongs_to_one_patient(register):
    register(pms_number="1234566")

    with pytest.raises(PmsNumberTaken):
        register(given_name="Anna", pms_number="1234566")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"given_name": " "}, "given_name"),
        ({"birth_date": timezone.localdate() + timedelta(days=1)}, "birth_date"),
        ({"pms_number": "1234567"}, "pms_number"),
        ({"is_active": False}, "is_active"),
    ],
)
def test_what_can_not_be_right_is_refused_by_field(register, changes, field):
    with pytest.raises(InvalidInput) as refused:
        register(**changes)

    assert field in refused.value.fields
    assert not Patient.objects.exists()


def test_support_registers_nobody(harbour, support):
    with pytest.raises(NotAllowed):
        register_patient(clinic=harbour, by=support, given_name="A", family_name="B", birth_date=date(1980, 1, 1))


# --- Correcting ----------------------------------------------------------------------


def test_a_stale_form_corrects_nothing(register, receptionist):
    patient = register()
    update_patient(patient=patient, by=receptionist, mobile="07700 900111", version=1)

    with pytest.raises(StaleVersion):
        update_patient(patient=patient, by=receptionist, mobile="07700 900222", version=1)
    patient.refresh_from_db()
    assert patient.mobile == "+447700900111"


def test_a_receptionist_elsewhere_can_not_correct_whom_they_can_not_see(register, receptionist_elsewhere):
    with pytest.raises(NotFound):
        update_patient(patient=register(), by=receptionist_elsewhere, mobile="07700 900111")


# --- Finding people of other clinics ----------------------------------------------------------------------


def test_someone_of_another_clinic_is_found_only_exactly_and_it_is_written_down(
    patient_elsewhere, receptionist, harbour
):
    born = patient_elsewhere.birth_date

    assert search_patients(receptionist, "novak") == []
    assert identify_patient(by=receptionist, clinic=harbour, birth_date=born, family_name="Nova") == []
    found = identify_patient(by=receptionist, clinic=harbour, birth_date=born, family_name="Novák")

    assert found == [patient_elsewhere]
    assert LogEntry.objects.get(event="patient.identified").actor == receptionist


def test_a_birth_date_alone_identifies_nobody(patient_elsewhere, receptionist, harbour):
    with pytest.raises(InvalidInput):
        identify_patient(by=receptionist, clinic=harbour, birth_date=patient_elsewhere.birth_date)


# --- Referrals ----------------------------------------------------------------------


def test_a_referral_is_recorded_once(patient, harbour, receptionist, cardiology):
    today = timezone.localdate()
    referral = {
        "patient": patient,
        "clinic": harbour,
        "by": receptionist,
        "number": "REF-20871",
        "referrer": "Dr S. Adeyemi",
        "service": cardiology,
        "valid_from": today,
        "valid_until": today + timedelta(days=60),
    }

    assert record_referral(**referral).visits_allowed == 1
    with pytest.raises(InvalidInput) as refused:
        record_referral(**referral)
    assert "number" in refused.value.fields


# --- How things are written ----------------------------------------------------------------------


def test_names_are_compared_without_accents_case_and_spare_spaces():
    assert search_form("  Zoë   BRONTË ") == "zoe bronte"
    assert search_form("Ærøskøbing") == "ærøskøbing"


def test_a_pms_numbers_last_digit_checks_the_others():
    assert valid_pms_number("1234566")
    assert not any(valid_pms_number(number) for number in ("1234567", "2134566", "123456", "12345666", "12345६6", ""))


def test_a_phone_number_is_kept_as_one_dials_it_from_anywhere():
    assert normalised_phone("07700 900461") == "+447700900461"
    assert normalised_phone("+33 6 12 34 56 78") == "+33612345678"
    assert normalised_phone(" ") == ""
    with pytest.raises(InvalidInput):
        normalised_phone("12")


def test_nobody_works_through_the_birth_dates_of_a_name(receptionist, harbour, patient_elsewhere):
    wanted = {"birth_date": patient_elsewhere.birth_date, "family_name": "Novak"}
    for _ in range(patient_search.LOOKUPS_AN_HOUR):
        identify_patient(by=receptionist, clinic=harbour, birth_date=date(1900, 1, 1), family_name="Novak")

    with pytest.raises(TooManyLookups):
        identify_patient(by=receptionist, clinic=harbour, **wanted)


def test_part_of_a_double_name_finds_nobody(receptionist, harbour, northgate):
    hidden = factories.PatientFactory(family_name="Smith Jones", search_name="nerys smith jones", at=[northgate])

    assert not identify_patient(by=receptionist, clinic=harbour, birth_date=hidden.birth_date, family_name="Jones")
    assert identify_patient(by=receptionist, clinic=harbour, birth_date=hidden.birth_date, family_name="Smith Jones")
