"""What the audit trail asks of scheduling: whose a row is, who may look at it, and what an address names."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import ResolverMatch

from carebridge.accounts.models import User
from carebridge.audit.directory import Reach
from scheduling.models import Appointment, Clinic, ClinicMembership, EmergencyAccess, Patient
from scheduling.permissions import clinic_ids_with, role_at
from scheduling.roles import Permission

NAMED_BY: dict[str, type[models.Model]] = {"patient": Patient, "emergency": EmergencyAccess}
"""Routes that address a row by its primary key, by the beginning of their name."""


class SchedulingDirectory:
    """Answers for clinics, patients and appointments."""

    def clinic_of(self, instance: models.Model) -> int | None:
        """The clinic itself, or the one a row belongs to. A patient belongs to none."""
        if isinstance(instance, Clinic):
            return instance.pk
        return getattr(instance, "clinic_id", None)

    def patient_of(self, instance: models.Model) -> UUID | None:
        """The patient itself, or the one a row is about."""
        return instance.pk if isinstance(instance, Patient) else getattr(instance, "patient_id", None)

    def role_of(self, user: User, clinic_id: int) -> str:
        """As in every row that commands write."""
        return role_at(user, clinic_id)

    def reach_of(self, user: User, *, refusals: bool = False) -> Reach:
        """The clinics whose trail (or only refusals) the user sees, their members, and whether they may export."""
        ids = clinic_ids_with(user, Permission.SEE_REFUSED if refusals else Permission.SEE_AUDIT)
        if not ids:
            return Reach()
        exports = bool(clinic_ids_with(user, Permission.EXPORT_AUDIT))
        return Reach(
            clinics=dict(Clinic.objects.filter(pk__in=ids).values_list("pk", "name")),
            people=frozenset(ClinicMembership.objects.filter(clinic__in=ids).values_list("user", flat=True)),
            sees_rest=exports,
            exports=exports,
        )

    def asked_for(self, match: ResolverMatch) -> models.Model | None:
        """The appointment or patient that an address names; whether the caller may see it is not asked."""
        if reference := match.kwargs.get("reference"):
            return Appointment.objects.filter(reference=str(reference).upper()).first()
        model = NAMED_BY.get((match.url_name or "").partition("-")[0])
        pk = match.kwargs.get("pk")
        if model is None or pk is None:
            return None
        try:
            return model._default_manager.filter(pk=pk).first()
        except (ValueError, TypeError, ValidationError):
            return None

    def patient_by_reference(self, reference: str, clinics: Collection[int]) -> UUID | None:
        """The patient of an appointment at one of the clinics whose rows the asker sees."""
        seen = Appointment.objects.filter(clinic__in=list(clinics))
        return seen.filter(reference=reference.upper()).values_list("patient", flat=True).first()

    def patient_name(self, user: User, patient_id: UUID) -> str | None:
        """The name for those who see the clinic's patients, the record's number for others; None if not theirs."""
        clinics = clinic_ids_with(user, Permission.SEE_AUDIT)
        patient = Patient.objects.filter(pk=patient_id, clinics__clinic__in=clinics).first()
        if patient is None:
            return None
        return patient.full_name if Patient.objects.visible_to(user).contains(patient) else str(patient)
