"""What the waitlist does when a patient's record is joined with another, parted again, or loses what is personal."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F, QuerySet

from carebridge.events import handles
from scheduling import events
from scheduling.record_pairs import with_tombstones
from waitlist.entries import end, reopen
from waitlist.models import Entry, Outcome, Urgency


@handles(events.PatientsMerged)
def join_entries(event: events.PatientEvent) -> None:
    """Whoever was two people on the list is one. Of two entries for the same the one that waits longer stays."""
    theirs = Entry.objects.filter(patient=event.other_id)
    for their_own in theirs.open():
        for same in _same(Entry.objects.open().filter(patient=event.patient_id), their_own):
            end(max(their_own, same, key=lambda each: each.waiting_since), Outcome.JOINED)
    theirs.filter(came_from=None).update(came_from=event.other_id)
    theirs.update(patient=event.patient_id)


@handles(events.PatientMergeUndone)
def part_entries(event: events.PatientEvent) -> None:
    """What came from the other record goes back, and what was ended because both waited for it waits again."""
    returning = Entry.objects.filter(patient=event.patient_id, came_from__in=with_tombstones(UUID(event.other_id)))
    returning.update(patient=event.other_id)
    Entry.objects.filter(patient=F("came_from")).update(came_from=None)
    ended = Entry.objects.filter(patient__in=(event.patient_id, event.other_id), outcome=Outcome.JOINED)
    for entry in ended.order_by("-closed_at"):
        if not _same(Entry.objects.open().filter(patient=entry.patient_id), entry).exists():
            reopen(entry)


def _same(entries: QuerySet[Entry], entry: Entry) -> QuerySet[Entry]:
    return entries.filter(appointment_type=entry.appointment_type_id, clinic=entry.clinic_id)


@handles(events.PatientAnonymised)
def erase_entries(event: events.PatientEvent) -> None:
    """They wait no more, and no words about them are kept."""
    theirs = Entry.objects.filter(patient=event.patient_id)
    theirs.update(urgency=Urgency.ROUTINE, urgency_reason="")
    for entry in theirs.open():
        end(entry, Outcome.WITHDREW)
