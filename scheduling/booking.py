"""Booking: the one way to make an appointment, and to make a pending one firm or let it lapse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from scheduling import availability, holds, ledger
from scheduling.errors import SlotTaken, StaleVersion, WrongStatus
from scheduling.history import record_appointment
from scheduling.models import (
    Appointment,
    AppointmentType,
    Channel,
    Clinic,
    Doctor,
    Patient,
    PatientClinic,
    Referral,
    Status,
)
from scheduling.permissions import require
from scheduling.placement import Decision, Wish, decide, lock_appointments, lock_patient, lock_visit
from scheduling.roles import Permission

AWAITS_SIGN_OFF = "An override needs a second person's agreement"
OVERRIDE_REFUSED = "Override refused: "
"""How the review reason begins once a second person has said no; the visit then is moved or cancelled."""
WORDS = {"allocation_no_overlap": SlotTaken}

Placed = TypeVar("Placed")


def book_appointment(
    *,
    patient: Patient,
    appointment_type: AppointmentType,
    doctor: Doctor,
    clinic: Clinic,
    starts_at: datetime,
    by: User | None,
    channel: Channel = Channel.DESK,
    notes: str = "",
    referral: Referral | None = None,
    hold: str = "",
    override_reason: str = "",
    pending_until: datetime | None = None,
) -> Appointment:
    """Book a patient with a doctor at an instant (aware), confirmed, or pending until `pending_until`.

    `hold` is the owner token of the caller's hold, spent once the booking is durable. `override_reason` sets
    overridable rules aside for those who may. `by` None is the system or a patient's own link.

    Raises SlotTaken (with the nearest free times), SlotHeld, SlotUnavailable, PolicyRefused, OverrideNotAllowed,
    NotAllowed, NotFound, Busy. Nothing is written then.
    """
    wish = Wish(
        patient=patient,
        appointment_type=appointment_type,
        doctor=doctor,
        clinic=clinic,
        starts_at=starts_at,
        now=timezone.now(),
        referral=referral,
        hold=hold,
        override_reason=override_reason,
    )

    def attempt() -> Appointment:
        booked = _book(wish=wish, by=by, channel=channel, notes=notes, pending_until=pending_until)
        if isinstance(booked, SlotTaken):
            raise booked
        return booked

    return retaken(attempt, wish)


@command(WORDS)
def _book(
    *, wish: Wish, by: User | None, channel: Channel, notes: str, pending_until: datetime | None
) -> Appointment | SlotTaken:
    require(by, Permission.BOOK, wish.clinic.pk)
    wish = replace(wish, patient=lock_patient(wish.patient.pk))
    wish, plan = lock_visit(wish)

    try:
        decision = decide(wish, plan, by=by)
    except SlotTaken as taken:
        # Nothing is written yet, so the transaction may end as it is: after a rollback the session would have to
        # plan its statements anew, and of eight who want one time seven end here.
        return taken

    status = Status.PENDING if pending_until else Status.CONFIRMED
    appointment = write_appointment(
        wish, decision, by=by, channel=channel, notes=notes, status=status, expires_at=pending_until
    )
    if wish.hold:
        transaction.on_commit(lambda: holds.spend_hold(wish.hold), robust=True)

    record_booking(appointment, wish, decision, by=by)
    return appointment


def record_booking(appointment: Appointment, wish: Wish, decision: Decision, *, by: User | None) -> None:
    """Make the patient known at the clinic and write the new visit into history. Part of a command."""
    if not decision.patient_known_here:
        known = PatientClinic(patient=wish.patient, clinic=wish.clinic)
        PatientClinic.objects.bulk_create([known], ignore_conflicts=True)
    record_appointment(
        "appointment.booked",
        appointment,
        by=by,
        at=wish.now,
        source=appointment.channel,
        created=True,
        changes={
            "status": (None, appointment.status),
            "starts_at": (None, appointment.starts_at.isoformat()),
            "doctor": (None, appointment.doctor_id),
            "overrides": (None, ", ".join(appointment.overrides)),
        },
    )


def write_appointment(wish: Wish, decision: Decision, *, by: User | None, status: Status, **fields: Any) -> Appointment:
    """Insert the appointment and its ledger rows for a decision taken under the locks. Raises SlotTaken.

    An override that the clinic wants a second person to agree to makes the appointment `requires_review`.
    """
    plan, local = decision.plan, wish.starts_at.astimezone(wish.clinic.zone)
    waits = bool(decision.overridden) and wish.clinic.override_needs_sign_off
    appointment = Appointment.objects.create(
        patient=wish.patient,
        appointment_type=wish.appointment_type,
        doctor=wish.doctor,
        clinic=wish.clinic,
        referral=wish.referral,
        status=Status.REQUIRES_REVIEW if waits else status,
        status_before_review=status if waits else "",
        review_reason=AWAITS_SIGN_OFF if waits else "",
        starts_at=wish.starts_at,
        ends_at=wish.starts_at + timedelta(minutes=plan.duration_minutes),
        duration_minutes=plan.duration_minutes,
        buffer_before_minutes=plan.buffer_before_minutes,
        buffer_after_minutes=plan.buffer_after_minutes,
        local_date=local.date(),
        local_time=local.time(),
        local_fold=bool(local.fold),
        time_zone=wish.clinic.time_zone,
        modality=wish.appointment_type.modality,
        overrides=list(decision.overridden),
        override_reason=wish.override_reason if decision.overridden else "",
        overridden_by=by if decision.overridden else None,
        created_by=by,
        **fields,
    )
    ledger.occupy(appointment, decision.allotments, may_overbook=decision.may_overbook)
    return appointment


@command()
def confirm_appointment(
    *, appointment: Appointment, by: User | None, by_patient: bool = False, version: int | None = None
) -> Appointment:
    """Make a pending appointment firm, or record the patient's own word on a confirmed one (`by_patient`).

    Raises WrongStatus when it is neither, also when a pending one has lapsed; StaleVersion, NotAllowed.
    """
    now = timezone.now()
    (appointment,) = lock_appointments([appointment.pk])
    require(by, Permission.BOOK, appointment.clinic_id)
    check_version(appointment, version)
    lapsed = appointment.status == Status.PENDING and appointment.expires_at and appointment.expires_at <= now
    if lapsed or appointment.status not in (Status.PENDING, Status.CONFIRMED):
        raise WrongStatus

    before = appointment.status
    appointment.status, appointment.expires_at = Status.CONFIRMED, None
    if by_patient:
        appointment.attendance_confirmed_at = now
    save_changes(appointment, "status", "expires_at", "attendance_confirmed_at")

    firm = before == Status.PENDING
    record_appointment(
        "appointment.confirmed" if firm else "appointment.attendance_confirmed",
        appointment,
        by=by,
        at=now,
        changes={"status": (before, appointment.status)},
    )
    return appointment


def check_version(appointment: Appointment, version: int | None) -> None:
    """Raise StaleVersion when the caller has seen an older version than the row has; None asks nothing."""
    if version is not None and version != appointment.version:
        raise StaleVersion


def save_changes(appointment: Appointment, *fields: str) -> None:
    """Write the fields and raise the version that screens and API clients compare."""
    appointment.version += 1
    appointment.save(update_fields=[*fields, "version"])


def expire_lapsed(*, now: datetime) -> int:
    """Let every pending appointment whose time has run out lapse, each in its own transaction. How many did."""
    with connection.cursor() as cursor:
        # As SQL, because everybody who loses a race asks it, and building the queryset took longer than the answer.
        cursor.execute(
            "SELECT id FROM scheduling_appointment WHERE status = 'pending' AND expires_at <= %s"
            " ORDER BY expires_at LIMIT 500",
            [now],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return sum(_expire(appointment_id=pk, now=now) for pk in ids)


@command()
def _expire(*, appointment_id: int, now: datetime) -> bool:
    (appointment,) = lock_appointments([appointment_id])
    ledger.lock_resources(ledger.resource_ids_of([appointment_id]))
    if appointment.status != Status.PENDING or appointment.expires_at is None or appointment.expires_at > now:
        return False

    appointment.status = Status.EXPIRED
    save_changes(appointment, "status")
    ledger.release(appointment, at=now)

    record_appointment(
        "appointment.expired",
        appointment,
        by=None,
        at=now,
        changes={"status": (Status.PENDING, Status.EXPIRED)},
    )
    return True


def retaken(attempt: Callable[[], Placed], wish: Wish) -> Placed:
    """Run a placing command; when the time is taken by a lapsed pending visit, let that lapse and try once more.

    A SlotTaken that remains carries the three nearest free times.
    """
    try:
        return attempt()
    except SlotTaken as taken:
        if not expire_lapsed(now=wish.now):
            raise with_nearest(taken, wish) from None
    try:
        return attempt()
    except SlotTaken as taken:
        raise with_nearest(taken, wish) from None


def with_nearest(taken: SlotTaken, wish: Wish) -> SlotTaken:
    """The refusal with up to three free times close to the one wished for, looked up after the rollback."""
    nearest: Sequence[availability.Slot] = availability.nearest_slots(
        appointment_type_id=wish.appointment_type.pk,
        doctor_id=wish.doctor.pk,
        clinic_id=wish.clinic.pk,
        starts_at=wish.starts_at,
        now=wish.now,
        owner=wish.hold,
        ignoring=wish.ignoring,
    )
    taken.detail["nearest"] = nearest
    return taken
