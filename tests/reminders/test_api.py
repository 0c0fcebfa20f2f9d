"""Messages by REST: what went out about which visit, without an address or a word of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carebridge.audit.models import LogEntry
from reminders.models import Kind, Reminder, State
from scheduling.models import Appointment
from tests.reminders.booked import book, monday
from tests.scheduling.api.conftest import api

__all__ = ["api", "book", "monday"]
pytestmark = pytest.mark.django_db
URL = "/api/v1/reminders/"


def listed(client, query: str = "") -> list[dict]:
    answer = client.get(URL + query)
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


def test_a_booking_shows_what_is_planned_and_when(api, receptionist, book, harbour):
    visit = book()

    row = next(each for each in listed(api(receptionist)) if each["kind"] == Kind.UPCOMING)

    assert (row["state"], row["appointment"], row["patient"]) == ("planned", visit.reference, str(visit.patient_id))
    assert row["clinic"] == {"id": harbour.pk, "name": harbour.name}
    assert row["due_at"] == row["next_try_at"] == (visit.local_start - timedelta(days=2)).isoformat()
    assert (row["tries"], row["sent_at"], row["reason"]) == (0, None, "")


def test_addresses_words_and_what_providers_said_are_not_in_it(api, receptionist, book, patient):
    book()
    Reminder.objects.update(
        state=State.FAILED, reason="provider_refused", provider_words="Unreachable handset", provider_id="SM1", tries=2
    )

    answer = api(receptionist).get(URL)

    assert not any(
        each in answer.content.decode() for each in (patient.mobile, patient.family_name, "handset", "SM1", "key")
    )
    assert {row["next_try_at"] for row in answer.json()["results"]} == {None}


def test_a_receptionist_elsewhere_sees_none_and_a_doctor_their_own_patients(
    api, receptionist_elsewhere, doctor_user, book, dr_wilk, another_patient
):
    own = book()
    book("11:00", patient=another_patient, doctor=dr_wilk)

    assert listed(api(receptionist_elsewhere)) == []
    assert {row["appointment"] for row in listed(api(doctor_user))} == {own.reference}


def test_every_filter_narrows(api, receptionist, book, another_patient, harbour):
    one, other = book(), book("11:00", patient=another_patient)
    client = api(receptionist)
    everything = listed(client)

    assert {row["appointment"] for row in listed(client, f"?appointment={one.reference.lower()}")} == {one.reference}
    assert {row["patient"] for row in listed(client, f"?patient={other.patient_id}")} == {str(other.patient_id)}
    assert {row["kind"] for row in listed(client, "?kind=booked&kind=upcoming")} == {"booked", "upcoming"}
    assert listed(client, "?state=sent") == listed(client, "?medium=letter") == []
    assert listed(client, f"?clinic={harbour.pk}&state=planned&state=suppressed") == everything


def test_days_are_those_of_the_clinics_calendar(api, receptionist, book, harbour):
    visit = book()
    # Half past midnight in summer is the day before in UTC.
    at = visit.local_start.replace(month=7, hour=0, minute=30)
    Reminder.objects.filter(kind=Kind.UPCOMING).update(due_at=at)
    client, day = api(receptionist), at.date()
    assert at.utcoffset()

    assert [row["kind"] for row in listed(client, f"?kind=upcoming&from={day}&to={day}")] == ["upcoming"]
    assert listed(client, f"?kind=upcoming&to={day - timedelta(days=1)}") == []
    assert listed(client, f"?kind=upcoming&from={day + timedelta(days=1)}") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?clinic=999999", 404),
        ("?patient=00000000-0000-4000-8000-000000000000", 404),
        ("?kind=nonsense", 422),
        ("?from=2026-03-09&to=2026-03-02", 422),
        ("?limit=0", 422),
    ],
)
def test_what_makes_no_sense_is_refused(api, receptionist, query, status):
    assert api(receptionist).get(URL + query).status_code == status


def test_asking_for_a_patient_is_recorded_and_a_plain_page_is_not(api, receptionist, book, patient):
    book()
    client = api(receptionist)
    client.get(URL)
    assert not LogEntry.objects.filter(event="reminder.listed").exists()

    client.get(f"{URL}?patient={patient.pk}")

    entry = LogEntry.objects.get(event="reminder.listed")
    assert entry.additional_data["patients"] == [str(patient.pk)]


def test_pages_follow_each_other_without_gap_or_repetition(api, receptionist, book):
    book()
    client, seen, url = api(receptionist), [], f"{URL}?limit=2"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]

    assert seen == list(Reminder.objects.order_by("pk").values_list("pk", flat=True))


def test_the_list_costs_the_same_statements_for_one_row_and_three(api, receptionist, book, another_patient, dr_wilk):
    book()
    Reminder.objects.exclude(kind=Kind.UPCOMING).delete()
    client = api(receptionist)
    with CaptureQueriesContext(connection) as one:
        assert len(listed(client)) == 1
    book("11:00", patient=another_patient)
    book("12:00", doctor=dr_wilk, patient=another_patient, starts_at=_later(Appointment.objects.latest("pk")))
    Reminder.objects.exclude(kind=Kind.UPCOMING).delete()
    with CaptureQueriesContext(connection) as three:
        assert len(listed(client)) == 3

    assert len(three) == len(one) <= 5


def _later(visit: Appointment):
    return visit.starts_at + timedelta(hours=2)
