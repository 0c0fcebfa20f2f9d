"""Two records of one person become one, and apart again."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from carebridge.accounts.models import Role
from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.duplicates import current_id
from scheduling.errors import PolicyRefused, RecordMerged, RecordsDiffer, StaleVersion, UndoTooLate
from scheduling.memberships import grant_membership
from scheduling.merging import merge_patients, undo_merge
from scheduling.models import Appointment, Patient, PatientClinic, Referral, ScheduleEvent
from scheduling.patients import update_patient
from scheduling.permissions import forget_roles
from scheduling.rescheduling import reschedule_appointment
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def misspelt(harbour) -> Patient:
    """Nerys Calloway once more, as somebody heard it on the phone."""
    return factories.PatientFactory(
        given_name="Neris", family_name="Caloway", search_name="neris caloway", pms_number="1234566", at=[harbour]
    )


@pytest.fixture
def book(dr_osei, dr_wilk, room_1, room_2, harbour, consultation, receptionist, monday):
    def run(patient: Patient, at: time, doctor=dr_osei, **more):
        return book_appointment(
            patient=patient,
            appointment_type=consultation,
            doctor=doctor,
            clinic=harbour,
            starts_at=datetime.combine(monday, at, tzinfo=harbour.zone),
            by=receptionist,
            **more,
        )

    return run


def state() -> dict[str, list[tuple]]:
    """Everything that a merge may touch, but for counters and timestamps of it."""
    details = [f.attname for f in Patient._meta.concrete_fields if f.name != "version"]
    return {
        "patients": sorted(Patient.objects.values_list(*details), key=str),
        "clinics": sorted(PatientClinic.objects.values_list("patient", "clinic", "since"), key=str),
        "visits": sorted(Appointment.objects.values_list("pk", "patient", "status", "starts_at", "referral")),
        "referrals": sorted(Referral.objects.values_list("pk", "patient", "number")),
    }


# --- Merging -------------------------------------------------------------------------------------------------------


def test_everything_of_the_removed_record_is_the_kept_ones_and_old_ids_lead_there(
    book, patient, misspelt, clinic_admin
):
    visit = book(misspelt, time(9))
    referral = factories.ReferralFactory(patient=misspelt)

    merge_patients(keep=patient, remove=misspelt, by=clinic_admin)

    visit.refresh_from_db()
    referral.refresh_from_db()
    misspelt.refresh_from_db()
    assert visit.patient == referral.patient == misspelt.merged_into == patient
    assert current_id(misspelt.pk) == current_id(patient.pk) == patient.pk
    assert not Patient.objects.visible_to(clinic_admin).filter(pk=misspelt.pk).exists()


def test_the_details_that_were_chosen_stay_and_the_others_wait_on_the_removed_record(patient, misspelt, clinic_admin):
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin, take=["pms_number", "given_name"])

    patient.refresh_from_db()
    misspelt.refresh_from_db()
    assert (patient.given_name, patient.pms_number, patient.search_name) == ("Neris", "1234566", "neris calloway")
    assert (misspelt.given_name, misspelt.pms_number) == ("Nerys", None)


def test_two_people_at_the_same_time_are_two_people(book, patient, misspelt, clinic_admin, dr_wilk, patient_request):
    ours, theirs = book(patient, time(9)), book(misspelt, time(9, 15), doctor=dr_wilk)

    with pytest.raises(RecordsDiffer) as refused:
        merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    assert refused.value.detail["visits"] == [(ours.reference, theirs.reference)]
    assert ours.reference in refused.value.message

    cancel_appointment(appointment=theirs, reason=patient_request, by=clinic_admin)
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin)


def test_merging_needs_the_right_at_every_clinic_that_knows_either(patient, misspelt, northgate, clinic_admin):
    PatientClinic.objects.create(patient=misspelt, clinic=northgate)

    with pytest.raises(NotAllowed) as refused:
        merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    assert northgate.name not in refused.value.message

    grant_membership(user=clinic_admin, clinic=northgate, role=Role.CLINIC_ADMINISTRATOR, by=None)
    forget_roles(clinic_admin)
    merge = merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    assert merge.clinics_moved == [northgate.pk]


def test_a_receptionist_does_not_merge(patient, misspelt, receptionist):
    with pytest.raises(NotAllowed):
        merge_patients(keep=patient, remove=misspelt, by=receptionist)


def test_a_record_that_changed_since_it_was_compared_is_compared_again(patient, misspelt, clinic_admin):
    update_patient(patient=misspelt, by=clinic_admin, mobile="07700 900111")

    with pytest.raises(StaleVersion):
        merge_patients(keep=patient, remove=misspelt, by=clinic_admin, versions=(1, 1))


def test_a_record_merges_once_and_never_with_itself(patient, misspelt, another_patient, clinic_admin):
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin)

    with pytest.raises(InvalidInput):
        merge_patients(keep=another_patient, remove=misspelt, by=clinic_admin)
    with pytest.raises(InvalidInput):
        merge_patients(keep=patient, remove=patient, by=clinic_admin)


def test_nobody_books_for_a_record_that_was_merged_away(book, patient, misspelt, clinic_admin):
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin)

    with pytest.raises(RecordMerged):
        book(misspelt, time(9))


def test_the_trail_names_what_was_exchanged_and_no_value(patient, misspelt, book, clinic_admin):
    book(misspelt, time(9))
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin, take=["given_name", "pms_number"])

    rows = LogEntry.objects.filter(event="patient.merged")
    written = " ".join(f"{row.changes} {row.object_repr} {row.additional_data}" for row in LogEntry.objects.all())
    assert {row.object_pk for row in rows} == {str(patient.pk), str(misspelt.pk)}
    assert all({"given_name", "pms_number"} <= set(row.changes) for row in rows)
    assert not any(value in written for value in ("Neris", "Nerys", "Caloway", "1234566"))
    assert ScheduleEvent.objects.filter(kind="appointment.patient_changed").count() == 1


# --- Undoing -------------------------------------------------------------------------------------------------------


def test_undoing_restores_exactly_what_there_was(book, patient, misspelt, northgate, clinic_admin):
    grant_membership(user=clinic_admin, clinic=northgate, role=Role.CLINIC_ADMINISTRATOR, by=None)
    forget_roles(clinic_admin)
    PatientClinic.objects.create(patient=misspelt, clinic=northgate)
    PatientClinic.objects.filter(patient=misspelt).update(since=timezone.now() - timedelta(days=400))
    book(patient, time(9))
    book(misspelt, time(11), referral=factories.ReferralFactory(patient=misspelt))
    before = state()

    merge = merge_patients(keep=patient, remove=misspelt, by=clinic_admin, take=["given_name", "pms_number"])
    assert state() != before
    undo_merge(merge=merge, by=clinic_admin)

    assert state() == before


def test_a_visit_moved_since_goes_back_with_its_patient_and_one_booked_since_stays(
    book, patient, misspelt, clinic_admin, receptionist
):
    visit = book(misspelt, time(9))
    merge = merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    visit.refresh_from_db()
    moved = reschedule_appointment(appointment=visit, starts_at=visit.starts_at + timedelta(hours=1), by=receptionist)
    booked_since = book(patient, time(15))

    undo_merge(merge=merge, by=clinic_admin)

    moved.refresh_from_db()
    booked_since.refresh_from_db()
    assert (moved.patient, booked_since.patient) == (misspelt, patient)


def test_exchanged_details_corrected_since_stand_in_the_way(patient, misspelt, clinic_admin):
    merge = merge_patients(keep=patient, remove=misspelt, by=clinic_admin, take=["given_name"])
    update_patient(patient=patient, by=clinic_admin, given_name="Nerissa")

    with pytest.raises(UndoTooLate, match="corrected since"):
        undo_merge(merge=merge, by=clinic_admin)


def test_a_referral_used_since_by_a_visit_that_would_stay_stands_in_the_way(book, patient, misspelt, clinic_admin):
    referral = factories.ReferralFactory(patient=misspelt)
    merge = merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    referral.refresh_from_db()
    visit = book(patient, time(9), referral=referral)

    with pytest.raises(UndoTooLate, match=visit.reference):
        undo_merge(merge=merge, by=clinic_admin)


def test_merges_are_undone_last_first_and_once(patient, misspelt, another_patient, clinic_admin):
    first = merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    second = merge_patients(keep=another_patient, remove=patient, by=clinic_admin)
    assert current_id(misspelt.pk) == another_patient.pk

    with pytest.raises(UndoTooLate, match="Undo that first"):
        undo_merge(merge=first, by=clinic_admin)
    undo_merge(merge=second, by=clinic_admin)
    undo_merge(merge=first, by=clinic_admin)
    with pytest.raises(UndoTooLate, match="undone already"):
        undo_merge(merge=first, by=clinic_admin)


def test_what_was_read_before_the_undo_writes_nothing_onto_the_wrong_record(
    book, patient, misspelt, clinic_admin, receptionist
):
    book(misspelt, time(9))
    merge = merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    visit = Appointment.objects.select_related("patient").get()
    undo_merge(merge=merge, by=clinic_admin)

    with pytest.raises(StaleVersion):
        reschedule_appointment(appointment=visit, starts_at=visit.starts_at + timedelta(hours=1), by=receptionist)
    assert list(Appointment.objects.values_list("patient", "status")) == [(misspelt.pk, "confirmed")]


def test_a_referral_read_before_the_undo_is_the_other_records(book, patient, misspelt, clinic_admin):
    referral = factories.ReferralFactory(patient=misspelt)
    merge = merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    referral.refresh_from_db()
    undo_merge(merge=merge, by=clinic_admin)

    with pytest.raises(PolicyRefused, match="belongs to another patient"):
        book(patient, time(9), referral=referral)
