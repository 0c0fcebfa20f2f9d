"""Cancelling an appointment, and taking the cancellation back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling import ledger, policies
from scheduling.booking import WORDS
from scheduling.errors import PolicyRefused, UndoTooLate, WrongStatus
from scheduling.history import record_appointment
from scheduling.lapsing import retaken
from scheduling.locking import check_patient, check_version, lock_appointments, lock_patient, save_changes
from scheduling.models import Appointment, Cancellation, CancellationReason, ScheduleEvent, Status
from scheduling.models.appointment import OCCUPYING
from scheduling.permissions import require
from scheduling.placement import Wish, decide, lock_visit
from scheduling.reviews import reconsider_review
from scheduling.roles import Permission

CANCELLABLE = frozenset({Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN, Status.REQUIRES_REVIEW})
STAFF_UNDO = timedelta(seconds=8)
PATIENT_UNDO = timedelta(minutes=5)
UNSAID = "patient_request"
"""The reason of a patient who gives none."""


def patients_reason(code: str = UNSAID) -> CancellationReason:
    """The reason that a patient gives, one of those for patients; by default that they asked, which is always there.

    Raises InvalidInput.
    """
    if code == UNSAID:
        return CancellationReason.objects.get_or_create(code=UNSAID, defaults={"label": "Patient asked"})[0]
    found = CancellationReason.objects.filter(code=code, by_patient=True, is_active=True).first()
    if found is None:
        raise InvalidInput(fields={"reason": "Use the code of one of the cancellation reasons."})
    return found


@command()
def cancel_appointment(
    *,
    appointment: Appointment,
    reason: CancellationReason,
    by: User | None,
    note: str = "",
    exception_reason: str = "",
    version: int | None = None,
) -> Cancellation:
    """Cancel a visit and give its time back. After the cut-off staff need `exception_reason`; patients can't.

    `by` None is the patient's own link or the system. Raises WrongStatus, StaleVersion, PolicyRefused (past_cutoff),
    NotAllowed.
    """
    now = timezone.now()
    (appointment,) = lock_appointments([appointment.pk])
    ledger.lock_resources(ledger.resource_ids_of([appointment.pk]))

    require(by, Permission.CANCEL, appointment.clinic_id)
    check_version(appointment, version)
    cutoff = check_cancellable(appointment, now=now, by=by, exception_reason=exception_reason)

    before = appointment.status
    _save_status(appointment, Status.CANCELLED)
    ledger.release(appointment, at=now)
    late = now > cutoff
    cancellation = _write(appointment, reason, note or exception_reason, by=by, at=now, late=late)

    changes = {"status": (before, Status.CANCELLED), "reason": (None, reason.code), "late": (None, late)}
    record_appointment("appointment.cancelled", appointment, by=by, at=now, changes=changes)
    return cancellation


def _save_status(appointment: Appointment, status: Status) -> None:
    # A patient's calendar believes only what is newer than what it has, of a cancellation and of its undoing too.
    appointment.status, appointment.calendar_sequence = status, appointment.calendar_sequence + 1
    save_changes(appointment, "status", "calendar_sequence")


def _write(
    appointment: Appointment, reason: CancellationReason, note: str, *, by: User | None, at: datetime, late: bool
) -> Cancellation:
    return Cancellation.objects.create(
        appointment=appointment,
        reason=reason,
        note=note,
        cancelled_at=at,
        cancelled_by=by,
        notice_minutes=(appointment.starts_at - at) // timedelta(minutes=1),
        is_late=late,
        effects_due_at=at + (STAFF_UNDO if by else PATIENT_UNDO),
    )


def check_cancellable(appointment: Appointment, *, now: datetime, by: User | None, exception_reason: str) -> datetime:
    """The cut-off, after which a cancellation is late. Raises WrongStatus or PolicyRefused (past_cutoff)."""
    if appointment.status not in CANCELLABLE:
        raise WrongStatus(f"{appointment} is {appointment.get_status_display().lower()}: it can't be cancelled.")
    cutoff = policies.cancel_cutoff(appointment.appointment_type, appointment.clinic, appointment.starts_at)
    require_exception_after(cutoff, now=now, by=by, exception_reason=exception_reason, verb="cancelled")
    return cutoff


def require_exception_after(
    cutoff: datetime, *, now: datetime, by: User | None, exception_reason: str, verb: str
) -> None:
    """After the cut-off only staff may go on, and only with a reason. Exactly at the cut-off is in time."""
    if now <= cutoff:
        return
    if by is None:
        raise PolicyRefused(f"It is too late for this visit to be {verb} online. Please call us.", code="past_cutoff")
    if not exception_reason.strip():
        raise PolicyRefused(
            f"The time until which this visit could be {verb} has passed. Give a reason to make an exception.",
            code="past_cutoff",
            fields={"exception_reason": "Say why this is an exception."},
        )


def undo_cancellation(*, appointment: Appointment, by: User | None) -> Appointment:
    """Bring a cancelled visit back at its old time, if every rule still allows it; the room may be another.

    Raises UndoTooLate when the visit is not cancelled or has begun, SlotTaken (with the nearest free times) when
    its time has been given away, SlotUnavailable or PolicyRefused, NotAllowed.
    """
    wish = _wish_to_restore(appointment)
    return retaken(lambda: _undo_cancellation(wish=wish, appointment_id=appointment.pk, by=by), wish)


def _wish_to_restore(appointment: Appointment) -> Wish:
    # What an override set aside when it was booked stays set aside.
    return Wish(
        patient=appointment.patient,
        appointment_type=appointment.appointment_type,
        doctor=appointment.doctor,
        clinic=appointment.clinic,
        starts_at=appointment.starts_at,
        now=timezone.now(),
        referral=appointment.referral,
        set_aside=policies.JUDGED_ONCE | set(appointment.overrides),
        ignoring=appointment.pk,
    )


@command(WORDS)
def _undo_cancellation(*, wish: Wish, appointment_id: int, by: User | None) -> Appointment:
    wish = replace(wish, patient=lock_patient(wish.patient.pk))
    (appointment,) = lock_appointments([appointment_id])
    check_patient(appointment, wish.patient)
    wish, plan = lock_visit(wish)

    require(by, Permission.CANCEL, appointment.clinic_id)
    if appointment.status != Status.CANCELLED or appointment.starts_at <= wish.now:
        raise UndoTooLate
    if by is None and not may_undo_own(appointment, wish.now):
        raise UndoTooLate
    plan = plan.lasting(
        duration_minutes=appointment.duration_minutes,
        buffer_before_minutes=appointment.buffer_before_minutes,
        buffer_after_minutes=appointment.buffer_after_minutes,
    )
    decision = decide(wish, plan, by=by)

    _save_status(appointment, status_before(appointment, "appointment.cancelled"))
    Cancellation.objects.filter(appointment=appointment, undone_at=None).update(undone_at=wish.now)
    ledger.occupy(appointment, decision.allotments, may_overbook=decision.may_overbook)

    record_appointment(
        "appointment.cancellation_undone",
        appointment,
        by=by,
        at=wish.now,
        changes={"status": (Status.CANCELLED, appointment.status)},
    )
    reconsider_review(appointment, by=by, at=wish.now)
    return appointment


def may_undo_own(appointment: Appointment, now: datetime) -> bool:
    """Whether the patient may take a cancellation back: only what they did themselves, and until others hear of it."""
    if appointment.status != Status.CANCELLED or now >= appointment.starts_at:
        return False
    in_force = Cancellation.objects.filter(appointment=appointment, undone_at=None, cancelled_by=None).first()
    return in_force is not None and now <= in_force.cancelled_at + PATIENT_UNDO


def status_before(appointment: Appointment, kind: str) -> Status:
    """The status that the latest history row of this kind changed. Raises UndoTooLate when there is none."""
    event = ScheduleEvent.objects.filter(appointment=appointment, kind=kind).order_by("-id").first()
    if event is None or event.payload["status"][0] not in OCCUPYING:
        raise UndoTooLate
    return Status(event.payload["status"][0])
