"""What a provider tells later about a message it took: on its way, delivered, or not to be delivered.

Reports come late, twice and in any order, and all orders lead to the same end: delivered is final, failed gives way
only to delivered, and on its way says nothing new about either.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from reminders import outcomes
from reminders.models import Attempt, Reminder, State
from reminders.models.reminder import OPEN

UNDELIVERED = frozenset({State.PLANNED, State.SENDING, State.SENT, State.FAILED})


class Stage(StrEnum):
    """How far a message has come."""

    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    FAILED = "failed"


@transaction.atomic
def record_report(*, key: UUID, provider: str, provider_id: str, stage: Stage, code: str = "", words: str = "") -> bool:
    """Write down what `provider` tells of a message; `words` hold no address. False when it is about nothing known.

    The key also finds a message whose provider's answer was lost, so that its id is learnt from the first report.
    """
    reminder = Reminder.objects.select_for_update(of=("self",)).filter(key=key).first()
    attempt = _attempt_of(reminder, provider, provider_id) if reminder and provider_id else None
    if reminder is None or attempt is None:
        return False
    if stage == Stage.DELIVERED:
        _delivered(reminder, attempt)
    elif stage == Stage.FAILED:
        outcomes.refused_later(reminder_id=reminder.pk, provider_id=provider_id, code=code, words=words)
    return True


def _attempt_of(reminder: Reminder, provider: str, provider_id: str) -> Attempt | None:
    """The try that the report is about; one whose answer was lost turns out to have been accepted."""
    attempts = Attempt.objects.filter(reminder=reminder, provider=provider)
    if known := attempts.filter(provider_id=provider_id).order_by("number").last():
        return known
    open_ones = attempts.filter(provider_id="", outcome__in=[Attempt.Outcome.STARTED, Attempt.Outcome.LOST])
    lost = open_ones.order_by("number").last()
    if lost is None:
        return None
    now = timezone.now()
    lost.provider_id, lost.outcome, lost.code, lost.words = provider_id, Attempt.Outcome.ACCEPTED, "", ""
    lost.ended_at = lost.ended_at or now
    lost.save(update_fields=["provider_id", "outcome", "code", "words", "ended_at"])
    Reminder.objects.filter(pk=reminder.pk, state__in=OPEN).update(
        state=State.SENT,
        sent_at=lost.ended_at,
        medium=lost.medium,
        provider=lost.provider,
        provider_id=provider_id,
        reason="",
        provider_words="",
        claimed_at=None,
    )
    return lost


def _delivered(reminder: Reminder, attempt: Attempt) -> None:
    """It has arrived, whatever was said before, and even if another medium was to be tried meanwhile."""
    Attempt.objects.filter(pk=attempt.pk).update(outcome=Attempt.Outcome.ACCEPTED, code="", words="")
    Reminder.objects.filter(pk=reminder.pk, state__in=UNDELIVERED).update(
        state=State.DELIVERED,
        delivered_at=Coalesce("delivered_at", Now()),
        sent_at=Coalesce("sent_at", Now()),
        medium=attempt.medium,
        provider=attempt.provider,
        provider_id=attempt.provider_id,
        reason="",
        provider_words="",
        claimed_at=None,
    )
