"""Booking: the one way to make an appointment, and to make a pending one firm."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from scheduling import holds, ledger
from scheduling.errors import SlotTaken, WrongStatus
from scheduling.history import record_appointment
from scheduling.lapsing import retaken
from scheduling.locking import check_version, lock_appointments, lock_patient, save_changes
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
from scheduling.placement import Decision, Wish, decide, lock_visit
from scheduling.roles import Permission

AWAITS_SIGN_OFF = "An override needs a second person's agreement"
OF_PATIENTS = frozenset({Channel.WEB, Channel.LINK})
"""Channels by which patients choose a time themselves."""
OVERRIDE_REFUSED = "Override refused: "
"""How the review reason begins once a second person has said no; the visit then is moved or cancelled."""
WORDS = {"allocation_no_overlap": SlotTaken}


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
        by_patient=channel in OF_PATIENTS,
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
    return place_visit(wish, by=by, channel=channel, notes=notes, pending_until=pending_until)


def place_visit(
    wish: Wish, *, by: User | None, channel: Channel, notes: str = "", pending_until: datetime | None = None
) -> Appointment | SlotTaken:
    """Lock, decide and write one visit with its history. Part of a command, which lets `WORDS` speak.

    A SlotTaken found before anything was written is returned; everything else against it is raised.
    """
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
        transaction.on_commit(lambda: holds.spend_hold(wish.hold, booked=appointment), robust=True)

    record_booking(appointment, wish, decision, by=by)
    return appointment


def record_booking(appointment: Appointment, wish: Wish, decision: Decision, *, by: User | None) -> None:
    """Make the patient known at the clinic and write the new visit into history. Part of a command."""
    if not decision.patient_known_here:
        known = PatientClinic(patient=wish.patient, clinic=wish.clinic)
        PatientClinic.objects.bulk_create([known], ignore_conflicts=True)
    record_booked(appointment, wish, by=by)


def record_booked(appointment: Appointment, wish: Wish, *, by: User | None) -> None:
    """Write the new visit into history. Part of a command."""
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
