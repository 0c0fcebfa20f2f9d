"""Moving an appointment to another time, doctor or clinic, and swapping two.

The old time is released and the new one taken in one transaction: others wait on the uncommitted release, so
nothing is given up before the new time is sure, and a refusal restores the old by rollback.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import log_change
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling import holds, ledger, policies
from scheduling.booking import OF_PATIENTS, WORDS, write_appointment
from scheduling.cancelling import require_exception_after
from scheduling.errors import WrongStatus
from scheduling.history import record_appointment
from scheduling.lapsing import retaken
from scheduling.locking import (
    check_patient,
    check_version,
    lock_appointments,
    lock_patient,
    lock_patients,
    save_changes,
)
from scheduling.models import Appointment, Channel, Clinic, Doctor, ExternalReference, Status
from scheduling.models.appointment import UPCOMING
from scheduling.permissions import require, role_at
from scheduling.placement import Wish, decide, lock_candidates, lock_visit, plan_visit
from scheduling.roles import Permission


def reschedule_appointment(
    *,
    appointment: Appointment,
    starts_at: datetime,
    by: User | None,
    doctor: Doctor | None = None,
    clinic: Clinic | None = None,
    channel: Channel | None = None,
    hold: str = "",
    override_reason: str = "",
    exception_reason: str = "",
    version: int | None = None,
) -> Appointment:
    """Move a visit; the new appointment is returned, the old one becomes `rescheduled` and points to it.

    Doctor and clinic stay unless given. After the cut-off staff need `exception_reason`. Raises WrongStatus,
    StaleVersion, SlotTaken (with the nearest free times), SlotHeld, SlotUnavailable, PolicyRefused (past_cutoff
    among them), OverrideNotAllowed, NotAllowed, Busy. The old time stays booked then.
    """
    wish = Wish(
        patient=appointment.patient,
        appointment_type=appointment.appointment_type,
        doctor=doctor or appointment.doctor,
        clinic=clinic or appointment.clinic,
        starts_at=starts_at,
        now=timezone.now(),
        referral=appointment.referral,
        hold=hold,
        override_reason=override_reason,
        ignoring=appointment.pk,
        by_patient=channel in OF_PATIENTS,
    )

    def attempt() -> Appointment:
        return _reschedule(wish=wish, by=by, channel=channel, exception_reason=exception_reason, version=version)

    return retaken(attempt, wish)


@command(WORDS)
def _reschedule(
    *, wish: Wish, by: User | None, channel: Channel | None, exception_reason: str, version: int | None
) -> Appointment:
    wish = replace(wish, patient=lock_patient(wish.patient.pk))
    (old,) = lock_appointments([wish.ignoring or 0])
    check_patient(old, wish.patient)
    wish, plan = lock_visit(wish, also=ledger.resource_ids_of([old.pk]))

    check_version(old, version)
    check_movable(old, now=wish.now, by=by, exception_reason=exception_reason)
    require(by, Permission.BOOK, wish.clinic.pk)
    retire(old, at=wish.now)
    decision = decide(wish, plan, by=by)

    new = write_appointment(
        wish, decision, by=by, status=firm_status(old), expires_at=old.expires_at, **carried_over(old, channel)
    )
    if wish.hold:
        transaction.on_commit(lambda: holds.spend_hold(wish.hold, booked=new), robust=True)

    record_move(old, new, by=by, at=wish.now)
    return new


def check_movable(appointment: Appointment, *, now: datetime, by: User | None, exception_reason: str) -> None:
    """Raise WrongStatus, NotAllowed or PolicyRefused (past_cutoff) unless this visit may be moved now."""
    require(by, Permission.BOOK, appointment.clinic_id)
    if appointment.status not in UPCOMING:
        raise WrongStatus(f"{appointment} is {appointment.get_status_display().lower()}: it can't be moved.")
    cutoff = policies.reschedule_cutoff(appointment.appointment_type, appointment.clinic, appointment.starts_at)
    require_exception_after(cutoff, now=now, by=by, exception_reason=exception_reason, verb="moved")


def firm_status(old: Appointment) -> Status:
    """What the moved visit starts as: a move settles a review, and leaves a pending one pending."""
    if old.status == Status.REQUIRES_REVIEW:
        return Status(old.status_before_review)
    return Status(old.status)


def carried_over(old: Appointment, channel: Channel | None) -> dict[str, object]:
    """What the new appointment keeps of the old: notes, group, and the identity that calendars know."""
    return {
        "channel": channel or old.channel,
        "notes": old.notes,
        "group": old.group,
        "group_position": old.group_position,
        "moved_from": old,
        "calendar_uid": old.calendar_uid,
        "calendar_sequence": old.calendar_sequence + 1,
    }


def retire(old: Appointment, *, at: datetime) -> None:
    """Mark the old appointment as moved and give back its time, before its successor looks for room."""
    Appointment.objects.filter(pk=old.pk).update(status=Status.RESCHEDULED, version=old.version + 1)
    ledger.release(old, at=at)


def record_move(old: Appointment, new: Appointment, *, by: User | None, at: datetime) -> None:
    """Hand references in other systems and the patient's answers to the new appointment, and account for both.

    History and the event are the new one's, whose timeline includes the old.
    """
    ExternalReference.objects.filter(appointment=old).update(appointment=new)
    old.answers.update(appointment=new)
    changes = {
        "status": (old.status, Status.RESCHEDULED),
        "reference": (old.reference, new.reference),
        "starts_at": (old.starts_at.isoformat(), new.starts_at.isoformat()),
        "doctor": (old.doctor_id, new.doctor_id),
        "clinic": (old.clinic_id, new.clinic_id),
    }
    record_appointment(
        "appointment.rescheduled",
        new,
        by=by,
        at=at,
        source=new.channel,
        created=True,
        changes=changes,
    )
    log_change(
        old,
        event="appointment.moved_away",
        by=by,
        changes={"status": (old.status, Status.RESCHEDULED)},
        clinic_id=old.clinic_id,
        role=role_at(by, old.clinic_id),
    )


@command()
def bring_forward(*, pending: Appointment, old: Appointment, by: User | None) -> Appointment:
    """Let a pending visit take the place of another one of the same patient, whose time is given back.

    Nothing is looked for: the pending visit has its time. The cut-off isn't asked either, as the patient was. Raises
    WrongStatus when the one isn't pending, or the other not to come, any more; InvalidInput when they don't belong
    together; NotAllowed.
    """
    now = timezone.now()
    patient = lock_patient(pending.patient_id)
    by_id = {each.pk: each for each in lock_appointments([pending.pk, old.pk])}
    pending, old = by_id[pending.pk], by_id[old.pk]
    for each in (pending, old):
        check_patient(each, patient)
        require(by, Permission.BOOK, each.clinic_id)
    if pending.status != Status.PENDING or old.status not in (Status.CONFIRMED, Status.REQUIRES_REVIEW):
        raise WrongStatus
    if pending.appointment_type_id != old.appointment_type_id:
        raise InvalidInput("The two visits are of different kinds.")
    ledger.lock_resources(ledger.resource_ids_of([old.pk]))

    retire(old, at=now)
    pending.status, pending.expires_at = Status.CONFIRMED, None
    kept = carried_over(old, Channel(pending.channel))
    for field, value in kept.items():
        setattr(pending, field, value)
    save_changes(pending, "status", "expires_at", *kept)
    record_move(old, pending, by=by, at=now)
    return pending


def swap_appointments(
    *, first: Appointment, second: Appointment, by: User | None, exception_reason: str = ""
) -> tuple[Appointment, Appointment]:
    """Exchange the times, doctors and clinics of two visits, both or neither.

    Returns the new appointments of the first and the second patient. Raises as `reschedule_appointment` does.
    """
    now = timezone.now()
    wishes = [_into_place_of(first, second, now), _into_place_of(second, first, now)]
    return _swap(wishes=wishes, by=by, exception_reason=exception_reason)


def _into_place_of(moving: Appointment, other: Appointment, now: datetime) -> Wish:
    return Wish(
        patient=moving.patient,
        appointment_type=moving.appointment_type,
        doctor=other.doctor,
        clinic=other.clinic,
        starts_at=other.starts_at,
        now=now,
        referral=moving.referral,
        ignoring=moving.pk,
    )


@command(WORDS)
def _swap(*, wishes: list[Wish], by: User | None, exception_reason: str) -> tuple[Appointment, Appointment]:
    patients = lock_patients({wish.patient.pk for wish in wishes})
    by_id = {old.pk: old for old in lock_appointments([wish.ignoring or 0 for wish in wishes])}
    for wish in wishes:
        check_patient(by_id[wish.ignoring or 0], wish.patient)
    given_back = ledger.resource_ids_of(by_id)
    planned = [plan_visit(replace(wish, patient=patients[wish.patient.pk])) for wish in wishes]
    plans = lock_candidates([plan for _, plan in planned], given_back)
    wishes = [wish for wish, _ in planned]

    for old in by_id.values():
        check_movable(old, now=wishes[0].now, by=by, exception_reason=exception_reason)
    for old in by_id.values():
        retire(old, at=wishes[0].now)

    moved = []
    for wish, plan in zip(wishes, plans, strict=True):
        old = by_id[wish.ignoring or 0]
        decision = decide(wish, plan, by=by)
        new = write_appointment(
            wish, decision, by=by, status=firm_status(old), expires_at=old.expires_at, **carried_over(old, None)
        )
        record_move(old, new, by=by, at=wish.now)
        moved.append(new)
    return moved[0], moved[1]
