"""Handing over the messages that people send to themselves to try a rule: each once, as nobody depends on them."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from reminders.models import Medium, TrialMessage
from reminders.transports.base import DeliveryFailure, Outgoing, transport_for

LEASE = timedelta(minutes=2)
KEPT_FOR = timedelta(days=1)
NOBODY_KNOWS = "It can't be said whether it went out. Try once more"
State = TrialMessage.State


def send_waiting() -> int:
    """Hand over what waits, close what a dead process left behind, forget what is a day old. How many were taken."""
    now, taken = timezone.now(), 0
    TrialMessage.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    left = TrialMessage.objects.filter(state=State.SENDING, claimed_at__lt=now - LEASE)
    left.update(state=State.FAILED, words=NOBODY_KNOWS)
    while test := _claim():
        TrialMessage.objects.filter(pk=test.pk, state=State.SENDING).update(**_handed_over(test))
        taken += 1
    return taken


@transaction.atomic
def _claim() -> TrialMessage | None:
    waiting = TrialMessage.objects.filter(state=State.WAITING).order_by("created_at")
    test = waiting.select_for_update(skip_locked=True).first()
    if test is not None:
        test.state, test.claimed_at = State.SENDING, timezone.now()
        test.save(update_fields=["state", "claimed_at"])
    return test


def _handed_over(test: TrialMessage) -> dict[str, str]:
    """What became of it."""
    message = Outgoing(
        key=test.key,
        medium=Medium(test.medium),
        to=test.to,
        sender=test.sender,
        subject=test.subject,
        text=test.text,
        html=test.html,
        calendar=test.calendar,
        headers=test.headers,
    )
    try:
        transport_for(test.medium).send(message)
    except DeliveryFailure as failure:
        return {"state": State.FAILED, "words": failure.words or failure.code}
    return {"state": State.SENT}
