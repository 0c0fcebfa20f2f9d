"""Whoever looks at a patient leaves a row: who, in which role, where, in which request, from which address."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from carebridge.audit.models import LogEntry
from carebridge.audit.origin import outside
from scheduling.patients import register_patient, update_patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_the_desk(receptionist):
    client = Client()
    client.force_login(receptionist)
    return client


def events_about(patient, actor):
    return list(
        LogEntry.objects.about_patient(patient.pk).filter(actor=actor, action=3).values_list("event", flat=True)
    )


@pytest.mark.parametrize(
    ("ask", "event"),
    [
        (lambda desk, patient, visit: desk.get(f"/patients/{patient.pk}/"), "patient.opened"),
        (lambda desk, patient, visit: desk.post("/search/", {"q": "calloway"}), "patient.searched"),
        (
            lambda desk, patient, visit: desk.post("/patients/suggest/", {"patient_text": "call"}),
            "patient.searched",
        ),
        (lambda desk, patient, visit: desk.get(f"/appointments/{visit.reference}/"), "appointment.opened"),
        (lambda desk, patient, visit: desk.get("/api/v1/patients/"), "patient.listed"),
        (lambda desk, patient, visit: desk.get(f"/api/v1/patients/{patient.pk}/"), "patient.viewed"),
        (lambda desk, patient, visit: desk.get(f"/api/v1/appointments/{visit.reference}/"), "appointment.opened"),
        (
            lambda desk, patient, visit: desk.get(f"/api/v1/appointments/?patient={patient.pk}"),
            "appointment.listed",
        ),
        (lambda desk, patient, visit: desk.get("/api/v1/appointments/?search=calloway"), "appointment.listed"),
        (
            lambda desk, patient, visit: desk.get(f"/api/v1/appointments/{visit.reference}/history/"),
            "appointment.history_viewed",
        ),
    ],
)
def test_every_look_at_a_patient_is_in_the_patients_trail(at_the_desk, patient, visit, receptionist, ask, event):
    assert ask(at_the_desk, patient, visit).status_code == 200

    assert events_about(patient, receptionist) == [event]


def test_a_look_tells_role_clinic_request_and_address(at_the_desk, patient, harbour, receptionist):
    answer = at_the_desk.get(f"/patients/{patient.pk}/")

    row = LogEntry.objects.get(event="patient.opened")
    assert (row.actor, row.role, row.clinic_id) == (receptionist, "receptionist", harbour.pk)
    assert row.cid == answer.headers["X-Request-ID"]
    assert row.remote_addr == "127.0.0.1"


def test_an_open_drawer_that_refreshes_itself_is_one_look(at_the_desk, visit, patient, receptionist):
    for _ in range(3):
        at_the_desk.get(f"/appointments/{visit.reference}/")

    assert events_about(patient, receptionist) == ["appointment.opened"]


def test_a_search_stands_in_the_trail_of_those_it_showed_and_of_nobody_else(
    at_the_desk, patient, another_patient, receptionist
):
    at_the_desk.post("/search/", {"q": "calloway"})

    assert events_about(patient, receptionist) == ["patient.searched"]
    assert events_about(another_patient, receptionist) == []


def test_what_was_typed_is_never_kept(at_the_desk, patient):
    at_the_desk.post("/search/", {"q": "calloway"})

    row = LogEntry.objects.get(event="patient.searched")
    assert "calloway" not in f"{row.changes}{row.additional_data}{row.object_repr}".lower()


def test_correcting_a_patient_is_one_row_that_names_what_changed_and_no_value(patient, receptionist):
    update_patient(patient=patient, by=receptionist, mobile="+447700900999", given_name=patient.given_name)

    (row,) = LogEntry.objects.filter(patient_id=patient.pk, action=1)
    assert (row.event, row.changes) == ("patient.updated", {"mobile": ["•••", "•••"]})


def test_registering_a_patient_is_one_row(harbour, receptionist):
    patient = register_patient(
        clinic=harbour, by=receptionist, given_name="Ada", family_name="Byron", birth_date=date(1990, 1, 2)
    )

    assert [row.event for row in LogEntry.objects.filter(patient_id=patient.pk)] == ["patient.registered"]


def test_a_patient_saved_past_the_commands_still_leaves_a_row(patient):
    """The safety net: whoever writes a patient some other way is recorded too, by name of the fields only."""
    patient.given_name = "Somebody"
    patient.save()

    row = LogEntry.objects.get(patient_id=patient.pk, event="", action=1)
    assert row.changes == {"given_name": ["•••", "•••"]}


def test_rows_of_a_command_tell_which_process_wrote_them(patient):
    row = LogEntry.objects.filter(patient_id=patient.pk).latest("id")

    assert row.cid == outside().run
    assert row.additional_data["process"] == outside().name
    assert row.additional_data["host"]


def test_rows_of_a_job_tell_which_job_wrote_them(harbour):
    from django_rq import get_queue, get_worker
    from rq import SimpleWorker

    job = get_queue("high", commit_mode="auto").enqueue(note, harbour.pk)
    get_worker("high", worker_class=SimpleWorker).work(burst=True)

    row = LogEntry.objects.get(event="clinic.noted")
    assert (row.cid, row.additional_data["process"]) == (f"job-{job.id}", "job note")


def note(clinic_id: int) -> None:
    """A job that writes a row."""
    from carebridge.audit.trail import log_change
    from scheduling.models import Clinic

    log_change(Clinic.objects.get(pk=clinic_id), event="clinic.noted", by=None)
