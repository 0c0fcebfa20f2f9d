"""A group of clinics to measure on: sixty doctors who all perform one type with a room, a nurse and a buffer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone

from carebridge.accounts.models import Role, User
from scheduling import ledger_masks
from scheduling.memberships import grant_membership
from scheduling.models import (
    Allocation,
    Appointment,
    AppointmentType,
    Clinic,
    Doctor,
    Offering,
    OpeningHours,
    Patient,
    Resource,
    ScheduleBlock,
    WorkingHours,
)
from tests import factories

CLINICS, DOCTORS_EACH, ROOMS_EACH, NURSES_EACH = 6, 10, 12, 3
HOURS = (8, 9, 10, 11, 14, 15, 16, 17)
FILLED_DAYS = 90


@dataclass
class World:
    clinics: list[Clinic]
    doctors: list[Doctor]
    patients: list[Patient]
    kind: AppointmentType
    staff: User
    monday: date

    def at(self, clock: time, day: int = 0) -> datetime:
        """A wall-clock time at the clinics, `day` days after the Monday."""
        return datetime.combine(self.monday + timedelta(days=day), clock, tzinfo=self.clinics[0].zone)


def build(*, patients: int = 200) -> World:
    """Empty the schedule and make the world anew: rosters with lunch and leave, and a room, a nurse, a buffer."""
    _empty()
    with transaction.atomic():
        world = _furnish(patients)
    fill(world, first_day=0, days=FILLED_DAYS, every=3)
    analyse()
    return world


def _furnish(patients: int) -> World:
    room = factories.ResourceCategoryFactory(kind="room")
    nurse = factories.ResourceCategoryFactory(kind="staff")
    kind = factories.AppointmentTypeFactory(duration_minutes=30, buffer_after_minutes=10)
    factories.RequirementFactory(appointment_type=kind, category=room, to_minute=40)
    factories.RequirementFactory(appointment_type=kind, category=nurse, to_minute=15)
    clinics = [
        factories.ClinicFactory(open_weekdays=True, max_advance_days=365, max_open_appointments=30_000)
        for _ in range(CLINICS)
    ]
    doctors = []
    for clinic in clinics:
        for _ in range(ROOMS_EACH):
            factories.RoomFactory(clinic=clinic, categories=[room])
        for _ in range(NURSES_EACH):
            on_duty = factories.StaffFactory(clinic=clinic, categories=[nurse])
            factories.works_on_weekdays(on_duty, clinic, time(8), time(18))
        for _ in range(DOCTORS_EACH):
            doctor = factories.DoctorFactory(at=[clinic])
            lunch = (time(12, 30), time(13, 15))
            factories.works_on_weekdays(doctor.resource, clinic, time(8), time(18), lunch=lunch)
            factories.OfferingFactory(doctor=doctor, appointment_type=kind, clinic=clinic)
            doctors.append(doctor)
    today = timezone.localdate()
    monday = today + timedelta(days=7 - today.weekday())
    for doctor in doctors[::6]:
        _on_leave(doctor, monday + timedelta(days=2))
    people = [factories.PatientFactory(at=clinics) for _ in range(patients)]
    staff = factories.UserFactory(username="benchmark")
    for clinic in clinics:
        grant_membership(user=staff, clinic=clinic, role=Role.RECEPTIONIST, by=None)
    return World(clinics, doctors, people, kind, staff, monday)


def fill(world: World, *, first_day: int, days: int, every: int) -> None:
    """Occupy every `every`-th hour of each doctor, and a room, with finished or booked visits, by bulk insert."""
    rows = []
    for number, doctor in enumerate(world.doctors):
        clinic = world.clinics[number // DOCTORS_EACH]
        for day in range(first_day, first_day + days):
            if (world.monday + timedelta(days=day)).weekday() < 5:
                hours = [hour for hour in HOURS if (hour + day + number) % every == 0]
                rows += [_visit(world, doctor, clinic, world.at(time(hour), day)) for hour in hours]
    rooms = _room_of_each(world)
    with transaction.atomic(), connection.cursor() as cursor:
        # Hundreds of thousands of rows that are right by construction need no trigger to say so.
        cursor.execute("SET LOCAL session_replication_role = replica")
        Allocation.objects.bulk_create(
            [
                Allocation(
                    appointment=visit,
                    resource_id=resource,
                    core=(visit.starts_at, visit.ends_at),
                    during=(visit.starts_at, visit.ends_at + timedelta(minutes=10)),
                )
                for visit in Appointment.objects.bulk_create(rows, batch_size=1000)
                for resource in (visit.doctor.resource_id, rooms[visit.doctor_id])
            ],
            batch_size=1000,
        )
    start = world.monday + timedelta(days=first_day)
    ledger_masks.rebuild(start - timedelta(days=1), start + timedelta(days=days + 1))


def _room_of_each(world: World) -> dict[int, int]:
    """A room for each doctor by id, none for two."""
    rooms = {clinic.pk: list(clinic.resources.filter(kind="room").order_by("pk")) for clinic in world.clinics}
    return {
        doctor.pk: rooms[world.clinics[number // DOCTORS_EACH].pk][number % DOCTORS_EACH].pk
        for number, doctor in enumerate(world.doctors)
    }


def free_starts(world: World, count: int, *, first_day: int) -> list[tuple[Doctor, Clinic, datetime]]:
    """Offered times that don't hinder one another, after everything that `build` has filled: as many as asked for."""
    found: list[tuple[Doctor, Clinic, datetime]] = []
    chosen = [number for number in range(len(world.doctors)) if number % DOCTORS_EACH < NURSES_EACH]
    day = first_day
    while len(found) < count:
        if (world.monday + timedelta(days=day)).weekday() < 5:
            for hour in HOURS:
                starts_at = world.at(time(hour), day)
                found += [(world.doctors[n], world.clinics[n // DOCTORS_EACH], starts_at) for n in chosen]
        day += 1
    return found[:count]


def _visit(world: World, doctor: Doctor, clinic: Clinic, starts_at: datetime) -> Appointment:
    past = starts_at < timezone.now()
    return Appointment(
        patient=world.patients[hash((doctor.pk, starts_at)) % len(world.patients)],
        appointment_type=world.kind,
        doctor=doctor,
        clinic=clinic,
        status="completed" if past else "confirmed",
        starts_at=starts_at.astimezone(UTC),
        ends_at=starts_at.astimezone(UTC) + timedelta(minutes=30),
        duration_minutes=30,
        buffer_after_minutes=10,
        local_date=starts_at.date(),
        local_time=starts_at.time(),
        time_zone=clinic.time_zone,
    )


def _on_leave(doctor: Doctor, day: date) -> None:
    starts_at = datetime.combine(day, time(), tzinfo=UTC)
    factories.ScheduleBlockFactory(
        resource=doctor.resource,
        kind=ScheduleBlock.Kind.LEAVE,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=2),
    )


def analyse() -> None:
    """Let PostgreSQL know what it holds, as autovacuum would have by the next morning."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _empty() -> None:
    tables = [
        model._meta.db_table
        for model in (Appointment, Patient, Doctor, Resource, WorkingHours, Offering, OpeningHours, Clinic, User)
    ]
    tables += ["scheduling_service", "scheduling_resourcecategory", "scheduling_speciality"]
    tables += ["audit_unsealed", "audit_seal"]  # they name audit entries without a foreign key
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
