"""A process died, or an answer was lost, while a message was being handed over: was it sent, or not?"""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from reminders import claiming, outcomes
from reminders.breaker import Breaker
from reminders.delivery import deliver_due
from reminders.messages import compose
from reminders.models import Attempt, OutboxMessage, Reminder, State
from reminders.transports import base
from reminders.transports.base import transport_for
from reminders.uncertain import settle_stale

pytestmark = pytest.mark.django_db


@pytest.fixture
def claimed(remind):
    """A claimed message; the process that claimed it has died since, before or after it handed it over."""

    def make(*, handed_over: bool) -> Reminder:
        reminder = remind()
        (claim,) = claiming.claim(10, now=timezone.now(), admit=lambda provider, now: None).claims
        if handed_over:
            transport_for(claim.medium).send(compose(claim.reminder, claim.medium))
        return reminder

    return make


@pytest.fixture
def later():
    """Two minutes later, when every lease is over."""
    return lambda: time_machine.travel(timezone.now() + timedelta(minutes=2))


def test_what_the_provider_has_is_not_sent_again(claimed, twilio, later):
    reminder = claimed(handed_over=True)

    with later():
        assert settle_stale()["sent"] == 1
        deliver_due()

    reminder.refresh_from_db()
    (taken,) = twilio.taken
    assert (reminder.state, reminder.provider_id) == (State.SENT, taken.sid)
    assert reminder.attempts.get().outcome == Attempt.Outcome.ACCEPTED


def test_what_never_arrived_is_sent(claimed, twilio, later):
    reminder = claimed(handed_over=False)

    with later():
        assert settle_stale()["again"] == 1
        deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, len(twilio.taken)) == (State.SENT, 1)
    assert list(reminder.attempts.values_list("outcome", flat=True)) == ["lost", "accepted"]


def test_a_message_that_is_being_sent_is_left_to_whoever_sends_it(claimed, twilio):
    reminder = claimed(handed_over=False)

    assert not settle_stale()

    reminder.refresh_from_db()
    assert reminder.state == State.SENDING


def test_an_answer_that_was_lost_makes_no_second_message(remind, twilio, later):
    reminder = remind()
    twilio.behaviour.failures.append("drop")

    deliver_due()
    reminder.refresh_from_db()
    assert (reminder.state, len(twilio.taken)) == (State.SENDING, 1)

    with later():
        settle_stale()
        deliver_due()
    reminder.refresh_from_db()
    assert (reminder.state, len(twilio.taken)) == (State.SENT, 1)


def test_two_messages_in_the_same_words_are_told_apart(claimed, remind, twilio, later):
    """A father and his son by the same phone: the son's message is no proof that the father's was sent."""
    son = remind()
    deliver_due()
    father = claimed(handed_over=False)

    with later():
        settle_stale()
        deliver_due()

    sids = {Reminder.objects.get(pk=each.pk).provider_id for each in (son, father)}
    assert sids == {each.sid for each in twilio.taken}
    assert len(sids) == 2


def test_while_the_provider_cannot_be_asked_nothing_is_sent_again(claimed, twilio, later):
    reminder = claimed(handed_over=True)
    twilio.behaviour.down = True

    with later():
        settle_stale()
        deliver_due()

    reminder.refresh_from_db()
    assert reminder.state == State.SENDING
    assert len(twilio.taken) == 1


def test_a_box_that_honours_keys_is_asked_by_key(claimed, later):
    reminder = claimed(handed_over=True)

    with later():
        settle_stale()

    reminder.refresh_from_db()
    assert (reminder.state, OutboxMessage.objects.count()) == (State.SENT, 1)


def test_who_keeps_no_record_gets_one_more_try_and_no_third(claimed, settings, patient, mail_server, later):
    type(patient).objects.update(preferred_channel="email", email="nerys@example.org")
    reminder = claimed(handed_over=True)

    with later():
        assert settle_stale()["again"] == 1
        claiming.claim(10, now=timezone.now(), admit=lambda provider, now: None)
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert settle_stale()["failed"] == 1

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.FAILED, "too_many_tries")


def test_a_provider_that_was_given_up_meanwhile_cannot_be_asked(claimed, twilio, settings, later):
    reminder = claimed(handed_over=False)
    settings.REMINDER_TRANSPORTS = {**settings.REMINDER_TRANSPORTS, "sms": "reminders.transports.outbox.Outbox"}
    base._made.clear()

    with later():
        settle_stale()
        deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.provider) == (State.SENT, "outbox")


def test_what_cannot_be_known_until_it_is_too_late_is_shown_as_failed(claimed, twilio):
    reminder = claimed(handed_over=False)
    twilio.behaviour.down = True
    Reminder.objects.filter(pk=reminder.pk).update(not_after=timezone.now() + timedelta(minutes=1))

    for minutes in (2, 4):
        for _ in range(5):
            Breaker().note_failure("twilio", "timeout", timezone.now() + timedelta(minutes=minutes))
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            settle_stale()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.FAILED, "too_many_tries")


def test_an_answer_that_comes_after_all_counts(remind, twilio):
    """Somebody gave the message up as lost while its provider was still taking it."""
    reminder = remind()
    (claim,) = claiming.claim(10, now=timezone.now(), admit=lambda provider, now: None).claims
    answer = claim.transport.send(compose(claim.reminder, claim.medium))
    Reminder.objects.filter(pk=reminder.pk).update(state=State.PLANNED, claimed_at=None)

    outcomes.record([(claim, answer)])
    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, len(twilio.taken)) == (State.SENT, 1)
