"""The waitlist over REST: reading it, and putting a patient on it."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from carebridge.accounts.tokens import ApiToken
from tests import factories
from waitlist.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(receptionist) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.objects.issue(user=receptionist)[1]}")
    return client


def test_a_portal_puts_a_patient_on_the_list_once_and_reads_it(
    api, patient, consultation, dr_osei, harbour, statements_of
):
    asked = {
        "patient": str(patient.pk),
        "clinic": harbour.pk,
        "appointment_type": consultation.pk,
        "doctor": dr_osei.pk,
        "urgency": "soon",
        "urgency_reason": "Pain at night",
        "weekdays": [0, 2],
        "from_time": "09:00",
    }
    made = api.post("/api/v1/waitlist/entries/", asked, format="json", headers={"Idempotency-Key": "one"})
    again = api.post("/api/v1/waitlist/entries/", asked, format="json", headers={"Idempotency-Key": "one"})
    twice = api.post("/api/v1/waitlist/entries/", asked, format="json")

    assert (made.status_code, again.status_code, twice.status_code) == (201, 201, 409)
    assert twice.json()["code"] == "already_waiting"
    assert again.json()["id"] == made.json()["id"] == Entry.objects.get().pk
    (row,) = api.get("/api/v1/waitlist/entries/?urgency=soon").json()["results"]
    assert (row["urgency"], row["weekdays"], row["from_time"]) == ("soon", [0, 2], "09:00:00")
    assert api.get("/api/v1/waitlist/entries/?urgency=urgent").json()["results"] == []

    for_one = statements_of(lambda: api.get("/api/v1/waitlist/entries/"))
    for _ in range(2):
        somebody = str(factories.PatientFactory(at=[harbour]).pk)
        api.post("/api/v1/waitlist/entries/", {**asked, "patient": somebody}, format="json")
    for_three = statements_of(lambda: api.get("/api/v1/waitlist/entries/"))
    assert for_one == for_three


def test_what_is_wrong_is_named(api, patient, consultation, dr_osei, harbour):
    asked = {"patient": str(patient.pk), "clinic": harbour.pk, "appointment_type": consultation.pk, "urgency": "urgent"}
    refused = api.post("/api/v1/waitlist/entries/", asked, format="json")

    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == ["urgency_reason"]


def test_offers_are_listed_while_they_stand_and_after(api, freed, waits, sweep):
    waits()
    offer = sweep()

    (row,) = api.get("/api/v1/waitlist/offers/?state=sent").json()["results"]

    assert (row["appointment"], row["entry"]) == (offer.appointment.reference, offer.entry_id)
