"""Many visits, each of another patient with a mobile and an e-mail address, and a message due about each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone

from reminders.models import Kind, Medium, Reminder
from scheduling.models import Appointment, AppointmentType, Clinic, Doctor, Patient
from tests import factories


def make_crowd(count: int, *, due_within: float, by_email: float = 0.0) -> list[Reminder]:
    """So many messages of one doctor's patients, due at random within the seconds to come; a share go by e-mail."""
    clinic = factories.ClinicFactory(open_weekdays=True)
    doctor = factories.DoctorFactory(at=[clinic])
    factories.works_on_weekdays(doctor.resource, clinic, time(8), time(18))
    kind = factories.AppointmentTypeFactory()
    factories.OfferingFactory(doctor=doctor, appointment_type=kind, clinic=clinic)
    visits = make_visits(range(count), doctor=doctor, clinic=clinic, kind=kind, by_email=by_email)
    return Reminder.objects.bulk_create((_due(visit, due_within) for visit in visits), batch_size=500)


def make_visits(
    numbers: Sequence[int], *, doctor: Doctor, clinic: Clinic, kind: AppointmentType, by_email: float
) -> list[Appointment]:
    """A visit in nine days for a new patient of each number. They are rows only: they occupy nobody."""
    people = Patient.objects.bulk_create((_person(number, by_email) for number in numbers), batch_size=500)
    starts_at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=9)
    common = {"clinic": clinic, "doctor": doctor, "appointment_type": kind, "time_zone": clinic.time_zone}
    common |= {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=30), "duration_minutes": 30}
    common |= {"local_date": starts_at.date(), "local_time": starts_at.astimezone(clinic.zone).time()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        return Appointment.objects.bulk_create((Appointment(patient=each, **common) for each in people), batch_size=500)


def _person(number: int, by_email: float) -> Patient:
    prefers = Medium.EMAIL if random.random() < by_email else Medium.SMS
    addresses = {"mobile": f"+4477{number:08d}", "email": f"patient-{number}@example.org"}
    return factories.PatientFactory.build(preferred_channel=prefers, **addresses)


def _due(visit: Appointment, within: float) -> Reminder:
    at = timezone.now() + timedelta(seconds=random.uniform(0, within))
    return Reminder(
        kind=Kind.UPCOMING,
        clinic_id=visit.clinic_id,
        appointment=visit,
        patient_id=visit.patient_id,
        starts_at=visit.starts_at,
        due_at=at,
        next_try_at=at,
        not_after=visit.starts_at,
    )


def free_times(clinic: Clinic, doctor: Doctor, count: int) -> Sequence[datetime]:
    """Starts that the doctor has free, none overlapping another: two weeks ahead, on weekdays."""
    monday = timezone.localdate() + timedelta(days=21 - timezone.localdate().weekday())
    days = (monday + timedelta(days=7 * (each // 5) + each % 5) for each in range(count))
    times = [datetime.combine(day, time(hour), tzinfo=clinic.zone) for day in days for hour in range(9, 17)]
    return [each.astimezone(UTC) for each in times[:count]]
