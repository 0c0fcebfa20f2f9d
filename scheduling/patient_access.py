"""What a patient does through a portal: let in for a quarter of an hour, and correcting their own contact details."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from carebridge.accounts.models import User
from carebridge.accounts.tokens import ApiToken, PatientToken, Scope
from carebridge.audit import mask_all
from carebridge.audit.trail import Action, accounted_for, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling.errors import StaleVersion
from scheduling.models import Patient
from scheduling.patients import apply_details, check_details
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

OWN_CONTACTS = (
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
)
"""What patients change themselves. Names, birth date and numbers are corrected by staff, who see a document."""
NOBODY = "We know nobody by this number and birth date at your clinics."


@dataclass(frozen=True, slots=True)
class LetIn:
    """A patient's token, and its secret, which is known only now."""

    token: PatientToken
    secret: str


@command()
def exchange_patient(
    *, birth_date: date, by: User, issued_with: ApiToken, patient_id: UUID | None = None, pms_number: str = ""
) -> LetIn:
    """Let a patient in whom a portal has verified: found by record id or PMS number, and the birth date must match.

    Raises NotAllowed unless `by` is a service account with a token for it, and NotFound, with the same words, for an
    unknown number, another birth date, or somebody of other clinics.
    """
    if not by.is_service or Scope.PATIENTS_EXCHANGE not in (issued_with.scopes or ()):
        raise NotAllowed
    clinic_ids = clinic_ids_with(by, Permission.BOOK)
    named = {"pk": patient_id} if patient_id else {"pms_number": pms_number}
    patient = Patient.objects.visible_to(by).active().filter(birth_date=birth_date, **named).first()
    if patient is None or not clinic_ids:
        raise NotFound(NOBODY)

    token, secret = PatientToken.objects.issue(issued_with=issued_with, patient_id=patient.pk, clinic_ids=clinic_ids)

    facts = {"patient_token": str(token.pk), "clinics": clinic_ids}
    log_change(patient, event="patient.let_in", by=by, action=Action.ACCESS, clinic_id=clinic_ids[0], facts=facts)
    return LetIn(token, secret)


@command()
def update_own_contacts(*, patient_id: UUID, version: int | None = None, **changes: Any) -> Patient:
    """The patient corrects how to be reached. The trail names the fields, never the values.

    Raises InvalidInput naming the fields (also for whatever only staff change), StaleVersion, NotFound.
    """
    found = [each for each in lock_in_order(Patient, [patient_id]) if each.is_active and each.merged_into_id is None]
    if not found:
        raise NotFound
    (patient,) = found
    if beyond := sorted(set(changes) - set(OWN_CONTACTS)):
        raise InvalidInput(fields=dict.fromkeys(beyond, "Please ask the clinic to change this."))
    if version is not None and version != patient.version:
        raise StaleVersion

    apply_details(patient, changes)
    check_details(patient)
    patient.version += 1
    with accounted_for():
        patient.save()

    hidden = (mask_all(None), mask_all(None))
    log_change(patient, event="patient.updated_own", by=None, changes=dict.fromkeys(sorted(changes), hidden))
    return patient


@command()
def end_patient_token(*, token_id: UUID) -> None:
    """The patient signs out: the token opens nothing from now on. Raises NotFound for one that has ended."""
    tokens = lock_in_order(PatientToken, [token_id])
    if not tokens:
        raise NotFound

    (token,) = tokens
    patient = Patient.objects.get(pk=token.patient_id)
    log_change(patient, event="patient.let_out", by=None, action=Action.ACCESS)
    token.delete()
