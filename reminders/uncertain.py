"""Messages of which nobody here knows whether they were sent: their provider's own record decides.

A process that was killed, or an answer that was lost, leaves a claimed row with a started try. Sending it again blindly
could send it twice; giving it up could lose it.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from reminders import delivery, messages, outcomes, reasons
from reminders.breaker import Breaker
from reminders.claiming import RELATED, SHARED, Claim
from reminders.models import Attempt, Medium, Reminder, State
from reminders.transports.base import NoRecord, TemporaryFailure, Transport, transport_for

log = structlog.get_logger(__name__)

ASK_AGAIN = timedelta(seconds=20)
UNKNOWABLE = "unknown"
"""Code of a try that may have arrived at a provider who can't be asked: one such is followed by one more try."""


def settle_stale(limit: int = 100) -> Counter:
    """Find out about messages whose lease is over. Counts by what was found."""
    found: Counter = Counter()
    breaker, silent = Breaker(), set()
    for reminder, attempt in _lease_stale(limit):
        transport = transport_for(attempt.medium)
        resting = breaker.resting_until(transport.name, timezone.now())
        if resting or transport.name in silent or transport.name != attempt.provider:
            found["waiting"] += 1
            continue
        try:
            found[_settle(reminder, attempt, transport)] += 1
        except TemporaryFailure as failure:
            silent.add(transport.name)
            breaker.note_failure(transport.name, failure.code, timezone.now())
        except Exception:
            log.exception("reminder_fault", reminder=reminder.pk)
            found["fault"] += 1
    return found


def _lease_stale(limit: int) -> list[tuple[Reminder, Attempt]]:
    """Take over messages whose lease is over, with their last try; another process may take them after a while."""
    now = timezone.now()
    stale = Reminder.objects.filter(state=State.SENDING, claimed_at__lt=now - delivery.LEASE).order_by("claimed_at")
    with transaction.atomic():
        ids = list(stale.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        Reminder.objects.filter(pk__in=ids).update(claimed_at=now - delivery.LEASE + ASK_AGAIN)
    rows = Reminder.objects.filter(pk__in=ids).select_related(*RELATED).prefetch_related(*SHARED)
    attempts = {each.reminder_id: each for each in Attempt.objects.filter(reminder__in=ids).order_by("number")}
    return [(each, attempts[each.pk]) for each in rows if each.pk in attempts]


def _settle(reminder: Reminder, attempt: Attempt, transport: Transport) -> str:
    """Let the provider's record decide about one message. Raises TemporaryFailure if it can't be asked now."""
    message = messages.compose(reminder, Medium(attempt.medium))
    try:
        found = transport.find(message, attempt.started_at)
    except NoRecord:
        return _without_record(reminder, attempt, transport)
    if found is None:
        return _try_again(reminder, attempt, Attempt.Outcome.LOST, "never_arrived")
    claim = Claim(reminder, transport, (attempt.medium,), attempt.number, timezone.now(), attempt_id=attempt.pk)
    outcomes.record([(claim, found)])
    return "sent"


def _without_record(reminder: Reminder, attempt: Attempt, transport: Transport) -> str:
    """Nobody can tell. Who honours keys is simply handed it again; else there is one more try, and no third."""
    if transport.honours_keys:
        return _try_again(reminder, attempt, Attempt.Outcome.TEMPORARY, UNKNOWABLE)
    before = Attempt.objects.filter(reminder=reminder, code=UNKNOWABLE).exclude(pk=attempt.pk)
    if not before.exists():
        return _try_again(reminder, attempt, Attempt.Outcome.TEMPORARY, UNKNOWABLE)
    with transaction.atomic():
        row = Reminder.objects.filter(pk=reminder.pk, state=State.SENDING)
        row.update(state=State.FAILED, claimed_at=None, reason=reasons.TOO_MANY_TRIES)
        _close(attempt, Attempt.Outcome.TEMPORARY, UNKNOWABLE)
    return "failed"


def _try_again(reminder: Reminder, attempt: Attempt, outcome: str, code: str) -> str:
    with transaction.atomic():
        row = Reminder.objects.filter(pk=reminder.pk, state=State.SENDING)
        row.update(state=State.PLANNED, claimed_at=None, next_try_at=timezone.now())
        _close(attempt, outcome, code)
    return "again"


def _close(attempt: Attempt, outcome: str, code: str) -> None:
    row = Attempt.objects.filter(pk=attempt.pk, outcome=Attempt.Outcome.STARTED)
    row.update(outcome=outcome, code=code, ended_at=timezone.now())
