"""Several visits on one day: one message, about all of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction

from reminders import delivery, joining
from reminders.models import Kind, OutboxMessage, Reminder, State
from scheduling.cancelling import cancel_appointment
from scheduling.models import PatientClinic
from tests.reminders.booked import book, monday

__all__ = ["book", "monday"]
pytestmark = pytest.mark.django_db


def claim(kind: str = Kind.UPCOMING, **which: object) -> list[Reminder]:
    """What delivery does: take planned rows under lock and let them absorb others."""
    with transaction.atomic():
        taken = Reminder.objects.select_for_update(of=("self",)).select_related("clinic")
        left, _ = joining.absorb(list(taken.filter(kind=kind, state=State.PLANNED, **which)))
    return left


def states() -> dict[str, str]:
    """The state of each UPCOMING message by the local time of its visit."""
    rows = Reminder.objects.filter(kind=Kind.UPCOMING).select_related("clinic").order_by("starts_at")
    return {f"{row.starts_at.astimezone(row.clinic.zone):%H:%M}": row.state for row in rows}


def test_the_first_visits_message_tells_of_all_visits_of_that_day(book):
    first, second = book("10:00"), book("15:00")
    (sent,) = claim(appointment=first)

    assert sent.appointment == first
    assert states() == {"10:00": State.PLANNED, "15:00": State.JOINED}
    assert [each.appointment for each in sent.joined.all()] == [second]


def test_also_when_all_are_due_at_once(book):
    visits = [book("15:00"), book("10:00"), book("11:00")]
    (sent,) = claim()

    assert sent.appointment == visits[1]
    assert sent.joined.count() == 2


def test_other_days_patients_clinics_and_kinds_are_told_by_themselves(
    book, another_patient, northgate, dr_osei, consultation
):
    visit = book("10:00")
    book("10:00", starts_at=visit.starts_at + timedelta(days=1))
    book("11:00", patient=another_patient)

    assert len(claim()) == 3
    assert set(states().values()) == {State.PLANNED}


def test_a_move_and_a_cancellation_are_told_each_by_itself(book, receptionist, patient_request):
    for at in ("10:00", "11:00"):
        cancel_appointment(appointment=book(at), reason=patient_request, by=receptionist)

    assert len(claim(Kind.CANCELLED)) == 2


def test_when_the_visit_that_tells_is_cancelled_the_others_are_told_after_all(book, receptionist, patient_request):
    first, _ = book("10:00"), book("15:00")
    claim(appointment=first)
    cancel_appointment(appointment=first, reason=patient_request, by=receptionist)

    assert states() == {"10:00": State.SUPPRESSED, "15:00": State.PLANNED}


def test_a_joined_visit_that_is_cancelled_is_not_told_of(book, receptionist, patient_request):
    first, second = book("10:00"), book("15:00")
    (sent,) = claim(appointment=first)
    cancel_appointment(appointment=second, reason=patient_request, by=receptionist)

    assert not sent.joined.exists()
    assert states() == {"10:00": State.PLANNED, "15:00": State.SUPPRESSED}


def test_a_visit_told_of_already_stays_so(book, receptionist, patient_request):
    first, second = book("10:00"), book("15:00")
    claim(appointment=first)
    Reminder.objects.filter(appointment=first, kind=Kind.UPCOMING).update(state=State.SENT)
    cancel_appointment(appointment=second, reason=patient_request, by=receptionist)

    assert states() == {"10:00": State.SENT, "15:00": State.JOINED}


def test_more_messages_take_no_more_statements(book, patient_elsewhere, another_patient, harbour, statements_of):
    PatientClinic.objects.get_or_create(patient=patient_elsewhere, clinic=harbour)
    book("09:00")
    one = statements_of(claim)
    for at, who in (("10:00", another_patient), ("11:00", patient_elsewhere)):
        book(at, patient=who)

    assert statements_of(claim) == one


def test_delivery_hands_over_one_message_that_names_both_times(book, patient):
    patient.mobile, patient.consents_to_sms = "+447700900461", True
    patient.save()
    first = book("10:00")
    book("15:00")
    Reminder.objects.exclude(kind=Kind.UPCOMING).delete()
    two_days_before_at_noon = first.starts_at - timedelta(days=2) + timedelta(hours=2)
    Reminder.objects.update(next_try_at=two_days_before_at_noon)
    with time_machine.travel(two_days_before_at_noon, tick=False):
        delivery.deliver_due()

    (message,) = OutboxMessage.objects.all()
    assert "10:00" in message.text
    assert "3:00" in message.text
    assert states() == {"10:00": State.SENT, "15:00": State.JOINED}
