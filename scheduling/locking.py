"""Taking a patient's record or visits in hand: locked, compared with what the caller saw, written back.

Every command locks in one order: patients ascending, appointments ascending, clinic and type, resources ascending.
Whoever writes about a patient locks the record first, so that a merge beside it waits, or is seen.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from carebridge.db import lock_in_order
from carebridge.errors import InvalidInput, NotFound
from scheduling.errors import RecordMerged, StaleVersion
from scheduling.models import Appointment, Patient


def lock_patient(patient_id: Any) -> Patient:
    """Lock a record against whatever else is about the patient. Raises as lock_patients."""
    return next(iter(lock_patients([patient_id]).values()))


def lock_patients(ids: Collection[Any]) -> dict[UUID, Patient]:
    """Lock records by ascending id. Raises NotFound, RecordMerged, InvalidInput for one that was anonymised."""
    wanted = set(ids)
    locked = {patient.pk: patient for patient in lock_in_order(Patient, wanted)}
    if len(locked) < len(wanted):
        raise NotFound("That patient is not on file.")
    if any(patient.anonymised_at for patient in locked.values()):
        raise InvalidInput("This record was anonymised for good. Register the person anew.")
    if any(patient.merged_into_id for patient in locked.values()):
        raise RecordMerged
    return locked


def lock_appointments(ids: Collection[int]) -> list[Appointment]:
    """Lock appointments by ascending id, with what the commands read of them."""
    related = ("appointment_type__service", "clinic", "doctor__resource", "patient")
    return list(
        Appointment.objects.select_related(*related)
        .filter(pk__in=ids)
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    )


def check_patient(appointment: Appointment, patient: Patient) -> None:
    """Raise StaleVersion when a visit, read before its patient was locked, is another record's by now."""
    if appointment.patient_id != patient.pk:
        raise StaleVersion


def check_version(appointment: Appointment, version: int | None) -> None:
    """Raise StaleVersion when the caller has seen an older version than the row has; None asks nothing."""
    if version is not None and version != appointment.version:
        raise StaleVersion


def save_changes(appointment: Appointment, *fields: str) -> None:
    """Write the fields and raise the version that screens and API clients compare."""
    appointment.version += 1
    appointment.save(update_fields=[*fields, "version"])
