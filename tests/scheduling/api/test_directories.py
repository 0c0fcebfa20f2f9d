"""What there is to book, where and with whom, as REST clients read it."""

from __future__ import annotations

import pytest

from tests import factories

LISTS = ["clinics", "doctors", "rooms", "services", "appointment-types", "cancellation-reasons"]


def names(answer):
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"next", "previous", "results"}
    return [row["name"] for row in answer.json()["results"]]


def test_reception_reads_the_directory_of_their_own_clinic(
    api, receptionist, dr_osei, dr_wilk, room_1, northgate_room, northgate
):
    client = api(receptionist)

    assert names(client.get("/api/v1/clinics/")) == ["Harbour Street"]
    assert names(client.get("/api/v1/doctors/")) == ["Dr Amara Osei", "Dr Tomasz Wilk"]
    assert "Room 1" in names(client.get("/api/v1/rooms/"))
    assert names(client.get("/api/v1/services/")) == ["Cardiology"]
    assert names(client.get("/api/v1/appointment-types/")) == ["Consultation"]


def test_a_colleague_elsewhere_finds_neither_doctor_nor_room(api, receptionist_elsewhere, dr_osei, room_1, harbour):
    client = api(receptionist_elsewhere)

    assert names(client.get("/api/v1/doctors/")) == []
    assert client.get(f"/api/v1/doctors/{dr_osei.pk}/").status_code == 404
    assert client.get(f"/api/v1/rooms/{room_1.pk}/").status_code == 404
    assert client.get(f"/api/v1/clinics/{harbour.pk}/").status_code == 404
    assert client.get("/api/v1/rooms/", {"clinic": harbour.pk}).status_code == 404


def test_a_doctor_is_shown_with_clinics_and_usual_room(api, receptionist, dr_osei, harbour, room_1, northgate):
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)

    body = api(receptionist).get(f"/api/v1/doctors/{dr_osei.pk}/").json()

    assert body["clinics"] == [
        {"id": harbour.pk, "name": "Harbour Street", "usual_room": {"id": room_1.pk, "name": "Room 1"}}
    ]
    assert body["specialities"][0]["name"] == "Cardiology"


def test_filters_repeat_and_combine(api, manager, dr_osei, harbour, northgate, consultation):
    elsewhere = factories.DoctorFactory(family_name="Abara", at=[northgate])
    client = api(manager)

    both = client.get("/api/v1/doctors/", {"clinic": [harbour.pk, northgate.pk]})

    assert names(both) == [elsewhere.full_name, "Dr Amara Osei"]
    assert names(client.get("/api/v1/doctors/", {"clinic": northgate.pk})) == [elsewhere.full_name]
    assert names(client.get("/api/v1/doctors/", {"appointment_type": consultation.pk})) == ["Dr Amara Osei"]
    assert names(client.get("/api/v1/doctors/", {"search": "osei card"})) == ["Dr Amara Osei"]
    assert names(client.get("/api/v1/appointment-types/", {"doctor": elsewhere.pk})) == []


def test_inactive_rows_leave_the_list_but_can_still_be_named(api, receptionist, dr_osei):
    dr_osei.is_active = False
    dr_osei.save()
    client = api(receptionist)

    assert names(client.get("/api/v1/doctors/")) == []
    assert client.get(f"/api/v1/doctors/{dr_osei.pk}/").json()["is_active"] is False


def test_pages_follow_a_cursor_to_the_last_row(api, receptionist, harbour):
    for _ in range(5):
        factories.DoctorFactory(family_name="Shah", at=[harbour])
    client, seen = api(receptionist), []

    page = client.get("/api/v1/doctors/", {"limit": 2}).json()
    while True:
        seen += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()

    assert len(seen) == len(set(seen)) == 5


def test_types_are_paged_in_the_order_of_their_services(api, receptionist, consultation):
    for service in ("Audiology", "Physiotherapy", "Dermatology"):
        factories.AppointmentTypeFactory(service=factories.ServiceFactory(name=service), name="New")
    client, seen = api(receptionist), []

    page = client.get("/api/v1/appointment-types/", {"limit": 1}).json()
    while page["next"]:
        seen += [row["service"]["name"] for row in page["results"]]
        page = client.get(page["next"]).json()

    assert seen == ["Audiology", "Cardiology", "Dermatology"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"clinic": "harbour"}, "clinic"),
        ({"clinic": "-1"}, "clinic"),
        ({"limit": "0"}, "limit"),
        ({"limit": "all"}, "limit"),
        ({"cursor": "@@@"}, "cursor"),
        ({"search": "x" * 81}, "search"),
    ],
)
def test_an_unreadable_filter_is_refused_by_name(api, receptionist, query, field):
    answer = api(receptionist).get("/api/v1/doctors/", query)

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert field in answer.json()["errors"]


@pytest.mark.parametrize("path", LISTS)
def test_a_directory_costs_the_same_statements_for_one_row_and_three(api, receptionist, harbour, consulting_room, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def add(n):
        factories.CancellationReasonFactory(code=f"reason-{n}")
        category = factories.ResourceCategoryFactory()
        factories.RoomFactory(clinic=harbour, categories=[category])
        kind = factories.AppointmentTypeFactory(service__speciality=factories.SpecialityFactory())
        factories.RequirementFactory(appointment_type=kind, category=category)
        doctor = factories.DoctorFactory(at=[harbour])
        doctor.specialities.add(kind.service.speciality)

    client = api(receptionist)
    add(1)
    with CaptureQueriesContext(connection) as one:
        client.get(f"/api/v1/{path}/")
    add(2)
    add(3)
    with CaptureQueriesContext(connection) as three:
        answer = client.get(f"/api/v1/{path}/")

    assert len(answer.json()["results"]) >= (1 if path == "clinics" else 3)
    assert len(three) == len(one)
    assert len(one) <= 6


def test_nobody_reads_without_a_token(client, db):
    for path in LISTS:
        answer = client.get(f"/api/v1/{path}/")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Token")
