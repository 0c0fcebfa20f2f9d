"""What a practice does by its link: it books a visit for a patient whom it refers, or asks for one.

Whoever holds the address reads nothing: it is told the same whether the patient is known or not, and every booking
looks to it like one for somebody new.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import cast

from django.utils import timezone

from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from scheduling.booking import WORDS
from scheduling.errors import LinkOver, NotOpen, ReferralKnown
from scheduling.lapsing import retaken
from scheduling.locking import lock_appointments, lock_patients
from scheduling.models import AppointmentType, Doctor, Patient, Referral, ReferrerLink, SelfBooking
from scheduling.periods import wall_clock
from scheduling.placement import Wish
from scheduling.public_booking import (
    LONGEST_WISHES,
    NOT_KNOWN_YET,
    TO_ENTER,
    Person,
    begin,
    keep_time,
    new_record,
    put_on_file,
)
from scheduling.public_codes import on_file, settle

ONCE = {**WORDS, "scheduling_referral_number_key": ReferralKnown}
REFERRAL_DAYS = 183
"""How long a referral is good for where the visit isn't later still."""
NUMBER_LETTERS = 24
Mode = ReferrerLink.Mode


def refer(
    *,
    link: ReferrerLink,
    person: Person,
    number: str,
    appointment_type: AppointmentType,
    doctor: Doctor,
    starts_at: datetime,
    hold: str = "",
) -> SelfBooking:
    """Book a time (aware start) for a patient of the practice, with its referral; `hold` is spent.

    Who is on file with the same name, birth date and contact keeps the one record; a rule that speaks against the
    visit then sends it to review. Raises LinkOver, NotOpen, InvalidInput naming the fields, TooManyBookings, and as
    book_appointment.
    """
    wish = Wish(
        patient=new_record(person),
        appointment_type=appointment_type,
        doctor=doctor,
        clinic=link.clinic,
        starts_at=starts_at,
        now=timezone.now(),
        hold=hold,
        set_aside=NOT_KNOWN_YET,
    )
    return retaken(lambda: _refer(link=link, wish=wish, medium=person.medium, number=number), wish)


@command(ONCE)
def _refer(*, link: ReferrerLink, wish: Wish, medium: SelfBooking.Medium, number: str) -> SelfBooking:
    known = _lock_known(wish.patient)
    _check_open(link, wish.appointment_type, Mode.BOOK, wish.now)
    put_on_file(wish.patient, wish.clinic, at=wish.now)
    day = wall_clock(wish.starts_at, wish.clinic.zone).date()
    referral = _refer_by(link, wish.patient, wish.appointment_type, number, wish.now, day)
    booking = keep_time(replace(wish, referral=referral), medium, link)
    (visit,) = lock_appointments([cast(int, booking.appointment_id)])
    return settle(booking, visit, known or wish.patient, wish.now)


@command(ONCE)
def refer_without_time(
    *, link: ReferrerLink, person: Person, number: str, appointment_type: AppointmentType, wishes: str
) -> SelfBooking:
    """Ask for a visit for a patient of the practice; reception finds the time.

    Raises LinkOver, NotOpen, InvalidInput naming the fields, TooManyBookings.
    """
    now, patient = timezone.now(), new_record(person)
    known = _lock_known(patient)
    _check_open(link, appointment_type, Mode.REQUEST, now)
    put_on_file(patient, link.clinic, at=now)
    _refer_by(link, patient, appointment_type, number, now, wall_clock(now, link.clinic.zone).date())
    booking = begin(
        patient=patient,
        clinic=link.clinic,
        appointment_type=appointment_type,
        is_request=True,
        wishes=wishes.strip()[:LONGEST_WISHES],
        medium=person.medium,
        expires_at=now + TO_ENTER,
        referrer_link=link,
    )
    return settle(booking, None, known or patient, now)


def _lock_known(new: Patient) -> Patient | None:
    known = on_file(new)
    return lock_patients([known.pk])[known.pk] if known else None


def _check_open(link: ReferrerLink, appointment_type: AppointmentType, mode: ReferrerLink.Mode, now: datetime) -> None:
    """Under its lock, so that two colleagues don't use up the last patient twice."""
    (link,) = lock_in_order(ReferrerLink, [link.pk])
    if link.is_over(now) or link.is_used_up:
        raise LinkOver
    if link.mode != mode or not link.appointment_types.filter(pk=appointment_type.pk, is_active=True).exists():
        raise NotOpen


def _refer_by(
    link: ReferrerLink, patient: Patient, appointment_type: AppointmentType, number: str, now: datetime, day: date
) -> Referral:
    """The referral of the practice, good for one visit. A number that is on file already gets a mark of its own."""
    today = wall_clock(now, link.clinic.zone).date()
    mark = secrets.token_hex(3)
    number = number.strip()[:NUMBER_LETTERS] or f"online-{mark}"
    if Referral.objects.filter(number=number).exists():
        number = f"{number[: NUMBER_LETTERS - 1 - len(mark)]}-{mark}"
    referral = Referral.objects.create(
        patient=patient,
        number=number,
        referrer=link.referrer,
        service_id=appointment_type.service_id,
        valid_from=today,
        valid_until=max(day, today + timedelta(days=REFERRAL_DAYS)),
    )
    facts = {"link": str(link.pk), "patient": str(patient.pk)}
    log_change(
        referral, event="referral.recorded", by=None, action=Action.CREATE, clinic_id=link.clinic_id, facts=facts
    )
    return referral
