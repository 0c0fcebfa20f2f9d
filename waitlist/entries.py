"""Putting a patient on the waitlist, changing what they wait for, pausing, going on, and taking them off."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Required, TypedDict, Unpack

from django.db.models import QuerySet
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit import mask_all
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput
from scheduling.locking import lock_patient
from scheduling.models import Appointment, AppointmentType, Channel, Clinic, Doctor, Offering, Patient, Referral
from scheduling.periods import wall_clock
from scheduling.permissions import require, role_at
from scheduling.roles import Permission
from waitlist.errors import AlreadyWaiting, NotWaiting
from waitlist.models import Entry, EntryStatus, OfferState, OtherClinic, Outcome, Urgency

WORDS = {"waitlist_open_once": AlreadyWaiting}
BY_HAND = (Outcome.BOOKED, Outcome.WITHDREW, Outcome.UNREACHABLE, Outcome.MISTAKE)
"""What a person may say came of a wait."""
PUT_BACK_WITHIN = timedelta(days=7)
MASKED = frozenset({"urgency_reason", "referral"})


class Wait(TypedDict, total=False):
    """Where, with whom, how urgently and when somebody wants a visit: fields of Entry. Days and times are local.

    `other_clinics` would do too, in this order. `visit` is one to come of the same type that they would give up.
    """

    clinic: Required[Clinic]
    other_clinics: Sequence[Clinic]
    doctor: Doctor | None
    doctor_is_must: bool
    urgency: int
    urgency_reason: str
    visit: Appointment | None
    earliest_day: date | None
    latest_day: date | None
    weekdays: Sequence[int]
    from_time: time | None
    until_time: time | None
    notice_minutes: int
    is_sensitive: bool
    contact: str
    referral: Referral | None


FIELDS = tuple(field for field in Entry._meta.concrete_fields if field.name in Wait.__annotations__)


@command(WORDS)
def join(
    *,
    patient: Patient,
    appointment_type: AppointmentType,
    by: User | None,
    channel: Channel = Channel.DESK,
    waiting_since: datetime | None = None,
    **wait: Unpack[Wait],
) -> Entry:
    """Let a patient wait for a visit from now on, or as if since an earlier instant (aware), if they waited elsewhere.

    `by` None is the patient. Raises AlreadyWaiting, InvalidInput naming the fields, RecordMerged, NotAllowed.
    """
    now = timezone.now()
    patient = lock_patient(patient.pk)
    since = min(waiting_since or now, now)
    entry = Entry(
        patient=patient, appointment_type=appointment_type, channel=channel, waiting_since=since, created_by=by
    )
    _write(entry, wait, by=by, now=now)
    _record(entry, "waitlist.joined", by=by, before=None)
    return entry


@command(WORDS)
def change(*, entry: Entry, by: User, seen: str = "", **wait: Unpack[Wait]) -> Entry:
    """Let an open entry be for something else from now on; the waiting time goes on. What isn't given is as never said.

    An offer that is open stands. Raises as `join`, and NotWaiting, also if it isn't as it was `seen` (`print_of`).
    """
    lock_patient(entry.patient_id)
    entry = _taken(entry, by, {EntryStatus.ACTIVE, EntryStatus.PAUSED})
    before = _facts(entry)
    if seen and seen != print_of(entry):
        raise NotWaiting
    entry.other_clinics.all().delete()
    _write(entry, wait, by=by, now=timezone.now())
    after = _facts(entry)
    changes = {
        name: (mask_all(None), mask_all(None)) if name in MASKED else (before[name], after[name])
        for name in after
        if before[name] != after[name]
    }
    if changes:
        _log(entry, "waitlist.changed", by=by, changes=changes)
    return entry


def note_visit(entry: Entry, visit_id: int) -> None:
    """They have a visit of this type now, and wait on for an earlier one. Part of a command."""
    changes = {"visit": (entry.visit_id, visit_id)}
    entry.visit_id = visit_id
    entry.save(update_fields=["visit"])
    _log(entry, "waitlist.changed", by=None, changes=changes)


def _write(entry: Entry, wait: Wait, *, by: User | None, now: datetime) -> None:
    """Check what is waited for, and save the entry with its further clinics."""
    clinic, said_before = wait["clinic"], (entry.urgency, entry.urgency_reason)
    require(by, Permission.EDIT_WAITLIST, clinic.pk)
    for field in FIELDS:
        setattr(entry, field.name, wait.get(field.name, field.get_default()))
    entry.urgency_reason = entry.urgency_reason.strip()
    entry.doctor_is_must = entry.doctor_is_must and entry.doctor is not None
    if (entry.urgency, entry.urgency_reason) != said_before:
        entry.urgency_set_by = by if entry.urgency != Urgency.ROUTINE else None
    _check_performed(entry)
    _check_given_up(entry, now)
    check_suits(wait, today=now.astimezone(clinic.zone).date())
    entry.save()

    others = [each for each in dict.fromkeys(wait.get("other_clinics", ())) if each != clinic]
    OtherClinic.objects.bulk_create(
        OtherClinic(entry=entry, clinic=each, place=place) for place, each in enumerate(others, start=2)
    )


def print_of(entry: Entry) -> str:
    """A short word that changes whenever what an entry says does."""
    return hashlib.blake2b(repr(_facts(entry)).encode(), digest_size=8).hexdigest()


def _facts(entry: Entry) -> dict[str, Any]:
    """What an entry says, by name; rows as their ids."""
    others = list(entry.other_clinics.order_by("place").values_list("clinic", flat=True))
    return {field.name: getattr(entry, field.attname) for field in FIELDS} | {"other_clinics": others}


def check_suits(wait: Mapping[str, Any], *, today: date) -> None:
    """Raise InvalidInput, naming every field that can't be so. Days are local to the clinic of the first choice."""
    earliest, latest = wait.get("earliest_day"), wait.get("latest_day")
    begin, end = wait.get("from_time"), wait.get("until_time")
    wrong = {
        "urgency_reason": "Say why it is more urgent than routine."
        if wait.get("urgency", Urgency.ROUTINE) != Urgency.ROUTINE and not wait.get("urgency_reason", "").strip()
        else "",
        "latest_day": "Choose a day that is still to come."
        if latest and latest < today
        else "Choose a day that is not before the first."
        if latest and earliest and latest < earliest
        else "",
        "until_time": "Choose a time that is not before the first." if begin and end and end < begin else "",
        "weekdays": "Days are numbered from 0 for Monday to 6."
        if set(wait.get("weekdays", ())) - set(range(7))
        else "",
    }
    if wrong := {field: sentence for field, sentence in wrong.items() if sentence}:
        raise InvalidInput(fields=wrong)


