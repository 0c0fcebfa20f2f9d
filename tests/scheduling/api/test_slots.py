"""Free times over REST: what is offered, counted, explained."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.models import Clinic
from tests import factories

URL = "/api/v1/slots/"


@pytest.fixture
def on_monday(consultation, monday):
    """The query for consultations on that Monday."""
    return {"appointment_type": consultation.pk, "from": monday.isoformat(), "to": monday.isoformat()}


def test_every_start_that_booking_accepts_is_offered_in_order(
    api, receptionist, dr_osei, room_1, on_monday, at, harbour
):
    answer = api(receptionist).get(URL, on_monday)

    body = answer.json()
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/json"
    assert body["results"][0] == {
        "starts_at": at(8, 30).isoformat(),
        "ends_at": at(9).isoformat(),
        "clinic": {"id": harbour.pk, "name": "Harbour Street"},
        "doctor": {"id": dr_osei.pk, "name": "Dr Amara Osei"},
        "resources": [{"id": room_1.pk, "name": "Room 1", "kind": "room"}],
    }
    starts = [row["starts_at"] for row in body["results"]]
    assert starts == sorted(starts)
    assert at(12, 30).isoformat() not in starts
    assert body["truncated"] is False


def test_a_booked_time_is_not_offered(api, receptionist, on_monday, booked):
    starts = [row["starts_at"] for row in api(receptionist).get(URL, on_monday).json()["results"]]

    assert booked.starts_at.astimezone(booked.clinic.zone).isoformat() not in starts


def test_times_are_told_on_the_clinics_own_clock(api, receptionist, harbour, dr_osei, room_1, on_monday):
    Clinic.objects.filter(pk=harbour.pk).update(time_zone="Asia/Kolkata")

    first = api(receptionist).get(URL, on_monday).json()["results"][0]

    assert first["starts_at"].endswith("T08:30:00+05:30")


def test_a_limit_says_that_there_is_more(api, receptionist, dr_osei, room_1, on_monday):
    body = api(receptionist).get(URL, {**on_monday, "limit": 3}).json()

    assert len(body["results"]) == 3
    assert body["truncated"] is True


def test_clinics_and_doctors_repeat(api, manager, dr_osei, dr_wilk, on_monday, harbour, northgate):
    both = api(manager).get(
        URL, {**on_monday, "clinic": [harbour.pk, northgate.pk], "doctor": [dr_osei.pk, dr_wilk.pk], "limit": 500}
    )
    one = api(manager).get(URL, {**on_monday, "doctor": dr_wilk.pk})

    assert {row["doctor"]["id"] for row in both.json()["results"]} == {dr_osei.pk, dr_wilk.pk}
    assert {row["doctor"]["id"] for row in one.json()["results"]} == {dr_wilk.pk}


def test_a_colleague_elsewhere_is_offered_nothing_of_this_clinic(
    api, receptionist_elsewhere, dr_osei, room_1, on_monday, harbour
):
    client = api(receptionist_elsewhere)

    assert client.get(URL, on_monday).json()["results"] == []
    assert client.get(URL, {**on_monday, "clinic": harbour.pk}).status_code == 404
    assert client.get(URL, {**on_monday, "doctor": dr_osei.pk}).status_code == 404


def test_days_are_counted(api, receptionist, dr_osei, room_1, on_monday, monday):
    query = {**on_monday, "to": (monday + timedelta(days=6)).isoformat()}

    days = {row["day"]: row["count"] for row in api(receptionist).get(f"{URL}days/", query).json()["results"]}

    listed = api(receptionist).get(URL, on_monday).json()["results"]
    assert days[monday.isoformat()] == len(listed) > 0
    assert days[(monday + timedelta(days=5)).isoformat()] == 0


def test_the_first_free_time(api, receptionist, dr_osei, room_1, on_monday, at, consultation):
    found = api(receptionist).get(f"{URL}first/", on_monday).json()
    nobody = factories.AppointmentTypeFactory()
    none = api(receptionist).get(f"{URL}first/", {"appointment_type": nobody.pk}).json()

    assert found["slot"]["starts_at"] == at(8, 30).isoformat()
    assert none == {"slot": None}


def test_an_explanation_lists_every_rule_and_what_works_instead(
    api, receptionist, dr_osei, room_1, consultation, harbour, at
):
    query = {"appointment_type": consultation.pk, "doctor": dr_osei.pk, "clinic": harbour.pk}
    client = api(receptionist)

    free = client.get(f"{URL}explain/", {**query, "starts_at": at(9).isoformat()}).json()
    lunch = client.get(f"{URL}explain/", {**query, "starts_at": at(12, 30).isoformat()}).json()

    assert (free["bookable"], free["reasons"]) == (True, [])
    assert lunch["bookable"] is False
    assert "on_break" in [reason["code"] for reason in lunch["reasons"]]
    assert 1 <= len(lunch["nearest"]) <= 3
    assert all(set(check) == {"ok", "message"} for check in lunch["checks"])


def test_a_plus_sign_that_became_a_space_is_understood(api, receptionist, dr_osei, room_1, consultation, harbour):
    start = "2032-07-05T09:00:00 01:00"

    answer = api(receptionist).get(
        f"{URL}explain/",
        {"appointment_type": consultation.pk, "doctor": dr_osei.pk, "clinic": harbour.pk, "starts_at": start},
    )

    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("path", ["", "days/", "first/"])
def test_a_search_costs_the_same_statements_for_one_doctor_and_three(
    api, receptionist, dr_osei, room_1, on_monday, consultation, harbour, path
):
    client = api(receptionist)
    client.get(f"{URL}{path}", on_monday)
    with CaptureQueriesContext(connection) as one:
        client.get(f"{URL}{path}", on_monday)
    for _ in range(2):
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour)
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
    with CaptureQueriesContext(connection) as three:
        assert client.get(f"{URL}{path}", on_monday).status_code == 200

    assert len(three) <= len(one) + 2, "roster masks of new doctors are read once"
    with CaptureQueriesContext(connection) as again:
        client.get(f"{URL}{path}", on_monday)
    assert len(again) <= len(one)


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"appointment_type": None}, 422, "invalid", "appointment_type"),
        ({"appointment_type": "consultation"}, 422, "invalid", "appointment_type"),
        ({"appointment_type": 999_999}, 404, "not_found", "appointment_type"),
        ({"clinic": 999_999}, 404, "not_found", "clinic"),
        ({"doctor": 999_999}, 404, "not_found", "doctor"),
        ({"from": "tomorrow"}, 422, "invalid", "from"),
        ({"from": "2026-02-30"}, 422, "invalid", "from"),
        ({"to": "02-03-2026"}, 422, "invalid", "to"),
        ({"to": "2026-1-1"}, 422, "invalid", "to"),
        ({"from": "2030-01-01", "to": "2030-04-04"}, 422, "range_too_long", "to"),
        ({"from": "2030-01-02", "to": "2030-01-01"}, 422, "range_reversed", "to"),
        ({"limit": "0"}, 422, "invalid", "limit"),
        ({"limit": "20001"}, 422, "invalid", "limit"),
        ({"limit": "ten"}, 422, "invalid", "limit"),
        ({"earliest": "25:00"}, 422, "invalid", "earliest"),
        ({"doctor": "9" * 30}, 422, "invalid", "doctor"),
    ],
)
def test_a_search_nobody_can_run_is_refused_by_name(
    api, receptionist, dr_osei, room_1, on_monday, change, status, code, field
):
    query = {name: value for name, value in {**on_monday, **change}.items() if value is not None}

    for path in (URL, f"{URL}days/"):
        if path != URL and field == "limit":
            continue
        answer = api(receptionist).get(path, query)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
        assert field in answer.json()["errors"]


def test_ninety_three_days_can_be_searched(api, receptionist, dr_osei, room_1, on_monday, monday):
    query = {**on_monday, "to": (monday + timedelta(days=92)).isoformat(), "limit": 20_000}

    assert api(receptionist).get(URL, query).status_code == 200
