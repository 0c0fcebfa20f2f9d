"""What becomes of a message after its provider has answered: another try, another medium, or a failure for people."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from reminders import claiming, outcomes, throughput
from reminders.breaker import Breaker
from reminders.delivery import deliver_due
from reminders.messages import compose
from reminders.models import Attempt, ContactBlock, Kind, OutboxMessage, Reminder, State
from reminders.outcomes import MOST_TRIES, pause, refused_later
from reminders.reports import Stage, record_report
from scheduling.models import Patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def also_by_email(patient):
    Patient.objects.filter(pk=patient.pk).update(email="nerys@example.org")


def test_what_failed_for_now_is_tried_again_after_a_pause(remind, twilio):
    reminder = remind()
    twilio.behaviour.failures.append((429, 20429))

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.tries) == (State.PLANNED, 1)
    assert reminder.next_try_at > timezone.now() + timedelta(seconds=15)
    with time_machine.travel(reminder.next_try_at + timedelta(seconds=1)):
        deliver_due()
    reminder.refresh_from_db()
    assert (reminder.state, reminder.tries) == (State.SENT, 2)
    assert list(reminder.attempts.values_list("outcome", "code")) == [("temporary", "20429"), ("accepted", "")]


def test_pauses_grow_and_differ_and_are_no_shorter_than_asked_for():
    firsts = {pause(1) for _ in range(20)}

    assert len(firsts) > 1
    assert max(firsts) < min(pause(3) for _ in range(20))
    assert pause(60) < timedelta(hours=1)
    assert pause(1, asked_for=600) >= timedelta(minutes=10)


def test_after_the_last_try_a_message_has_failed(remind, twilio):
    reminder = remind(tries=MOST_TRIES - 1)
    twilio.behaviour.failures.append((429, 20429))

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.FAILED, "too_many_tries")
    assert reminder.provider_words == "Twilio asks us to slow down"


def test_a_number_that_takes_no_sms_is_followed_by_an_email_at_once(remind, twilio, also_by_email):
    reminder = remind()
    twilio.behaviour.refuses["+447700900461"] = 21614

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.medium, reminder.tries) == (State.SENT, "email", 2)
    assert OutboxMessage.objects.get().to == "nerys@example.org"


def test_a_number_that_takes_no_sms_and_no_other_way_is_a_failure(remind, twilio):
    reminder = remind()
    twilio.behaviour.refuses["+447700900461"] = 21614

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.FAILED, "provider_refused")
    assert reminder.provider_words == "This isn't a mobile number"
    block = ContactBlock.objects.get()
    assert (block.medium, block.address, block.reason) == ("sms", "+447700900461", "bounced")


def test_who_has_no_time_for_another_try_is_reached_another_way(remind, twilio, also_by_email):
    reminder = remind(not_after=timezone.now() + timedelta(seconds=10))
    twilio.behaviour.failures.append((429, 20429))

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.medium) == (State.SENT, "email")


def test_a_delivery_that_fails_later_is_followed_by_an_email_once(remind, twilio, also_by_email):
    reminder = remind()
    deliver_due()
    sid = twilio.taken[0].sid

    for _ in range(2):
        refused_later(reminder_id=reminder.pk, provider_id=sid, code="30005", words="The number isn't in use")
        deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.medium, reminder.tries) == (State.SENT, "email", 2)
    assert reminder.attempts.first().outcome == Attempt.Outcome.PERMANENT
    assert OutboxMessage.objects.count() == 1


def test_a_delivery_that_fails_later_with_no_other_way_is_a_failure(remind, twilio):
    reminder = remind()
    deliver_due()

    refused_later(reminder_id=reminder.pk, provider_id=twilio.taken[0].sid, code="30005", words="Not in use")

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.FAILED, "provider_refused")


def test_a_report_that_overtakes_the_answer_is_not_undone_by_it(remind, twilio, also_by_email):
    reminder = remind()
    (claim,) = claiming.claim(10, now=timezone.now(), admit=lambda provider, now: None).claims
    answer = claim.transport.send(compose(claim.reminder, claim.medium))
    record_report(
        key=reminder.key, provider="twilio", provider_id=answer.provider_id, stage=Stage.FAILED, code="30005", words=""
    )

    outcomes.record([(claim, answer)])

    reminder.refresh_from_db()
    assert (reminder.state, reminder.medium) == (State.PLANNED, "email")


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_kept_though_the_database_cut_us_off_before_it_came(remind, settings, twilio):
    settings.REMINDER_SENDERS = 1
    twilio.behaviour.gate = threading.Event()
    reminder = remind()

    def deliver() -> None:
        with contextlib.closing(connection):
            deliver_due()

    run = ThreadPoolExecutor(1).submit(deliver)
    deadline = time.monotonic() + 60
    while not twilio.handed and time.monotonic() < deadline:
        time.sleep(0.05)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    time.sleep(0.5)  # in which it looks for more to send, and finds no database
    twilio.behaviour.gate.set()
    with contextlib.suppress(OperationalError):
        run.result(60)

    reminder.refresh_from_db()
    assert (reminder.state, twilio.handed) == (State.SENT, 1)


# --- Pace -----------------------------------------------------------------------------------------------------------


def test_all_together_take_no_more_than_the_providers_rate(settings):
    settings.REMINDER_RATES = {"twilio": 20}

    taken = [throughput.take("twilio", 15) for _ in range(4)]

    assert taken[0] == 15
    assert 20 <= sum(taken) < 60
    assert throughput.take("email", 500) == 500


def test_without_redis_messages_go_out_slower_rather_than_too_fast(settings, monkeypatch):
    settings.REMINDER_RATES = {"twilio": 20}
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    monkeypatch.setattr(throughput, "_own", {})
    monkeypatch.setattr(throughput, "_redis_away_until", 0.0)

    assert 1 <= throughput.take("twilio", 50) <= 20 // throughput.PROCESSES


def test_messages_over_the_rate_wait_for_their_turn(remind, settings, twilio):
    settings.REMINDER_RATES = {"twilio": 1}
    for _ in range(8):
        remind(kind=Kind.RESCHEDULED)

    deliver_due(seconds=2)

    sent = Reminder.objects.filter(state=State.SENT).count()
    assert 1 <= sent < 8
    assert Reminder.objects.filter(state=State.PLANNED, version=None, tries=0).count() == 8 - sent


@pytest.mark.django_db(transaction=True)
def test_a_slow_provider_holds_up_no_other(remind, settings, twilio):
    settings.REMINDER_SENDERS = 2
    twilio.behaviour.gate = threading.Event()
    slow = [remind(kind=Kind.RESCHEDULED).pk for _ in range(4)]
    Patient.objects.update(email="nerys@example.org")
    mails = [remind(kind=Kind.RESCHEDULED, medium="email").pk for _ in range(20)]

    pool = ThreadPoolExecutor(1)
    run = pool.submit(lambda: (deliver_due(), connection.close()))
    deadline = time.monotonic() + 60
    while Reminder.objects.filter(pk__in=mails, state=State.SENT).count() < 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    states = {pk: Reminder.objects.get(pk=pk).state for pk in (*slow, *mails)}
    twilio.behaviour.gate.set()
    run.result(60)

    assert {states[pk] for pk in mails} == {State.SENT}
    assert State.SENT not in {states[pk] for pk in slow}


def test_failures_of_messages_do_not_close_the_door_to_a_provider(remind, twilio):
    for _ in range(10):
        remind()
    twilio.behaviour.refuses["+447700900461"] = 21614

    deliver_due()

    assert Breaker().resting_until("twilio", timezone.now()) is None
