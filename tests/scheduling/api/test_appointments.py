"""Booking and reading appointments over REST."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carebridge.audit.models import LogEntry
from scheduling.memberships import revoke_membership
from scheduling.models import Appointment, PatientClinic, Status
from scheduling.rescheduling import reschedule_appointment
from tests import factories

URL = "/api/v1/appointments/"


def test_reception_books_a_visit(api, receptionist, wanted, room_1, monday):
    answer = api(receptionist).post(URL, {**wanted, "notes": "First visit"})

    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["status"] == "confirmed"
    assert body["starts_at"] == wanted["starts_at"]
    assert body["doctor"]["name"] == "Dr Amara Osei"
    assert body["patient"]["name"] == "Nerys Calloway"
    assert body["resources"] == [{"id": room_1.pk, "name": "Room 1", "kind": "room"}]
    assert body["notes"] == "First visit"
    assert body["channel"] == "api"
    assert Appointment.objects.get(reference=body["reference"]).created_by == receptionist


def test_the_answer_to_a_booking_is_what_reading_it_answers(api, receptionist, wanted, room_1):
    client = api(receptionist)

    booked = client.post(URL, {**wanted, "notes": "First visit"})

    read = client.get(f"{URL}{booked.json()['reference']}/")
    assert booked.json() == read.json()
    assert booked["ETag"] == read["ETag"]


def test_the_booking_names_who_did_it_in_the_audit_trail(api, receptionist, wanted, room_1):
    api(receptionist).post(URL, wanted)

    assert LogEntry.objects.get(event="appointment.booked").actor == receptionist


def test_a_taken_time_answers_with_the_three_nearest_free_ones(
    api, receptionist, wanted, book, another_patient, room_1
):
    book(another_patient, 9)

    answer = api(receptionist).post(URL, wanted)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "slot_taken")
    assert answer["Content-Type"] == "application/problem+json"
    assert len(problem["nearest"]) == 3
    nearest = problem["nearest"][0]
    assert set(nearest) == {"starts_at", "ends_at", "clinic", "doctor", "resources"}
    assert nearest["clinic"]["name"] == "Harbour Street"
    assert nearest["starts_at"].endswith(wanted["starts_at"][-6:])
    assert Appointment.objects.count() == 1


def test_an_override_is_told_for_good(api, receptionist, wanted, book, another_patient, room_1):
    book(another_patient, 9)

    answer = api(receptionist).post(URL, {**wanted, "override": {"reason": "Chest pain, agreed with Dr Osei"}})

    assert answer.status_code == 201, answer.content
    assert answer.json()["overrides"] != []
    assert answer.json()["override_reason"] == "Chest pain, agreed with Dr Osei"


def test_an_unseen_appointment_is_not_found(api, receptionist_elsewhere, booked):
    client = api(receptionist_elsewhere)

    assert client.get(f"{URL}{booked.reference}/").status_code == 404
    assert client.get(f"{URL}{booked.reference}/history/").status_code == 404
    assert client.post(f"{URL}{booked.reference}/cancel/", {"reason": "patient_request"}).status_code in (404, 422)
    assert client.get(URL).json()["results"] == []


def test_a_colleague_elsewhere_cannot_book_here(api, receptionist_elsewhere, wanted, room_1):
    answer = api(receptionist_elsewhere).post(URL, wanted)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Appointment.objects.exists()


def test_a_doctor_sees_their_own_list_only(api, doctor_user, dr_wilk, booked, book, another_patient):
    theirs = book(another_patient, 11, doctor=dr_wilk)
    client = api(doctor_user)

    rows = client.get(URL).json()["results"]

    assert [row["reference"] for row in rows] == [booked.reference]
    assert rows[0]["patient"]["name"] == "Nerys Calloway"
    assert rows[0]["notes"] == "Brings her own ECG"
    assert client.get(f"{URL}{theirs.reference}/").status_code == 404


def test_support_sees_the_visit_but_neither_name_nor_notes(api, support, booked):
    body = api(support).get(f"{URL}{booked.reference}/").json()

    assert body["patient"] == {"id": str(booked.patient_id), "name": None, "birth_date": None}
    assert body["notes"] is None
    assert body["status"] == "confirmed"


@pytest.mark.parametrize(
    ("person", "referral", "reason"),
    [
        ("receptionist", "R-4711", "Chest pain, agreed with Dr Osei"),
        ("doctor_user", "R-4711", "Chest pain, agreed with Dr Osei"),
        ("manager", None, "Chest pain, agreed with Dr Osei"),
        ("support", None, None),
    ],
)
def test_referrals_go_with_the_name_and_reasons_of_overrides_with_notes_or_with_deciding_on_them(
    api, request, booked, patient, person, referral, reason
):
    given = factories.ReferralFactory(patient=patient, number="R-4711")
    Appointment.objects.update(
        referral=given, overrides=["off_step"], override_reason="Chest pain, agreed with Dr Osei"
    )
    client = api(request.getfixturevalue(person))

    for body in (client.get(f"{URL}{booked.reference}/").json(), client.get(URL).json()["results"][0]):
        assert (body["referral"], body["override_reason"]) == (referral, reason)
        assert body["overrides"] == ["off_step"]


def test_a_doctor_whose_role_was_taken_sees_the_old_list_no_longer(api, doctor_user, booked, harbour):
    revoke_membership(user=doctor_user, clinic=harbour, role="doctor", by=None)
    client = api(doctor_user)

    assert client.get(URL).json()["results"] == []
    assert client.get(f"{URL}{booked.reference}/").status_code == 404


def test_support_cannot_find_out_names_by_searching(api, support, receptionist, booked):
    assert api(support).get(URL, {"search": "calloway"}).json()["results"] == []
    assert len(api(support).get(URL, {"search": booked.reference}).json()["results"]) == 1
    assert len(api(receptionist).get(URL, {"search": "nerys call"}).json()["results"]) == 1


def test_support_and_the_system_administrator_cannot_book(api, support, sysadmin, wanted, room_1):
    for user in (support, sysadmin):
        assert api(user).post(URL, wanted).status_code in (403, 404)
    assert not Appointment.objects.exists()


def test_the_system_administrator_sees_no_schedule(api, sysadmin, booked):
    assert api(sysadmin).get(URL).json()["results"] == []
    assert api(sysadmin).get(f"{URL}{booked.reference}/").status_code == 404


def test_the_reference_of_a_moved_visit_leads_to_the_live_one(api, receptionist, booked, at):
    once = reschedule_appointment(appointment=booked, starts_at=at(14), by=receptionist)
    twice = reschedule_appointment(appointment=once, starts_at=at(15), by=receptionist)

    body = api(receptionist).get(f"{URL}{booked.reference.lower()}/").json()

    assert body["reference"] == body["moved_to"] == twice.reference
    assert body["requested_reference"] == booked.reference
    assert body["moved_from"] == once.reference


def test_history_tells_moves_too_and_reading_it_is_recorded(api, receptionist, booked, at):
    moved = reschedule_appointment(appointment=booked, starts_at=at(14), by=receptionist)

    events = api(receptionist).get(f"{URL}{moved.reference}/history/").json()["results"]

    assert events[0]["kind"] == "appointment.booked"
    assert {event["appointment"] for event in events} >= {moved.reference}
    assert events[-1]["actor"] == "Maya Fielding"
    assert LogEntry.objects.filter(event="appointment.history_viewed", actor=receptionist).count() == 1


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ({"status": "confirmed"}, True),
        ({"status": ["cancelled", "confirmed"]}, True),
        ({"status": "cancelled"}, False),
        ({"from": "{day}", "to": "{day}"}, True),
        ({"from": "{after}"}, False),
        ({"to": "{before}"}, False),
        ({"clinic": "{clinic}", "doctor": "{doctor}", "patient": "{patient}"}, True),
        ({"service": "{service}", "appointment_type": "{type}"}, True),
        ({"search": "nobody"}, False),
    ],
)
def test_the_list_is_narrowed(api, receptionist, booked, consultation, query, finds):
    from datetime import timedelta

    words = {
        "day": booked.local_date,
        "after": booked.local_date + timedelta(days=1),
        "before": booked.local_date - timedelta(days=1),
        "clinic": booked.clinic_id,
        "doctor": booked.doctor_id,
        "patient": booked.patient_id,
        "service": consultation.service_id,
        "type": consultation.pk,
    }
    filled = {name: [each.format(**words) for each in ([v] if isinstance(v, str) else v)] for name, v in query.items()}

    answer = api(receptionist).get(URL, filled)

    assert answer.status_code == 200, answer.content
    assert bool(answer.json()["results"]) is finds


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"status": "asleep"}, 422),
        ({"from": "01/02/2026"}, 422),
        ({"from": "2026-02-30"}, 422),
        ({"from": "2026-03-02", "to": "2026-03-01"}, 422),
        ({"patient": "nerys"}, 422),
        ({"clinic": "999999"}, 404),
        ({"doctor": "999999"}, 404),
        ({"service": "999999"}, 404),
        ({"patient": "00000000-0000-4000-8000-000000000000"}, 404),
        ({"clinic": "99999999999999999999"}, 422),
    ],
)
def test_a_filter_nobody_can_follow_is_refused(api, receptionist, query, status):
    answer = api(receptionist).get(URL, query)

    assert answer.status_code == status
    assert next(reversed(query)) in answer.json()["errors"]


def test_the_list_costs_the_same_statements_for_one_row_and_three(
    api, receptionist, booked, book, another_patient, dr_wilk
):
    client = api(receptionist)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    book(another_patient, 14)
    book(another_patient, 15, doctor=dr_wilk)
    with CaptureQueriesContext(connection) as three:
        answer = client.get(URL)

    assert len(answer.json()["results"]) == 3
    assert len(three) == len(one) <= 6


def test_history_costs_the_same_statements_for_one_row_and_three(api, receptionist, booked, at):
    client = api(receptionist)
    with CaptureQueriesContext(connection) as one:
        client.get(f"{URL}{booked.reference}/history/")
    moved = reschedule_appointment(appointment=booked, starts_at=at(14), by=receptionist)
    moved = reschedule_appointment(appointment=moved, starts_at=at(15), by=receptionist)
    with CaptureQueriesContext(connection) as three:
        answer = client.get(f"{URL}{moved.reference}/history/")

    assert len(answer.json()["results"]) >= 3
    assert len(three) == len(one)


def test_an_unchanged_appointment_is_not_sent_again(api, receptionist, booked):
    client = api(receptionist)
    first = client.get(f"{URL}{booked.reference}/")

    again = client.get(f"{URL}{booked.reference}/", HTTP_IF_NONE_MATCH=first["ETag"])
    booked.patient.family_name = "Calloway-Reed"
    booked.patient.save()
    renamed = client.get(f"{URL}{booked.reference}/", HTTP_IF_NONE_MATCH=first["ETag"])

    assert first["ETag"].startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")
    assert renamed.status_code == 200


def test_booking_makes_the_patient_known_only_through_the_command(api, receptionist, wanted, patient_elsewhere, room_1):
    answer = api(receptionist).post(URL, {**wanted, "patient": str(patient_elsewhere.pk)})

    assert answer.status_code == 404
    assert answer.json()["errors"].keys() == {"patient"}
    assert PatientClinic.objects.filter(patient=patient_elsewhere).count() == 1


def test_a_booking_through_rest_stays_within_its_statements(api, receptionist, wanted, room_1):
    client = api(receptionist)

    with CaptureQueriesContext(connection) as all_of_it:
        assert client.post(URL, wanted).status_code == 201

    assert Appointment.objects.get().status == Status.CONFIRMED
    assert len(all_of_it) <= 32, [query["sql"][:80] for query in all_of_it]
