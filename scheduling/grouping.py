"""Visits that belong together, booked as one: a series, the parts of one day, several doctors seen at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling.booking import WORDS, record_booking, write_appointment
from scheduling.lapsing import retaken
from scheduling.locking import lock_patients
from scheduling.models import Appointment, AppointmentGroup, AppointmentType, Channel, Clinic, Doctor, Patient, Status
from scheduling.permissions import require
from scheduling.placement import Wish, decide, lock_candidates, plan_visit
from scheduling.roles import Permission

MOST_PARTS = 52


@dataclass(frozen=True, kw_only=True)
class Part:
    """One visit of a group. `starts_at` is an aware instant."""

    patient: Patient
    appointment_type: AppointmentType
    doctor: Doctor
    clinic: Clinic
    starts_at: datetime


def book_group(
    *,
    kind: AppointmentGroup.Kind,
    parts: Sequence[Part],
    by: User | None,
    channel: Channel = Channel.DESK,
    override_reason: str = "",
) -> list[Appointment]:
    """Book all parts or none, in order. In a joint visit a patient may be with several doctors at once.

    Raises InvalidInput for no parts or too many, and what `book_appointment` raises, for the first part that fails.
    """
    if not 1 <= len(parts) <= MOST_PARTS:
        raise InvalidInput(f"A group has between 1 and {MOST_PARTS} visits.")
    now = timezone.now()
    together = frozenset({"patient_busy"}) if kind == AppointmentGroup.Kind.JOINT else frozenset()
    wishes = [
        Wish(
            patient=part.patient,
            appointment_type=part.appointment_type,
            doctor=part.doctor,
            clinic=part.clinic,
            starts_at=part.starts_at,
            now=now,
            override_reason=override_reason,
            set_aside=together,
        )
        for part in parts
    ]
    return retaken(lambda: _book_group(kind=kind, wishes=wishes, by=by, channel=channel), wishes[0])


@command(WORDS)
def _book_group(
    *, kind: AppointmentGroup.Kind, wishes: Sequence[Wish], by: User | None, channel: Channel
) -> list[Appointment]:
    for wish in wishes:
        require(by, Permission.BOOK, wish.clinic.pk)
    # The union is locked once, so that two groups which share resources wait for each other instead of meeting midway.
    patients = lock_patients({wish.patient.pk for wish in wishes})
    planned = [plan_visit(replace(wish, patient=patients[wish.patient.pk])) for wish in in_lock_order(wishes)]
    plans = lock_candidates([plan for _, plan in planned], ())

    group = AppointmentGroup.objects.create(kind=kind, created_by=by)
    booked: list[Appointment] = []
    for (wish, _), plan in sorted(zip(planned, plans, strict=True), key=lambda each: each[0][0].starts_at):
        decision = decide(wish, plan, by=by)
        appointment = write_appointment(
            wish,
            decision,
            by=by,
            channel=channel,
            status=Status.CONFIRMED,
            group=group,
            group_position=len(booked),
        )
        record_booking(appointment, wish, decision, by=by)
        booked.append(appointment)
    return booked


def in_lock_order(wishes: Sequence[Wish]) -> list[Wish]:
    """The wishes so that clinics and types are locked in one order, whatever order the parts were given in."""
    return sorted(wishes, key=lambda wish: (wish.clinic.pk, wish.appointment_type.pk, wish.starts_at))
