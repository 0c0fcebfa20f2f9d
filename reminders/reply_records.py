"""What happens to patients' replies when records are merged or anonymised, and when their time is over."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from carebridge.events import handles
from reminders.models import Conversation, InboundMessage
from scheduling import events


@handles(events.PatientsMerged)
def join_replies(event: events.PatientEvent) -> None:
    """Replies of the removed record are the kept one's."""
    InboundMessage.objects.filter(patient=event.other_id).update(patient=event.patient_id)


@handles(events.PatientMergeUndone)
def part_replies(event: events.PatientEvent) -> None:
    """Replies about a visit go where the visit went; the others stay."""
    theirs = InboundMessage.objects.filter(patient=event.patient_id, appointment__patient=event.other_id)
    theirs.update(patient=event.other_id)


@handles(events.PatientAnonymised)
def erase_replies(event: events.PatientEvent) -> None:
    """Words and numbers go; that somebody answered stays, because it is counted."""
    InboundMessage.objects.filter(patient=event.patient_id).update(body="", address="")
    Conversation.objects.filter(appointment__patient=event.patient_id).delete()


def forget_old_replies() -> int:
    """Remove words and numbers of replies past their time that nobody has to read any more. How many."""
    now = timezone.now()
    Conversation.objects.filter(expires_at__lte=now).delete()
    before = now - timedelta(days=settings.REPLY_KEEP_DAYS)
    old = InboundMessage.objects.filter(received_at__lt=before).exclude(body="", address="")
    return old.exclude(needs_person=True, handled_at=None).update(body="", address="")
