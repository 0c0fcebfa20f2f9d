"""What a booking client gets wrong, and the code and sentence it hears. Nothing is ever half-written."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.test import Client

from scheduling.models import Allocation, Appointment, IdempotencyRecord, ScheduleEvent
from tests import factories

URL = "/api/v1/appointments/"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def nothing_written(db):
    """Whatever was refused left no row behind."""
    yield
    for model in (Appointment, Allocation, ScheduleEvent, IdempotencyRecord):
        assert not model.objects.exists(), model


def check(answer, status, code):
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["detail"].strip().endswith((".", "…"))
    return problem


@pytest.mark.usefixtures("nothing_written", "room_1")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"starts_at": None}, "starts_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": "2026-13-01T09:00:00+00:00"}, "starts_at"),
        ({"starts_at": "2026-03-02T09:00:00"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+23:59"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-23:59"}, "starts_at"),
        ({"starts_at": 1_800_000_000}, "starts_at"),
        ({"starts_at": ["2026-03-02T09:00:00+00:00"]}, "starts_at"),
        ({"patient": "nerys"}, "patient"),
        ({"patient": {"id": 1}}, "patient"),
        ({"doctor": "osei"}, "doctor"),
        ({"doctor": True}, "doctor"),
        ({"doctor": -1}, "doctor"),
        ({"doctor": 10**30}, "doctor"),
        ({"clinic": []}, "clinic"),
        ({"clinic": 1.5}, "clinic"),
        ({"appointment_type": ""}, "appointment_type"),
        ({"notes": "x" * 2001}, "notes"),
        ({"notes": "null \x00 byte"}, "notes"),
        ({"override": "please"}, "override"),
        ({"override": {"reason": ""}}, "override.reason"),
        ({"referral": "R-1"}, "referral"),
    ],
)
def test_an_unreadable_value_is_refused_by_name(api, receptionist, wanted, change, field):
    problem = check(api(receptionist).post(URL, {**wanted, **change}), 422, "invalid")

    assert list(problem["errors"]) == [field]
    assert all(sentence for sentence in problem["errors"][field])


@pytest.mark.usefixtures("nothing_written", "room_1")
@pytest.mark.parametrize("field", ["patient", "appointment_type", "doctor", "clinic"])
def test_an_unknown_id_is_not_found_and_a_missing_one_asked_for(api, receptionist, wanted, field):
    unknown = UNKNOWN if field == "patient" else 999_999
    client = api(receptionist)

    problem = check(client.post(URL, {**wanted, field: unknown}), 404, "not_found")
    assert list(problem["errors"]) == [field]

    missing = check(client.post(URL, {key: value for key, value in wanted.items() if key != field}), 422, "invalid")
    assert list(missing["errors"]) == [field]


@pytest.mark.usefixtures("nothing_written", "room_1")
@pytest.mark.parametrize(
    ("shift", "code"),
    [
        ({"minutes": 2}, "off_grid"),
        ({"minutes": 5}, "off_step"),
        ({"seconds": 30}, "off_grid"),
        ({"microseconds": 1}, "off_grid"),
        ({"days": -30}, "past"),
        ({"days": -1, "hours": 1}, "outside_hours"),
        ({"hours": -6}, "outside_hours"),
        ({"hours": 10}, "outside_hours"),
        ({"hours": 3, "minutes": 30}, "on_break"),
        ({"days": 7 * 150}, "too_far"),
    ],
)
def test_a_time_outside_the_schedule_is_refused_with_the_rule(api, receptionist, wanted, at, shift, code):
    starts_at = (at(9) + timedelta(**shift)).isoformat()

    answer = api(receptionist).post(URL, {**wanted, "starts_at": starts_at})

    problem = answer.json()
    assert answer.status_code == 422, answer.content
    assert code in {problem["code"], *(reason["code"] for reason in problem["reasons"])}
    assert all(set(reason) == {"code", "message", "overridable"} for reason in problem["reasons"])


@pytest.mark.usefixtures("nothing_written", "room_1")
def test_a_closed_clinic_takes_no_bookings(api, receptionist, wanted, harbour, monday):
    midnight = datetime.combine(monday, time(), tzinfo=harbour.zone)
    factories.ClinicClosureFactory(clinic=harbour, starts_at=midnight, ends_at=midnight + timedelta(days=1))

    assert check(api(receptionist).post(URL, wanted), 422, "clinic_closed")["reasons"]


@pytest.mark.usefixtures("nothing_written", "room_1")
def test_whoever_is_inactive_or_elsewhere_takes_no_bookings(
    api, manager, receptionist, wanted, harbour, northgate, dr_osei, consultation
):
    from carebridge.accounts.models import Role
    from scheduling.memberships import grant_membership

    grant_membership(user=receptionist, clinic=northgate, role=Role.RECEPTIONIST, by=None)
    client = api(receptionist)

    check(client.post(URL, {**wanted, "clinic": northgate.pk}), 422, "not_offered")
    for row in (dr_osei, consultation, harbour):
        row.is_active = False
        row.save()
        check(client.post(URL, wanted), 422, "not_offered")
        row.is_active = True
        row.save()


@pytest.mark.usefixtures("nothing_written", "room_1")
@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"min_age": 90}, "too_young"),
        ({"max_age": 5}, "too_old"),
        ({"sex": "male"}, "wrong_sex"),
        ({"patient_kind": "returning"}, "not_returning"),
        ({"requires_referral": True}, "referral_missing"),
        ({"min_notice_minutes": 60 * 24 * 60}, "too_soon"),
    ],
)
def test_a_patient_or_time_that_the_policy_excludes(api, receptionist, wanted, consultation, rule, code):
    for field, value in rule.items():
        setattr(consultation, field, value)
    consultation.save()

    problem = check(api(receptionist).post(URL, wanted), 422, code)

    assert [reason["code"] for reason in problem["reasons"]] == [code]


def test_a_referral_on_file_opens_the_door(api, receptionist, wanted, consultation, patient, room_1):
    consultation.requires_referral = True
    consultation.save()
    referral = factories.ReferralFactory(patient=patient)

    answer = api(receptionist).post(URL, {**wanted, "referral": referral.number})

    assert answer.status_code == 201, answer.content
    assert answer.json()["referral"] == referral.number


@pytest.mark.usefixtures("nothing_written", "room_1")
def test_an_override_needs_the_permission(api, receptionist, wanted, at, monkeypatch):
    from carebridge.accounts.models import Role
    from scheduling import roles

    without = roles.ROLE_PERMISSIONS[Role.RECEPTIONIST] - {roles.Permission.OVERRIDE}
    monkeypatch.setitem(roles.ROLE_PERMISSIONS, Role.RECEPTIONIST, without)
    body = {**wanted, "starts_at": at(12, 30).isoformat(), "override": {"reason": "Urgent"}}

    check(api(receptionist).post(URL, body), 403, "override_not_allowed")


@pytest.mark.usefixtures("nothing_written", "room_1")
@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{not json", "application/json", 400, "parse_error"),
        (b'{"starts_at": NaN', "application/json", 400, "parse_error"),
        (b"\xff\xfe", "application/json", 400, "parse_error"),
        (b"[]", "application/json", 422, "invalid"),
        (b'"book"', "application/json", 422, "invalid"),
        (b"null", "application/json", 422, "invalid"),
        (b"", "application/json", 422, "invalid"),
        (b"starts_at=now", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_is_no_booking(api, receptionist, body, content_type, status, code):
    check(api(receptionist).generic("POST", URL, body, content_type=content_type), status, code)


def test_the_rest_of_http_speaks_the_same_language(api, receptionist, client, db):
    signed_in = api(receptionist)

    check(signed_in.put(URL, {}), 405, "method_not_allowed")
    check(signed_in.delete(f"{URL}CB-ABCD-EFGH/"), 405, "method_not_allowed")
    check(signed_in.get(f"{URL}CB-ABCD-EFGH/"), 404, "not_found")
    check(signed_in.get("/api/v1/patients/not-a-uuid-but-thirty-six-letters-x/"), 404, "not_found")
    check(client.get(URL), 401, "not_authenticated")
    signed_in.credentials(HTTP_AUTHORIZATION="Token cb_wrong")
    check(signed_in.get(URL), 401, "authentication_failed")
    assert client.get("/api/v1/nonsense/").status_code == 404


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("cancel", {}, "reason"),
        ("cancel", {"reason": "because"}, "reason"),
        ("cancel", {"reason": ["patient_request"]}, "reason"),
        ("cancel", {"reason": "patient_request", "note": "x" * 241}, "note"),
        ("reschedule", {}, "starts_at"),
        ("reschedule", {"starts_at": "later"}, "starts_at"),
        ("reschedule", {"starts_at": "2030-01-01T09:00:00+00:00", "doctor": "x"}, "doctor"),
    ],
)
def test_an_unreadable_change_is_refused_by_name(api, receptionist, booked, patient_request, verb, body, field):
    problem = check(api(receptionist).post(f"{URL}{booked.reference}/{verb}/", body), 422, "invalid")

    assert list(problem["errors"]) == [field]
    booked.refresh_from_db()
    assert booked.version == 1


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["nowhere/", "me/waitlist/entries/-1/", "appointments"])
def test_an_address_that_nobody_serves_answers_with_a_problem_to_every_method(method, path):
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1/{path}")

    check(answer, 404, "not_found")
