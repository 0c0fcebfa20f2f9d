"""An offer is answered by SMS as well: yes takes the time, no leaves it, anything else is read by a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reminders.conversation import answer_reply, receive_reply
from reminders.models import InboundMessage, Kind, Medium, Reminder, State
from scheduling.booking import book_appointment
from scheduling.models import Status
from waitlist.models import Offer, OfferState

pytestmark = pytest.mark.django_db
NUMBER = "+447700900123"


@pytest.fixture
def texted(freed, waits, sweep) -> Offer:
    """Somebody was offered a time by SMS a minute ago."""
    waits(9)
    offer = sweep()
    sent = {"state": State.SENT, "medium": Medium.SMS, "sent_at": timezone.now() - timedelta(minutes=1)}
    assert Reminder.objects.filter(appointment=offer.appointment_id, kind=Kind.OFFER).update(**sent)
    return offer


def say(words: str) -> InboundMessage:
    message = receive_reply(
        provider="twilio",
        provider_id=f"SM{words}",
        address=NUMBER,
        body=words,
        sent_to="+447700900000",
        received_at=timezone.now(),
    )
    return answer_reply(message=message)


@pytest.mark.parametrize(
    ("words", "state", "outcome"),
    [
        ("Yes please", OfferState.ACCEPTED, "confirmed"),
        ("No", OfferState.DECLINED, "declined"),
        ("Can my son come along?", OfferState.SENT, "not_understood"),
        ("Cancel", OfferState.SENT, "not_understood"),
    ],
)
def test_a_plain_answer_is_acted_on_and_the_rest_is_read(texted, words, state, outcome):
    assert say(words).outcome == outcome

    texted.refresh_from_db()
    assert texted.state == state
    firm = Status.CONFIRMED if state == OfferState.ACCEPTED else Status.EXPIRED
    assert texted.appointment.status == (Status.PENDING if state == OfferState.SENT else firm)


def test_a_yes_that_may_be_for_another_visit_is_read_by_a_person(
    texted, consultation, dr_osei, harbour, receptionist, at
):
    other = book_appointment(
        patient=texted.entry.patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("15:00"),
        by=receptionist,
    )
    reminder = Reminder.objects.filter(appointment=other, kind=Kind.BOOKED)
    reminder.update(state=State.SENT, medium=Medium.SMS, sent_at=timezone.now() - timedelta(minutes=30))

    assert say("Yes").outcome == "several_visits"

    texted.refresh_from_db()
    assert texted.state == OfferState.SENT
