"""What becomes of a message once its provider has answered: sent, another try, another medium, or failed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import models, transaction
from django.utils import timezone

from reminders import planning, reasons, routing
from reminders.contact_blocks import block_address
from reminders.models import Attempt, ContactBlock, Medium, Reminder, State
from reminders.rows import update_each
from reminders.transports.base import Accepted, DeliveryFailure, TemporaryFailure

if TYPE_CHECKING:
    from reminders.claiming import Claim

log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)
MOST_TRIES = 8
"""After as many a message has failed; somebody who asks for another try by hand gives it as many again."""

STOPPED = frozenset({"21610"})
"""Codes that say that the patient wants no messages, rather than that the address is wrong."""

UNDECIDED = "sent_or_not"
"""Code of a try whose answer was lost, until the provider's record is asked."""


@transaction.atomic
def record(answers: Sequence[tuple[Claim, Accepted | DeliveryFailure]]) -> None:
    """Write down what the providers said."""
    now = timezone.now()
    _lock([claim.reminder.pk for claim, _ in answers])
    record_accepted([(claim, answer) for claim, answer in answers if isinstance(answer, Accepted)], now)
    for claim, answer in answers:
        if isinstance(answer, DeliveryFailure):
            _record_failure(claim, answer, now)


def record_accepted(taken: Sequence[tuple[Claim, Accepted]], now: datetime) -> None:
    """The provider has these. That is a fact, even if somebody gave a message up meanwhile: it isn't sent again.

    Unless it has already said of one that it can't be delivered, which is how a message gets to another medium.
    """
    provider_ids = [answer.provider_id[:120] for _, answer in taken]
    update_each(
        Attempt,
        [claim.attempt_id for claim, _ in taken],
        {"provider_id": provider_ids},
        also="outcome = 'accepted', ended_at = %s, code = '', words = ''",
        given=[now],
        only="t.outcome <> 'permanent'",
    )
    update_each(
        Reminder,
        [claim.reminder.pk for claim, _ in taken],
        {"provider_id": provider_ids},
        also="state = 'sent', sent_at = %s, reason = '', provider_words = ''",
        given=[now],
        only="t.state IN ('sending', 'planned') AND EXISTS (SELECT FROM reminders_attempt a WHERE a.reminder_id = t.id"
        " AND a.provider_id = v.provider_id AND a.outcome = 'accepted')",
    )


def _lock(ids: Sequence[int]) -> None:
    """Messages before their tries, in one order: reports of providers come in at the same time."""
    rows = Reminder.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk", flat=True))


def _record_failure(claim: Claim, failure: DeliveryFailure, now: datetime) -> None:
    if isinstance(failure, TemporaryFailure) and failure.may_have_arrived:
        # Sending again could make two of it. It stays claimed until the provider's own record has been asked.
        Attempt.objects.filter(pk=claim.attempt_id).update(code=UNDECIDED, words=failure.words)
        return
    temporary = isinstance(failure, TemporaryFailure)
    outcome = Attempt.Outcome.TEMPORARY if temporary else Attempt.Outcome.PERMANENT
    Attempt.objects.filter(pk=claim.attempt_id, outcome=Attempt.Outcome.STARTED).update(
        outcome=outcome, ended_at=now, code=failure.code, words=failure.words
    )
    if getattr(failure, "bad_address", False) and claim.outgoing:
        said = ContactBlock.Reason.STOPPED if failure.code in STOPPED else ContactBlock.Reason.BOUNCED
        block_address(medium=Medium(claim.medium), address=claim.outgoing.to, reason=said, by=None)
    row = Reminder.objects.filter(pk=claim.reminder.pk, state=State.SENDING, claimed_at=claim.claimed_at)
    wait = pause(claim.reminder.tries, getattr(failure, "retry_after", None))
    last = claim.reminder.tries % MOST_TRIES == 0
    if temporary and not last and now + wait <= claim.reminder.not_after:
        row.update(state=State.PLANNED, claimed_at=None, next_try_at=now + wait, provider_words=failure.words)
    elif len(claim.media) > 1:
        go_on_by(row, claim.media[1], failure.words, now)
    else:
        reason = reasons.TOO_MANY_TRIES if temporary else _reason_of(failure)
        row.update(state=State.FAILED, claimed_at=None, reason=reason, provider_words=failure.words)


