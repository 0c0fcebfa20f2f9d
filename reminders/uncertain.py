"""Messages of which nobody here knows whether they were sent: their provider's own record decides.

A process that was killed, or an answer that was lost, leaves a claimed row with a started try. Sending it again blindly
could send it twice; giving it up could lose it.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from carebridge.errors import DomainError
from reminders import delivery, messages, outcomes, reasons
from reminders.breaker import Breaker
from reminders.claiming import RELATED, SHARED, Claim
from reminders.models import Attempt, Medium, Reminder, State
from reminders.transports.base import NoRecord, TemporaryFailure, transport_for

log = structlog.get_logger(__name__)

ASK_AGAIN = timedelta(seconds=20)
UNKNOWABLE = "unknown"
"""Code of a try that may have arrived at a provider who can't be asked: one such is followed by one more try."""


def settle_stale(limit: int = 100) -> Counter:
    """Find out about messages whose lease is over. Counts by what was found."""
    found: Counter = Counter()
    breaker, silent = Breaker(), set()
    for reminder, attempt in _lease_stale(limit):
        away = breaker.resting_until(attempt.provider, timezone.now()) or attempt.provider in silent
        try:
            found[_while_away(reminder, attempt) if away else _settle(reminder, attempt)] += 1
        except TemporaryFailure as failure:
            silent.add(attempt.provider)
            breaker.note_failure(attempt.provider, failure.code, timezone.now())
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


def _settle(reminder: Reminder, attempt: Attempt) -> str:
    """Let the provider's record decide about one message. Raises TemporaryFailure if it can't be asked now."""
    if attempt.medium not in settings.REMINDER_TRANSPORTS:
        return _without_record(reminder, attempt)
    transport = transport_for(attempt.medium)
    if transport.name != attempt.provider:
        return _without_record(reminder, attempt)
    try:
        found = transport.find(messages.compose(reminder, Medium(attempt.medium)), attempt.started_at)
    except (NoRecord, DomainError):  # a text that can't be made any more can't be looked for
        if transport.honours_keys:
            return _try_again(reminder, attempt, Attempt.Outcome.TEMPORARY, UNKNOWABLE)
        return _without_record(reminder, attempt)
    if found is None:
        return _try_again(reminder, attempt, Attempt.Outcome.LOST, "never_arrived")
    claim = Claim(reminder, transport, (attempt.medium,), attempt.number, timezone.now(), attempt_id=attempt.pk)
    outcomes.record([(claim, found)])
    return "sent"


def _without_record(reminder: Reminder, attempt: Attempt) -> str:
    """Nobody can tell: there is one more try, and no third."""
    before = Attempt.objects.filter(reminder=reminder, code=UNKNOWABLE).exclude(pk=attempt.pk)
    if before.exists():
        return _give_up(reminder, attempt)
    return _try_again(reminder, attempt, Attempt.Outcome.TEMPORARY, UNKNOWABLE)


def _while_away(reminder: Reminder, attempt: Attempt) -> str:
    """The provider can't be asked. Once the message is of no use any more, a person should know that it is open."""
    return _give_up(reminder, attempt) if timezone.now() > reminder.not_after else "waiting"


def _give_up(reminder: Reminder, attempt: Attempt) -> str:
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
