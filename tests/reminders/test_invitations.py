"""The message that asks a patient to choose a time: planned with the invitation, sent while it can be used."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from reminders import delivery, reasons
from reminders.models import Kind, OutboxMessage, Reminder, State
from scheduling.booking_invitations import accept_invitation, invite_to_book, withdraw_invitation
from scheduling.links import address_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def invitation(patient, harbour, consultation, dr_osei, receptionist, monday):
    """The patient may choose a consultation on the Monday."""
    facts = {"patient": patient, "clinic": harbour, "appointment_type": consultation, "by": receptionist}
    return invite_to_book(**facts, first_day=monday, last_day=monday + timedelta(days=4))


def due_now() -> None:
    """Now, and by no rule, so that the night makes no difference."""
    Reminder.objects.update(next_try_at=timezone.now(), version=None)


def test_an_invitation_plans_one_message_that_ends_with_the_link(invitation):
    planned = Reminder.objects.get()

    assert (planned.kind, planned.state, planned.invitation) == (Kind.INVITATION, State.PLANNED, invitation)
    assert planned.not_after == invitation.expires_at


@pytest.mark.parametrize("language", ["en", "fr", "de", "es", "pl", "ar"])
def test_the_message_holds_the_link(invitation, patient, language):
    patient.language = language
    patient.save()
    due_now()
    delivery.deliver_due(seconds=5)

    assert address_of(invitation.link) in OutboxMessage.objects.get().text


def test_an_invitation_withdrawn_before_its_message_went_out_is_not_sent(invitation, receptionist):
    withdraw_invitation(invitation=invitation, by=receptionist)
    due_now()
    delivery.deliver_due(seconds=5)

    kept = Reminder.objects.get()
    assert (kept.state, kept.reason) == (State.SUPPRESSED, reasons.INVITATION_OVER)


def test_who_has_chosen_already_is_not_asked(invitation, dr_osei, harbour, monday):
    accept_invitation(
        invitation=invitation, doctor=dr_osei, starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone)
    )
    due_now()
    delivery.deliver_due(seconds=5)

    asked = Reminder.objects.get(kind=Kind.INVITATION)
    assert (asked.state, asked.reason) == (State.SUPPRESSED, reasons.INVITATION_OVER)
