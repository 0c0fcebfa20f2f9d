"""The cast: two clinics and the people in them, the same in every test.

Harbour and Northgate open Monday to Friday, 08:00 to 18:00, in London. Dr Osei holds a cardiology list at Harbour,
Monday to Friday 08:30 to 17:30 with lunch from 12:30 to 13:15. `receptionist_elsewhere` works at Northgate only and
must never see what happens at Harbour.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone

from carebridge.accounts.models import Role, User
from scheduling.booking import book_appointment
from scheduling.memberships import grant_membership
from scheduling.models import (
    Appointment,
    AppointmentType,
    CancellationReason,
    Clinic,
    Doctor,
    DoctorClinic,
    Patient,
    Resource,
    ResourceCategory,
    Service,
)
from tests import factories


@pytest.fixture
def harbour(db: None) -> Clinic:
    return factories.ClinicFactory(name="Harbour Street", code="harbour", position=1, open_weekdays=True)


@pytest.fixture
def northgate(db: None) -> Clinic:
    return factories.ClinicFactory(name="Northgate", code="northgate", position=2, open_weekdays=True)


@pytest.fixture
def monday() -> date:
    """A Monday one to two weeks ahead, so that every time of the day is in the future."""
    today = timezone.localdate()
    return today + timedelta(days=14 - today.weekday())


# --- What is there -----------------------------------------------------------------------------------------------


@pytest.fixture
def consulting_room(db: None) -> ResourceCategory:
    return factories.ResourceCategoryFactory(name="Consulting room", kind="room")


@pytest.fixture
def room_1(harbour: Clinic, consulting_room: ResourceCategory) -> Resource:
    return factories.RoomFactory(name="Room 1", clinic=harbour, categories=[consulting_room])


@pytest.fixture
def room_2(harbour: Clinic, consulting_room: ResourceCategory) -> Resource:
    return factories.RoomFactory(name="Room 2", clinic=harbour, categories=[consulting_room])


@pytest.fixture
def northgate_room(northgate: Clinic, consulting_room: ResourceCategory) -> Resource:
    return factories.RoomFactory(name="Room 1", clinic=northgate, categories=[consulting_room])


@pytest.fixture
def cardiology(db: None) -> Service:
    return factories.ServiceFactory(name="Cardiology", speciality=factories.SpecialityFactory(name="Cardiology"))


@pytest.fixture
def consultation(cardiology: Service, consulting_room: ResourceCategory) -> AppointmentType:
    """Thirty minutes, ten minutes' buffer after, a consulting room, starts every quarter of an hour."""
    kind = factories.AppointmentTypeFactory(
        service=cardiology, name="Consultation", code="cardiology-consultation", buffer_after_minutes=10
    )
    factories.RequirementFactory(appointment_type=kind, category=consulting_room)
    return kind


@pytest.fixture
def patient_request(db: None) -> CancellationReason:
    return factories.CancellationReasonFactory()


# --- Who holds lists ---------------------------------------------------------------------------------------------


@pytest.fixture
def dr_osei(harbour: Clinic, consultation: AppointmentType, room_1: Resource) -> Doctor:
    """Dr Amara Osei, cardiologist at Harbour, who signs in as `doctor`."""
    user = factories.UserFactory(username="doctor", first_name="Amara", last_name="Osei")
    doctor = factories.DoctorFactory(given_name="Amara", family_name="Osei", sex="female", user=user, at=[harbour])
    doctor.specialities.add(consultation.service.speciality)
    DoctorClinic.objects.filter(doctor=doctor, clinic=harbour).update(usual_room=room_1)
    lunch = (time(12, 30), time(13, 15))
    factories.works_on_weekdays(doctor.resource, harbour, time(8, 30), time(17, 30), lunch=lunch)
    factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
    return doctor


@pytest.fixture
def dr_wilk(harbour: Clinic, consultation: AppointmentType, room_2: Resource) -> Doctor:
    """Dr Tomasz Wilk, cardiologist at Harbour, Monday to Friday 09:00 to 17:00, no lunch."""
    doctor = factories.DoctorFactory(given_name="Tomasz", family_name="Wilk", sex="male", at=[harbour])
    DoctorClinic.objects.filter(doctor=doctor, clinic=harbour).update(usual_room=room_2)
    factories.works_on_weekdays(doctor.resource, harbour)
    factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)
    return doctor


# --- Who is treated ----------------------------------------------------------------------------------------------


@pytest.fixture
def patient(harbour: Clinic) -> Patient:
    return factories.PatientFactory(
        given_name="Nerys", family_name="Calloway", search_name="nerys calloway", mobile="+447700900461", at=[harbour]
    )


@pytest.fixture
def another_patient(harbour: Clinic) -> Patient:
    return factories.PatientFactory(
        given_name="Martin", family_name="Kessler", search_name="martin kessler", sex="male", at=[harbour]
    )


@pytest.fixture
def patient_elsewhere(northgate: Clinic) -> Patient:
    return factories.PatientFactory(given_name="Irena", family_name="Novak", search_name="irena novak", at=[northgate])


# --- Who works there ---------------------------------------------------------------------------------------------


def _member(username: str, role: Role, *clinics: Clinic, **fields: object) -> User:
    user = factories.UserFactory(username=username, **fields)
    for clinic in clinics:
        grant_membership(user=user, clinic=clinic, role=role, by=None)
    return user


@pytest.fixture
def receptionist(harbour: Clinic) -> User:
    return _member("reception", Role.RECEPTIONIST, harbour, first_name="Maya", last_name="Fielding")


@pytest.fixture
def receptionist_elsewhere(northgate: Clinic) -> User:
    return _member("reception.north", Role.RECEPTIONIST, northgate, first_name="Reuben", last_name="Clarke")


@pytest.fixture
def doctor_user(dr_osei: Doctor, harbour: Clinic) -> User:
    """Dr Osei's own sign-in."""
    user = dr_osei.user
    assert user is not None
    grant_membership(user=user, clinic=harbour, role=Role.DOCTOR, by=None)
    return user


@pytest.fixture
def clinic_admin(harbour: Clinic) -> User:
    return _member("clinicadmin", Role.CLINIC_ADMINISTRATOR, harbour, is_staff=True)


@pytest.fixture
def manager(harbour: Clinic, northgate: Clinic) -> User:
    return _member("manager", Role.OPERATIONS_MANAGER, harbour, northgate)


@pytest.fixture
def support(harbour: Clinic, northgate: Clinic) -> User:
    return _member("support", Role.SUPPORT, harbour, northgate)


@pytest.fixture
def sysadmin(harbour: Clinic, northgate: Clinic) -> User:
    return _member("sysadmin", Role.SYSTEM_ADMINISTRATOR, harbour, northgate, is_staff=True, is_superuser=True)


# --- What is booked ----------------------------------------------------------------------------------------------


@pytest.fixture
def at(monday: date, harbour: Clinic) -> Callable[[str], datetime]:
    """A wall-clock time at Harbour on the Monday."""
    return lambda clock: datetime.combine(monday, time.fromisoformat(clock), tzinfo=harbour.zone)


@pytest.fixture
def visit(
    patient: Patient,
    consultation: AppointmentType,
    dr_osei: Doctor,
    harbour: Clinic,
    receptionist: User,
    at: Callable[[str], datetime],
) -> Appointment:
    """Nerys Calloway sees Dr Osei at Harbour on Monday at ten."""
    return book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("10:00"),
        by=receptionist,
    )
