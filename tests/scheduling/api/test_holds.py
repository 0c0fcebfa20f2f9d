"""Holding a time over REST, until it is booked, released or lapses."""

from __future__ import annotations

import pytest

from scheduling.models import Appointment

URL = "/api/v1/holds/"


@pytest.fixture
def slot(wanted, room_1):
    return {name: value for name, value in wanted.items() if name != "patient"}


def test_a_held_time_is_refused_to_others_and_booked_by_its_holder(api, receptionist, clinic_admin, slot, wanted):
    client, rival = api(receptionist), api(clinic_admin)

    held = client.post(URL, slot)
    again = rival.post(URL, slot)
    refused = rival.post("/api/v1/appointments/", wanted)
    booked = client.post("/api/v1/appointments/", {**wanted, "hold": held.json()["id"]})

    assert held.status_code == 201, held.content
    assert set(held.json()) == {"id", "expires_at"}
    assert (again.status_code, again.json()["code"]) == (409, "slot_held")
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_held")
    assert booked.status_code == 201, booked.content


def test_a_refused_hold_names_the_three_nearest_times_that_can_be_held(
    api, receptionist, clinic_admin, slot, book, patient, at
):
    client, rival = api(receptionist), api(clinic_admin)
    book(patient, 11)
    client.post(URL, slot)

    held = rival.post(URL, slot).json()
    taken = rival.post(URL, {**slot, "starts_at": at(11).isoformat()}).json()

    for refused, code in ((held, "slot_held"), (taken, "slot_taken")):
        assert refused["code"] == code
        assert len(refused["nearest"]) == 3
        assert set(refused["nearest"][0]) == {"starts_at", "ends_at", "clinic", "doctor", "resources"}
    nearest = {**slot, "starts_at": taken["nearest"][0]["starts_at"]}
    assert rival.post(URL, nearest).status_code == 201


def test_two_clients_of_one_sign_in_do_not_share_a_hold(api, receptionist, slot):
    assert api(receptionist).post(URL, slot).status_code == 201
    assert api(receptionist).post(URL, slot).json()["code"] == "slot_held"


def test_a_held_time_is_offered_to_its_holder_only(api, receptionist, slot, consultation, monday, at):
    client = api(receptionist)
    query = {"appointment_type": consultation.pk, "from": monday.isoformat(), "to": monday.isoformat()}
    hold = client.post(URL, slot).json()["id"]

    others = [row["starts_at"] for row in client.get("/api/v1/slots/", query).json()["results"]]
    own = [row["starts_at"] for row in client.get("/api/v1/slots/", {**query, "hold": hold}).json()["results"]]

    assert slot["starts_at"] not in others
    assert slot["starts_at"] in own


def test_a_hold_is_extended_once(api, receptionist, slot):
    client = api(receptionist)
    held = client.post(URL, slot).json()

    longer = client.post(f"{URL}{held['id']}/extend/")
    twice = client.post(f"{URL}{held['id']}/extend/")

    assert longer.status_code == 200, longer.content
    assert longer.json()["expires_at"] > held["expires_at"]
    assert twice.status_code in (409, 422)


def test_a_released_time_is_free_again(api, receptionist, clinic_admin, slot):
    client = api(receptionist)
    held = client.post(URL, slot).json()

    assert client.delete(f"{URL}{held['id']}/").status_code == 204
    assert api(clinic_admin).post(URL, slot).status_code == 201


def test_nobody_extends_or_releases_a_hold_whose_secret_they_lack(api, clinic_admin, receptionist, slot):
    held = api(receptionist).post(URL, slot).json()["id"]
    forged = held.split(".")[0] + ".api-0000000000000000"
    client = api(clinic_admin)

    assert client.post(f"{URL}{forged}/extend/").json()["code"] == "hold_gone"
    client.delete(f"{URL}{forged}/")
    assert client.post(URL, slot).json()["code"] == "slot_held"
    assert client.post(f"{URL}nonsense/extend/").status_code == 409


def test_a_repeated_hold_answers_with_the_same_one(api, receptionist, slot):
    client = api(receptionist)

    first = client.post(URL, slot, HTTP_IDEMPOTENCY_KEY="hold-1")
    second = client.post(URL, slot, HTTP_IDEMPOTENCY_KEY="hold-1")

    assert second.status_code == 201
    assert second.json() == first.json()


def test_a_time_nobody_could_book_cannot_be_held(api, receptionist, slot, at):
    answer = api(receptionist).post(URL, {**slot, "starts_at": at(12, 30).isoformat()})

    assert answer.status_code == 422
    assert answer.json()["reasons"]


def test_a_colleague_elsewhere_and_support_hold_nothing_here(api, receptionist_elsewhere, support, slot):
    assert api(receptionist_elsewhere).post(URL, slot).status_code == 404
    assert api(support).post(URL, slot).status_code == 403


def test_without_redis_times_cannot_be_held_but_booked(api, receptionist, slot, wanted, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    client = api(receptionist)

    held = client.post(URL, slot)
    booked = client.post("/api/v1/appointments/", wanted)

    assert (held.status_code, held.json()["code"]) == (503, "holds_unavailable")
    assert booked.status_code == 201, booked.content
    assert Appointment.objects.count() == 1
