"""Putting a patient on the waitlist, pausing, going on, and taking them off."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput
from scheduling.locking import lock_patient
from scheduling.models import Appointment, AppointmentType, Channel, Clinic, Doctor, Offering, Patient, Status
from scheduling.periods import wall_clock
from scheduling.permissions import require, role_at
from scheduling.roles import Permission
from waitlist.errors import AlreadyWaiting, NotWaiting
from waitlist.models import Entry, EntryStatus, OtherClinic, Outcome, Urgency

GIVEN_UP_FOR_AN_EARLIER = frozenset({Status.CONFIRMED, Status.REQUIRES_REVIEW})
"""Statuses of a visit that its patient may give up for an earlier one."""


@command({"waitlist_open_once": AlreadyWaiting})
def join(
    *,
    patient: Patient,
    appointment_type: AppointmentType,
    clinic: Clinic,
    by: User | None,
    doctor: Doctor | None = None,
    doctor_is_must: bool = False,
    other_clinics: Sequence[Clinic] = (),
    urgency: Urgency = Urgency.ROUTINE,
    urgency_reason: str = "",
    visit: Appointment | None = None,
    channel: Channel = Channel.DESK,
    waiting_since: datetime | None = None,
    **suits: Any,
) -> Entry:
    """Let a patient wait for a visit at a clinic, or at `other_clinics` in this order, from now on.

    `visit` is one to come that the patient would give up for an earlier one of its type. `suits` are fields of Entry
    that say when: earliest_day, latest_day, weekdays, from_time, until_time, notice_minutes, is_sensitive,
    contact, referral.
    `waiting_since` (aware) is for those who waited elsewhere before. `by` None is the patient's own link.

    Raises AlreadyWaiting, InvalidInput naming the fields, RecordMerged, NotAllowed.
    """
    now = timezone.now()
    patient = lock_patient(patient.pk)
    require(by, Permission.EDIT_WAITLIST, clinic.pk)
    _check_performed(clinic, appointment_type, doctor)
    _check_given_up(visit, patient, appointment_type, now)
    check_suits(suits, today=now.astimezone(clinic.zone).date(), urgency=urgency, urgency_reason=urgency_reason)

    entry = Entry.objects.create(
        patient=patient,
        appointment_type=appointment_type,
        clinic=clinic,
        doctor=doctor,
        doctor_is_must=doctor_is_must and doctor is not None,
        urgency=urgency,
        urgency_reason=urgency_reason.strip(),
        urgency_set_by=by if urgency != Urgency.ROUTINE else None,
        visit=visit,
        channel=channel,
        waiting_since=min(waiting_since or now, now),
        created_by=by,
        **suits,
    )
    others = [each for each in dict.fromkeys(other_clinics) if each != clinic]
    OtherClinic.objects.bulk_create(
        OtherClinic(entry=entry, clinic=each, place=place) for place, each in enumerate(others, start=2)
    )
    _record(entry, "waitlist.joined", by=by, before=None)
    return entry


def check_suits(suits: Mapping[str, Any], *, today: date, urgency: int, urgency_reason: str) -> None:
    """Raise InvalidInput, naming every field that can't be so. Days are local to the clinic of the first choice."""
    earliest, latest = suits.get("earliest_day"), suits.get("latest_day")
    begin, end = suits.get("from_time"), suits.get("until_time")
    wrong = {
        "urgency_reason": "Say why it is more urgent than routine."
        if urgency != Urgency.ROUTINE and not urgency_reason.strip()
        else "",
        "latest_day": "Choose a day that is still to come."
        if latest and latest < today
        else "Choose a day that is not before the first."
        if latest and earliest and latest < earliest
        else "",
        "until_time": "Choose a time that is not before the first." if begin and end and end < begin else "",
        "weekdays": "Days are numbered from 0 for Monday to 6."
        if set(suits.get("weekdays", ())) - set(range(7))
        else "",
    }
    if wrong := {field: sentence for field, sentence in wrong.items() if sentence}:
        raise InvalidInput(fields=wrong)


def _check_given_up(
    visit: Appointment | None, patient: Patient, appointment_type: AppointmentType, now: datetime
) -> None:
    if visit is None:
        return
    theirs = (visit.patient_id, visit.appointment_type_id) == (patient.pk, appointment_type.pk)
    if not theirs or visit.status not in GIVEN_UP_FOR_AN_EARLIER or visit.starts_at <= now:
        raise InvalidInput(fields={"visit": "Choose a visit of this patient and kind that is still to come."})


def _check_performed(clinic: Clinic, appointment_type: AppointmentType, doctor: Doctor | None) -> None:
    performed = Offering.objects.filter(clinic=clinic, appointment_type=appointment_type, is_active=True)
    if not (performed.filter(doctor=doctor) if doctor else performed).exists():
        raise InvalidInput(fields={"doctor" if doctor else "appointment_type": "Nobody does this visit there."})


@command()
def pause(*, entry: Entry, by: User, until: date | None = None) -> None:
    """Ask the patient nothing until a local day begins, or until somebody resumes it; the wait stands still.

    Raises NotWaiting, NotAllowed, InvalidInput for a day that has begun.
    """
    entry, now = _taken(entry, by, {EntryStatus.ACTIVE}), timezone.now()
    if until and until <= wall_clock(now, entry.clinic.zone).date():
        raise InvalidInput(fields={"until": "Choose a day that is still to come."})
    entry.status, entry.paused_at, entry.paused_until = EntryStatus.PAUSED, now, until
    entry.save(update_fields=["status", "paused_at", "paused_until"])
    _record(entry, "waitlist.paused", by=by, before=EntryStatus.ACTIVE)


@command()
def resume(*, entry: Entry, by: User | None) -> None:
    """Let the wait go on where it stood; `by` None when its day has come. Raises NotWaiting, NotAllowed."""
    entry = _taken(entry, by, {EntryStatus.PAUSED})
    assert entry.paused_at is not None  # noqa: S101 - waitlist_status_says_since_when
    entry.paused_for += timezone.now() - entry.paused_at
    entry.status, entry.paused_at, entry.paused_until = EntryStatus.ACTIVE, None, None
    entry.save(update_fields=["status", "paused_at", "paused_until", "paused_for"])
    _record(entry, "waitlist.resumed", by=by, before=EntryStatus.PAUSED)


@command()
def close(*, entry: Entry, outcome: Outcome, by: User | None) -> None:
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


def _taken(entry: Entry, by: User | None, allowed: set[EntryStatus]) -> Entry:
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
