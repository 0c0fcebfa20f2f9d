"""Asking a patient to choose a time: what staff may ask, what the patient may take, and once only."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction

from carebridge.errors import InvalidInput, NotAllowed
from scheduling.booking_invitations import accept_invitation, invite_to_book, withdraw_invitation
from scheduling.errors import LinkOver
from scheduling.links import token_of
from scheduling.models import Appointment, BookingInvitation
from tests.scheduling.self_service.conftest import Phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def invite(patient, harbour, consultation, dr_osei, dr_wilk, receptionist, monday):
    """Reception asks the patient to choose a consultation in the week of the Monday."""

    def made(**more) -> BookingInvitation:
        facts = {"patient": patient, "clinic": harbour, "appointment_type": consultation, "by": receptionist}
        return invite_to_book(**{**facts, "first_day": monday, "last_day": monday + timedelta(days=4), **more})

    return made


@pytest.fixture
def invitation(invite) -> BookingInvitation:
    return invite()


@pytest.fixture
def phone(invitation, patient) -> Phone:
    """The patient's telephone, past the birth date."""
    phone = Phone()
    phone.token = token_of(invitation.link)
    assert phone.says_birth_date(patient.birth_date).status_code == 302
    return phone


@pytest.fixture
def ten(dr_osei, harbour, at) -> str:
    """Monday at ten with Dr Osei, as the button sends it."""
    return f"{dr_osei.pk}.{harbour.pk}.{at('10:00').isoformat()}"


def test_the_patient_picks_a_time_agrees_and_has_the_visit(phone, invitation, ten, at):
    assert ten in phone.open().content.decode()
    sure = phone.press("", slot=ten)
    assert (sure.status_code, Appointment.objects.count()) == (200, 0)

    phone.press("", slot=ten, sure="1")
    booked = Appointment.objects.get()
    assert (booked.starts_at, booked.channel, booked.status) == (at("10:00"), "link", "confirmed")
    assert booked.reference in phone.open().content.decode()


def test_a_link_books_once_however_often_it_is_pressed(phone, ten, dr_osei, harbour, at):
    later = f"{dr_osei.pk}.{harbour.pk}.{at('14:00').isoformat()}"
    for slot in (ten, ten, later):
        phone.press("", slot=slot, sure="1")

    assert Appointment.objects.get().starts_at == at("10:00")


def test_what_was_booked_by_the_link_is_managed_by_it(phone, ten, patient_request):
    phone.press("", slot=ten, sure="1")
    phone.press("cancel/")

    assert Appointment.objects.get().status == "cancelled"


@pytest.mark.parametrize("page", ["confirm/", "cancel/", "undo/", "here/", "time/"])
def test_before_there_is_a_visit_nothing_is_done_with_one(phone, page):
    assert phone.press(page).status_code == 302
    assert phone.open(page).status_code in (302, 405)


def test_only_days_within_the_invitation_are_offered(phone, invitation, monday):
    text = phone.open(f"?from={monday - timedelta(days=7)}").content.decode()

    assert monday.isoformat() in text
    assert (monday + timedelta(days=7)).isoformat() not in text


def test_a_time_outside_the_invitation_is_not_taken(phone, dr_osei, harbour, at):
    outside = f"{dr_osei.pk}.{harbour.pk}.{(at('10:00') + timedelta(days=7)).isoformat()}"

    assert phone.press("", slot=outside, sure="1").status_code == 422
    assert not Appointment.objects.exists()


def test_another_doctor_than_the_one_asked_for_is_not_taken(invite, dr_osei, dr_wilk, harbour, at, patient):
    phone = Phone()
    phone.token = token_of(invite(doctor=dr_osei).link)
    phone.says_birth_date(patient.birth_date)

    assert phone.press("", slot=f"{dr_wilk.pk}.{harbour.pk}.{at('10:00').isoformat()}", sure="1").status_code == 422


def test_a_withdrawn_link_books_nothing(phone, invitation, receptionist, ten):
    withdraw_invitation(invitation=invitation, by=receptionist)

    assert phone.press("", slot=ten, sure="1").status_code == 410
    with pytest.raises(LinkOver):
        withdraw_invitation(invitation=invitation, by=receptionist)


def test_a_link_ends_with_its_last_day(stranger_at, invitation):
    assert stranger_at(invitation.expires_at - timedelta(seconds=1)).status_code == 200
    assert stranger_at(invitation.expires_at).status_code == 410


@pytest.fixture
def stranger_at(invitation):
    """The link followed at an instant."""

    def follow(instant):
        phone = Phone()
        phone.token = token_of(invitation.link)
        with time_machine.travel(instant, tick=False):
            return phone.open()

    return follow


def test_a_booking_that_fails_leaves_the_invitation_to_be_used(invitation, dr_osei, at):
    class PlugPulled(Exception):
        pass

    @transaction.atomic
    def cut_off_after_booking():
        accept_invitation(invitation=invitation, doctor=dr_osei, starts_at=at("10:00"))
        raise PlugPulled

    with pytest.raises(PlugPulled):
        cut_off_after_booking()
    invitation.refresh_from_db()

    assert (invitation.appointment, Appointment.objects.count()) == (None, 0)


def test_who_may_not_book_there_invites_nobody(invite, receptionist_elsewhere):
    with pytest.raises(NotAllowed):
        invite(by=receptionist_elsewhere)


def test_a_visit_that_nobody_performs_there_is_not_offered(invite, northgate, manager, dr_wilk, receptionist_elsewhere):
    with pytest.raises(InvalidInput):
        invite(clinic=northgate, by=receptionist_elsewhere)


@pytest.mark.parametrize(("first", "days"), [(0, -1), (0, 93), (-60, 10)])
def test_days_that_are_no_stretch_to_come_are_refused(invite, monday, first, days):
    start = monday + timedelta(days=first)
    with pytest.raises(InvalidInput):
        invite(first_day=start, last_day=start + timedelta(days=days))


def test_reception_sends_a_link_and_withdraws_it(client, receptionist, patient, consultation, harbour, dr_osei, monday):
    client.force_login(receptionist)
    sent = {"appointment_type": consultation.pk, "clinic": harbour.pk, "first_day": monday, "last_day": monday}
    assert client.post(f"/patients/{patient.pk}/booking-link/", sent).status_code == 302
    page = client.get(f"/patients/{patient.pk}/").content.decode()
    assert "waiting" in page

    invitation = BookingInvitation.objects.get()
    assert client.post(f"/booking-links/{invitation.pk}/withdraw/").status_code == 302
    assert "withdrawn" in client.get(f"/patients/{patient.pk}/").content.decode()


def test_a_colleague_of_another_clinic_withdraws_nothing(client, receptionist_elsewhere, invitation):
    client.force_login(receptionist_elsewhere)

    assert client.post(f"/booking-links/{invitation.pk}/withdraw/").status_code == 404
