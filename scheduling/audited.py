"""What django-auditlog follows by itself: configuration edited in the admin, and patients as a safety net.

Commands account for their own changes (`scheduling.history`), so rows that only commands write are not listed. A
patient's fields appear by name and never by value, whichever road a change took.
"""

from __future__ import annotations

from auditlog.registry import auditlog
from django.db import models

from scheduling.models import (
    AppointmentType,
    CancellationReason,
    Clinic,
    DayNote,
    Doctor,
    DoctorClinic,
    Offering,
    OnlineBooking,
    Patient,
    Question,
    Requirement,
    Resource,
    ResourceCategory,
    Service,
    Speciality,
    Translation,
)

CONFIGURATION: tuple[type[models.Model], ...] = (
    AppointmentType,
    CancellationReason,
    Clinic,
    DayNote,
    Doctor,
    DoctorClinic,
    Offering,
    OnlineBooking,
    Question,
    Requirement,
    Resource,
    ResourceCategory,
    Service,
    Speciality,
    Translation,
)
MANY_TO_MANY: dict[type[models.Model], list[str]] = {Doctor: ["specialities"], Resource: ["categories"]}
NOT_PERSONAL = {"id", "is_active", "merged_into", "anonymised_at"}
DERIVED = {"schedule_version", "search_name", "version", "created_at"}
"""Counters and copies, which say nothing that their sources don't."""


def register() -> None:
    """Follow the models; called once, when the app is ready."""
    for model in CONFIGURATION:
        auditlog.register(model, exclude_fields=_derived(model), m2m_fields=MANY_TO_MANY.get(model, []))
    auditlog.register(Patient, exclude_fields=_derived(Patient), mask_fields=personal_fields())


def personal_fields() -> list[str]:
    """Every field of a patient but the few that say nothing about the person: new ones are personal until listed."""
    return [name for name in _columns(Patient) if name not in NOT_PERSONAL | DERIVED]


def _derived(model: type[models.Model]) -> list[str]:
    return [name for name in _columns(model) if name in DERIVED]


def _columns(model: type[models.Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields]
