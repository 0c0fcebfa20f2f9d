"""Two clinics with the same in each, and one person for each column, all of whom work at Harbour."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from carebridge.accounts.models import Role, User
from carebridge.accounts.tokens import ApiToken
from reminders.models import InboundMessage, Kind, OutboxMessage, Reminder
from reminders.rule_changes import Terms, save_rule
from scheduling.booking import book_appointment
from scheduling.forms import slot_value
from scheduling.links import manage_link, token_of
from scheduling.memberships import grant_membership
from scheduling.models import (
    Appointment,
    AppointmentType,
    BookingInvitation,
    CancellationReason,
    Clinic,
    Doctor,
    DoctorClinic,
    EmergencyAccess,
    Patient,
    PatientLink,
    ReferrerLink,
    ScheduleEvent,
    SelfBooking,
    Translation,
)
from scheduling.queries.free_time import FreeTime
from scheduling.referrer_links import token_of as referrer_token
from tests import factories
from waitlist.by_hand import offer_by_hand
from waitlist.entries import join
from waitlist.models import ClinicTerms, Entry, Offer, SavedFilter
from waitlist.sheets.commands import choose_columns, take_up
from waitlist.sheets.reading import Sheet

ROLES = {
    "receptionist": (Role.RECEPTIONIST, {}),
    "doctor": (Role.DOCTOR, {}),
    "clinic_admin": (Role.CLINIC_ADMINISTRATOR, {"is_staff": True}),
    "manager": (Role.OPERATIONS_MANAGER, {}),
    "support": (Role.SUPPORT, {}),
    "sysadmin": (Role.SYSTEM_ADMINISTRATOR, {"is_staff": True, "is_superuser": True}),
}

Words = Mapping[str, str]


@dataclass(frozen=True)
class World:
    """People by column, and what the words of a row stand for: at Harbour, with a colleague there, at Northgate."""

    people: Mapping[str, User]
    own: Words
    colleague: Words
    other: Words


def build_world() -> World:
    """Fill an empty database; everything is booked and granted by the commands."""
    kind = _consultation()
    reason = factories.CancellationReasonFactory()
    Translation.objects.create(language="fr", source="Cardiology", text="Cardiologie")
    harbour, northgate = (
        factories.ClinicFactory(name=name, code=name.lower(), position=n, open_weekdays=True)
        for n, name in enumerate(("Harbour", "Northgate"), start=1)
    )
    people = {name: _employ(name, harbour) for name in ROLES}
    people["no_role"] = factories.UserFactory(username="no_role")
    own = _furnish(harbour, kind, reason, doctor_user=people["doctor"], member=people["receptionist"])
    colleague = _furnish(harbour, kind, reason, member=people["receptionist"])
    second = {"colleague_patient": colleague["patient"]}
    return World(
        people=people,
        own={**own, **second},
        colleague={**colleague, **second},
        other={**_furnish(northgate, kind, reason, member=_employ("receptionist", northgate, "north")), **second},
    )


def _employ(name: str, clinic: Clinic, suffix: str = "") -> User:
    role, flags = ROLES[name]
    user = factories.UserFactory(username=name + suffix, **flags)
    grant_membership(user=user, clinic=clinic, role=role, by=None)
    return user


def _consultation() -> AppointmentType:
    speciality = factories.SpecialityFactory(name="Cardiology")
    kind = factories.AppointmentTypeFactory(service=factories.ServiceFactory(name="Cardiology", speciality=speciality))
    factories.RequirementFactory(
        appointment_type=kind, category=factories.ResourceCategoryFactory(name="Consulting room")
    )
    return kind


def _furnish(
    clinic: Clinic, kind: AppointmentType, reason: CancellationReason, *, member: User, doctor_user: User | None = None
) -> Words:
    """A doctor with a room, a patient, a visit next Monday at ten, one under way, and leave in the spring."""
    category = kind.requirements.get().category
    room = factories.RoomFactory(clinic=clinic, categories=[category])
    doctor = factories.DoctorFactory(user=doctor_user, at=[clinic])
    DoctorClinic.objects.filter(doctor=doctor).update(usual_room=room)
    factories.works_on_weekdays(doctor.resource, clinic)
    factories.OfferingFactory(doctor=doctor, appointment_type=kind, clinic=clinic)
    patient = factories.PatientFactory(at=[clinic], pms_number=None)
    far = timezone.now() + timedelta(days=200)
    block = factories.ScheduleBlockFactory(resource=doctor.resource, starts_at=far, ends_at=far + timedelta(hours=2))
    visit = _book(patient, kind, doctor, clinic, 10)
    invitation = _invite(patient, kind, clinic)
    return {
        "clinic": str(clinic.pk),
        "doctor": str(doctor.pk),
        "room": str(room.pk),
        "patient": str(patient.pk),
        "visit": visit.reference,
        "invited": token_of(invitation.link),
        "invitation": str(invitation.pk),
        "link": token_of(manage_link(appointment=visit)),
        "asked": str(_ask_for(patient, kind, clinic)),
        "practice": referrer_token(practice := _practice(kind, clinic)),
        "practice_id": str(practice.pk),
        "list": str(_on_its_way(patient, clinic, member)),
        "waiting": str(_waits_for(patient, kind, clinic)),
        "offered": str((offer := _offered(kind, doctor, clinic)).pk),
        "decided": str(offer.decision_id),
        "filter": str(_kept_by(factories.UserFactory()).pk),
        "block": str(block.pk),
        "type": str(kind.pk),
        "service": str(kind.service_id),
        "reason": reason.code,
        "reason_id": str(reason.pk),
        "start": at_clinic(clinic, 14).isoformat(),
        "slot": f"{doctor.pk}.{clinic.pk}.{at_clinic(clinic, 14).isoformat()}",
        "offer_slot": slot_value(doctor.pk, clinic.pk, at_clinic(clinic, 14)),
        "free": FreeTime(clinic.pk, doctor.pk, at_clinic(clinic, 14), at_clinic(clinic, 15)).query,
        "day": monday().isoformat(),
        "member": str(member.pk),
        "opened": str(_opened_in_emergency(patient, clinic, member)),
        "reply": str(_answered_by_text(visit)),
        "rule": str(save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), clinic=clinic, by=None).rule_id),
        "message": str((message := _planned(visit)).key),
        "planned": str(message.pk),
        "boxed": str(_put_in_the_box(message)),
    }


def _invite(patient: Patient, kind: AppointmentType, clinic: Clinic) -> BookingInvitation:
    facts = {"first_day": monday(), "last_day": monday(), "expires_at": at_clinic(clinic, 23)}
    invitation = BookingInvitation.objects.create(patient=patient, appointment_type=kind, clinic=clinic, **facts)
    PatientLink.objects.create(patient=patient, invitation=invitation)
    return invitation


def _practice(kind: AppointmentType, clinic: Clinic) -> ReferrerLink:
    facts = {
        "referrer": "Quay Street Surgery",
        "mode": "book",
        "most_patients": 20,
        "expires_at": at_clinic(clinic, 23),
    }
    link = ReferrerLink.objects.create(clinic=clinic, **facts)
    link.appointment_types.add(kind)
    return link


def _ask_for(patient: Patient, kind: AppointmentType, clinic: Clinic) -> UUID:
    now = timezone.now()
    facts = {"is_request": True, "medium": "email", "expires_at": now + timedelta(minutes=10), "verified_at": now}
    return SelfBooking.objects.create(patient=patient, appointment_type=kind, clinic=clinic, **facts).pk


def _kept_by(somebody: User) -> SavedFilter:
    return SavedFilter.objects.create(owner=somebody, name="Urgent", query="urgency=2")


def _offered(kind: AppointmentType, doctor: Doctor, clinic: Clinic) -> Offer:
    entry = join(patient=factories.PatientFactory(at=[clinic]), appointment_type=kind, clinic=clinic, by=None)
    at_nine = at_clinic(clinic, 9)
    return offer_by_hand(entry=entry, doctor=doctor, starts_at=at_nine, by=None, reason="Asked for it")


def _waits_for(patient: Patient, kind: AppointmentType, clinic: Clinic) -> int:
    facts = {"waiting_since": timezone.now()}
    return Entry.objects.create(patient=patient, appointment_type=kind, clinic=clinic, **facts).pk


def _on_its_way(patient: Patient, clinic: Clinic, by: User) -> int:
    cells = (patient.full_name, f"{patient.birth_date}")
    batch = take_up(clinic=clinic, file_name="list.csv", sheet=Sheet(("Name", "DOB"), ((2, cells),)), by=by)
    choose_columns(batch=batch, mapping={"name": 0, "birth_date": 1}, appointment_type=None, by=by)
    return batch.pk


def _answered_by_text(visit: Appointment) -> int:
    facts = {"patient": visit.patient, "appointment": visit, "clinic": visit.clinic, "address": "+447700900461"}
    words = {"provider_id": f"SM{visit.pk}", "body": "Is it far to walk?", "received_at": timezone.now()}
    return InboundMessage.objects.create(provider="twilio", needs_person=True, **facts, **words).pk


def _planned(visit: Appointment) -> Reminder:
    facts = {"appointment": visit, "patient": visit.patient, "clinic": visit.clinic, "not_after": visit.starts_at}
    return Reminder.objects.create(kind="upcoming", due_at=timezone.now(), next_try_at=visit.starts_at, **facts)


def _put_in_the_box(message: Reminder) -> UUID:
    calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    return OutboxMessage.objects.create(key=message.key, medium="email", to="n@example.com", calendar=calendar).pk


def _opened_in_emergency(patient: Patient, clinic: Clinic, by: User) -> int:
    now = timezone.now() - timedelta(hours=2)
    facts = {"opened_at": now, "expires_at": now + timedelta(hours=1), "reason": "Fell in the hall"}
    return EmergencyAccess.objects.create(patient=patient, clinic=clinic, opened_by=by, **facts).pk


def _book(patient: Patient, kind: AppointmentType, doctor: Doctor, clinic: Clinic, hour: int):
    return book_appointment(
        patient=patient,
        appointment_type=kind,
        doctor=doctor,
        clinic=clinic,
        starts_at=at_clinic(clinic, hour),
        by=None,
        notes="Brings her own ECG",
    )


def monday() -> date:
    """A Monday one to two weeks ahead."""
    today = timezone.localdate()
    return today + timedelta(days=14 - today.weekday())


def at_clinic(clinic: Clinic, hour: int) -> datetime:
    return datetime.combine(monday(), time(hour), tzinfo=clinic.zone)


def furnish_admin(world: World) -> None:
    """One more row of every model that has pages of its own, at both clinics."""
    author = User.objects.get(username="sysadmin")
    for words in (world.own, world.other):
        clinic, doctor = Clinic.objects.get(pk=words["clinic"]), Doctor.objects.get(pk=words["doctor"])
        start = timezone.now() + timedelta(days=300)
        clinic.day_notes.create(day=start.date(), text="Fire drill at eleven")
        clinic.page_texts.create(
            place="footer", language="en", version=1, text="Ring twice", written_at=start, written_by=author
        )
        ClinicTerms.objects.create(clinic=clinic)
        clinic.online_booking.create(appointment_type_id=words["type"], mode="see")
        factories.RecurringBreakFactory(resource=doctor.resource, clinic=clinic)
        factories.ExtraSessionFactory(
            resource=doctor.resource, clinic=clinic, starts_at=start, ends_at=start + timedelta(hours=2)
        )
        factories.ReferralFactory(patient=Patient.objects.get(pk=words["patient"]))
        event = ScheduleEvent.objects.filter(clinic=clinic).first()
        event.handler_failures.create(handler="reminders.plan", error="ValueError", failed_at=timezone.now())


@contextmanager
def standing_world() -> Iterator[World]:
    """A world for many tests, in a transaction that is taken back at the end."""
    with transaction.atomic():
        world = build_world()
        furnish_admin(world)
        yield world
        transaction.set_rollback(True)


@contextmanager
def quietly() -> Iterator[None]:
    """Thousands of requests say nothing in the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def credentials(user: User) -> tuple[str, str]:
    """The cookie of a session of theirs, and an API token."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value, ApiToken.objects.issue(user=user)[1]
