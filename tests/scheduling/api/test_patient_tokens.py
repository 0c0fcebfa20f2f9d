"""A portal lets a verified patient in: the token opens this one person's data, for a quarter of an hour."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from carebridge.accounts.models import Role
from carebridge.accounts.tokens import ApiToken, PatientToken, Scope
from carebridge.audit.models import LogEntry
from scheduling.api_access import close_service_account, create_service_account, issue_token, revoke_token
from scheduling.memberships import revoke_membership
from scheduling.models import Appointment, Clinic, ScheduleEvent, Status
from tests import factories
from tests.scheduling.api.test_token_scopes import SCOPED

EXCHANGE = "/api/v1/auth/patient-token/"
ME = "/api/v1/me/"


def carrying(secret):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.fixture
def account(harbour, clinic_admin):
    return create_service_account(name="Patient portal", clinics=[harbour], by=clinic_admin)


@pytest.fixture
def key(account, harbour, clinic_admin):
    """The portal's own token."""
    scopes = [Scope.PATIENTS_EXCHANGE, Scope.DIRECTORY_READ]
    return issue_token(user=account, name="Production", scopes=scopes, clinics=[harbour], days=30, by=clinic_admin)


@pytest.fixture
def portal(key):
    return carrying(key.secret)


@pytest.fixture
def let_in(portal):
    """A client that carries the token of a patient whom the portal has verified."""

    def client(patient):
        answer = portal.post(EXCHANGE, {"patient": str(patient.pk), "birth_date": str(patient.birth_date)})
        assert answer.status_code == 201, answer.content
        return carrying(answer.json()["token"])

    return client


@pytest.fixture
def theirs(book, another_patient):
    """Martin Kessler's visit at eleven, which nobody but he and the staff may see."""
    return book(another_patient, 11, notes="Kessler's note")


# --- Being let in ------------------------------------------------------------------------------------------------


def test_a_verified_patient_is_let_in_for_a_quarter_of_an_hour(let_in, patient):
    client = let_in(patient)

    assert client.get(ME).json()["name"] == "Nerys Calloway"
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        assert client.get(ME).status_code == 401


def test_the_pms_number_names_a_patient_as_well(portal, harbour):
    someone = factories.PatientFactory(pms_number=factories.valid_pms_number(7), at=[harbour])

    answer = portal.post(EXCHANGE, {"pms_number": someone.pms_number, "birth_date": str(someone.birth_date)})

    assert carrying(answer.json()["token"]).get(ME).json()["id"] == str(someone.pk)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("fault", ["birth date", "clinic", "inactive", "nobody"])
def test_a_wrong_birth_date_and_a_stranger_get_the_same_answer(portal, patient, patient_elsewhere, fault):
    asked = {"patient": str(patient.pk), "birth_date": str(patient.birth_date)}
    if fault == "birth date":
        asked["birth_date"] = "1980-05-18"
    elif fault == "clinic":
        asked = {"patient": str(patient_elsewhere.pk), "birth_date": str(patient_elsewhere.birth_date)}
    elif fault == "inactive":
        patient.is_active = False
        patient.save()
    else:
        asked["patient"] = "00000000-0000-4000-8000-000000000000"

    answer = portal.post(EXCHANGE, asked)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"].startswith("We know nobody")
    assert not PatientToken.objects.exists()


def test_the_trail_says_who_was_let_in_and_who_was_tried(portal, account, key, patient):
    portal.post(EXCHANGE, {"patient": str(patient.pk), "birth_date": "1980-05-18"})
    portal.post(EXCHANGE, {"patient": str(patient.pk), "birth_date": str(patient.birth_date)})

    tried = LogEntry.objects.get(refused=True)
    done = LogEntry.objects.get(event="patient.let_in")
    assert (tried.event, tried.actor) == ("exchange_patient.refused", account)
    assert (done.actor, done.patient_id) == (account, patient.pk)
    assert done.additional_data["token"] == str(key.token.pk)
    assert done.additional_data["patient_token"] == str(PatientToken.objects.get().pk)


def test_birth_dates_can_not_be_found_out_by_trying(portal, patient, settings):
    settings.RATE_LIMITS = True
    settings.API_RATES = {**settings.API_RATES, "stranger": 3}
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        tries = [{"patient": str(patient.pk), "birth_date": f"1980-05-0{day}"} for day in range(1, 5)]
        tries.append({"patient": str(patient.pk), "birth_date": str(patient.birth_date)})
        answers = [portal.post(EXCHANGE, body).status_code for body in tries]

    assert answers == [404, 404, 404, 429, 429]  # the right one too: otherwise trying on would still find it


@pytest.mark.parametrize("body", [{}, {"birth_date": "1980-05-17"}, {"patient": "x", "birth_date": "1980-05-17"}])
def test_half_an_exchange_is_refused(portal, body):
    assert portal.post(EXCHANGE, body).status_code == 422


