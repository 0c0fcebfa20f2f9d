"""What the waitlist does when a visit frees its time, an offer ends, or a patient's record is joined or parted."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F, QuerySet

from carebridge.events import handles
from scheduling import events
from scheduling.models import Appointment, Cancellation, Status
from scheduling.record_pairs import with_tombstones
from waitlist.entries import end, reopen
from waitlist.freed import withdraw_freed, write_freed
from waitlist.models import Cause, Entry, EntryStatus, ImportRow, Offer, OfferState, Outcome, Urgency
from waitlist.offers import end_offer
from waitlist.opened import write_opened


@handles(events.AppointmentCancelled)
def look_at_cancelled(event: events.AppointmentCancelled) -> None:
    """The time came free, to be matched once nobody can take the cancellation back at a click any more."""
    if end_of_visit(event, OfferState.WITHDRAWN) or event.before == Status.PENDING:
        return
    cancellation = Cancellation.objects.filter(appointment=event.appointment_id, undone_at=None).first()
    if cancellation and event.status == Status.CANCELLED:
        visit = Appointment.objects.get(pk=event.appointment_id)
        write_freed(visit, Cause.CANCELLED, at=event.at, due_at=cancellation.effects_due_at)


@handles(events.CancellationUndone)
def keep_what_came_back(event: events.CancellationUndone) -> None:
    """The time isn't free after all."""
    withdraw_freed(event.appointment_id)


@handles(events.AppointmentRescheduled)
def look_at_left(event: events.AppointmentRescheduled) -> None:
    """The old time came free. Who would give that visit up for an earlier one would give up the new one too."""
    taken = end_of_visit(event, OfferState.ACCEPTED)
    if not taken:
        Entry.objects.open().filter(visit=event.old_appointment_id).update(visit=event.appointment_id)
    old = Appointment.objects.get(pk=event.old_appointment_id)
    write_freed(old, Cause.MOVED, at=event.at, due_at=event.at)


@handles(events.TimeOpened)
def look_at_opened(event: events.TimeOpened) -> None:
    """A doctor's time opened that no visit had: whoever waits comes first there too."""
    write_opened(event)


@handles(events.AppointmentConfirmed)
def take_up(event: events.AppointmentConfirmed) -> None:
    """An offered visit is firm: whoever waited for it waits no more."""
    end_of_visit(event, OfferState.ACCEPTED)


@handles(events.AppointmentExpired)
def ask_the_next(event: events.AppointmentExpired) -> None:
    """Nobody answered in time."""
    end_of_visit(event, OfferState.EXPIRED)


def end_of_visit(event: events.AppointmentEvent, state: OfferState) -> bool:
    """End the open offer of a visit, if there is one, and with it the wait that it ends. Whether there was one."""
    offer = Offer.objects.open().select_related("entry").filter(appointment=event.appointment_id).first()
    if offer is None:
        return False
    end_offer(offer, state, at=event.at)
    if state == OfferState.ACCEPTED and offer.entry.status != EntryStatus.CLOSED:
        end(offer.entry, Outcome.BOOKED)
    return True


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
    ImportRow.objects.filter(patient=event.patient_id).delete()
    theirs = Entry.objects.filter(patient=event.patient_id)
    theirs.update(urgency=Urgency.ROUTINE, urgency_reason="")
    for entry in theirs.open():
        end(entry, Outcome.WITHDREW)