def _check_given_up(entry: Entry, now: datetime) -> None:
    visit = entry.visit
    if visit is None:
        return
    theirs = (visit.patient_id, visit.appointment_type_id) == (entry.patient_id, entry.appointment_type_id)
    if not theirs or not entry.gives_up_visit or visit.starts_at <= now:
        raise InvalidInput(fields={"visit": "Choose a visit of this patient and kind that is still to come."})


def _check_performed(entry: Entry) -> None:
    performed = Offering.objects.filter(
        clinic=entry.clinic_id, appointment_type=entry.appointment_type_id, is_active=True
    )
    doctor = entry.doctor_id
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


def taken_off(patient_id: object, since: datetime) -> QuerySet[Entry]:
    """Entries of a patient that a person closed since an instant (aware), and that can be put back."""
    closed = Entry.objects.filter(patient=patient_id, closed_at__gte=since, outcome__in=BY_HAND)
    return closed.exclude(offers__state=OfferState.ACCEPTED)


@command(WORDS)
def put_back(*, entry: Entry, by: User) -> None:
    """Let somebody wait on as if never taken off, for a week after. Raises AlreadyWaiting, NotWaiting, NotAllowed."""
    lock_patient(entry.patient_id)
    entry = _taken(entry, by, {EntryStatus.CLOSED})
    if not taken_off(entry.patient_id, timezone.now() - PUT_BACK_WITHIN).filter(pk=entry.pk).exists():
        raise NotWaiting
    reopen(entry, by=by)


def reopen(entry: Entry, *, by: User | None = None) -> None:
    """Let an entry wait as it did before it was closed, as part of a command; `by` None when something else did it."""
    before, entry.status = entry.status, EntryStatus.PAUSED if entry.paused_at else EntryStatus.ACTIVE
    entry.outcome, entry.closed_at = "", None
    entry.save(update_fields=["status", "outcome", "closed_at"])
    _record(entry, "waitlist.reopened", by=by, before=before)


def _taken(entry: Entry, by: User | None, allowed: set[EntryStatus]) -> Entry:
    """The entry, locked, if the user may change it and it is in one of these states."""
    (entry,) = lock_in_order(Entry, [entry.pk])
    require(by, Permission.EDIT_WAITLIST, entry.clinic_id)
    if entry.status not in allowed:
        raise NotWaiting
    return entry


def _record(entry: Entry, event: str, *, by: User | None, before: str | None) -> None:
    changes: dict[str, tuple[Any, Any]] = {"status": (before, entry.status)}
    if entry.outcome:
        changes["outcome"] = (None, entry.outcome)
    _log(entry, event, by=by, changes=changes, action=Action.UPDATE if before else Action.CREATE)


def _log(
    entry: Entry,
    event: str,
    *,
    by: User | None,
    changes: Mapping[str, tuple[Any, Any]],
    action: Action = Action.UPDATE,
) -> None:
    role = role_at(by, entry.clinic_id)
    log_change(entry, event=event, by=by, action=action, changes=changes, clinic_id=entry.clinic_id, role=role)


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
