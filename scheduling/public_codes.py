"""The code that shows that somebody can be reached: made, sent once, entered; then it is clear whose booking it is."""

from __future__ import annotations

import hmac
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import DomainError, InvalidInput
from carebridge.events import emit
from scheduling import policies
from scheduling.errors import CodeOver, TooManyBookings, WrongCode
from scheduling.events import CodeWanted
from scheduling.history import record_appointment
from scheduling.locking import lock_appointments, lock_patients, save_changes
from scheduling.models import Appointment, Channel, Patient, PatientClinic, Referral, SelfBooking, Status
from scheduling.placement import Wish, load_patient_facts
from scheduling.public_booking import same_contact
from scheduling.retention import forget_unverified
from scheduling.reviews import require_review

MOST_TRIES = 5
MOST_CODES = 3
"""Of one booking: the first, and two sent again."""
DIGITS = 6


def code_of(booking: SelfBooking) -> str:
    """The code that is right now: made from the key of the installation, so that it lies nowhere to be read."""
    made = salted_hmac("scheduling.public_booking", f"{booking.pk.hex}.{booking.code_number}", algorithm="sha256")
    return f"{int.from_bytes(made.digest()[:8], 'big') % 10**DIGITS:0{DIGITS}d}"


@command()
def send_code_again(*, booking: SelfBooking) -> None:
    """Another code takes the place of the one before. Raises CodeOver, TooManyBookings after two."""
    (booking,) = lock_in_order(SelfBooking, [booking.pk])
    if booking.verified_at or timezone.now() >= booking.expires_at:
        raise CodeOver
    if booking.code_number >= MOST_CODES:
        raise TooManyBookings
    booking.code_number, booking.code_sent_at = booking.code_number + 1, None
    booking.save(update_fields=["code_number", "code_sent_at"])
    log_change(booking, event="self_booking.code_again", by=None, clinic_id=booking.clinic_id)
    emit(CodeWanted())


def next_to_send(now: datetime) -> SelfBooking | None:
    """A booking whose code is due, taken so that nobody else sends it; None when none is."""
    due = SelfBooking.objects.unverified().filter(expires_at__gt=now, code_sent_at=None).order_by("created_at")
    with transaction.atomic():
        booking = due.select_for_update(skip_locked=True, of=("self",)).select_related("patient", "clinic").first()
        if booking is not None:
            SelfBooking.objects.filter(pk=booking.pk).update(code_sent_at=now)
    return booking


def enter_code(*, booking: SelfBooking, code: str) -> SelfBooking:
    """The code as typed: right, the visit is firm, or the request reception's. Entering it twice changes nothing more.

    A wrong one is counted for good before it is refused. Raises WrongCode; CodeOver after five, or after its time.
    """
    # Returned, not raised, out of the transaction: a refusal would take the count back with it.
    settled = _enter(booking=booking, code="".join(code.split()))
    if isinstance(settled, DomainError):
        raise settled
    return settled


@command()
def _enter(*, booking: SelfBooking, code: str) -> SelfBooking | DomainError:
    now = timezone.now()
    right = hmac.compare_digest(code.encode(), code_of(booking).encode())
    known = on_file(booking.patient) if right and not booking.verified_at else None
    try:
        patients = lock_patients({booking.patient_id, *([known.pk] if known else [])})
    except InvalidInput:
        # Pressed twice: while this waited, the first press blanked the record. Or it was forgotten after its time.
        booking.refresh_from_db()
        return booking if right and booking.verified_at else CodeOver()
    visit = next(iter(lock_appointments([booking.appointment_id] if booking.appointment_id else [])), None)
    (booking,) = lock_in_order(SelfBooking, [booking.pk])
    if booking.verified_at:
        return booking if right else WrongCode()
    if now >= booking.expires_at or booking.wrong_tries >= MOST_TRIES:
        return CodeOver()
    if not right:
        return _count_wrong(booking)
    if visit and visit.status not in (Status.PENDING, Status.REQUIRES_REVIEW):
        return CodeOver()
    return settle(booking, visit, patients[known.pk if known else booking.patient_id], now)


def _count_wrong(booking: SelfBooking) -> DomainError:
    booking.wrong_tries += 1
    booking.save(update_fields=["wrong_tries"])
    log_change(booking, event="self_booking.code_refused", by=None, action=Action.ACCESS, clinic_id=booking.clinic_id)
    return CodeOver() if booking.wrong_tries >= MOST_TRIES else WrongCode()


def on_file(new: Patient) -> Patient | None:
    """The one record that a clinic knows with the same name, birth date and contact; None without, or with several."""
    same = Patient.objects.active().filter(search_name=new.search_name, birth_date=new.birth_date, anonymised_at=None)
    known = same.filter(same_contact(new), pk__in=PatientClinic.objects.values("patient"))
    found = list(known.order_by("pk")[:2])
    return found[0] if len(found) == 1 else None


def settle(booking: SelfBooking, visit: Appointment | None, patient: Patient, now: datetime) -> SelfBooking:
    """Now it is clear whose it is: the clinic gets to know them, and a record that isn't needed any more is blanked.

    Part of a command that holds the locks on both records, the visit and the booking.
    """
    new = Patient.objects.get(pk=booking.patient_id)
    known_here = [PatientClinic(patient=patient, clinic_id=booking.clinic_id)]
    PatientClinic.objects.bulk_create(known_here, ignore_conflicts=True)
    booking.patient, booking.verified_at = patient, now
    booking.save(update_fields=["patient", "verified_at"])
    log_change(
        booking,
        event="self_booking.verified",
        by=None,
        clinic_id=booking.clinic_id,
        facts={"patient": str(patient.pk)},
    )
    Referral.objects.filter(patient=new).update(patient=patient)
    if visit:
        _make_firm(visit, patient, now)
    if new.pk != patient.pk:
        forget_unverified(patient=new)
    return booking


def _make_firm(visit: Appointment, patient: Patient, now: datetime) -> None:
    """The visit is the patient's and stands; one that a rule speaks against now goes to reception's worklist."""
    against = _rules_against(visit, patient, now)
    if visit.patient_id != patient.pk:
        before, visit.patient = visit.patient_id, patient
        save_changes(visit, "patient")
        moved = {"patient": (before, patient.pk)}
        record_appointment("appointment.patient_changed", visit, by=None, at=now, changes=moved)
    in_review = visit.status == Status.REQUIRES_REVIEW
    before_status, visit.expires_at = visit.status, None
    if in_review:
        visit.status_before_review = Status.CONFIRMED
    else:
        visit.status = Status.CONFIRMED
    save_changes(visit, "status", "status_before_review", "expires_at")
    changes = {"status": (before_status, visit.status)}
    record_appointment("appointment.confirmed", visit, by=None, at=now, changes=changes, source=Channel.WEB)
    if against:
        require_review(visit, reason=f"Booked online against a rule: {against}", by=None, at=now)


def _rules_against(visit: Appointment, patient: Patient, now: datetime) -> str:
    """The first rule against the visit now that it is known whose it is; empty for none."""
    wish = Wish(
        patient=patient,
        appointment_type=visit.appointment_type,
        doctor=visit.doctor,
        clinic=visit.clinic,
        starts_at=visit.starts_at,
        now=now,
        referral=visit.referral,
        ignoring=visit.pk,
    )
    facts = load_patient_facts(wish, minutes=visit.duration_minutes)
    reasons = [
        *policies.eligibility(visit.appointment_type, patient, visit.local_date, facts, wish.referral),
        *policies.patient_load(visit.clinic, facts),
    ]
    return reasons[0].code.replace("_", " ") if reasons else ""
