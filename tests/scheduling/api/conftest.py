"""REST clients of the cast, and visits booked through the command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pytest
from rest_framework.test import APIClient

from carebridge.accounts.models import User
from carebridge.accounts.tokens import ApiToken
from scheduling.booking import book_appointment
from scheduling.models import Appointment, AppointmentType, Clinic, Doctor, Patient, Resource

Api = Callable[[User], APIClient]


@pytest.fixture
def api(db: None) -> Api:
    """A client that carries a token of its user, as a portal would."""

    def client(user: User) -> APIClient:
        _, token = ApiToken.objects.issue(user=user)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return client


@pytest.fixture
def at(harbour: Clinic, monday: date) -> Callable[..., datetime]:
    """A time of that Monday at Harbour."""
    return lambda hour, minute=0: datetime.combine(monday, time(hour, minute), tzinfo=harbour.zone)


@pytest.fixture
def wanted(
    patient: Patient, consultation: AppointmentType, dr_osei: Doctor, harbour: Clinic, at: Any
) -> dict[str, object]:
    """The body of a booking that nothing speaks against."""
    return {
        "patient": str(patient.pk),
        "appointment_type": consultation.pk,
        "doctor": dr_osei.pk,
        "clinic": harbour.pk,
        "starts_at": at(9).isoformat(),
    }


@pytest.fixture
def book(consultation: AppointmentType, dr_osei: Doctor, room_2: Resource, harbour: Clinic, at: Any) -> Any:
    """Book a visit at an hour, with Dr Osei unless another doctor is named."""

    def booked(patient: Patient, hour: int, minute: int = 0, **more: Any) -> Appointment:
        facts = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": None, **more}
        return book_appointment(patient=patient, starts_at=at(hour, minute), **facts)

    return booked


@pytest.fixture
def booked(book: Any, patient: Patient) -> Appointment:
    """Nerys Calloway sees Dr Osei on Monday at ten."""
    return book(patient, 10, notes="Brings her own ECG")
