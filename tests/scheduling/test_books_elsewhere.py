"""Booking into another clinic of the group: a right of its own, which shows free times there and nothing else."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from django.test import Client

from carebridge.accounts.models import Role
from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.booking import book_appointment
from scheduling.holds import hold_slot
from scheduling.memberships import (
    allow_booking_elsewhere,
    disallow_booking_elsewhere,
    grant_membership,
    revoke_membership,
)
from scheduling.models import Appointment, Clinic, ClinicMembership, Doctor, Patient
from scheduling.permissions import clinic_ids_with, forget_roles, may
from scheduling.roles import Permission
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def dr_north(northgate, consultation, northgate_room) -> Doctor:
    doctor = factories.DoctorFactory(given_name="Sanna", family_name="Lund", at=[northgate])
    factories.works_on_weekdays(doctor.resource, northgate)
    factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=northgate)
    return doctor


@pytest.fixture
def membership(receptionist, harbour) -> ClinicMembership:
    return ClinicMembership.objects.get(user=receptionist, clinic=harbour)


@pytest.fixture
def wish(patient, consultation, dr_north, northgate, monday):
    starts_at = datetime.combine(monday, time(10), tzinfo=northgate.zone)
    return {
        "patient": patient,
        "appointment_type": consultation,
        "doctor": dr_north,
        "clinic": northgate,
        "starts_at": starts_at,
    }


@pytest.fixture
def allowed(membership, clinic_admin, receptionist):
    """The receptionist of Harbour, who may book into the other clinics too."""
    allow_booking_elsewhere(membership=membership, by=clinic_admin)
    forget_roles(receptionist)
    return receptionist


def test_without_the_right_the_other_clinic_does_not_exist(receptionist, northgate, wish):
    assert not Clinic.objects.visible_to(receptionist).contains(northgate)
    with pytest.raises(NotAllowed):
        book_appointment(**wish, by=receptionist)


def test_with_it_a_time_there_is_found_held_and_booked(allowed, northgate, dr_north, wish):
    assert Clinic.objects.visible_to(allowed).contains(northgate)
    assert Doctor.objects.visible_to(allowed).contains(dr_north)

    hold_slot(**{key: wish[key] for key in wish if key != "patient"}, owner="desk", by=allowed)
    booked = book_appointment(**wish, by=allowed, hold="desk")

    assert Appointment.objects.visible_to(allowed).contains(booked)


def test_whoever_books_there_sees_their_own_booking_and_nobody_elses(allowed, wish, patient_elsewhere, northgate):
    other = book_appointment(**{**wish, "patient": patient_elsewhere}, by=None)

    assert not Appointment.objects.visible_to(allowed).contains(other)
    assert not Patient.objects.visible_to(allowed).contains(patient_elsewhere)
    held = {each for each in Permission if may(allowed, each, northgate.pk)}
    assert held == {Permission.SEE_DIRECTORY, Permission.BOOK}


def test_their_booking_opens_as_a_page_without_that_clinics_board(allowed, wish, northgate):
    booked = book_appointment(**wish, by=allowed)
    client = Client()
    client.force_login(allowed)

    assert client.get(f"/board/?clinic={northgate.pk}").status_code == 404
    page = client.get(f"/appointments/{booked.reference}/").content.decode()

    assert "Nerys Calloway" in page
    assert "<h3>History" not in page


def test_the_right_is_handed_out_by_who_hands_out_roles_and_leaves_a_trace(membership, clinic_admin, receptionist):
    with pytest.raises(NotAllowed):
        allow_booking_elsewhere(membership=membership, by=receptionist)

    allow_booking_elsewhere(membership=membership, by=clinic_admin)
    disallow_booking_elsewhere(membership=membership, by=clinic_admin)

    events = LogEntry.objects.filter(event__startswith="membership.books_elsewhere").order_by("pk")
    assert [each.event.rpartition("_")[2] for each in events] == ["granted", "revoked"]


def test_taken_back_it_counts_no_longer(allowed, membership, clinic_admin, northgate):
    disallow_booking_elsewhere(membership=membership, by=clinic_admin)
    forget_roles(allowed)

    assert northgate.pk not in clinic_ids_with(allowed, Permission.BOOK)


def test_it_ends_with_the_role(allowed, harbour, clinic_admin, northgate):
    revoke_membership(user=allowed, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)
    grant_membership(user=allowed, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    assert not may(allowed, Permission.BOOK, northgate.pk)


def test_a_role_that_books_nothing_books_nothing_elsewhere(support, harbour, clinic_admin, sysadmin):
    with pytest.raises(InvalidInput):
        allow_booking_elsewhere(membership=ClinicMembership.objects.get(user=support, clinic=harbour), by=sysadmin)


def test_a_time_taken_by_a_visit_at_another_clinic_is_named_by_no_reference(
    receptionist, patient, consultation, dr_osei, room_1, harbour, wish, monday: date
):
    elsewhere = book_appointment(**wish, by=None)
    here = {"patient": patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}

    with pytest.raises(Exception, match="a visit at another clinic") as refused:
        book_appointment(**here, starts_at=wish["starts_at"], by=receptionist)

    assert elsewhere.reference not in str(refused.value.detail)
