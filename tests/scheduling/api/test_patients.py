"""Patients over REST: who is found, what is shown, what is recorded."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carebridge.audit.models import LogEntry
from scheduling.memberships import grant_membership
from scheduling.models import Patient
from tests import factories

URL = "/api/v1/patients/"


@pytest.fixture
def newcomer(harbour):
    return {
        "clinic": harbour.pk,
        "given_name": "Zofia",
        "family_name": "Łuczak",
        "birth_date": "1991-03-14",
        "sex": "female",
        "mobile": "07700 900123",
    }


def test_reception_finds_a_patient_with_contacts(api, receptionist, patient, another_patient, patient_elsewhere):
    found = api(receptionist).get(URL, {"search": "call ner"}).json()["results"]

    assert [row["id"] for row in found] == [str(patient.pk)]
    assert found[0]["mobile"] == "+447700900461"
    assert found[0]["name"] == "Nerys Calloway"


def test_patients_elsewhere_are_not_found(api, receptionist, patient_elsewhere, patient):
    client = api(receptionist)

    assert client.get(URL, {"search": "novak"}).json()["results"] == []
    assert client.get(f"{URL}{patient_elsewhere.pk}/").status_code == 404
    assert client.patch(f"{URL}{patient_elsewhere.pk}/", {"given_name": "X"}).status_code == 404


@pytest.mark.parametrize("who", ["support", "manager", "sysadmin", "receptionist_elsewhere", "doctor_user"])
def test_roles_without_patients_see_none(request, api, patient, who):
    user = request.getfixturevalue(who)

    assert api(user).get(URL).json()["results"] == []
    assert api(user).get(f"{URL}{patient.pk}/").status_code == 404


def test_only_the_clinics_that_the_caller_may_see_are_named(api, receptionist, patient, harbour, northgate):
    patient.clinics.create(clinic=northgate)

    assert api(receptionist).get(f"{URL}{patient.pk}/").json()["clinics"] == [harbour.pk]


def test_contacts_are_hidden_from_roles_without_them(api, receptionist, patient, monkeypatch):
    from carebridge.accounts.models import Role
    from scheduling import roles

    without = roles.ROLE_PERMISSIONS[Role.RECEPTIONIST] - {roles.Permission.SEE_CONTACTS}
    monkeypatch.setitem(roles.ROLE_PERMISSIONS, Role.RECEPTIONIST, without)

    body = api(receptionist).get(f"{URL}{patient.pk}/").json()

    assert body["name"] == "Nerys Calloway"
    assert (body["mobile"], body["email"], body["address"], body["contact_note"]) == (None, None, None, None)


def test_every_look_is_recorded(api, receptionist, patient):
    client = api(receptionist)

    client.get(f"{URL}{patient.pk}/")
    client.get(URL, {"search": "calloway"})

    events = LogEntry.objects.filter(actor=receptionist).values_list("event", flat=True)
    assert {"patient.viewed", "patient.listed"} <= set(events)
    assert not LogEntry.objects.filter(changes__icontains="calloway").exists()


def test_reception_registers_a_patient(api, receptionist, newcomer, harbour):
    answer = api(receptionist).post(URL, newcomer)

    assert answer.status_code == 201, answer.content
    assert answer.json()["mobile"] == "+447700900123"
    assert answer.json()["clinics"] == [harbour.pk]
    assert Patient.objects.get(pk=answer.json()["id"]).family_name == "Łuczak"


def test_the_same_person_twice_is_noticed(api, receptionist, newcomer):
    client = api(receptionist)
    first = client.post(URL, newcomer).json()["id"]

    twice = client.post(URL, newcomer)
    meant = client.post(URL, {**newcomer, "allow_duplicate": True})

    assert (twice.status_code, twice.json()["code"]) == (409, "duplicate_patient")
    assert twice.json()["patients"] == [first]
    assert meant.status_code == 201


def test_a_repeated_registration_makes_one_patient(api, receptionist, newcomer):
    client = api(receptionist)

    answers = [client.post(URL, newcomer, HTTP_IDEMPOTENCY_KEY="new-1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Patient.objects.filter(family_name="Łuczak").count() == 1


def test_a_correction_keeps_what_it_does_not_name(api, receptionist, patient):
    answer = api(receptionist).patch(f"{URL}{patient.pk}/", {"postcode": "SE1 7PB"})

    assert answer.json()["postcode"] == "SE1 7PB"
    assert answer.json()["mobile"] == "+447700900461"


def test_a_correction_of_an_older_copy_is_refused(api, receptionist, patient):
    client = api(receptionist)
    seen = client.get(f"{URL}{patient.pk}/")["ETag"]

    first = client.patch(f"{URL}{patient.pk}/", {"postcode": "SE1 7PB"}, HTTP_IF_MATCH=seen)
    second = client.patch(f"{URL}{patient.pk}/", {"postcode": "N1 9GU"}, HTTP_IF_MATCH=seen)

    assert first.status_code == 200
    assert first["ETag"] != seen
    assert (second.status_code, second.json()["code"]) == (412, "stale_version")


def test_an_unchanged_patient_is_not_sent_again(api, receptionist, patient):
    client = api(receptionist)
    tag = client.get(f"{URL}{patient.pk}/")["ETag"]

    assert client.get(f"{URL}{patient.pk}/", HTTP_IF_NONE_MATCH=tag).status_code == 304


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"given_name": ""}, "given_name"),
        ({"given_name": "x" * 81}, "given_name"),
        ({"family_name": None}, "family_name"),
        ({"birth_date": "14/03/1991"}, "birth_date"),
        ({"birth_date": "2991-03-14"}, "birth_date"),
        ({"sex": "f"}, "sex"),
        ({"email": "zofia"}, "email"),
        ({"mobile": "call me"}, "phone"),
        ({"pms_number": "1234567"}, "pms_number"),
        ({"preferred_times": "morning"}, "preferred_times"),
        ({"clinic": "harbour"}, "clinic"),
        ({"clinic": True}, "clinic"),
        ({"given_name": "Zo\x00fia"}, "given_name"),
    ],
)
def test_details_that_cannot_be_are_refused_by_name(api, receptionist, newcomer, change, field):
    answer = api(receptionist).post(URL, {**newcomer, **change})

    assert answer.status_code == 422, answer.content
    assert field in answer.json()["errors"]
    assert not Patient.objects.exists()


def test_registering_at_a_clinic_one_does_not_work_for_is_not_found(api, receptionist, support, newcomer, northgate):
    assert api(receptionist).post(URL, {**newcomer, "clinic": northgate.pk}).status_code == 404
    assert api(support).post(URL, newcomer).status_code == 403


def test_a_patient_of_two_clinics_is_listed_once(api, receptionist, patient, northgate):
    from carebridge.accounts.models import Role

    patient.clinics.create(clinic=northgate)
    grant_membership(user=receptionist, clinic=northgate, role=Role.RECEPTIONIST, by=None)

    rows = api(receptionist).get(URL).json()["results"]

    assert len(rows) == 1
    assert len(rows[0]["clinics"]) == 2


def test_the_list_costs_the_same_statements_for_one_row_and_three(api, receptionist, patient, harbour):
    client = api(receptionist)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    factories.PatientFactory(at=[harbour])
    factories.PatientFactory(at=[harbour])
    with CaptureQueriesContext(connection) as three:
        answer = client.get(URL)

    assert len(answer.json()["results"]) == 3
    assert len(three) == len(one) <= 5
