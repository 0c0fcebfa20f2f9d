"""Moving, cancelling and running visits over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from scheduling.models import Appointment, Status

URL = "/api/v1/appointments/"


@pytest.fixture
def change(api, receptionist, booked):
    """POST a verb to the booked visit as its receptionist."""
    client = api(receptionist)

    def post(verb, body=None, reference=booked.reference, **headers):
        return client.post(f"{URL}{reference}/{verb}/", body or {}, **headers)

    return post


def test_a_visit_runs_from_check_in_to_its_end(api, receptionist, booked):
    with time_machine.travel(booked.starts_at, tick=False):
        client = api(receptionist)
        answers = [client.post(f"{URL}{booked.reference}/{verb}/") for verb in ("check-in", "start", "complete")]

    assert [answer.json()["status"] for answer in answers] == ["checked_in", "in_progress", "completed"]
    assert answers[-1].json()["finished_at"] is not None


def test_a_doctor_runs_their_own_visit(api, doctor_user, booked):
    with time_machine.travel(booked.starts_at, tick=False):
        client = api(doctor_user)
        assert client.post(f"{URL}{booked.reference}/check-in/").status_code == 200
        assert client.post(f"{URL}{booked.reference}/start/").json()["status"] == "in_progress"


def test_a_no_show_is_recorded_once_the_visit_should_have_begun(api, receptionist, booked, change):
    early = change("no-show")
    with time_machine.travel(booked.starts_at + timedelta(minutes=20), tick=False):
        late = api(receptionist).post(f"{URL}{booked.reference}/no-show/")

    assert (early.status_code, early.json()["code"]) == (422, "wrong_status")
    assert late.json()["status"] == "no_show"


def test_cancelling_takes_a_reason_by_code(change, booked, patient_request):
    answer = change("cancel", {"reason": "patient_request", "note": "Feels better"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "cancelled"
    assert answer.json()["cancellation"]["reason"] == "patient_request"
    assert answer.json()["cancellation"]["note"] == "Feels better"
    assert answer.json()["resources"] == []


def test_after_the_cut_off_a_cancellation_needs_an_exception(api, receptionist, booked, patient_request):
    with time_machine.travel(booked.starts_at - timedelta(hours=2), tick=False):
        client = api(receptionist)
        refused = client.post(f"{URL}{booked.reference}/cancel/", {"reason": "patient_request"})
        allowed = client.post(
            f"{URL}{booked.reference}/cancel/", {"reason": "patient_request", "exception_reason": "Taken ill"}
        )

    assert (refused.status_code, refused.json()["code"]) == (422, "past_cutoff")
    assert "exception_reason" in refused.json()["errors"]
    assert allowed.json()["cancellation"]["is_late"] is True


def test_moving_answers_with_the_new_appointment(change, booked, at):
    answer = change("reschedule", {"starts_at": at(15).isoformat()})

    body = answer.json()
    assert answer.status_code == 200, answer.content
    assert body["reference"] != booked.reference
    assert (body["moved_from"], body["starts_at"]) == (booked.reference, at(15).isoformat())
    booked.refresh_from_db()
    assert booked.status == Status.RESCHEDULED


def test_an_old_reference_changes_the_live_appointment(change, booked, at, patient_request):
    live = change("reschedule", {"starts_at": at(15).isoformat()}).json()["reference"]

    answer = change("cancel", {"reason": "patient_request"}, reference=booked.reference)

    assert answer.json()["reference"] == live
    assert answer.json()["requested_reference"] == booked.reference
    assert Appointment.objects.get(reference=live).status == Status.CANCELLED


def test_moving_to_another_doctor(change, dr_wilk, at):
    answer = change("reschedule", {"starts_at": at(15).isoformat(), "doctor": dr_wilk.pk})

    assert answer.json()["doctor"] == {"id": dr_wilk.pk, "name": "Dr Tomasz Wilk"}


def test_moving_onto_a_taken_time_keeps_the_old_one(change, booked, book, another_patient, at):
    book(another_patient, 15)

    answer = change("reschedule", {"starts_at": at(15).isoformat()})

    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
    assert len(answer.json()["nearest"]) == 3
    booked.refresh_from_db()
    assert booked.status == Status.CONFIRMED


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("confirm", {}),
        ("cancel", {"reason": "patient_request"}),
        ("reschedule", {"starts_at": "{later}"}),
    ],
)
def test_whoever_has_an_older_version_is_told_to_look_again(
    api, receptionist, change, booked, at, patient_request, verb, body
):
    seen = api(receptionist).get(f"{URL}{booked.reference}/")["ETag"]
    body = {name: value.format(later=at(15).isoformat()) for name, value in body.items()}
    Appointment.objects.filter(pk=booked.pk).update(version=booked.version + 1)

    stale = change(verb, body, HTTP_IF_MATCH=seen)
    fresh = change(verb, body, HTTP_IF_MATCH=api(receptionist).get(f"{URL}{booked.reference}/")["ETag"])

    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert fresh.status_code == 200, fresh.content


@pytest.mark.parametrize("header", ['W/"CB-ZZZZ-ZZZZ/1/abc"', '"ninety"', "nonsense", '"1", "2"'])
def test_a_tag_of_something_else_is_stale(change, header):
    assert change("confirm", HTTP_IF_MATCH=header).status_code == 412


def test_a_bare_version_or_a_star_will_do(change, booked):
    assert change("confirm", HTTP_IF_MATCH=f'"{booked.version}"').status_code == 200
    assert change("confirm", HTTP_IF_MATCH="*").status_code == 200


def test_notes_change_with_the_version_seen(api, receptionist, booked):
    client = api(receptionist)
    seen = client.get(f"{URL}{booked.reference}/")["ETag"]

    first = client.patch(f"{URL}{booked.reference}/", {"notes": "Wheelchair"}, HTTP_IF_MATCH=seen)
    second = client.patch(f"{URL}{booked.reference}/", {"notes": "Lost update"}, HTTP_IF_MATCH=seen)

    assert first.json()["notes"] == "Wheelchair"
    assert second.status_code == 412


def test_support_may_look_but_not_touch(api, support, booked, patient_request, at):
    client = api(support)
    bodies = {"cancel": {"reason": "patient_request"}, "reschedule": {"starts_at": at(15).isoformat()}}

    for verb in ("confirm", "check-in", "start", "complete", "no-show", "cancel", "reschedule"):
        answer = client.post(f"{URL}{booked.reference}/{verb}/", bodies.get(verb, {}))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), verb
    booked.refresh_from_db()
    assert booked.status == Status.CONFIRMED


def test_a_pending_offer_is_confirmed(api, receptionist, book, another_patient):
    offered = book(another_patient, 11, pending_until=timezone.now() + timedelta(minutes=30))

    answer = api(receptionist).post(f"{URL}{offered.reference}/confirm/")

    assert answer.json()["status"] == "confirmed"
    assert answer.json()["expires_at"] is None
