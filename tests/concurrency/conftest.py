"""Sessions of the database beside each other, and the booking they quarrel about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from tests import factories
from tests.concurrency.pauses import Pause, pause
from waitlist.models import FreedSlot

HOURS = (9, 10, 11, 13, 14)


@pytest.fixture
def paused() -> Iterator[Callable[[type], Pause]]:
    def arm(event_type: type) -> Pause:
        pause[event_type] = Pause()
        pause[event_type].armed = True
        return pause[event_type]

    yield arm
    for each in pause.values():
        each.armed = False
        each.go_on.set()


@pytest.fixture
def sessions() -> Iterator[Callable[..., Future]]:
    """Runs a function in a database session of its own."""

    def in_session(function: Callable, *args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        yield lambda function, *args, **kwargs: pool.submit(in_session, function, *args, **kwargs)


@pytest.fixture
def book(patient, consultation, dr_osei, harbour, receptionist, monday):
    """Books Dr Osei on Monday at ten, unless told otherwise."""

    def run(**changes):
        wish = {
            "patient": patient,
            "appointment_type": consultation,
            "doctor": dr_osei,
            "clinic": harbour,
            "starts_at": datetime.combine(monday, time(10), tzinfo=harbour.zone),
            "by": receptionist,
        }
        return book_appointment(**(wish | changes))

    return run


@pytest.fixture
def freed(harbour, consultation, consulting_room, monday, receptionist, patient_request, request) -> list[FreedSlot]:
    """Thirty visits a day with six doctors, all cancelled a moment ago."""
    days = request.param
    for _ in range(6):
        factories.RoomFactory(clinic=harbour, categories=[consulting_room])
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour, time(8), time(18))
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
        for day in range(days):
            for hour in HOURS:
                visit = book_appointment(
                    patient=factories.PatientFactory(at=[harbour]),
                    appointment_type=consultation,
                    doctor=doctor,
                    clinic=harbour,
                    starts_at=datetime.combine(_weekday(monday, day), time(hour), tzinfo=harbour.zone),
                    by=receptionist,
                )
                cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    FreedSlot.objects.update(due_at=timezone.now())
    return list(FreedSlot.objects.all())


def _weekday(monday, number: int):
    return monday + timedelta(days=number + number // 5 * 2)
