"""Clients repeat requests whose answer got lost. The Idempotency-Key makes that harmless."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from scheduling import booking
from scheduling.models import Appointment, IdempotencyRecord

URL = "/api/v1/appointments/"


def test_the_same_booking_twice_is_one_appointment(api, receptionist, wanted, room_1):
    client = api(receptionist)

    first = client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1")
    again = client.post(URL, dict(reversed(wanted.items())), HTTP_IDEMPOTENCY_KEY="b-1")

    assert [first.status_code, again.status_code] == [201, 201]
    assert first.json() == again.json()
    assert Appointment.objects.count() == 1


def test_a_repetition_shows_the_appointment_as_it_is_now(api, receptionist, wanted, room_1, at):
    client = api(receptionist)
    first = client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1").json()
    moved = client.post(f"{URL}{first['reference']}/reschedule/", {"starts_at": at(15).isoformat()}).json()

    again = client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1")

    assert again.status_code == 201
    assert again.json()["reference"] == moved["reference"]


def test_another_body_under_the_same_key_is_refused(api, receptionist, wanted, room_1, at):
    client = api(receptionist)
    client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1")

    other = client.post(URL, {**wanted, "starts_at": at(15).isoformat()}, HTTP_IDEMPOTENCY_KEY="b-1")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert Appointment.objects.count() == 1


def test_a_refused_booking_may_succeed_later_under_its_key(api, receptionist, wanted, room_1, dr_osei):
    client = api(receptionist)
    dr_osei.is_active = False
    dr_osei.save()
    refused = client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1")
    dr_osei.is_active = True
    dr_osei.save()

    assert refused.status_code == 422
    assert client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1").status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 121])
def test_an_unusable_key_is_refused(api, receptionist, wanted, room_1, key):
    answer = api(receptionist).post(URL, wanted, HTTP_IDEMPOTENCY_KEY=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")
    assert not Appointment.objects.exists()


def test_cancelling_and_moving_twice_happens_once(api, receptionist, booked, patient_request, at):
    client = api(receptionist)

    def twice(verb, body):
        url = f"{URL}{booked.reference}/{verb}/"
        return [client.post(url, body, HTTP_IDEMPOTENCY_KEY=f"key-{verb}") for _ in range(2)]

    moved = twice("reschedule", {"starts_at": at(15).isoformat()})
    cancelled = twice("cancel", {"reason": "patient_request"})

    assert [answer.status_code for answer in (*moved, *cancelled)] == [200] * 4
    assert moved[0].json()["reference"] == moved[1].json()["reference"]
    assert cancelled[1].json()["status"] == "cancelled"
    assert Appointment.objects.count() == 2


def test_a_crash_before_the_commit_leaves_neither_booking_nor_answer(api, receptionist, wanted, room_1, monkeypatch):
    client = api(receptionist)
    client.raise_request_exception = False
    record = booking.record_appointment

    def crash(*args, **kwargs):
        record(*args, **kwargs)
        raise RuntimeError("the process died here")

    monkeypatch.setattr(booking, "record_appointment", crash)
    assert client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1").status_code == 500
    assert not Appointment.objects.exists()
    assert not IdempotencyRecord.objects.exists()

    monkeypatch.setattr(booking, "record_appointment", record)
    assert client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_twins_in_flight_make_one_booking(api, receptionist, wanted, room_1, monkeypatch):
    inside, may_end, answers = threading.Event(), threading.Event(), []
    credentials = api(receptionist)._credentials
    record = booking.record_appointment

    def slowly(*args, **kwargs):
        inside.set()
        assert may_end.wait(10)
        return record(*args, **kwargs)

    monkeypatch.setattr(booking, "record_appointment", slowly)

    def post():
        client = APIClient()
        client.credentials(**credentials)
        try:
            answers.append(client.post(URL, wanted, HTTP_IDEMPOTENCY_KEY="b-1"))
        finally:
            connection.close()

    first = threading.Thread(target=post)
    first.start()
    assert inside.wait(10)
    twin = threading.Thread(target=post)
    twin.start()
    twin.join(10)
    may_end.set()
    first.join(10)

    busy, done = answers
    assert (busy.status_code, busy.json()["code"]) == (409, "idempotency_busy")
    assert done.status_code == 201
    assert Appointment.objects.count() == 1
