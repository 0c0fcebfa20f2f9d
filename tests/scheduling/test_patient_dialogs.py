"""The patient dialogs: looking people up, adding them in place, suggestions while somebody types."""

from __future__ import annotations

import pytest
from django.urls import reverse

from carebridge.audit.models import LogEntry
from scheduling.models import Patient
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def reception(client, receptionist):
    client.force_login(receptionist, backend=BACKEND)
    return client


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_a_birth_date_alone_finds_nobody(reception, patient_elsewhere, harbour):
    refused = reception.post(
        reverse("scheduling:patient-identify"),
        {"birth_date": patient_elsewhere.birth_date.isoformat(), "clinic": harbour.pk},
        **HTMX,
    )

    assert refused.status_code == 422
    assert "Novak" not in text_of(refused)


def test_a_new_patient_is_added_in_place_and_chosen(reception, harbour):
    form = {
        "given_name": "Grace",
        "family_name": "Whitfield",
        "birth_date": "1979-02-14",
        "sex": "female",
        "mobile": "07700 900218",
        "clinic": harbour.pk,
    }

    added = reception.post(reverse("scheduling:patient-new"), form, **HTMX)

    patient = Patient.objects.get(family_name="Whitfield")
    assert patient.mobile == "+447700900218"
    assert str(patient.pk) in added["HX-Trigger"]


def test_a_likely_duplicate_shows_the_record_on_file_and_saves_nothing(reception, patient, harbour):
    form = {
        "given_name": "Nerys",
        "family_name": "Calloway",
        "birth_date": patient.birth_date.isoformat(),
        "sex": "female",
        "clinic": harbour.pk,
    }

    warned = reception.post(reverse("scheduling:patient-new"), form, **HTMX)
    assert warned.status_code == 422
    assert str(patient.pk) in text_of(warned)
    assert Patient.objects.count() == 1

    added = reception.post(reverse("scheduling:patient-new"), form | {"allow_duplicate": "on"}, **HTMX)
    assert added.status_code == 204
    assert Patient.objects.count() == 2


def test_a_number_nobody_can_dial_is_marked_at_its_field(reception, harbour):
    form = {"given_name": "A", "family_name": "B", "birth_date": "1990-01-01", "sex": "unknown", "clinic": harbour.pk}

    refused = reception.post(reverse("scheduling:patient-new"), form | {"mobile": "12"}, **HTMX)

    assert refused.status_code == 422
    assert "id_mobile_error" in text_of(refused)


def test_opening_a_record_is_logged_with_the_name_of_who_opened_it(
    reception, patient, receptionist, receptionist_elsewhere
):
    assert "Nerys Calloway" in text_of(reception.get(reverse("scheduling:patient", args=[patient.pk])))

    assert LogEntry.objects.get(event="patient.opened").actor == receptionist
    reception.force_login(receptionist_elsewhere, backend=BACKEND)
    assert reception.get(reverse("scheduling:patient", args=[patient.pk])).status_code == 404


def test_suggestions_cost_the_same_for_one_person_and_for_three(reception, harbour, statements_of):
    def add(family_name: str):
        factories.PatientFactory(family_name=family_name, search_name=f"ann {family_name.lower()}", at=[harbour])

    def suggest() -> str:
        return text_of(reception.post(reverse("scheduling:patient-suggest"), {"patient_text": "whit"}, **HTMX))

    add("Whitby")
    for_one = statements_of(suggest)
    add("Whitfield")
    add("Whitlock")
    for_three = statements_of(suggest)

    assert suggest().count("data-value=") == 3
    assert for_one == for_three <= 9, "two of them record that somebody looked"
