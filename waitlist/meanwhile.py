"""Visits that people booked while they waited for one: given up for an earlier time, instead of having two.

They are looked for when a time is about to be offered, and by a sweep: no booking waits for the waitlist.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery

from carebridge.db import command
from scheduling.locking import lock_patient
from scheduling.models import Appointment, Status
from waitlist.entries import note_visit
from waitlist.models import NO_VISIT_ANY_MORE, Entry

EARLIER_BY = timedelta(hours=1)
"""Nobody is asked to give up a visit for one that is hardly earlier."""


def booked_meanwhile() -> QuerySet[Entry]:
    """Open entries without a visit whose patient has booked such a one since, the id of the first as `booked`.

    Not at another clinic: what somebody has there is not for everybody to know who sees this one's waitlist.
    """
    same = {name: OuterRef(name) for name in ("patient", "appointment_type", "clinic")}
    theirs = Appointment.objects.filter(**same, created_at__gt=OuterRef("waiting_since"))
    theirs = theirs.exclude(status__in=NO_VISIT_ANY_MORE | {Status.PENDING, Status.RESCHEDULED})
    without = Entry.objects.open().filter(Q(visit=None) | Q(visit__status__in=NO_VISIT_ANY_MORE))
    return without.annotate(booked=Subquery(theirs.order_by("starts_at").values("pk")[:1])).exclude(booked=None)


def note_booked(entry: Entry) -> None:
    """Let an entry be for an earlier visit than the one booked since, if there is one. Its patient is locked."""
    if booked := booked_meanwhile().filter(pk=entry.pk).values_list("booked", flat=True).first():
        note_visit(entry, booked)


@command()
def look_at_booked(*, entry: Entry) -> None:
    """The same by itself. Raises what `lock_patient` does."""
    lock_patient(entry.patient_id)
    note_booked(entry)
