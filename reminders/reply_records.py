"""What happens to patients' replies when records are merged, copied or anonymised, and when their time is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from carebridge.events import handles
from reminders.models import Conversation, InboundMessage
from scheduling import events
from scheduling.models import Patient


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


def copy_of_replies(patient: Patient, clinic_ids: Collection[int]) -> list[dict[str, Any]]:
    """What the patient has answered, for their copy of their data; of replies to no clinic's message as well."""
    rows = InboundMessage.objects.filter(Q(clinic__in=clinic_ids) | Q(clinic=None), patient=patient)
    return [
        {
            "received_at": row.received_at.isoformat(),
            "by": row.medium,
            "from": row.address,
            "words": row.body,
            "understood_as": row.meaning,
            "outcome": row.outcome,
            "visit": row.appointment.reference if row.appointment else None,
        }
        for row in rows.select_related("appointment").order_by("received_at", "pk")
    ]


def forget_old_replies() -> int:
    """Remove words and numbers of replies past their time that nobody has to read any more. How many."""
    now = timezone.now()
    Conversation.objects.filter(expires_at__lte=now).delete()
    before = now - timedelta(days=settings.REPLY_KEEP_DAYS)
    old = InboundMessage.objects.filter(received_at__lt=before).exclude(body="", address="")
    return old.exclude(needs_person=True, handled_at=None).update(body="", address="")
