"""Putting a patient on the waitlist, pausing, going on, and taking them off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import Conflict, DomainError, InvalidInput
from scheduling.locking import lock_patient
from scheduling.models import AppointmentType, Clinic, Doctor, Offering, Patient
from scheduling.permissions import require, role_at
from scheduling.roles import Permission
from waitlist.models import Entry, EntryStatus, Outcome, Urgency


class AlreadyWaiting(Conflict):
    """The patient waits for this visit at this clinic already."""

    code = "already_waiting"
    message = "This patient is on the waitlist for this visit already."


class NotWaiting(DomainError):
    """The entry is not in a state from which this is possible."""

    code = "not_waiting"
    message = "This entry was changed meanwhile. Look at the list again."


@command({"waitlist_open_once": AlreadyWaiting})
def join(
    *,
    patient: Patient,
    appointment_type: AppointmentType,
    clinic: Clinic,
    by: User,
    doctor: Doctor | None = None,
    doctor_is_must: bool = False,
    urgency: Urgency = Urgency.ROUTINE,
    urgency_reason: str = "",
    latest_day: date | None = None,
) -> Entry:
    """Let a patient wait for a visit from now on. `latest_day` is local to the clinic.

    Raises AlreadyWaiting, InvalidInput naming the fields, RecordMerged, NotAllowed.
    """
    now = timezone.now()
    patient = lock_patient(patient.pk)
    require(by, Permission.EDIT_WAITLIST, clinic.pk)
    _check_performed(clinic, appointment_type, doctor)
    if urgency != Urgency.ROUTINE and not urgency_reason.strip():
        raise InvalidInput(fields={"urgency_reason": "Say why it is more urgent than routine."})
    if latest_day and latest_day < now.astimezone(clinic.zone).date():
        raise InvalidInput(fields={"latest_day": "Choose a day that is still to come."})

    entry = Entry.objects.create(
        patient=patient,
        appointment_type=appointment_type,
        clinic=clinic,
        doctor=doctor,
        doctor_is_must=doctor_is_must and doctor is not None,
        urgency=urgency,
        urgency_reason=urgency_reason.strip(),
        urgency_set_by=by if urgency != Urgency.ROUTINE else None,
        latest_day=latest_day,
        waiting_since=now,
        created_by=by,
    )
    _record(entry, "waitlist.joined", by=by, before=None)
    return entry


def _check_performed(clinic: Clinic, appointment_type: AppointmentType, doctor: Doctor | None) -> None:
    performed = Offering.objects.filter(clinic=clinic, appointment_type=appointment_type, is_active=True)
    if not (performed.filter(doctor=doctor) if doctor else performed).exists():
        raise InvalidInput(fields={"doctor" if doctor else "appointment_type": "Nobody does this visit there."})


@command()
def pause(*, entry: Entry, by: User) -> None:
    """Ask the patient nothing for a while; the wait stands still. Raises NotWaiting, NotAllowed."""
    entry = _taken(entry, by, {EntryStatus.ACTIVE})
    entry.status, entry.paused_at = EntryStatus.PAUSED, timezone.now()
    entry.save(update_fields=["status", "paused_at"])
    _record(entry, "waitlist.paused", by=by, before=EntryStatus.ACTIVE)


@command()
def resume(*, entry: Entry, by: User) -> None:
    """Let the wait go on where it stood. Raises NotWaiting, NotAllowed."""
    entry = _taken(entry, by, {EntryStatus.PAUSED})
    assert entry.paused_at is not None  # noqa: S101 - waitlist_status_says_since_when
    entry.paused_for += timezone.now() - entry.paused_at
    entry.status, entry.paused_at = EntryStatus.ACTIVE, None
    entry.save(update_fields=["status", "paused_at", "paused_for"])
    _record(entry, "waitlist.resumed", by=by, before=EntryStatus.PAUSED)


@command()
def close(*, entry: Entry, outcome: Outcome, by: User) -> None:
    """Take the patient off the list, saying what came of it. Raises NotWaiting, NotAllowed."""
    end(_taken(entry, by, {EntryStatus.ACTIVE, EntryStatus.PAUSED}), outcome, by=by)


def end(entry: Entry, outcome: Outcome, *, by: User | None = None) -> None:
    """Close an open entry as part of a command; `by` None when something else brought it about."""
    before, entry.status = entry.status, EntryStatus.CLOSED
    entry.outcome, entry.closed_at = outcome, timezone.now()
    entry.save(update_fields=["status", "outcome", "closed_at"])
    _record(entry, "waitlist.closed", by=by, before=before)


def reopen(entry: Entry) -> None:
    """Let an entry wait as it did before it was closed, as part of a command."""
    before, entry.status = entry.status, EntryStatus.PAUSED if entry.paused_at else EntryStatus.ACTIVE
    entry.outcome, entry.closed_at = "", None
    entry.save(update_fields=["status", "outcome", "closed_at"])
    _record(entry, "waitlist.reopened", by=None, before=before)


def _taken(entry: Entry, by: User, allowed: set[EntryStatus]) -> Entry:
    """The entry, locked, if the user may change it and it is in one of these states."""
    (entry,) = lock_in_order(Entry, [entry.pk])
    require(by, Permission.EDIT_WAITLIST, entry.clinic_id)
    if entry.status not in allowed:
        raise NotWaiting
    return entry


def _record(entry: Entry, event: str, *, by: User | None, before: str | None) -> None:
    changes = {"status": (before, entry.status)}
    if entry.outcome:
        changes["outcome"] = (None, entry.outcome)
    log_change(
        entry,
        event=event,
        by=by,
        action=Action.UPDATE if before else Action.CREATE,
        changes=changes,
        clinic_id=entry.clinic_id,
        role=role_at(by, entry.clinic_id),
    )


def copy_of_entries(patient: Patient, clinic_ids: Collection[int]) -> list[dict[str, Any]]:
    """What the patient waits or waited for, for their copy of their data."""
    rows = Entry.objects.filter(patient=patient, clinic__in=clinic_ids).select_related("appointment_type__service")
    return [
        {
            "visit": str(row.appointment_type),
            "since": row.waiting_since.isoformat(),
            "urgency": row.get_urgency_display(),
            "reason": row.urgency_reason,
            "status": row.status,
            "outcome": row.outcome,
        }
        for row in rows.order_by("waiting_since", "pk")
    ]
