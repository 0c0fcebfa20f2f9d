"""Writing history: one call records a change for good, accounts for it in the audit trail and tells the other apps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from carebridge.accounts.models import User
from carebridge.audit import request_id
from carebridge.audit.trail import Action, log_change
from carebridge.events import emit
from scheduling.events import AppointmentEvent, RosterChanged
from scheduling.models import Appointment, Clinic, Doctor, Resource, ScheduleEvent
from scheduling.permissions import role_at

Changes = Mapping[str, tuple[Any, Any]]


def record_appointment(
    kind: str,
    event_type: type[AppointmentEvent],
    appointment: Appointment,
    *,
    by: User | None,
    at: datetime,
    changes: Changes,
    source: str = "",
    created: bool = False,
    **facts: Any,
) -> ScheduleEvent:
    """Record that an appointment changed, and emit the event. Called once by every command, last.

    `kind` is the stored word, such as "appointment.cancelled"; `changes` maps fields to (old, new) scheduling facts;
    `facts` are further fields of the event type. Ids and scheduling facts only: nothing personal.
    """
    event = ScheduleEvent.objects.create(
        kind=kind,
        clinic_id=appointment.clinic_id,
        doctor_id=appointment.doctor_id,
        appointment_id=appointment.pk,
        actor=by,
        source=source,
        request_id=request_id() or "",
        payload={field: [_plain(old), _plain(new)] for field, (old, new) in changes.items()},
        at=at,
    )
    log_change(
        appointment,
        event=kind,
        by=by,
        action=Action.CREATE if created else Action.UPDATE,
        changes=changes,
        clinic_id=appointment.clinic_id,
        role=role_at(by, appointment.clinic_id),
    )
    emit(
        event_type(
            event_id=event.pk,
            appointment_id=appointment.pk,
            clinic_id=appointment.clinic_id,
            doctor_id=appointment.doctor_id,
            patient_id=str(appointment.patient_id),
            day=appointment.local_date,
            starts_at=appointment.starts_at,
            **facts,
        )
    )
    return event


def record_roster(
    kind: str,
    subject: Resource | Clinic,
    *,
    by: User | None,
    at: datetime,
    clinic_ids: tuple[int, ...],
    first_day: date,
    last_day: date,
    changes: Changes,
) -> ScheduleEvent:
    """Record that working time changed on these local days (both included), and emit RosterChanged."""
    doctor = None
    if isinstance(subject, Resource):
        doctor = Doctor.objects.filter(resource=subject).first()
    event = ScheduleEvent.objects.create(
        kind=kind,
        clinic_id=clinic_ids[0] if clinic_ids else None,
        doctor=doctor,
        actor=by,
        request_id=request_id() or "",
        payload={field: [_plain(old), _plain(new)] for field, (old, new) in changes.items()},
        at=at,
    )
    log_change(subject, event=kind, by=by, changes=changes, clinic_id=clinic_ids[0] if clinic_ids else None)
    emit(
        RosterChanged(
            event_id=event.pk,
            clinic_ids=clinic_ids,
            doctor_id=doctor.pk if doctor else None,
            resource_id=subject.pk if isinstance(subject, Resource) else None,
            first_day=first_day,
            last_day=last_day,
        )
    )
    return event


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, int | float | bool) else str(value)
