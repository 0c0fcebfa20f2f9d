"""A patient's copy of their own data: what the clinics of whoever hands it out hold about them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling.models import Appointment, Cancellation, Clinic, Patient, ScheduleEvent
from scheduling.patients import EDITABLE
from scheduling.permissions import clinic_ids_with, role_at
from scheduling.queries.history_words import WORDS
from scheduling.roles import Permission

FORMAT = "carebridge-patient-copy/1"
SHORTEST_REASON = 5

Part = Callable[[Patient, Collection[int]], list[dict[str, Any]]]
_of_apps_above: dict[str, Part] = {}


def add_part(name: str, part: Part) -> None:
    """Let an app above add what it holds about a patient at clinics (ids); called once, when that app is ready."""
    _of_apps_above[name] = part


@dataclass(frozen=True, kw_only=True)
class PatientCopy:
    """The copy as plain values, ready for JSON; `made_at` is a UTC instant."""

    made_at: datetime
    made_by: str
    clinics: list[str]
    details: dict[str, Any]
    registrations: list[dict[str, Any]]
    referrals: list[dict[str, Any]]
    visits: list[dict[str, Any]]
    others: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What the patient asked for on the public pages, and what other apps hold, by the name of the part."""

    def as_dict(self) -> dict[str, Any]:
        """The machine-readable form; its layout is named by `format` and only ever grows."""
        return {
            "format": FORMAT,
            "made_at": self.made_at.isoformat(),
            "made_by": self.made_by,
            "clinics": self.clinics,
            "patient": self.details,
            "registrations": self.registrations,
            "referrals": self.referrals,
            "visits": self.visits,
            **self.others,
        }


@command()
def release_patient_data(*, patient: Patient, by: User, reason: str, form: str) -> PatientCopy:
    """A copy of what the clinics where `by` may release data hold about a patient; that and why is recorded.

    `form` is how it leaves, such as "json" or "page". Visits, notes and history of other clinics are theirs to hand
    out. Raises InvalidInput without a reason, NotFound, NotAllowed.
    """
    clinic_ids = clinic_ids_with(by, Permission.RELEASE_PATIENT_DATA)
    if not clinic_ids:
        raise NotAllowed(detail={"permission": Permission.RELEASE_PATIENT_DATA.value})
    seen = Patient.objects.visible_to(by).filter(pk=patient.pk, clinics__clinic__in=clinic_ids).distinct()
    patient = _the_one(seen)
    if len(reason.strip()) < SHORTEST_REASON:
        raise InvalidInput(fields={"reason": "Say who asked for the copy and how you know that it is them."})

    copy = _copy(patient, clinic_ids, by)

    through = patient.clinics.filter(clinic__in=clinic_ids).order_by("clinic").values_list("clinic_id", flat=True)[0]
    log_change(
        patient,
        event="patient.data_released",
        by=by,
        action=Action.ACCESS,
        clinic_id=through,
        role=role_at(by, through),
        facts={"reason": reason.strip()[:240], "form": form, "visits": len(copy.visits)},
    )
    return copy


def _the_one(seen: Any) -> Patient:
    patient: Patient | None = seen.first()
    if patient is None:
        raise NotFound
    return patient


def _copy(patient: Patient, clinic_ids: list[int], by: User) -> PatientCopy:
    known = patient.clinics.filter(clinic__in=clinic_ids).select_related("clinic").order_by("clinic__position")
    return PatientCopy(
        made_at=timezone.now(),
        made_by=by.get_full_name() or by.get_username(),
        clinics=list(Clinic.objects.filter(pk__in=clinic_ids).values_list("name", flat=True)),
        details={"id": str(patient.pk), **{name: _plain(getattr(patient, name)) for name in sorted(EDITABLE)}},
        registrations=[{"clinic": row.clinic.name, "since": row.since.isoformat()} for row in known],
        referrals=_referrals(patient),
        visits=_visits(patient, clinic_ids),
        others={
            "requests": _requests(patient, clinic_ids),
            **{name: part(patient, clinic_ids) for name, part in _of_apps_above.items()},
        },
    )


def _requests(patient: Patient, clinic_ids: list[int]) -> list[dict[str, Any]]:
    asked = patient.self_bookings.filter(is_request=True, clinic__in=clinic_ids).order_by("created_at")
    return [{"asked_at": row.created_at.isoformat(), "words": row.wishes} for row in asked]


def _referrals(patient: Patient) -> list[dict[str, Any]]:
    return [
        {
            "number": row.number,
            "referrer": row.referrer,
            "service": row.service.name if row.service else None,
            "valid_from": row.valid_from.isoformat(),
            "valid_until": row.valid_until.isoformat(),
            "visits_allowed": row.visits_allowed,
        }
        for row in patient.referrals.select_related("service")
    ]


def _visits(patient: Patient, clinic_ids: list[int]) -> list[dict[str, Any]]:
    rows = Appointment.objects.filter(patient=patient, clinic__in=clinic_ids).select_related(
        "appointment_type__service", "doctor", "clinic", "referral"
    )
    history, cancelled = _history(rows), _cancellations(rows)
    return [
        {
            "reference": row.reference,
            "clinic": row.clinic.name,
            "starts_at": row.local_start.isoformat(),
            "ends_at": row.local_end.isoformat(),
            "with": row.doctor.full_name,
            "service": row.appointment_type.service.name,
            "kind": row.appointment_type.name,
            "modality": row.modality,
            "booked_by": row.channel,
            "status": row.status,
            "notes": row.notes,
            "referral": row.referral.number if row.referral else None,
            "answers": [{"asked": each.asked, "answer": each.text} for each in row.answers.all()],
            "cancellations": cancelled.get(row.pk, []),
            "history": history.get(row.pk, []),
        }
        for row in rows.order_by("starts_at", "pk").prefetch_related("answers")
    ]


def _history(visits: Any) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for event in ScheduleEvent.objects.filter(appointment__in=visits.values("pk")).order_by("id"):
        what = WORDS.get(event.kind, ("", "", event.kind))[2]
        found.setdefault(event.appointment_id or 0, []).append({"what": what, "at": event.at.isoformat()})
    return found


def _cancellations(visits: Any) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    rows = Cancellation.objects.filter(appointment__in=visits.values("pk")).select_related("reason")
    for row in rows.order_by("cancelled_at"):
        facts = {"reason": row.reason.label, "note": row.note, "at": row.cancelled_at.isoformat(), "late": row.is_late}
        found.setdefault(row.appointment_id, []).append({**facts, "undone": row.undone_at is not None})
    return found


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    return [str(each) for each in value] if isinstance(value, list | tuple) else str(value)
