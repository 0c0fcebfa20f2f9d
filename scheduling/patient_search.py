"""Finding people: by part of a name, a number or a birth date; and exactly, for people of other clinics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet

from carebridge.accounts.models import User
from carebridge.audit.trail import log_access
from carebridge.errors import InvalidInput
from scheduling.models import Clinic, Patient
from scheduling.permissions import Permission, require
from scheduling.personal_details import normalised_phone, search_form


def search_patients(user: User, text: str, *, limit: int = 8) -> Sequence[Patient]:
    """The first patients, by name, of those that match: what a search box shows while somebody types."""
    return list(patients_matching(user, text).order_by("family_name", "given_name", "birth_date")[:limit])


def patients_matching(user: User, text: str) -> QuerySet[Patient]:
    """Patients of the user's clinics whose name, PMS number, birth date or phone ending matches.

    Words may be parts of either name, in any order; four or more digits are a PMS number or the end of a phone
    number; a date is a birth date. Fewer than two characters find nobody.
    """
    words = search_form(text).split()
    matching = Patient.objects.visible_to(user).active()
    if len("".join(words)) < 2:
        return matching.none()
    for word in words:
        matching = matching.filter(_matches(word))
    return matching


def _matches(word: str) -> Q:
    digits = "".join(each for each in word if each.isdigit())
    if born := _as_date(word):
        return Q(birth_date=born)
    if len(digits) >= 4 and len(digits) >= len(word) - 2:
        return Q(pms_number=digits) | Q(mobile__endswith=digits) | Q(phone__endswith=digits)
    return Q(search_name__contains=word)


def _as_date(word: str) -> date | None:
    for separator in "-/.":
        parts = word.split(separator)
        if len(parts) == 3 and all(part.isdigit() for part in parts):
            year, month, day = map(int, parts if len(parts[0]) == 4 else reversed(parts))
            try:
                return date(year, month, day)
            except ValueError:
                return None
    return None


def identify_patient(
    *, by: User, clinic: Clinic, birth_date: date, family_name: str = "", phone: str = ""
) -> Sequence[Patient]:
    """Find people of other clinics: exact birth date plus exact family name or phone. Every hit is audited.

    Raises NotAllowed, InvalidInput when neither name nor phone is given.
    """
    require(by, Permission.EDIT_PATIENTS, clinic.pk)
    if not family_name.strip() and not phone.strip():
        raise InvalidInput("Give the family name or a phone number beside the birth date.")
    found = Patient.objects.active().filter(birth_date=birth_date)
    if family_name.strip():
        found = found.filter(search_name__endswith=f" {search_form(family_name)}")
    if phone.strip():
        number = normalised_phone(phone)
        found = found.filter(Q(mobile=number) | Q(phone=number))
    patients = list(found[:5])
    for patient in patients:
        log_access(patient, event="patient.identified", by=by, clinic_id=clinic.pk)
    return patients
