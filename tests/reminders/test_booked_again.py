"""Nobody is asked to book what they have booked already."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders import reasons
from reminders.delivery import deliver_due
from reminders.models import Kind, Reminder, State
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.models import Appointment, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def over(visit, patient) -> Appointment:
    """The visit has taken place, and its patient can be reached."""
    patient.mobile, patient.consents_to_sms = "+447700900461", True
    patient.save()
    Appointment.objects.filter(pk=visit.pk).update(status=Status.COMPLETED)
    visit.refresh_from_db()
    return visit


@pytest.fixture
def again(over, receptionist):
    """Books the patient once more, a day later."""

    def book(**changes) -> Appointment:
        wanted = {
            "patient": over.patient,
            "appointment_type": over.appointment_type,
            "doctor": over.doctor,
            "clinic": over.clinic,
            "starts_at": over.starts_at + timedelta(days=1),
            "by": receptionist,
        }
        return book_appointment(**{**wanted, **changes})

    return book


def became(row: Reminder) -> tuple[str, str]:
    deliver_due()
    row.refresh_from_db()
    return row.state, row.reason


@pytest.mark.parametrize("kind", [Kind.RECALL, Kind.FOLLOW_UP])
def test_who_has_a_later_visit_for_the_same_service_is_not_asked_to_book(over, again, remind, kind):
    again()

    assert became(remind(kind=kind)) == (State.SUPPRESSED, reasons.BOOKED_AGAIN)


def test_who_has_none_is_asked(over, remind):
    assert became(remind(kind=Kind.RECALL))[0] == State.SENT


def test_a_later_visit_that_was_cancelled_does_not_count(over, again, remind, patient_request, receptionist):
    cancel_appointment(appointment=again(), reason=patient_request, by=receptionist)

    assert became(remind(kind=Kind.RECALL))[0] == State.SENT


def test_thanks_go_out_whatever_is_booked(over, again, remind):
    again()

    assert became(remind(kind=Kind.THANKS))[0] == State.SENT
