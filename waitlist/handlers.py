"""What the waitlist does when a patient's record changes hands or loses what is personal."""

from __future__ import annotations

from django.utils import timezone

from carebridge.events import handles
from scheduling import events
from waitlist.models import Entry, EntryStatus, Outcome, Urgency


@handles(events.PatientsMerged)
def follow_the_patient(event: events.PatientsMerged) -> None:
    """Whoever was two people on the list is one: what both waited for, the record that stays waits for."""
    theirs = Entry.objects.filter(patient=event.other_id)
    kept = Entry.objects.open().filter(patient=event.patient_id).values_list("appointment_type", "clinic")
    for each in theirs.open():
        if (each.appointment_type_id, each.clinic_id) in set(kept):
            _close(Entry.objects.filter(pk=each.pk))
    theirs.update(patient=event.patient_id)


@handles(events.PatientAnonymised)
def forget_the_person(event: events.PatientAnonymised) -> None:
    """They wait no more, and no words about them are kept."""
    theirs = Entry.objects.filter(patient=event.patient_id)
    theirs.update(urgency=Urgency.ROUTINE, urgency_reason="")
    _close(theirs.open())


def _close(entries: object) -> None:
    entries.update(  # type: ignore[attr-defined]
        status=EntryStatus.CLOSED, outcome=Outcome.MISTAKE, closed_at=timezone.now()
    )
