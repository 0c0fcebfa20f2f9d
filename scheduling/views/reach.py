"""What a screen may lay hands on: rows the user may see, and patients they may book for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from carebridge.accounts.models import User
from carebridge.http import StaffRequest
from scheduling.models import Appointment, Patient
from scheduling.models.patient import PatientQuerySet

REMEMBERED_PATIENTS = 20

M = TypeVar("M", bound=Model)


def visible(queryset: QuerySet[M], pk: object) -> M:
    """The row of that id, or Http404: unseen and unknown are the same answer."""
    row = queryset.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def reachable_patients(request: StaffRequest) -> PatientQuerySet:
    """Patients the user may book for: those of their clinics, and those identified in this session (audited)."""
    identified = request.session.get("identified_patients", [])
    mine = Patient.objects.visible_to(request.user)
    return (mine | Patient.objects.filter(pk__in=identified)).active() if identified else mine.active()


def remember_identified(request: StaffRequest, patients: Sequence[Patient]) -> None:
    """Let this session book for somebody just identified by birth date and name or phone."""
    known = [*request.session.get("identified_patients", []), *(str(patient.pk) for patient in patients)]
    request.session["identified_patients"] = known[-REMEMBERED_PATIENTS:]


def chosen_patient(request: StaffRequest, patient_id: object) -> Patient | None:
    """The patient named in a form, None when none is named yet; Http404 when the user can't reach them."""
    return visible(reachable_patients(request), patient_id) if patient_id else None


def visible_appointment(user: User, reference: str) -> Appointment | None:
    """The appointment being moved, None when none is."""
    related = ("appointment_type__service", "doctor", "clinic", "patient")
    if not reference:
        return None
    row = Appointment.objects.visible_to(user).select_related(*related).filter(reference=reference).first()
    if row is None:
        raise Http404
    return row
