"""Asking a patient to choose a time by themselves: made by staff, used once, withdrawn or run out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput
from scheduling.booking import book_appointment
from scheduling.errors import LinkOver, SlotUnavailable
from scheduling.history import record_invitation
from scheduling.locking import lock_patient
from scheduling.models import (
    Appointment,
    AppointmentType,
    BookingInvitation,
    Channel,
    Clinic,
    Doctor,
    Offering,
    Patient,
    PatientLink,
    Referral,
)
from scheduling.permissions import require, role_at
from scheduling.roles import Permission

LONGEST_DAYS = 93
NOBODY_PERFORMS = "Nobody does this visit there. Choose another clinic or doctor."


@command()
def invite_to_book(
    *,
    patient: Patient,
    clinic: Clinic,
    appointment_type: AppointmentType,
    first_day: date,
    last_day: date,
    by: User,
    doctor: Doctor | None = None,
    referral: Referral | None = None,
) -> BookingInvitation:
    """Invite a patient to choose a time from `first_day` to `last_day` (local days of the clinic, both included).

    The link works until the end of the last day. Raises InvalidInput naming the fields, RecordMerged, NotAllowed.
    """
    now = timezone.now()
    require(by, Permission.BOOK, clinic.pk)
    patient = lock_patient(patient.pk)
    _check_days(first_day, last_day, now.astimezone(clinic.zone).date())
    _check_performed(clinic, appointment_type, doctor)
    if referral and referral.patient_id != patient.pk:
        raise InvalidInput(fields={"referral": "That referral belongs to another patient."})

    ends = datetime.combine(last_day + timedelta(days=1), time(), tzinfo=clinic.zone)
    invitation = BookingInvitation.objects.create(
        patient=patient,
        clinic=clinic,
        appointment_type=appointment_type,
        doctor=doctor,
        referral=referral,
        first_day=first_day,
        last_day=last_day,
        expires_at=ends,
        created_by=by,
    )
    PatientLink.objects.create(patient=patient, invitation=invitation)
    record_invitation("booking_invitation.made", invitation, by=by, at=now)
    return invitation


def _check_days(first_day: date, last_day: date, today: date) -> None:
    if last_day < max(first_day, today):
        raise InvalidInput(fields={"last_day": "Choose a day that is still to come, and not before the first."})
    if (last_day - first_day).days >= LONGEST_DAYS:
        raise InvalidInput(fields={"last_day": f"Choose at most {LONGEST_DAYS} days."})


def _check_performed(clinic: Clinic, appointment_type: AppointmentType, doctor: Doctor | None) -> None:
    performed = Offering.objects.filter(clinic=clinic, appointment_type=appointment_type, is_active=True)
    performed = performed.filter(doctor__is_active=True, appointment_type__is_active=True)
    if not (performed.filter(doctor=doctor) if doctor else performed).exists():
        raise InvalidInput(fields={"doctor" if doctor else "appointment_type": NOBODY_PERFORMS})


@command()
def withdraw_invitation(*, invitation: BookingInvitation, by: User) -> None:
    """The link books nothing any more. Raises LinkOver for one that was used or withdrawn, NotAllowed."""
    (invitation,) = lock_in_order(BookingInvitation, [invitation.pk])
    require(by, Permission.BOOK, invitation.clinic_id)
    if invitation.appointment_id or invitation.withdrawn_at:
        raise LinkOver("This invitation was used or withdrawn already.")
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    role = role_at(by, invitation.clinic_id)
    log_change(invitation, event="booking_invitation.withdrawn", by=by, clinic_id=invitation.clinic_id, role=role)


@command()
def accept_invitation(
    *, invitation: BookingInvitation, doctor: Doctor, starts_at: datetime, hold: str = ""
) -> Appointment:
    """The patient takes a time (aware start): booked, and the invitation is used up, both or neither.

    Taking one twice gives the first booking back. Raises LinkOver, SlotUnavailable for another doctor or day than
    were asked for, and as book_appointment.
    """
    now = timezone.now()
    lock_patient(invitation.patient_id)
    (invitation,) = lock_in_order(BookingInvitation, [invitation.pk])
    if invitation.appointment:
        return invitation.appointment
    if invitation.withdrawn_at or now >= invitation.expires_at:
        raise LinkOver
    _check_asked_for(invitation, doctor, starts_at)

    invitation.appointment = book_appointment(
        patient=invitation.patient,
        appointment_type=invitation.appointment_type,
        doctor=doctor,
        clinic=invitation.clinic,
        starts_at=starts_at,
        by=None,
        channel=Channel.LINK,
        referral=invitation.referral,
        hold=hold,
    )
    invitation.save(update_fields=["appointment"])
    log_change(
        invitation, event="booking_invitation.used", by=None, action=Action.UPDATE, clinic_id=invitation.clinic_id
    )
    return invitation.appointment


def _check_asked_for(invitation: BookingInvitation, doctor: Doctor, starts_at: datetime) -> None:
    day = starts_at.astimezone(invitation.clinic.zone).date()
    if not invitation.first_day <= day <= invitation.last_day or invitation.doctor_id not in (None, doctor.pk):
        raise SlotUnavailable
