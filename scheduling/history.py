"""Writing history: one call records a change for good, accounts for it in the audit trail and tells the other apps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from carebridge.accounts.models import User
from carebridge.audit import request_id
from carebridge.audit.origin import patients_key
from carebridge.audit.trail import Action, log_change
from carebridge.events import DomainEvent, emit
from scheduling import events
from scheduling.models import Appointment, BookingInvitation, Channel, Clinic, Doctor, Patient, Resource, ScheduleEvent
from scheduling.permissions import role_at

Changes = Mapping[str, tuple[Any, Any]]

APPOINTMENT_EVENTS: Mapping[str, type[events.AppointmentEvent]] = {
    "appointment.booked": events.AppointmentBooked,
    "appointment.confirmed": events.AppointmentConfirmed,
    "appointment.attendance_confirmed": events.AttendanceConfirmed,
    "appointment.rescheduled": events.AppointmentRescheduled,
    "appointment.cancelled": events.AppointmentCancelled,
    "appointment.cancellation_undone": events.CancellationUndone,
    "appointment.expired": events.AppointmentExpired,
    "appointment.offered": events.AppointmentOffered,
    "appointment.checked_in": events.PatientCheckedIn,
    "appointment.started": events.VisitStarted,
    "appointment.completed": events.VisitCompleted,
    "appointment.no_show": events.PatientDidNotAttend,
    "appointment.status_undone": events.StatusUndone,
    "appointment.review_required": events.ReviewRequired,
    "appointment.review_reason_changed": events.ReviewReasonChanged,
    "appointment.override_refused": events.OverrideRefused,
    "appointment.review_resolved": events.ReviewResolved,
    "appointment.notes_changed": events.NotesChanged,
    "appointment.duration_changed": events.DurationChanged,
    "appointment.patient_changed": events.PatientChanged,
    "appointment.rederived": events.StartRederived,
}
"""The stored word for each thing that happens to an appointment, and the event that tells of it."""

TIME_OPENED = "roster.time_opened"

CHANNELS = {"patient_token": Channel.WEB, "patient_link": Channel.LINK}
"""How a patient came in who sent the request being served."""

PATIENT_EVENTS: Mapping[str, type[events.PatientEvent]] = {
    "patient.merged": events.PatientsMerged,
    "patient.merge_undone": events.PatientMergeUndone,
    "patient.anonymised": events.PatientAnonymised,
}
"""The same for what happens to a patient's record and concerns other apps."""


