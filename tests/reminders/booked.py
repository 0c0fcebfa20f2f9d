"""Visits booked by command, far enough ahead that no reminder is left out: for tests of what is planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest

from reminders.models import Reminder, State
from scheduling.booking import book_appointment
from scheduling.models import Appointment

Book = Callable[..., Appointment]


@pytest.fixture
def monday(monday: date) -> date:
    """Two to three weeks ahead."""
    return monday + timedelta(days=7)


@pytest.fixture
def book(patient, consultation, dr_osei, harbour, receptionist, monday) -> Book:
    """Books Nerys Calloway with Dr Osei on Monday at a local time; anything else may be said."""

    def booked(at: str = "10:00", **changes: object) -> Appointment:
        hour, minute = map(int, at.split(":"))
        wanted = {
            "patient": patient,
            "appointment_type": consultation,
            "doctor": dr_osei,
            "clinic": harbour,
            "starts_at": datetime.combine(monday, time(hour, minute), tzinfo=harbour.zone),
            "by": receptionist,
        }
        return book_appointment(**{**wanted, **changes})

    return booked


def planned(visit: Appointment) -> set[str]:
    """The kinds of messages that are planned about a visit."""
    return set(Reminder.objects.filter(appointment=visit, state=State.PLANNED).values_list("kind", flat=True))


def withheld(visit: Appointment) -> dict[str, str]:
    """The kinds that won't be sent, with the reasons."""
    rows = Reminder.objects.filter(appointment=visit, state=State.SUPPRESSED)
    return dict(rows.values_list("kind", "reason"))
