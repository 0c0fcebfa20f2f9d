"""A person tries a failed message again, sends one now, blocks it, or says that it has been dealt with."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.utils import timezone

from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed
from reminders.by_hand import (
    PlannedAlready,
    QuietHours,
    TooLate,
    WrongState,
    block_reminder,
    mark_posted,
    retry_reminder,
    retry_reminders,
    send_now,
    settle_failure,
    unblock_reminder,
)
from reminders.delivery import deliver_due
from reminders.models import Attempt, OutboxMessage, Reminder, Rule, RuleVersion, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(remind) -> Reminder:
    """A message that the provider refused at the first try."""
    reminder = remind(state=State.FAILED, reason="provider_refused", tries=1, medium="sms")
    Attempt.objects.create(
        reminder=reminder,
        number=1,
        medium="sms",
        provider="twilio",
        started_at=timezone.now(),
        outcome=Attempt.Outcome.PERMANENT,
    )
    return reminder


@pytest.fixture
def rule(harbour) -> RuleVersion:
    rule = Rule.objects.create(kind="upcoming", slot="own", clinic=harbour)
    return RuleVersion.objects.create(rule=rule, number=1)


def test_a_failed_message_is_tried_again_from_the_beginning(failed, receptionist):
    retry_reminder(reminder=failed, by=receptionist)
    deliver_due()

    failed.refresh_from_db()
    assert (failed.state, failed.reason, failed.tries) == (State.SENT, "", 2)
    assert list(failed.attempts.values_list("number", "outcome")) == [(1, "permanent"), (2, "accepted")]
    assert LogEntry.objects.filter(event="reminder.retried", actor=receptionist).count() == 1


def test_many_are_tried_again_and_those_for_which_it_is_too_late_are_left(failed, remind, receptionist):
    over = remind(state=State.FAILED, reason="provider_refused", not_after=timezone.now() - timedelta(minutes=1))

    assert retry_reminders(reminders=[failed, over], by=receptionist) == 1

    over.refresh_from_db()
    assert over.state == State.FAILED


def test_a_message_whose_time_is_over_is_not_tried_again(failed, receptionist):
    Reminder.objects.update(not_after=timezone.now() - timedelta(minutes=1))

    with pytest.raises(TooLate):
        retry_reminder(reminder=failed, by=receptionist)


def test_a_failed_message_is_not_tried_again_beside_the_same_one(failed, rule, remind, receptionist):
    Reminder.objects.update(version=rule)
    remind(version=rule)

    with pytest.raises(PlannedAlready):
        retry_reminder(reminder=failed, by=receptionist)


def test_a_sent_message_is_not_sent_again(remind, receptionist):
    reminder = remind(state=State.SENT)

    for do in (retry_reminder, send_now, block_reminder, unblock_reminder, settle_failure):
        with pytest.raises(WrongState):
            do(reminder=reminder, by=receptionist)


def test_a_planned_message_is_sent_now(remind, receptionist):
    reminder = remind(due_at=timezone.now() + timedelta(days=2))

    send_now(reminder=reminder, by=receptionist)
    deliver_due()

    assert OutboxMessage.objects.filter(key=reminder.key).exists()


def test_nobody_is_disturbed_by_hand_either(remind, rule, harbour, monday, receptionist):
    reminder = remind(version=rule)
    at_night = datetime.combine(monday - timedelta(days=3), time(22), tzinfo=harbour.zone)

    with time_machine.travel(at_night, tick=False), pytest.raises(QuietHours, match="08:00"):
        send_now(reminder=reminder, by=receptionist)


def test_a_blocked_message_is_not_sent_until_it_is_unblocked(remind, receptionist):
    reminder = remind()

    block_reminder(reminder=reminder, by=receptionist)
    deliver_due()
    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.SUPPRESSED, "blocked_by_hand")

    unblock_reminder(reminder=reminder, by=receptionist)
    deliver_due()
    reminder.refresh_from_db()
    assert reminder.state == State.SENT


def test_a_failure_that_was_dealt_with_says_by_whom(failed, receptionist):
    settle_failure(reminder=failed, by=receptionist)

    failed.refresh_from_db()
    assert (failed.state, failed.handled_by) == (State.FAILED, receptionist)


def test_who_works_elsewhere_or_may_only_look_does_nothing_to_a_message(
    remind, failed, receptionist_elsewhere, manager
):
    planned = remind()

    for person in (receptionist_elsewhere, manager):
        for do, reminder in ((retry_reminder, failed), (send_now, planned), (block_reminder, planned)):
            with pytest.raises(NotAllowed):
                do(reminder=reminder, by=person)


def test_only_a_letter_that_waits_is_posted_and_only_once(remind, receptionist):
    letter = remind(state=State.SENT, medium="letter")
    mark_posted(reminder=letter, by=receptionist)

    for row in (letter, remind(state=State.SENT, medium="sms"), remind(state=State.PLANNED)):
        with pytest.raises(WrongState):
            mark_posted(reminder=row, by=receptionist)
