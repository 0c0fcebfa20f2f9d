"""A patient with a visit on Monday at ten, and a telephone that follows its link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

import pytest
from django.test import Client

from scheduling.booking import book_appointment
from scheduling.links import manage_link, token_of
from scheduling.models import Appointment, CancellationReason


class Phone(Client):
    """A browser that follows one link."""

    token = ""

    def open(self, page: str = ""):
        return self.get(f"/p/{self.token}/{page}")

    def press(self, page: str, **sent: str):
        return self.post(f"/p/{self.token}/{page}", sent)

    def says_birth_date(self, date):
        return self.press("enter/", day=str(date.day), month=str(date.month), year=str(date.year))


@pytest.fixture
def at(monday, harbour) -> Callable[[str], datetime]:
    """A wall-clock time at Harbour on the Monday."""
    return lambda clock: datetime.combine(monday, time.fromisoformat(clock), tzinfo=harbour.zone)


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, at) -> Appointment:
    """The patient sees Dr Osei on Monday at ten."""
    return book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("10:00"),
        by=receptionist,
    )


@pytest.fixture
def stranger(visit) -> Phone:
    """Somebody who has the link to the visit and nothing else."""
    phone = Phone()
    phone.token = token_of(manage_link(appointment=visit))
    return phone


@pytest.fixture
def phone(stranger, visit, patient_request) -> Phone:
    """The patient's own telephone: the birth date has been given."""
    assert stranger.says_birth_date(visit.patient.birth_date).status_code == 302
    return stranger


@pytest.fixture
def reasons(patient_request) -> list[CancellationReason]:
    """What a patient may choose from."""
    unwell = CancellationReason.objects.create(code="patient_unwell", label="Patient unwell")
    return [patient_request, unwell]
