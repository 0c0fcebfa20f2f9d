"""Jobs of the queue "reminders", and the nudge that saves a message due now from waiting for the next sweep."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import django_rq
import structlog
from django.conf import settings
from django.db import transaction
from django.template.loader import get_template
from django.urls import get_resolver
from redis.exceptions import RedisError
from rq import Queue

from reminders import code_messages, delivery, trial_delivery, uncertain
from reminders.transports.base import transport_for
from reminders.wording import LANGUAGES, wording_in

log = structlog.get_logger(__name__)

QUEUE = "reminders"
SECONDS = 15
"""A run is short, so that what a killed one left behind is looked at soon."""
JOB_TIMEOUT = 120


def deliver_due() -> None:
    """Settle what nobody knows about, then send what is due. Any number of these may run side by side."""
    settled = uncertain.settle_stale()
    counts = delivery.deliver_due(seconds=SECONDS)
    if settled or counts["looked_at"]:
        log.info("reminders_delivered", settled=dict(settled), **counts)


def send_tests() -> None:
    """Send the messages by which people try a rule."""
    trial_delivery.send_waiting()


def send_codes() -> None:
    """Send the codes that people on the public pages wait for."""
    code_messages.send_waiting()


def nudge(job: Callable[[], None] = deliver_due) -> None:
    """Run a job soon after this transaction has committed. Without Redis, or lost, its sweep does the work."""
    transaction.on_commit(partial(_enqueue, job), robust=True)


def _enqueue(job: Callable[[], None]) -> None:
    try:
        # One nudge a second wakes the worker as well as a hundred would.
        if _queue().connection.set(f"{settings.REDIS_PREFIX}:nudged:{job.__name__}", 1, px=1000, nx=True):
            _queue().enqueue(job, job_timeout=JOB_TIMEOUT, result_ttl=0)
    except RedisError as error:
        log.warning("nudge_lost", error=type(error).__name__)


@cache
def _queue() -> Queue:
    # Kept, because a new one connects anew: a sixth of a booking's time went into that.
    return django_rq.get_queue(QUEUE)


def warm_up() -> None:
    """Load what every job needs, for a worker to do once before it forks: it takes seconds."""
    for medium in settings.REMINDER_TRANSPORTS:
        transport_for(medium)
    for language in LANGUAGES:
        wording_in(language)
    for name in ("emails/message.html", "emails/message.txt"):
        get_template(name)
    _ = get_resolver().reverse_dict
