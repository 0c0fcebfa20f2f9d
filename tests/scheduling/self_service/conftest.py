"""A patient with a visit on Monday at ten, and a telephone that follows its link."""

from __future__ import annotations

import pytest
from django.test import Client

from scheduling.links import manage_link, token_of
from scheduling.models import CancellationReason


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
