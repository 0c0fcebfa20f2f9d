"""A bug in another app must not stop a booking, nor lose what that app had to do."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from carebridge import events as kernel
from carebridge.events import handles
from scheduling import sweeps
from scheduling.booking import book_appointment
from scheduling.events import AppointmentBooked
from scheduling.models import HandlerFailure, PatientClinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def reaction():
    """A subscribed reaction that fails until it is mended; it first writes a row, as reactions do."""
    state = {"broken": True, "seen": []}

    @handles(AppointmentBooked)
    def react(event: AppointmentBooked) -> None:
        PatientClinic.objects.filter(clinic=event.clinic_id).delete()
        if state["broken"]:
            raise RuntimeError("Nerys Calloway has no phone")
        state["seen"].append(event)

    yield state
    kernel._in_transaction[AppointmentBooked].remove(react)


@pytest.fixture
def visit(reaction, patient, consultation, dr_osei, harbour, receptionist, monday):
    return book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=receptionist,
    )


def test_the_booking_stands_and_the_failed_reaction_leaves_only_a_note(visit, harbour):
    failure = HandlerFailure.objects.get()

    assert failure.event.appointment == visit
    assert failure.error == "RuntimeError"
    assert PatientClinic.objects.filter(clinic=harbour).exists()


def test_the_sweep_runs_the_reaction_again_until_it_succeeds(visit, reaction):
    assert sweeps.retry_failed_handlers() == 0
    reaction["broken"] = False
    assert sweeps.retry_failed_handlers() == 1
    assert sweeps.retry_failed_handlers() == 0

    (event,) = reaction["seen"]
    assert (event.appointment_id, event.starts_at) == (visit.pk, visit.starts_at)
    assert HandlerFailure.objects.get().tries == 3
