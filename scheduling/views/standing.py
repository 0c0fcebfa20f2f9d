"""What a short line says of a patient: in the waiting room, next visit, or last seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carebridge.accounts.models import User
from scheduling.forms import patient_label
from scheduling.models import Appointment, Patient, Status
from scheduling.models.appointment import UPCOMING
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

PRESENT = {Status.CHECKED_IN: "In waiting room", Status.IN_PROGRESS: "With the doctor"}


@dataclass(frozen=True)
class Person:
    """A patient with the one fact that tells two of the same name apart."""

    patient: Patient
    standing: str
    label: str
    next_visit: Appointment | None
    missed: int
    visits: int


def with_standing(user: User, patients: Sequence[Patient], now: datetime) -> list[Person]:
    """The patients with their standing, from one statement however many there are."""
    rows = (
        Appointment.objects.visible_to(user)
        .filter(patient__in=[patient.pk for patient in patients])
        .exclude(status__in=[Status.CANCELLED, Status.RESCHEDULED, Status.EXPIRED])
        .select_related("doctor", "clinic", "appointment_type__service")
        .order_by("starts_at")
        if patients
        else ()
    )
    by_patient: dict[object, list[Appointment]] = defaultdict(list)
    for row in rows:
        by_patient[row.patient_id].append(row)
    return [_person(patient, by_patient[patient.pk], now) for patient in patients]


def _person(patient: Patient, visits: Sequence[Appointment], now: datetime) -> Person:
    to_come = [each for each in visits if each.status in UPCOMING and each.starts_at > now]
    return Person(
        patient=patient,
        standing=_standing(visits, to_come, now),
        label=patient_label(patient),
        next_visit=to_come[0] if to_come else None,
        missed=sum(each.status == Status.NO_SHOW for each in visits),
        visits=sum(each.starts_at <= now for each in visits),
    )


def _standing(visits: Sequence[Appointment], to_come: Sequence[Appointment], now: datetime) -> str:
    here = next((PRESENT[Status(each.status)] for each in visits if each.status in PRESENT), "")
    if here:
        return here
    if to_come:
        return f"Next: {to_come[0].local_start:%-d %b}, {to_come[0].doctor.short_name}"
    seen = [each for each in visits if each.status == Status.COMPLETED]
    if not seen:
        return "Not seen yet"
    day = "today" if seen[-1].starts_at.date() == now.date() else f"{seen[-1].local_start:%-d %b %Y}"
    return f"Seen {day}, {seen[-1].doctor.short_name}"


def sees_contacts(user: User) -> bool:
    """Whether phone numbers may be shown at all to this user."""
    return bool(clinic_ids_with(user, Permission.SEE_CONTACTS))
