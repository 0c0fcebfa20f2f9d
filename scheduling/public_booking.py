"""Booking by anybody, on the public pages: a time is kept while a code is on its way, then it is theirs.

Whoever books is put on file as a new record that no clinic knows. Only once the code has shown that the telephone or
mailbox is theirs, the record on file with the same name, birth date and contact is looked for, and the visit becomes
that one's. So nothing that happens before tells whether somebody is a patient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit import mask_all
from carebridge.audit.trail import Action, accounted_for, log_change
from carebridge.db import command, lock_in_order
from carebridge.events import emit
from scheduling import holds
from scheduling.booking import WORDS, record_booked, write_appointment
from scheduling.errors import AlreadyHandled, NotOpen, TooManyBookings
from scheduling.events import CodeWanted
from scheduling.lapsing import retaken
from scheduling.models import (
    AppointmentType,
    Channel,
    Clinic,
    Doctor,
    OnlineBooking,
    Patient,
    ReferrerLink,
    SelfBooking,
    Status,
)
from scheduling.patients import apply_details, check_details
from scheduling.permissions import require, role_at
from scheduling.placement import Wish, decide, lock_visit
from scheduling.roles import Permission

TO_ENTER = timedelta(minutes=10)
KEPT_UNVERIFIED = timedelta(hours=1)
LONGEST_WISHES = 300
MOST_AN_HOUR = 5
"""Bookings begun for one telephone or mailbox."""
NOT_KNOWN_YET = frozenset({"not_returning"})
"""Rules that a new record can't meet, asked once it is known whose visit it is."""
Mode = OnlineBooking.Mode
Medium = SelfBooking.Medium


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who is to be seen, as typed, and how they, or who books for them (`booker`), are reached.

    `contact` is an email address or a telephone number in E.164 form.
    """

    given_name: str
    family_name: str
    birth_date: date
    contact: str
    language: str
    sex: str = ""
    booker: str = ""

    @property
    def medium(self) -> SelfBooking.Medium:
        return Medium.EMAIL if "@" in self.contact else Medium.SMS


def begin_booking(
    *,
    person: Person,
    appointment_type: AppointmentType,
    doctor: Doctor,
    clinic: Clinic,
    starts_at: datetime,
    hold: str = "",
) -> SelfBooking:
    """Keep a time (aware start) for ten minutes, and have a code sent. `hold` is spent.

    Raises NotOpen, InvalidInput naming the fields, TooManyBookings, and as book_appointment.
    """
    wish = Wish(
        patient=new_record(person),
        appointment_type=appointment_type,
        doctor=doctor,
        clinic=clinic,
        starts_at=starts_at,
        now=timezone.now(),
        hold=hold,
        set_aside=NOT_KNOWN_YET,
    )
    return retaken(lambda: _pend(wish=wish, medium=person.medium), wish)


@command(WORDS)
def _pend(*, wish: Wish, medium: SelfBooking.Medium) -> SelfBooking:
    _check_open(wish.clinic, wish.appointment_type, Mode.BOOK)
    put_on_file(wish.patient, wish.clinic, at=wish.now)
    return keep_time(wish, medium)


def keep_time(wish: Wish, medium: SelfBooking.Medium, referrer_link: ReferrerLink | None = None) -> SelfBooking:
    """Keep the time for ten minutes, for a patient who was just put on file. Part of a command.

    Raises as book_appointment.
    """
    wish, plan = lock_visit(replace(wish, by_patient=True))
    decision = decide(wish, plan, by=None)

    until = wish.now + TO_ENTER
    visit = write_appointment(wish, decision, by=None, channel=Channel.WEB, status=Status.PENDING, expires_at=until)
    if wish.hold:
        transaction.on_commit(lambda: holds.spend_hold(wish.hold, booked=visit), robust=True)
    record_booked(visit, wish, by=None)
    return begin(
        patient=wish.patient,
        clinic=wish.clinic,
        appointment_type=wish.appointment_type,
        appointment=visit,
        medium=medium,
        expires_at=until,
        referrer_link=referrer_link,
    )


@command()
def begin_request(*, person: Person, appointment_type: AppointmentType, clinic: Clinic, wishes: str) -> SelfBooking:
    """Have a code sent to somebody who asks for a visit; reception reads it once the code was entered.

    Raises NotOpen, InvalidInput naming the fields, TooManyBookings.
    """
    now = timezone.now()
    patient = new_record(person)
    _check_open(clinic, appointment_type, Mode.REQUEST)
    put_on_file(patient, clinic, at=now)
    return begin(
        patient=patient,
        clinic=clinic,
        appointment_type=appointment_type,
        is_request=True,
        wishes=wishes.strip()[:LONGEST_WISHES],
        medium=person.medium,
        expires_at=now + TO_ENTER,
    )


def begin(**facts: object) -> SelfBooking:
    """Write down that somebody books or asks. Part of a command."""
    booking = SelfBooking.objects.create(**facts)
    log_change(booking, event="self_booking.begun", by=None, action=Action.CREATE, clinic_id=booking.clinic_id)
    emit(CodeWanted())
    return booking


def _check_open(clinic: Clinic, appointment_type: AppointmentType, mode: OnlineBooking.Mode) -> None:
    switches = OnlineBooking.objects.public().select_related("appointment_type")
    switch = switches.filter(clinic=clinic, appointment_type=appointment_type).first()
    if switch is None or switch.leads_to != mode:
        raise NotOpen


def new_record(person: Person) -> Patient:
    """The person as a record of their own, not saved yet. Raises InvalidInput naming the fields."""
    patient = Patient(
        given_name=person.given_name.strip(), family_name=person.family_name.strip(), birth_date=person.birth_date
    )
    reached = {"email": person.contact} if person.medium == Medium.EMAIL else {"mobile": person.contact}
    by = f"Booked online by {person.booker}"[:160] if person.booker else ""
    details = {**reached, "language": person.language, "preferred_channel": person.medium, "contact_note": by}
    apply_details(patient, {**details, **({"sex": person.sex} if person.sex else {})})
    check_details(patient)
    return patient


def put_on_file(patient: Patient, clinic: Clinic, *, at: datetime) -> None:
    """Save a record that no clinic knows yet. Part of a command. Raises TooManyBookings for one mailbox or number."""
    lately = Patient.objects.filter(self_bookings__created_at__gt=at - timedelta(hours=1))
    if lately.filter(same_contact(patient)).count() >= MOST_AN_HOUR:
        raise TooManyBookings
    with accounted_for():
        patient.save(force_insert=True)
    names = ("given_name", "family_name", "birth_date", "email" if patient.email else "mobile")
    log_change(
        patient,
        event="patient.self_registered",
        by=None,
        action=Action.CREATE,
        clinic_id=clinic.pk,
        changes={field: (None, mask_all(None)) for field in names},
    )


def same_contact(patient: Patient) -> Q:
    """Who is reached as this patient is."""
    return Q(email__iexact=patient.email) if patient.email else Q(mobile=patient.mobile)


def unverified_records(now: datetime) -> QuerySet[Patient]:
    """Records of bookings that nobody verified within their time and an hour."""
    left = SelfBooking.objects.unverified().filter(expires_at__lt=now - KEPT_UNVERIFIED)
    return Patient.objects.filter(self_bookings__in=left, anonymised_at=None)


@command()
def handle_request(*, request: SelfBooking, by: User) -> SelfBooking:
    """Say that a request was dealt with: a visit booked, or the person called. Raises AlreadyHandled, NotAllowed."""
    (request,) = lock_in_order(SelfBooking, [request.pk])
    require(by, Permission.BOOK, request.clinic_id)
    if request.handled_at or not request.is_request:
        raise AlreadyHandled
    request.handled_at, request.handled_by = timezone.now(), by
    request.save(update_fields=["handled_at", "handled_by"])
    role = role_at(by, request.clinic_id)
    log_change(request, event="self_booking.handled", by=by, clinic_id=request.clinic_id, role=role)
    return request
