"""Carrying out a roster change: the visits it displaces go to review, those that fit again come back.

Appointments are locked before clinics and resources, as everywhere, although which ones are hit is only certain once
those are locked: the answer is in `_lock`, and why in docs/adr/0008.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import F

from carebridge.accounts.models import User
from carebridge.db import Busy
from scheduling.history import record_opening, record_roster
from scheduling.ledger import lock_resources
from scheduling.locking import lock_appointments
from scheduling.models import Appointment, AppointmentType, Clinic, Resource, Status
from scheduling.reviews import require_review, restate_review, settle_review
from scheduling.roster.consequences import DISPLACEABLE, Consequences, Revision, consequences_of
from scheduling.roster.opened import opened_by
from scheduling.roster.wording import still_against

ROUNDS = 8
FAR = timedelta(days=1100)
"""Further than any booking window reaches."""

R = TypeVar("R")


def carry_out(
    revision: Revision, *, kind: str, by: User | None, at: datetime, write: Callable[[], R], facts: dict[str, object]
) -> R:
    """Lock, judge, write the rows, move the visits concerned, record: the body of every roster command.

    Time of a doctor that it opens is told of last, once visits in review have theirs back.

    `facts` are what history keeps of the change. Raises RosterConflict, Busy.
    """
    appointments, consequences, clinic_ids = _lock(revision, now=at)

    opened = opened_by(revision, now=at)
    row = write()
    raise_versions(revision)
    _move(appointments, consequences, revision, by=by, at=at)

    first, last = days_touched(revision)
    for subject in revision.resources or revision.clinics:
        record_roster(
            kind,
            subject,
            by=by,
            at=at,
            clinic_ids=clinic_ids,
            first_day=first,
            last_day=last,
            changes={name: (None, value) for name, value in facts.items()}
            | {"to_review": (None, sorted(consequences.displaced)), "back": (None, sorted(consequences.regained))},
        )
    for each in opened:
        record_opening(*each, by=by, at=at)
    return row


def _move(
    appointments: Collection[Appointment],
    consequences: Consequences,
    revision: Revision,
    *,
    by: User | None,
    at: datetime,
) -> None:
    """Send the visits concerned to review or back. Those that stay for another reason say that one from now on."""
    left = still_against(consequences.relieved)
    for appointment in appointments:
        waits = appointment.status == Status.REQUIRES_REVIEW
        if appointment.pk in consequences.displaced and appointment.status in DISPLACEABLE:
            require_review(appointment, reason=revision.cause(appointment.clinic.zone), by=by, at=at)
        elif appointment.pk in consequences.regained and waits:
            settle_review(appointment, by=by, at=at)
        elif appointment.pk in left and waits:
            restate_review(appointment, reasons=left[appointment.pk], by=by, at=at)


class _Newcomer(Exception):
    """A visit appeared after we looked, and somebody else is changing it right now."""


def _lock(revision: Revision, *, now: datetime) -> tuple[list[Appointment], Consequences, tuple[int, ...]]:
    """Lock the visits concerned, then clinics and resources; look again, for a booking may have come in between.

    Whoever came in between is locked without waiting: waiting for an appointment while holding a resource is what
    deadlocks. If that fails, the savepoint gives every lock back and the round starts again.
    """
    for _ in range(ROUNDS):
        with suppress(_Newcomer), transaction.atomic():
            expected = consequences_of(revision, now=now).all
            held = lock_appointments(expected)
            lock_clinics({each.pk for each in revision.clinics})
            lock_types(revision.type_ids)
            lock_resources({each.pk for each in revision.resources})
            revision.policy()
            actual = consequences_of(revision, now=now)
            held += _lock_without_waiting(actual.all - {each.pk for each in held})
            return held, actual, _clinic_ids(revision, held)
    raise Busy


def _lock_without_waiting(ids: Collection[int]) -> list[Appointment]:
    free = Appointment.objects.filter(pk__in=ids).select_for_update(no_key=True, of=("self",), skip_locked=True)
    if len(locked := {each.pk for each in free}) < len(ids):
        raise _Newcomer
    return lock_appointments(locked)


def lock_clinics(ids: Collection[int]) -> None:
    """Take clinics from bookings, which hold them for share, until the transaction ends."""
    list(Clinic.objects.filter(pk__in=ids).order_by("pk").select_for_update())


def lock_types(ids: Collection[int]) -> None:
    """Take appointment types from bookings, which hold them for share, until the transaction ends."""
    list(AppointmentType.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)))


def raise_versions(revision: Revision) -> None:
    """Make every cached mask of these resources and clinics one that nobody asks for any more."""
    for model, rows in ((Clinic, revision.clinics), (Resource, revision.resources)):
        ids = [row.pk for row in rows]
        model._default_manager.filter(pk__in=ids).update(schedule_version=F("schedule_version") + 1)


def days_touched(revision: Revision) -> tuple[date, date]:
    """The UTC days it touches, both included; an open end reaches as far as anybody can book."""
    end = revision.ends_at or revision.starts_at + FAR
    return revision.starts_at.astimezone(UTC).date(), end.astimezone(UTC).date()


def _clinic_ids(revision: Revision, visits: Collection[Appointment]) -> tuple[int, ...]:
    """Every clinic whose screens may show the change, the first being the one it is filed under."""
    ids = {each.pk for each in revision.clinics} | {visit.clinic_id for visit in visits}
    for resource in revision.resources:
        ids |= set(clinics_of(resource))
    return tuple(sorted(ids))


def clinics_of(resource: Resource) -> list[int]:
    """Where the resource is used: its own clinic, or all that the doctor serves."""
    if resource.clinic_id:
        return [resource.clinic_id]
    return sorted(Clinic.objects.filter(doctor_places__doctor__resource=resource).values_list("pk", flat=True))