def record_appointment(
    kind: str,
    appointment: Appointment,
    *,
    by: User | None,
    at: datetime,
    changes: Changes,
    source: str = "",
    created: bool = False,
) -> ScheduleEvent:
    """Record that an appointment changed, and emit its event. Called once by every command, last.

    `kind` is one of APPOINTMENT_EVENTS; `changes` maps fields to (old, new) scheduling facts, nothing personal.
    """
    row = ScheduleEvent.objects.create(
        kind=kind,
        clinic_id=appointment.clinic_id,
        doctor_id=appointment.doctor_id,
        appointment=appointment,
        actor=by,
        source=source or CHANNELS.get(patients_key(), ""),
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
    emit(event_of(row))
    return row


def record_patient(
    kind: str,
    patient: Patient,
    *,
    by: User | None,
    at: datetime,
    other: Patient | None = None,
    changes: Changes,
    clinic_id: int | None,
) -> ScheduleEvent:
    """Record that a patient's record was merged, parted or anonymised, and emit its event.

    `kind` is one of PATIENT_EVENTS; `changes` names fields with masked values.
    """
    row = ScheduleEvent.objects.create(
        kind=kind,
        actor=by,
        request_id=request_id() or "",
        payload={"patient": str(patient.pk), "other": str(other.pk) if other else None},
        at=at,
    )
    role = role_at(by, clinic_id) if clinic_id else ""
    log_change(patient, event=kind, by=by, changes=changes, clinic_id=clinic_id, role=role)
    emit(event_of(row))
    return row


def record_invitation(kind: str, invitation: BookingInvitation, *, by: User, at: datetime) -> ScheduleEvent:
    """Record that a patient was invited to choose a time, and emit PatientInvited."""
    row = ScheduleEvent.objects.create(
        kind=kind,
        clinic_id=invitation.clinic_id,
        doctor_id=invitation.doctor_id,
        actor=by,
        request_id=request_id() or "",
        payload={"invitation": invitation.pk},
        at=at,
    )
    facts = {"type": invitation.appointment_type_id, "patient": str(invitation.patient_id)}
    role = role_at(by, invitation.clinic_id)
    log_change(
        invitation,
        event=kind,
        by=by,
        action=Action.CREATE,
        clinic_id=invitation.clinic_id,
        role=role,
        facts=facts,
    )
    emit(event_of(row))
    return row


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
    resource = subject if isinstance(subject, Resource) else None
    clinic_id = clinic_ids[0] if clinic_ids else None
    row = ScheduleEvent.objects.create(
        kind=kind,
        clinic_id=clinic_id,
        doctor=Doctor.objects.filter(resource=resource).first() if resource else None,
        actor=by,
        request_id=request_id() or "",
        payload={
            "changes": {field: [_plain(old), _plain(new)] for field, (old, new) in changes.items()},
            "clinic_ids": list(clinic_ids),
            "resource_id": resource.pk if resource else None,
            "days": [first_day.isoformat(), last_day.isoformat()],
        },
        at=at,
    )
    role = role_at(by, clinic_id) if clinic_id else ""
    log_change(subject, event=kind, by=by, changes=changes, clinic_id=clinic_id, role=role)
    emit(event_of(row))
    return row


def record_opening(
    clinic_id: int, doctor_id: int, starts_at: datetime, ends_at: datetime, *, by: User | None, at: datetime
) -> ScheduleEvent:
    """Record that a doctor's time opened between two instants (UTC), and emit TimeOpened.

    The change that opened it is recorded and accounted for by itself.
    """
    row = ScheduleEvent.objects.create(
        kind=TIME_OPENED,
        clinic_id=clinic_id,
        doctor_id=doctor_id,
        actor=by,
        request_id=request_id() or "",
        payload={"time": [starts_at.isoformat(), ends_at.isoformat()]},
        at=at,
    )
    emit(event_of(row))
    return row


def event_of(row: ScheduleEvent) -> DomainEvent:
    """The domain event that a history row tells of: when it happens, and again when a failed handler is retried."""
    if row.kind == TIME_OPENED:
        starts_at, ends_at = map(datetime.fromisoformat, row.payload["time"])
        where: dict[str, Any] = {"clinic_id": row.clinic_id, "doctor_id": row.doctor_id}
        return events.TimeOpened(event_id=row.pk, at=row.at, starts_at=starts_at, ends_at=ends_at, **where)
    if row.kind in PATIENT_EVENTS:
        ids = {"patient_id": row.payload["patient"], "other_id": row.payload["other"]}
        return PATIENT_EVENTS[row.kind](event_id=row.pk, **ids)
    if row.kind == "booking_invitation.made":
        return events.PatientInvited(event_id=row.pk, at=row.at, invitation_id=row.payload["invitation"])
    if row.kind in APPOINTMENT_EVENTS:
        return _appointment_event(row)
    first_day, last_day = map(date.fromisoformat, row.payload["days"])
    return events.RosterChanged(
        event_id=row.pk,
        clinic_ids=tuple(row.payload["clinic_ids"]),
        doctor_id=row.doctor_id,
        resource_id=row.payload["resource_id"],
        first_day=first_day,
        last_day=last_day,
    )


def _appointment_event(row: ScheduleEvent) -> events.AppointmentEvent:
    appointment = row.appointment
    assert appointment is not None  # noqa: S101 - every appointment kind has one
    facts: dict[str, Any] = {}
    if row.kind == "appointment.rescheduled" and (old := appointment.moved_from):
        facts = {
            "old_appointment_id": old.pk,
            "old_clinic_id": old.clinic_id,
            "old_doctor_id": old.doctor_id,
            "old_day": old.local_date,
        }
    return APPOINTMENT_EVENTS[row.kind](
        event_id=row.pk,
        at=row.at,
        appointment_id=appointment.pk,
        appointment_type_id=appointment.appointment_type_id,
        clinic_id=appointment.clinic_id,
        doctor_id=appointment.doctor_id,
        patient_id=str(appointment.patient_id),
        before=row.payload.get("status", ("",))[0] or "",
        status=appointment.status,
        day=appointment.local_date,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        time_zone=appointment.time_zone,
        **facts,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, int | float | bool) else str(value)
