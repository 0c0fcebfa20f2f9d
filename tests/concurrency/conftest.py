"""Sessions of the database beside each other, and the booking they quarrel about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, time

import pytest
from django.db import connection

from scheduling.booking import book_appointment
from tests.concurrency.pauses import Pause, pause


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
