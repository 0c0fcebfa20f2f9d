"""Patients: finding, registering and correcting them, and their referrals."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit import mask_all
from carebridge.audit.trail import Action, accounted_for, log_change
from carebridge.db import command
from carebridge.errors import InvalidInput, NotFound
from scheduling.errors import DuplicatePatient, PmsNumberTaken, ReferralKnown, StaleVersion
from scheduling.locking import lock_patient
from scheduling.models import Clinic, Patient, PatientClinic, Referral, Service
from scheduling.permissions import clinic_ids_with, require, role_at
from scheduling.personal_details import normalised_phone, search_form, valid_pms_number
from scheduling.roles import Permission

EDITABLE = frozenset(
    {
        "given_name",
        "family_name",
        "birth_date",
        "sex",
        "pms_number",
        "mobile",
        "phone",
        "email",
        "address",
        "postcode",
        "language",
        "preferred_channel",
        "preferred_times",
        "consents_to_sms",
        "consents_to_email",
        "access_needs",
        "contact_note",
    }
)
WORDS = {"patient_pms_number_once": PmsNumberTaken, "scheduling_referral_number_key": ReferralKnown}


@command(WORDS)
def register_patient(
    *,
    clinic: Clinic,
    by: User,
    given_name: str,
    family_name: str,
    birth_date: date,
    allow_duplicate: bool = False,
    **details: Any,
) -> Patient:
    """Put a new person on file at a clinic. `details` are further editable fields of Patient.

    Raises InvalidInput naming the fields, PmsNumberTaken, NotAllowed, and DuplicatePatient (detail "patients": ids of
    visible lookalikes) unless `allow_duplicate`.
    """
    require(by, Permission.EDIT_PATIENTS, clinic.pk)
    patient = Patient(given_name=given_name.strip(), family_name=family_name.strip(), birth_date=birth_date)
    apply_details(patient, details)
    check_details(patient)
    lookalikes = Patient.objects.active().filter(search_name=patient.search_name, birth_date=birth_date)
    if not allow_duplicate and (known := list(lookalikes.visible_to(by)[:3])):
        raise DuplicatePatient(detail={"patients": [str(each.pk) for each in known]})

    with accounted_for():
        patient.save(force_insert=True)
    PatientClinic.objects.create(patient=patient, clinic=clinic)

    log_change(
        patient,
        event="patient.registered",
        by=by,
        action=Action.CREATE,
        clinic_id=clinic.pk,
        role=role_at(by, clinic.pk),
        changes={field: (None, mask_all(None)) for field in ("given_name", "family_name", "birth_date", *details)},
    )
    return patient


@command(WORDS)
def update_patient(*, patient: Patient, by: User, version: int | None = None, **changes: Any) -> Patient:
    """Correct details of a patient of one of the user's clinics. The trail names the fields, never the values.

    Raises InvalidInput naming the fields, PmsNumberTaken, StaleVersion, RecordMerged, NotFound, NotAllowed.
    """
    patient = lock_patient(patient.pk)
    if not Patient.objects.visible_to(by).filter(pk=patient.pk).exists():
        raise NotFound
    clinic_id = _clinic_of_right(patient, by)
    if version is not None and version != patient.version:
        raise StaleVersion

    before = {field: getattr(patient, field) for field in changes if field in EDITABLE}
    apply_details(patient, changes)
    check_details(patient)
    changed = sorted(field for field, value in before.items() if getattr(patient, field) != value)
    patient.version += 1
    with accounted_for():
        patient.save()

    log_change(
        patient,
        event="patient.updated",
        by=by,
        clinic_id=clinic_id,
        role=role_at(by, clinic_id),
        changes={field: (mask_all(None), mask_all(None)) for field in changed},
    )
    return patient


def _clinic_of_right(patient: Patient, by: User) -> int:
    own = set(clinic_ids_with(by, Permission.EDIT_PATIENTS))
    shared = own.intersection(patient.clinics.values_list("clinic_id", flat=True))
    require(by, Permission.EDIT_PATIENTS, min(shared, default=0))
    return min(shared)


def apply_details(patient: Patient, changes: dict[str, Any]) -> None:
    """Set the fields, tidied. Raises InvalidInput for one that nobody edits. Part of a command."""
    if unknown := set(changes) - EDITABLE:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This can't be changed."))
    for field, value in changes.items():
        if field in ("mobile", "phone"):
            value = normalised_phone(value)
        setattr(patient, field, (value or None) if field == "pms_number" else value)
    patient.search_name = search_form(patient.full_name)


def check_details(patient: Patient) -> None:
    """Raise InvalidInput naming every field that can't be right. Part of a command."""
    problems = {}
    if not patient.given_name:
        problems["given_name"] = "Enter a given name."
    if not patient.family_name:
        problems["family_name"] = "Enter a family name."
    today = timezone.now().date()
    if not date(today.year - 130, 1, 1) <= patient.birth_date <= today:
        problems["birth_date"] = "Enter a birth date that is not in the future."
    if patient.pms_number and not valid_pms_number(patient.pms_number):
        problems["pms_number"] = "A PMS number has 7 digits and a matching check digit. Compare it once more."
    if problems:
        raise InvalidInput(fields=problems)


@command(WORDS)
def record_referral(
    *,
    patient: Patient,
    clinic: Clinic,
    by: User,
    number: str,
    referrer: str,
    valid_from: date,
    valid_until: date,
    visits_allowed: int = 1,
    service: Service | None = None,
) -> Referral:
    """Note a referral that arrived. Raises InvalidInput, ReferralKnown, RecordMerged, NotFound, NotAllowed."""
    require(by, Permission.EDIT_PATIENTS, clinic.pk)
    patient = lock_patient(patient.pk)
    if valid_until < valid_from or visits_allowed < 1 or not number.strip():
        raise InvalidInput("Check the referral's number, dates and visits.")

    referral = Referral.objects.create(
        patient=patient,
        number=number.strip(),
        referrer=referrer.strip(),
        service=service,
        valid_from=valid_from,
        valid_until=valid_until,
        visits_allowed=visits_allowed,
        recorded_by=by,
    )

    log_change(referral, event="referral.recorded", by=by, action=Action.CREATE, clinic_id=clinic.pk)
    return referral
