"""A copy of one's data, and that it goes once its time is over."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling import sweeps
from scheduling.audited import personal_fields
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.errors import PolicyRefused
from scheduling.merging import merge_patients
from scheduling.models import Appointment, ExternalReference, Patient, PatientClinic
from scheduling.patient_copy import release_patient_data
from scheduling.patients import update_patient
from scheduling.retention import BLANK, anonymise_patient, due_patients
from tests import factories

pytestmark = pytest.mark.django_db

MARK = "Qzxw"
REASON = "Asked by letter, signature compared"
LONG_AGO = timedelta(days=366 * 9)


@pytest.fixture
def marked(patient, harbour, receptionist) -> Patient:
    """A patient who can be told apart from everything else in any field that holds text."""
    details = {"given_name": MARK, "family_name": f"{MARK}son", "address": f"1 {MARK} Street", "pms_number": "1234566"}
    reach = {"email": f"{MARK}@example.org", "mobile": "07700 900987", "contact_note": f"Ask for {MARK}"}
    return update_patient(patient=patient, by=receptionist, **details, **reach)


@pytest.fixture
def visit(marked, dr_osei, harbour, room_1, consultation, receptionist, monday) -> Appointment:
    return book_appointment(
        patient=marked,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(9), tzinfo=harbour.zone),
        by=receptionist,
        notes=f"{MARK} brings the film",
        referral=factories.ReferralFactory(patient=marked, number=f"R-{MARK}", referrer=f"Dr {MARK}"),
    )


@pytest.fixture
def long_ago(visit, marked, receptionist, patient_request):
    """The visit was cancelled, and all of it is nine years ago."""
    ExternalReference.objects.create(appointment=visit, system="pms", value=MARK)
    cancel_appointment(appointment=visit, reason=patient_request, note=f"{MARK} is ill", by=receptionist)
    Appointment.objects.filter(pk=visit.pk).update(
        starts_at=visit.starts_at - LONG_AGO, ends_at=visit.ends_at - LONG_AGO
    )
    Patient.objects.filter(pk=marked.pk).update(created_at=timezone.now() - LONG_AGO)
    return visit


def places_that_say(mark: str) -> set[str]:
    """Every column of every table in which the text appears."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{mark}%"])
            if cursor.fetchone()[0]:
                found.add(table)
    return found


# --- A copy --------------------------------------------------------------------------------------------------------


def test_a_copy_holds_what_the_clinic_holds_and_says_so_in_the_trail(marked, visit, clinic_admin):
    copy = release_patient_data(patient=marked, by=clinic_admin, reason=REASON, form="json").as_dict()

    assert json.loads(json.dumps(copy))["patient"]["family_name"] == f"{MARK}son"
    assert [each["reference"] for each in copy["visits"]] == [visit.reference]
    assert copy["visits"][0]["notes"] == f"{MARK} brings the film"
    assert copy["referrals"][0]["number"] == f"R-{MARK}"
    entry = LogEntry.objects.get(event="patient.data_released")
    assert (entry.actor, entry.patient_id, entry.additional_data["reason"]) == (clinic_admin, marked.pk, REASON)
    assert MARK not in f"{entry.changes} {entry.additional_data}"


def test_visits_at_another_clinic_are_not_in_it(marked, visit, northgate, clinic_admin):
    Appointment.objects.filter(pk=visit.pk).update(clinic=northgate)

    copy = release_patient_data(patient=marked, by=clinic_admin, reason=REASON, form="json").as_dict()

    assert copy["visits"] == []
    assert northgate.name not in json.dumps(copy)


def test_no_reason_no_copy(marked, clinic_admin):
    with pytest.raises(InvalidInput):
        release_patient_data(patient=marked, by=clinic_admin, reason=" ", form="json")
    assert not LogEntry.objects.filter(event="patient.data_released").exists()


def test_only_who_may_release_data_of_a_clinic_that_knows_them_gets_one(
    marked, patient_elsewhere, receptionist, clinic_admin
):
    with pytest.raises(NotAllowed):
        release_patient_data(patient=marked, by=receptionist, reason=REASON, form="json")
    with pytest.raises(NotFound):
        release_patient_data(patient=patient_elsewhere, by=clinic_admin, reason=REASON, form="json")


# --- Anonymising ---------------------------------------------------------------------------------------------------


def test_nothing_personal_is_left_anywhere_and_the_visit_still_counts(long_ago, marked, clinic_admin):
    assert len(places_that_say(MARK)) >= 4

    anonymise_patient(patient=marked, by=clinic_admin)

    assert places_that_say(MARK) == places_that_say("900987") == places_that_say("1234566") == set()
    assert Appointment.objects.filter(patient=marked, clinic=long_ago.clinic, status="cancelled").count() == 1
    assert LogEntry.objects.get(event="patient.anonymised").actor == clinic_admin


def test_every_personal_field_of_a_patient_is_among_those_removed():
    assert set(personal_fields()) == set(BLANK)


def test_records_merged_into_it_lose_their_data_too(long_ago, marked, harbour, clinic_admin):
    other = factories.PatientFactory(given_name=f"{MARK}e", search_name=f"{MARK}e".lower(), at=[harbour])
    merge_patients(keep=marked, remove=other, by=clinic_admin)

    anonymise_patient(patient=marked, by=clinic_admin)

    assert places_that_say(MARK) == set()


def test_a_patient_with_visits_to_come_keeps_everything(visit, marked, clinic_admin):
    Patient.objects.filter(pk=marked.pk).update(created_at=timezone.now() - LONG_AGO)

    with pytest.raises(PolicyRefused) as refused:
        anonymise_patient(patient=marked, by=clinic_admin)
    assert refused.value.code == "has_visits_to_come"


def test_nobody_is_anonymised_before_their_time(long_ago, marked, clinic_admin, settings):
    settings.PATIENT_RETENTION_YEARS = 10
    with pytest.raises(PolicyRefused) as refused:
        anonymise_patient(patient=marked, by=clinic_admin)
    assert refused.value.code == "still_kept"

    settings.PATIENT_RETENTION_YEARS = 0
    with pytest.raises(PolicyRefused):
        anonymise_patient(patient=marked, by=None)
    assert not due_patients(timezone.now()).exists()


def test_the_night_takes_those_whose_time_is_over_and_nobody_else(long_ago, marked, another_patient):
    assert list(due_patients(timezone.now())) == [marked]

    assert sweeps.anonymise_due() == 1
    assert sweeps.anonymise_due() == 0

    another_patient.refresh_from_db()
    assert another_patient.anonymised_at is None
    assert LogEntry.objects.get(event="patient.anonymised").actor is None


def test_it_is_for_good(long_ago, marked, clinic_admin):
    anonymise_patient(patient=marked, by=clinic_admin)

    with pytest.raises(InvalidInput):
        anonymise_patient(patient=marked, by=clinic_admin)


def test_a_record_that_another_clinic_uses_waits_for_the_night(long_ago, marked, northgate, clinic_admin, receptionist):
    with pytest.raises(NotAllowed):
        anonymise_patient(patient=marked, by=receptionist)

    PatientClinic.objects.create(patient=marked, clinic=northgate)
    with pytest.raises(NotAllowed):
        anonymise_patient(patient=marked, by=clinic_admin)
