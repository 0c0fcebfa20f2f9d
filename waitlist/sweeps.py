"""Repairs that run by the clock, safe to run twice and beside each other."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from carebridge.db import command, lock_in_order
from scheduling.errors import RecordMerged
from scheduling.models import Clinic
from waitlist.entries import end, resume
from waitlist.errors import NotWaiting
from waitlist.meanwhile import booked_meanwhile, look_at_booked
from waitlist.models import NO_VISIT_ANY_MORE, Entry, EntryStatus, ImportBatch, Outcome
from waitlist.sheets.commands import discard

IMPORTS_KEPT = timedelta(days=30)


def close_what_is_too_late() -> int:
    """Close entries whose last day is over on the calendar of their clinic, or whose visit has begun. How many."""
    now, closed = timezone.now(), 0
    begun = Q(visit__starts_at__lte=now) & ~Q(visit__status__in=NO_VISIT_ANY_MORE)
    for clinic in Clinic.objects.filter(pk__in=Entry.objects.open().values("clinic")):
        late = Entry.objects.open().filter(Q(latest_day__lt=now.astimezone(clinic.zone).date()) | begun, clinic=clinic)
        closed += sum(_close(entry_id=pk, late=late) for pk in late.values_list("pk", flat=True))
    return closed


def note_booked_visits() -> int:
    """Let whoever booked such a visit while waiting wait for an earlier one. How many there were."""
    found = list(booked_meanwhile())
    for entry in found:
        with suppress(RecordMerged):  # the record that stays has the entry now, and its turn comes again
            look_at_booked(entry=entry)
    return len(found)


def end_pauses() -> int:
    """Let every wait go on whose pause ends today on the calendar of its clinic. How many."""
    now, resumed = timezone.now(), 0
    paused = Entry.objects.filter(status=EntryStatus.PAUSED)
    for clinic in Clinic.objects.filter(pk__in=paused.exclude(paused_until=None).values("clinic")):
        for entry in paused.filter(clinic=clinic, paused_until__lte=now.astimezone(clinic.zone).date()):
            with suppress(NotWaiting):  # somebody did it a moment ago
                resume(entry=entry, by=None)
                resumed += 1
    return resumed


@command()
def _close(*, entry_id: int, late: QuerySet[Entry]) -> bool:
    (entry,) = lock_in_order(Entry, [entry_id])
    if not late.filter(pk=entry_id).exists():  # changed a moment ago, or closed
        return False
    end(entry, Outcome.TOO_LATE)
    return True


def forget_old_imports() -> int:
    """Forget lists that were begun a month ago: their cells are personal, and no longer needed. How many."""
    old = list(ImportBatch.objects.filter(uploaded_at__lt=timezone.now() - IMPORTS_KEPT))
    for batch in old:
        discard(batch=batch, by=None)
    return len(old)
