"""A doctor who serves two clinics: each sees that they are busy at the other, and nothing else of it."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from scheduling.availability import SlotSearch, find_slots
from scheduling.booking import book_appointment
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit_elsewhere(dr_osei, harbour, northgate, northgate_room, consultation, patient_elsewhere, monday):
    """Dr Osei sees Irena Novak at Northgate on Monday at 10:00, in the middle of the list at Harbour."""
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)
    factories.OfferingFactory(doctor=dr_osei, appointment_type=consultation, clinic=northgate)
    starts_at = datetime.combine(monday, time(10), tzinfo=northgate.zone)
    factories.ExtraSessionFactory(
        resource=dr_osei.resource,
        clinic=northgate,
        starts_at=starts_at,
        ends_at=datetime.combine(monday, time(11), tzinfo=northgate.zone),
    )
    return book_appointment(
        patient=patient_elsewhere,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=northgate,
        starts_at=starts_at,
        by=None,
    )


def test_the_board_shows_the_time_as_busy_elsewhere_without_any_detail(
    client, receptionist, harbour, visit_elsewhere, monday
):
    client.force_login(receptionist)
    board = client.get(f"/board/?clinic={harbour.pk}&day={monday}").content.decode()

    assert "Busy elsewhere" in board
    assert "10:00 to 10:40" in board
    for detail in ("Northgate", "Novak", visit_elsewhere.reference):
        assert detail not in board


def test_the_search_offers_no_time_then(harbour, dr_osei, consultation, room_1, visit_elsewhere, monday):
    slots = find_slots(
        SlotSearch(
            appointment_type_id=consultation.pk,
            clinic_ids=(harbour.pk,),
            from_day=monday,
            to_day=monday,
            now=visit_elsewhere.created_at,
        )
    )

    starts = [slot.starts_at.astimezone(harbour.zone).time() for slot in slots]
    assert time(11) in starts
    assert time(10) not in starts


def test_the_reason_given_names_no_other_clinic(
    client, receptionist, harbour, dr_osei, consultation, room_1, visit_elsewhere, patient
):
    client.force_login(receptionist)
    slot = f"{dr_osei.pk}.{harbour.pk}.{visit_elsewhere.starts_at.isoformat()}"
    drawer = client.post(
        "/find/patient/", {"slot": slot, "type": consultation.pk, "patient": patient.pk}, headers={"hx-request": "true"}
    ).content.decode()

    assert "is booked 10:00" in drawer
    for detail in ("Northgate", "Novak", visit_elsewhere.reference):
        assert detail not in drawer
