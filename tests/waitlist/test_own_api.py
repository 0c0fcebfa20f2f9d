"""The waitlist over REST for patients: their own entries, and no time that is being offered to those who wait."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from carebridge.accounts.tokens import Scope
from scheduling.api_access import create_service_account, issue_token
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.errors import SlotTaken
from scheduling.models import Appointment, Channel
from scheduling.rescheduling import reschedule_appointment
from tests import factories
from waitlist.freed import AT_MOST
from waitlist.models import Entry, Outcome

pytestmark = pytest.mark.django_db
ENTRIES = "/api/v1/me/waitlist/entries/"


@pytest.fixture
def let_in(harbour, clinic_admin):
    """A client that carries the token of a patient whom a portal has verified."""
    portal = create_service_account(name="Patient portal", clinics=[harbour], by=clinic_admin)
    scopes = [Scope.PATIENTS_EXCHANGE, Scope.DIRECTORY_READ]
    key = issue_token(user=portal, name="Production", scopes=scopes, clinics=[harbour], days=30, by=clinic_admin)

    def client(patient):
        asked, carries = APIClient(), APIClient()
        asked.credentials(HTTP_AUTHORIZATION=f"Token {key.secret}")
        verified = {"patient": str(patient.pk), "birth_date": str(patient.birth_date)}
        token = asked.post("/api/v1/auth/patient-token/", verified).json()["token"]
        carries.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return carries

    return client


def test_a_patient_waits_for_something_earlier_and_then_no_more(let_in, visit, waits):
    me, somebody = let_in(visit.patient), waits()
    asked = {"clinic": visit.clinic_id, "appointment_type": visit.appointment_type_id, "visit": visit.reference}

    made = me.post(ENTRIES, asked, format="json", headers={"Idempotency-Key": "one"})
    again = me.post(ENTRIES, asked, format="json", headers={"Idempotency-Key": "one"})
    urgent = me.post(ENTRIES, {**asked, "urgency": "urgent"}, format="json")

    assert (made.status_code, again.status_code, urgent.json()["code"]) == (201, 201, "already_waiting")
    (mine,) = me.get(ENTRIES).json()["results"]
    assert (mine["id"], mine["visit"]) == (made.json()["id"], visit.reference)
    assert not {"patient", "urgency", "urgency_reason", "is_sensitive"} & set(mine)

    assert me.delete(f"{ENTRIES}{somebody.pk}/").status_code == 404
    assert [me.delete(f"{ENTRIES}{mine['id']}/").status_code for _ in range(2)] == [204, 204]
    assert Entry.objects.get(pk=mine["id"]).outcome == Outcome.WITHDREW


def test_somebody_elses_visit_cannot_be_given_up(let_in, visit, harbour):
    me = let_in(factories.PatientFactory(at=[harbour]))
    asked = {"clinic": visit.clinic_id, "appointment_type": visit.appointment_type_id, "visit": visit.reference}

    assert me.post(ENTRIES, asked, format="json").status_code == 404


def test_a_freed_time_is_nobodys_who_happens_to_look_until_it_was_offered(let_in, freed, harbour, consultation):
    me = let_in(factories.PatientFactory(at=[harbour]))
    day = freed.local_start.date().isoformat()
    search = f"?appointment_type={consultation.pk}&clinic={harbour.pk}&from={day}&to={day}"
    starts_at = freed.local_start.isoformat()
    wanted = {
        "appointment_type": consultation.pk,
        "doctor": freed.doctor_id,
        "clinic": harbour.pk,
        "starts_at": starts_at,
    }

    def seen() -> tuple[bool, int]:
        times = me.get(f"/api/v1/me/slots/{search}").json()["results"]
        (counted,) = me.get(f"/api/v1/me/slots/days/{search}").json()["results"]
        return starts_at in {each["starts_at"] for each in times}, counted["count"]

    hidden, fewer = seen()
    refused = [me.post(f"/api/v1/me/{door}/", wanted, format="json") for door in ("holds", "appointments")]

    assert not hidden
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(409, "slot_taken")] * 2
    with time_machine.travel(timezone.now() + AT_MOST + timedelta(minutes=10), tick=False):
        me = let_in(Appointment.objects.get(pk=freed.appointment_id).patient)
        offered, more = seen()
        assert offered
        assert more > fewer
        assert me.post("/api/v1/me/appointments/", wanted, format="json").status_code == 201


@pytest.mark.parametrize(
    ("channel", "refused"), [(Channel.WEB, True), (Channel.LINK, True), (Channel.DESK, False), (Channel.API, False)]
)
@pytest.mark.parametrize("earlier", [timedelta(), timedelta(minutes=15)], ids=["at its start", "running into it"])
def test_a_patient_neither_books_a_freed_time_nor_moves_into_it_and_staff_do(
    channel, refused, earlier, freed, consultation, harbour, dr_osei, receptionist
):
    facts = {"doctor": dr_osei, "by": None if refused else receptionist, "channel": channel}
    known = {"appointment_type": consultation, "clinic": harbour}
    wanted = freed.starts_at - earlier
    elsewhere = factories.PatientFactory(at=[harbour])
    later = book_appointment(patient=elsewhere, starts_at=freed.starts_at + timedelta(hours=4), **known, **facts)
    taken = pytest.raises(SlotTaken) if refused else nullcontext()

    with taken:
        moved = reschedule_appointment(appointment=later, starts_at=wanted, **facts)
        cancel_appointment(appointment=moved, reason=factories.CancellationReasonFactory(), by=receptionist)
    with taken:
        book_appointment(patient=factories.PatientFactory(at=[harbour]), starts_at=wanted, **known, **facts)
