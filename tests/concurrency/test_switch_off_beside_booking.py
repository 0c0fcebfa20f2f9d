"""A room, doctor or clinic switched off while somebody books: no visit is left unflagged."""

from __future__ import annotations

import pytest

from scheduling.errors import SlotTaken, SlotUnavailable
from scheduling.events import AppointmentBooked, RosterChanged
from scheduling.models import Appointment, Status
from scheduling.roster import displacement
from scheduling.roster.in_use import revise_use
from scheduling.roster.opening import revise_opening
from tests.concurrency.pauses import meet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def switch_off(request, clinic_admin):
    """Switches a room, a doctor or a clinic off."""

    def run(what: str):
        subject = request.getfixturevalue(what)
        if what == "harbour":
            return lambda: revise_opening(clinic=subject, in_use=False, by=clinic_admin)
        resource = getattr(subject, "resource", subject)
        return lambda: revise_use(resource=resource, in_use=False, by=clinic_admin)

    return run


SUBJECTS = pytest.mark.parametrize("what", ["room_1", "dr_osei", "harbour"])


@SUBJECTS
def test_the_switch_waits_for_the_booking_under_way_and_flags_it(what, book, switch_off, paused, sessions):
    booking, switching, waited = meet(book, switch_off(what), paused(AppointmentBooked), sessions)

    assert waited
    switching.result()
    assert Appointment.objects.get(pk=booking.result().pk).status == Status.REQUIRES_REVIEW


@SUBJECTS
def test_without_the_locks_the_visit_stays_unflagged(what, book, switch_off, paused, sessions, monkeypatch):
    """The twin: if this finds a flagged visit, the test above proves nothing."""
    for lock in ("lock_resources", "lock_clinics", "lock_types"):
        monkeypatch.setattr(displacement, lock, lambda ids: [])

    booking, switching, _ = meet(book, switch_off(what), paused(AppointmentBooked), sessions)

    switching.result()
    assert Appointment.objects.get(pk=booking.result().pk).status == Status.CONFIRMED


@SUBJECTS
def test_a_booking_waits_for_the_switch_and_is_refused(what, book, switch_off, paused, sessions):
    switching, booking, waited = meet(switch_off(what), book, paused(RosterChanged), sessions)

    assert waited
    switching.result()
    # Without its only room the visit has nowhere to be, which reads as taken.
    assert isinstance(booking.exception(), SlotTaken if what == "room_1" else SlotUnavailable)
    assert not Appointment.objects.exists()
