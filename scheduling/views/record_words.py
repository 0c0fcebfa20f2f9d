"""A patient's details in the words of the screens, in the order of the record."""

from __future__ import annotations

from typing import Any

from scheduling.models import Patient
from scheduling.patients import EDITABLE

DETAILS = [field for field in Patient._meta.concrete_fields if field.name in EDITABLE]
EMPTY = "Not recorded"
LABELS = {"pms_number": "PMS number", "email": "E-mail", "consents_to_sms": "Consents to SMS"}


def label_of(field: Any) -> str:
    """What staff call the detail."""
    return LABELS.get(field.name) or str(field.verbose_name).capitalize()


def words_of(field: Any, patient: Patient) -> str:
    """The detail as one reads it; EMPTY where there is none."""
    value = getattr(patient, field.name)
    if field.choices:
        return str(getattr(patient, f"get_{field.name}_display")())
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(value) or EMPTY
    return f"{value:%-d %b %Y}" if field.name == "birth_date" else str(value or EMPTY)
