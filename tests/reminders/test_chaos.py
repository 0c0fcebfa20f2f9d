"""Workers are killed and Redis forgets while messages go out: each arrives, hardly any twice, none in vain."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import django_rq
import pytest
from django.conf import settings as site
from django.core.management import call_command
from redis import Redis
from redis.exceptions import RedisError

from reminders import delivery, jobs, uncertain
from reminders.models import Reminder
from reminders.models.reminder import OPEN
from reminders.transports import base
from scheduling.cancelling import cancel_appointment
from scheduling.rescheduling import reschedule_appointment
from tests import factories
from tests.groups import Group, running
from tests.reminders.crowd import free_times, make_crowd
from tests.reminders.judgement import Judgement, judge, taken_by
from tests.reminders.stand_in import stand_in_process

pytestmark = pytest.mark.django_db(transaction=True)

COUNT, CALLED_OFF, MOVED = 300, 20, 10
TROUBLE_SECONDS = 10


@pytest.fixture(params=[False, True], ids=["asked for its record", "honours keys"])
def provider(request, settings, monkeypatch) -> Iterator[str]:
    """A stand-in for Twilio in a process of its own, and leases so short that a test can wait for their end."""
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=10))
    monkeypatch.setattr(delivery, "LATEST_START", timedelta(seconds=5))
    monkeypatch.setattr(uncertain, "ASK_AGAIN", timedelta(seconds=2))
    with stand_in_process(delay=0.02, honours_keys=request.param) as address:
        settings.REMINDER_TRANSPORTS = {"sms": "reminders.transports.twilio.Twilio"}
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "0" * 32, "secret"
        settings.TWILIO_API_BASE, settings.SMS_SENDER = address, "+447700900000"
        settings.REMINDER_RATES, settings.REMINDER_SENDERS = {}, 8
        base._made.clear()
        yield address


def test_killed_workers_and_a_forgetful_redis_lose_nothing(provider):
    reminders = make_crowd(COUNT, due_within=TROUBLE_SECONDS)

    with running(worker, sweep) as processes:
        called_off = trouble(processes, reminders)
        found = settled(provider, reminders, called_off)

    assert found.missing == 0
    assert found.in_vain == 0
    assert found.duplicates <= COUNT // 100
    if "honours" in os.environ["PYTEST_CURRENT_TEST"]:
        assert found.duplicates == 0


def test_messages_that_are_only_enqueued_when_they_are_planned_get_lost(provider):
    """The twin without a sweep: it trusts Redis to remember the job that was put there when they were planned."""
    reminders = make_crowd(COUNT, due_within=0)
    django_rq.get_queue(jobs.QUEUE).enqueue(jobs.deliver_due, job_timeout=60)
    with Redis.from_url(site.REDIS_URL) as client:
        client.flushdb()

    with running(worker):
        found = settled(provider, reminders, {}, patience=5)

    assert found.missing == COUNT


@pytest.mark.full
@pytest.mark.parametrize("honours_keys", ["0", "1"], ids=["asked for its record", "honours keys"])
def test_a_minute_of_killing_every_part_of_the_site_loses_nothing(honours_keys):
    env = {**os.environ, "HONOURS_KEYS": honours_keys}
    command = [sys.executable, "-m", "tests.reminders.chaos"]
    result = subprocess.run(command, cwd=site.BASE_DIR, env=env, capture_output=True, text=True)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr


def worker() -> None:
    """What `bin/up` runs for messages."""
    jobs.warm_up()
    call_command("rqworker", jobs.QUEUE, name=f"chaos-{os.getpid()}-{time.time_ns()}")


def sweep() -> None:
    """What the cron does, somewhat oftener."""
    while True:
        with contextlib.suppress(RedisError):
            django_rq.get_queue(jobs.QUEUE).enqueue(jobs.deliver_due, job_timeout=60, result_ttl=0)
        time.sleep(1)


def trouble(groups: list[Group], reminders: list[Reminder]) -> dict[str, float]:
    """Kill at random and forget everything, while visits are cancelled and moved. When each was called off, by key."""
    off: dict[str, float] = {}
    waiting = sorted(reminders, key=lambda each: each.due_at)[-(CALLED_OFF + MOVED) :]
    ends, place = time.monotonic() + TROUBLE_SECONDS, 0
    clinic, doctor = reminders[0].appointment.clinic, reminders[0].appointment.doctor
    free, reason = free_times(clinic, doctor, MOVED), factories.CancellationReasonFactory()
    while time.monotonic() < ends:
        time.sleep(random.uniform(0.3, 1.0))
        if (group := random.choice(groups)).process:
            group.kill()
            group.start()
        if random.random() < 0.5:
            with Redis.from_url(site.REDIS_URL) as client:
                client.flushdb()
        for each in waiting[place : place + 3]:
            if place < MOVED:
                reschedule_appointment(
                    appointment=each.appointment, starts_at=free[place], doctor=doctor, clinic=clinic, by=None
                )
            else:
                cancel_appointment(appointment=each.appointment, reason=reason, by=None)
            off[str(each.key)] = time.time()
            place += 1
    return off


def settled(
    address: str, reminders: list[Reminder], called_off: dict[str, float], *, patience: float = 60
) -> Judgement:
    """Wait until nothing is open any more, or patience ends; then judge."""
    ended = time.time()
    keys = [each.key for each in reminders]
    while Reminder.objects.filter(key__in=keys, state__in=OPEN).exists() and time.time() < ended + patience:
        time.sleep(0.3)
    due = {str(each.key): each.due_at.timestamp() for each in reminders}
    return judge(taken_by(address), due, called_off, trouble_ended=ended)