def go_on_by(row: models.QuerySet[Reminder], medium: str, words: str, now: datetime) -> None:
    """Send by the next medium, at once."""
    row.update(state=State.PLANNED, claimed_at=None, medium=medium, next_try_at=now, provider_words=words)


def _reason_of(failure: DeliveryFailure) -> str:
    return reasons.WORDING_ERROR if failure.code == reasons.WORDING_ERROR else reasons.PROVIDER_REFUSED


def pause(tries: int, asked_for: int | None = None) -> timedelta:
    """How long to wait after so many tries: twice as long each time, never all at once, no less than was asked for."""
    wait = min(FIRST_PAUSE * 2 ** min(max(tries, 1) - 1, 10), LONGEST_PAUSE)
    return max(wait * random.uniform(0.75, 1.25), timedelta(seconds=asked_for or 0))  # noqa: S311 - only spread


def end(reminder: Reminder, reason: str, *, failed: bool) -> None:
    """Close a planned message unsent; visits it was to tell of as well are told of by themselves."""
    state = State.FAILED if failed else State.SUPPRESSED
    row = Reminder.objects.filter(pk=reminder.pk)
    row.filter(state=State.PLANNED).update(state=state, reason=reason, claimed_at=None)
    if not failed:
        planning.release_joined(row)


def stumble(reminder: Reminder, now: datetime) -> None:
    """A fault of ours over a planned message counts as a try, so that it ends some day, where people see it."""
    tries = reminder.tries + 1
    number = (
        Attempt.objects.filter(reminder=reminder).order_by("-number").values_list("number", flat=True).first() or 0
    ) + 1
    Attempt.objects.create(
        reminder=reminder,
        number=number,
        medium=reminder.medium,
        started_at=now,
        ended_at=now,
        outcome=Attempt.Outcome.TEMPORARY,
        code="fault",
        words="Something went wrong here",
    )
    row = Reminder.objects.filter(pk=reminder.pk)
    if tries % MOST_TRIES == 0:
        row.update(state=State.FAILED, tries=tries, reason=reasons.TOO_MANY_TRIES)
    else:
        row.update(tries=tries, next_try_at=now + pause(tries))


@transaction.atomic
def refused_later(*, reminder_id: int, provider_id: str, code: str, words: str) -> None:
    """A provider that had taken a message says now that it can't be delivered: on to the next medium, or failed.

    Called for callbacks, in any order and any number of times; changes nothing about a message that is over or went
    on by another medium meanwhile. `words` hold no address.
    """
    attempt = Attempt.objects.filter(reminder=reminder_id, provider_id=provider_id).last()
    locked = Reminder.objects.select_for_update(of=("self",)).select_related("patient", "user", "version__rule")
    reminder = locked.filter(pk=reminder_id, state__in=(State.SENDING, State.SENT)).first()
    if reminder is None or (attempt and attempt.outcome == Attempt.Outcome.PERMANENT):
        return
    if attempt:
        said = {"outcome": Attempt.Outcome.PERMANENT, "code": code[:40], "words": words[:240]}
        Attempt.objects.filter(pk=attempt.pk).update(**said)
    now = timezone.now()
    media = routing.route_of(reminder).media
    later = media[media.index(Medium(reminder.medium)) + 1 :] if reminder.medium in media else media
    row = Reminder.objects.filter(pk=reminder.pk)
    if later and now <= reminder.not_after:
        go_on_by(row, later[0], words, now)
    else:
        row.update(state=State.FAILED, claimed_at=None, reason=reasons.PROVIDER_REFUSED, provider_words=words[:240])
