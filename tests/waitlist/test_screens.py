"""The waitlist's screens: who is being asked stays current, and what staff say when they put somebody down."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.models import Referral
from tests import factories
from waitlist.freed import match_due
from waitlist.models import Contact, Entry, FreedSlot, Offer, OfferState
from waitlist.offers import accept

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, receptionist) -> Client:
    client.force_login(receptionist)
    return client


@pytest.mark.parametrize(
    ("likes", "contact", "needs"),
    [("sms", Contact.PHONE, "by_phone"), ("phone", "", "by_phone"), ("phone", Contact.MESSAGE, ""), ("sms", "", "")],
)
def test_who_is_asked_by_telephone_only_is_called(likes, contact, needs, desk, freed, waits, sweep, harbour):
    patient = factories.PatientFactory(at=[harbour], mobile="+447700900123", preferred_channel=likes)
    waits(patient=patient, contact=contact)

    offer = sweep()

    assert (offer.needs, offer.state) == (needs, OfferState.APPROVAL if needs else OfferState.SENT)
    shown = desk.get("/waitlist/offers/").text
    assert ("By telephone only" in shown) is bool(needs)
    assert f"/waitlist/offers/{offer.pk}/approve/" not in shown
    assert f"/waitlist/offers/{offer.pk}/yes/" in shown


def test_the_part_that_changes_is_asked_for_again_and_is_the_same_until_it_changes(desk, freed, waits, sweep):
    waits()
    offer = sweep()
    tag = re.search(r'data-etag="([^"]+)"', desk.get("/waitlist/").text)[1].replace("&quot;", '"')

    same = desk.get("/waitlist/offers/", headers={"If-None-Match": tag})
    accept(offer=offer, by=None)
    other = desk.get("/waitlist/offers/", headers={"If-None-Match": tag})

    assert (same.status_code, other.status_code) == (304, 200)
    assert "Nobody is being asked" in other.text


def test_many_offers_cost_as_many_statements_as_one(
    desk, waits, consultation, dr_osei, room_1, harbour, receptionist, patient_request, at, statements_of
):
    def free(time: str) -> None:
        wish = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
        visit = book_appointment(patient=factories.PatientFactory(at=[harbour]), starts_at=at(time), **wish)
        cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
        FreedSlot.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        waits()
        match_due()

    free("09:00")
    desk.get("/waitlist/offers/")
    for_one = statements_of(lambda: desk.get("/waitlist/offers/"))
    free("11:00")
    free("14:00")
    for_three = statements_of(lambda: desk.get("/waitlist/offers/"))

    assert Offer.objects.open().count() == 3
    assert for_one == for_three


def test_staff_say_what_would_be_given_up_by_whose_request_and_how_to_ask(desk, visit, cardiology, harbour):
    patient, today = visit.patient, timezone.now().date()
    facts = {"referrer": "Dr Hale", "service": cardiology, "valid_from": today, "valid_until": today.replace(year=2030)}
    referral = Referral.objects.create(patient=patient, number="R-7", **facts)
    other = Referral.objects.create(patient=factories.PatientFactory(at=[harbour]), number="R-8", **facts)
    asked = {
        "appointment_type": visit.appointment_type_id,
        "clinic": visit.clinic_id,
        "urgency": 0,
        "contact": "phone",
        "visit": visit.pk,
        "referral": referral.pk,
    }
    address = f"/patients/{patient.pk}/waitlist/"

    assert desk.post(address, {**asked, "referral": other.pk}).status_code == 422
    assert desk.post(address, asked).status_code == 302
    entry = Entry.objects.get()
    assert (entry.visit, entry.referral, entry.contact) == (visit, referral, "phone")
