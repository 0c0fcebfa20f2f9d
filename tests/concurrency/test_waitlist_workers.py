"""Real workers and sweeps are killed again and again while times come free: every time comes to its end."""

from __future__ import annotations

import os
import random
import time

import django_rq
import pytest
from django.core.management import call_command

from reminders import jobs
from scheduling.models import Appointment, Status
from scheduling.sweeps import expire_lapsed
from tests.concurrency.waiting import answer, let_everything_end, wait
from tests.groups import running
from tests.waitlist.promises import broken_promises
from waitlist.freed import match_due
from waitlist.models import FreedSlot, Offer, OfferState, SlotState

pytestmark = [pytest.mark.full, pytest.mark.django_db(transaction=True)]

KILLS, PATIENCE_SECONDS = 8, 120


def worker() -> None:
    """What `bin/up` runs for jobs."""
    jobs.warm_up()
    call_command("rqworker", "high", "default", name=f"killed-{os.getpid()}-{time.time_ns()}")


def sweep() -> None:
    """What the cron does, oftener."""
    while True:
        django_rq.get_queue("high").enqueue(expire_lapsed, job_timeout=30)
        django_rq.get_queue("default").enqueue(match_due, job_timeout=60, result_ttl=0)
        time.sleep(0.5)


@pytest.mark.parametrize("freed", [1], indirect=True)
def test_workers_that_are_killed_again_and_again_lose_no_time_and_promise_none_twice(freed, consultation, harbour):
    wait(70, consultation, harbour)
    chance, kills, seen = random.Random(4), 0, 0
    deadline = time.monotonic() + PATIENCE_SECONDS

    with running(worker, sweep) as (at_work, _):
        while FreedSlot.objects.filter(state=SlotState.WAITING).exists():
            assert time.monotonic() < deadline, "nobody matches any more"
            if kills < KILLS and (made := Offer.objects.count()) > seen:  # it is in the midst of a sweep
                seen, kills = made, kills + 1
                at_work.kill()
                answer(chance, 1)
                at_work.start()
            time.sleep(chance.uniform(0, 0.1))

    print(f"{kills} kills, the last after {seen} offers, of {Offer.objects.count()}")
    assert kills == KILLS
    assert broken_promises() == []
    assert Offer.objects.filter(state=OfferState.ACCEPTED).exists()
    let_everything_end()
    assert broken_promises() == []
    assert not FreedSlot.objects.filter(state__in=(SlotState.WAITING, SlotState.OFFERED)).exists()
    assert not Appointment.objects.filter(status=Status.PENDING).exists()