# --- One person only ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), SCOPED, ids=lambda each: each)
def test_no_address_of_the_staff_knows_a_patients_token(let_in, patient, method, path):
    answer = let_in(patient).generic(method, f"/api/v1/{path}", "{}", content_type="application/json")

    assert answer.status_code == 401


def test_no_address_for_patients_knows_another_token(portal, api, receptionist):
    for client in (portal, api(receptionist), APIClient()):
        for path in ("", "appointments/", "slots/?appointment_type=1", "clinics/"):
            assert client.get(ME + path).status_code == 401
        assert client.patch(ME, {"mobile": "07700 900999"}).status_code == 401


def test_a_session_of_the_staff_opens_no_address_for_patients(client, receptionist):
    client.force_login(receptionist, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(ME).status_code == 401


def test_every_address_for_patients_is_silent_about_the_other_patient(
    let_in, patient, another_patient, booked, theirs, consultation, patient_request, wanted, at
):
    """Two patients; every route with the other one's ids, references and holds."""
    client = let_in(patient)
    held = let_in(another_patient).post(f"{ME}holds/", {**wanted, "starts_at": at(14).isoformat()}).json()["id"]
    days = f"from={theirs.local_date}&to={theirs.local_date}"
    search = f"appointment_type={consultation.pk}&{days}"
    visit = f"{ME}appointments/{theirs.reference}/"
    stolen = held.rpartition(".")[0] + ".api-guessed-owner"
    answers = [
        client.get(ME),
        client.patch(ME, {"email": "nerys@example.org"}),
        client.get(f"{ME}appointments/"),
        client.get(f"{ME}appointments/?patient={another_patient.pk}&search=kessler"),
        client.get(f"{ME}appointments/{booked.reference}/"),
        client.get(visit),
        client.post(f"{visit}cancel/", {"reason": "patient_request"}),
        client.post(f"{visit}reschedule/", {"starts_at": at(15).isoformat()}),
        client.post(f"{ME}appointments/", {**wanted, "starts_at": theirs.starts_at.isoformat()}),
        client.post(f"{ME}appointments/", {**wanted, "starts_at": at(14).isoformat()}),
        client.get(f"{ME}slots/?{search}"),
        client.get(f"{ME}slots/?{search}&patient={another_patient.pk}"),
        client.get(f"{ME}slots/days/?{search}"),
        client.get(f"{ME}slots/first/?{search}"),
        client.post(f"{ME}holds/", {**wanted, "starts_at": theirs.starts_at.isoformat()}),
        client.post(f"{ME}holds/{stolen}/extend/"),
        client.delete(f"{ME}holds/{stolen}/"),
        *(client.get(f"{ME}{each}/") for each in ("clinics", "doctors", "appointment-types", "cancellation-reasons")),
        client.get(f"{ME}slots/explain/?{search}"),
        client.get(f"{ME}patients/{another_patient.pk}/"),
    ]

    for answer in answers:
        assert answer.status_code < 500
        for mark in ("Kessler", "Martin", str(another_patient.pk), theirs.reference, "blocked", "colleague"):
            assert mark not in answer.content.decode(), (answer.request["PATH_INFO"], mark)
    assert [each.status_code for each in answers[5:8]] == [404, 404, 404]
    theirs.refresh_from_db()
    assert (theirs.status, theirs.version) == (Status.CONFIRMED, 1)


def test_a_visit_can_only_be_booked_for_oneself(let_in, patient, another_patient, wanted):
    answer = let_in(patient).post(f"{ME}appointments/", {**wanted, "patient": str(another_patient.pk)})

    assert answer.status_code == 201
    assert Appointment.objects.get(reference=answer.json()["reference"]).patient == patient


def test_the_same_idempotency_key_of_two_patients_books_twice(let_in, patient, another_patient, wanted, dr_wilk, at):
    headers = {"Idempotency-Key": "1"}
    mine = let_in(patient).post(f"{ME}appointments/", wanted, headers=headers)
    again = let_in(patient).post(f"{ME}appointments/", wanted, headers=headers)
    others = {**wanted, "starts_at": at(16).isoformat()}
    other = let_in(another_patient).post(f"{ME}appointments/", others, headers=headers)

    assert mine.json()["reference"] == again.json()["reference"] != other.json()["reference"]
    assert [mine.status_code, again.status_code, other.status_code] == [201, 201, 201]


def test_visits_at_clinics_that_the_portal_does_not_serve_stay_out(
    let_in, patient, northgate, booked, consultation, dr_osei, northgate_room
):
    Appointment.objects.filter(pk=booked.pk).update(clinic=northgate)

    assert let_in(patient).get(f"{ME}appointments/").json()["results"] == []
    assert let_in(patient).get(f"{ME}appointments/{booked.reference}/").status_code == 404


# --- What a patient does -----------------------------------------------------------------------------------------


def test_a_patient_books_moves_and_cancels_within_the_cut_offs(let_in, patient, wanted, at, patient_request):
    client = let_in(patient)
    slots = client.get(
        f"{ME}slots/?appointment_type={wanted['appointment_type']}&from={at(9).date()}&to={at(9).date()}"
    )
    hold = client.post(f"{ME}holds/", wanted).json()["id"]
    booked = client.post(f"{ME}appointments/", {**wanted, "hold": hold})
    moved = client.post(f"{ME}appointments/{booked.json()['reference']}/reschedule/", {"starts_at": at(11).isoformat()})
    cancelled = client.post(f"{ME}appointments/{moved.json()['reference']}/cancel/", {})

    assert wanted["starts_at"] in [slot["starts_at"] for slot in slots.json()["results"]]
    assert [booked.status_code, moved.status_code, cancelled.status_code] == [201, 200, 200]
    assert cancelled.json()["status"] == "cancelled"
    assert [row["reference"] for row in client.get(f"{ME}appointments/").json()["results"]] == [
        moved.json()["reference"]
    ]


def test_after_the_cut_off_a_patient_is_asked_to_call(let_in, patient, booked, harbour, patient_request, at):
    Clinic.objects.filter(pk=harbour.pk).update(
        cancel_cutoff_minutes=60 * 24 * 30, reschedule_cutoff_minutes=60 * 24 * 30
    )
    client = let_in(patient)
    visit = f"{ME}appointments/{booked.reference}/"

    for answer in (
        client.post(f"{visit}cancel/", {"exception_reason": "I want to"}),
        client.post(f"{visit}reschedule/", {"starts_at": at(15).isoformat(), "exception_reason": "I want to"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "past_cutoff")


def test_no_rule_is_set_aside_for_a_patient(let_in, patient, wanted, at):
    late = {**wanted, "starts_at": at(19).isoformat(), "override": {"reason": "Because"}}

    answer = let_in(patient).post(f"{ME}appointments/", late)

    assert answer.status_code == 422
    assert "reasons" not in answer.json()
    assert not Appointment.objects.exists()


def test_a_patient_changes_contact_details_and_nothing_else(let_in, patient):
    client = let_in(patient)

    assert client.patch(ME, {"mobile": "07700 900999", "consents_to_sms": False}).json()["mobile"] == "+447700900999"
    for field, value in (
        ("given_name", "Eve"),
        ("birth_date", "1990-01-01"),
        ("pms_number", None),
        ("contact_note", "x"),
    ):
        answer = client.patch(ME, {field: value})
        assert answer.status_code == 422
        assert field in answer.json()["errors"]
    patient.refresh_from_db()
    assert (patient.given_name, patient.birth_date) == ("Nerys", date(1980, 5, 17))
    assert client.patch(ME, {"email": "n@example.org"}, headers={"If-Match": '"1"'}).status_code == 412


def test_staff_notes_are_not_shown_to_patients(let_in, patient, booked):
    patient.contact_note = "Shouts at colleagues"
    patient.save()
    client = let_in(patient)

    shown = client.get(f"{ME}appointments/{booked.reference}/").content + client.get(ME).content
    assert b"ECG" not in shown
    assert b"Shouts" not in shown


def test_every_row_says_that_the_patient_did_it_through_which_portal(
    let_in, account, patient, wanted, at, patient_request
):
    client = let_in(patient)
    token = str(PatientToken.objects.get().pk)
    reference = client.post(f"{ME}appointments/", wanted).json()["reference"]
    client.post(f"{ME}appointments/{reference}/cancel/", {})
    client.patch(ME, {"email": "n@example.org"})
    client.get(ME)

    rows = LogEntry.objects.filter(additional_data__contains={"patient_token": token}).exclude(event="patient.let_in")
    assert {row.event for row in rows} == {
        "appointment.booked",
        "appointment.cancelled",
        "patient.updated_own",
        "patient.viewed_own",
    }
    assert {(row.actor, row.role) for row in rows} == {(account, "patient")}
    assert "example.org" not in str(list(rows.values()))
    assert set(ScheduleEvent.objects.values_list("actor", "source")) == {(None, "web")}


# --- The end -----------------------------------------------------------------------------------------------------


def test_signing_out_ends_the_token(let_in, patient):
    client = let_in(patient)

    assert client.delete(f"{ME}token/").status_code == 204
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize("end", ["token", "account", "scope", "expiry", "patient", "role"])
def test_whatever_ends_the_portals_right_ends_its_patients_tokens_at_once(
    let_in, key, account, clinic_admin, harbour, patient, end
):
    client = let_in(patient)
    if end == "token":
        revoke_token(token=key.token, by=clinic_admin)
    elif end == "account":
        close_service_account(account=account, by=clinic_admin)
    elif end == "scope":
        ApiToken.objects.filter(pk=key.token.pk).update(scopes=["directory:read"])
    elif end == "expiry":
        ApiToken.objects.filter(pk=key.token.pk).update(expires_at=key.token.created_at + timedelta(microseconds=1))
    elif end == "patient":
        patient.is_active = False
        patient.save()
    else:
        revoke_membership(user=account, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    expected = {"patient": 404, "role": 403}.get(end, 401)
    assert client.get(ME).status_code == expected
