"""Records that look like one person's are suggested, until somebody says that they are two people."""

from __future__ import annotations

from datetime import date

import pytest

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.duplicates import suggested_pairs, tell_apart, undo_tell_apart
from scheduling.errors import WrongStatus
from scheduling.merging import merge_patients
from scheduling.models import DistinctPair, Patient, PatientClinic
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def misspelt(harbour) -> Patient:
    """Nerys Calloway once more, as somebody heard it on the phone."""
    return factories.PatientFactory(
        given_name="Neris", family_name="Caloway", search_name="neris caloway", pms_number="1234566", at=[harbour]
    )


def test_similar_names_or_one_phone_on_the_same_birth_date_are_suggested(
    patient, misspelt, another_patient, patient_elsewhere, harbour, clinic_admin
):
    """Everybody of the cast was born on the same day; only the misspelt one sounds alike."""
    married = factories.PatientFactory(
        given_name="N.", family_name="Ogden", search_name="n. ogden", phone=patient.mobile, at=[harbour]
    )
    factories.PatientFactory(
        given_name="Neris", family_name="Calloway", search_name="neris calloway", birth_date=date(1979, 1, 1)
    )

    pairs = {frozenset(pair) for pair in suggested_pairs(clinic_admin)}

    assert pairs == {frozenset({patient, misspelt}), frozenset({patient, married})}
    assert suggested_pairs(clinic_admin, of=another_patient) == []


def test_nobody_is_suggested_who_is_also_known_where_one_may_not_merge(
    patient, misspelt, northgate, clinic_admin, receptionist
):
    PatientClinic.objects.create(patient=misspelt, clinic=northgate)

    assert suggested_pairs(clinic_admin) == suggested_pairs(receptionist) == []


def test_two_people_are_not_suggested_again_until_that_is_undone(patient, misspelt, clinic_admin):
    pair = tell_apart(one=misspelt, other=patient, by=clinic_admin)
    assert suggested_pairs(clinic_admin) == suggested_pairs(clinic_admin, of=patient) == []

    undo_tell_apart(pair=pair, by=clinic_admin)

    assert [set(each) for each in suggested_pairs(clinic_admin)] == [{patient, misspelt}]
    with pytest.raises(WrongStatus):
        undo_tell_apart(pair=pair, by=clinic_admin)


def test_a_third_record_is_still_suggested(patient, misspelt, harbour, clinic_admin):
    third = factories.PatientFactory(
        given_name="Nerys", family_name="Caloway", search_name="nerys caloway", at=[harbour]
    )
    tell_apart(one=patient, other=misspelt, by=clinic_admin)

    assert {frozenset(each) for each in suggested_pairs(clinic_admin)} == {
        frozenset({patient, third}),
        frozenset({misspelt, third}),
    }


def test_said_twice_in_any_order_it_is_remembered_once(patient, misspelt, clinic_admin):
    pair = tell_apart(one=patient, other=misspelt, by=clinic_admin)

    assert tell_apart(one=misspelt, other=patient, by=clinic_admin) == pair
    assert DistinctPair.objects.count() == 1
    assert LogEntry.objects.filter(event="patient.told_apart").count() == 2


def test_both_trails_name_the_other_record_and_nobody(patient, misspelt, clinic_admin):
    undo_tell_apart(pair=tell_apart(one=patient, other=misspelt, by=clinic_admin), by=clinic_admin)

    for event in ("patient.told_apart", "patient.told_apart_undone"):
        rows = {row.object_pk: row for row in LogEntry.objects.filter(event=event, actor=clinic_admin)}
        assert set(rows) == {str(patient.pk), str(misspelt.pk)}
        assert rows[str(patient.pk)].additional_data["other"] == str(misspelt.pk)
        assert rows[str(misspelt.pk)].additional_data["other"] == str(patient.pk)


def test_telling_apart_needs_the_right_at_every_clinic_that_knows_either(
    patient, misspelt, northgate, clinic_admin, receptionist, receptionist_elsewhere
):
    for who in (receptionist, receptionist_elsewhere):
        with pytest.raises(NotAllowed):
            tell_apart(one=patient, other=misspelt, by=who)
    pair = tell_apart(one=patient, other=misspelt, by=clinic_admin)
    PatientClinic.objects.create(patient=misspelt, clinic=northgate)

    with pytest.raises(NotAllowed):
        undo_tell_apart(pair=pair, by=clinic_admin)
    assert DistinctPair.objects.in_force().count() == 1


def test_a_record_that_is_gone_is_not_told_apart_and_two_people_can_still_be_merged(
    patient, misspelt, another_patient, clinic_admin
):
    tell_apart(one=patient, other=misspelt, by=clinic_admin)
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin)

    with pytest.raises(InvalidInput):
        tell_apart(one=misspelt, other=another_patient, by=clinic_admin)
