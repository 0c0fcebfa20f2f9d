"""What a patient's page offers beside the record: a copy of the data, duplicates, merges to take back."""

from __future__ import annotations

from typing import Any

from carebridge.accounts.models import User
from scheduling.models import Patient, PatientMerge
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


def links(user: User, patient: Patient) -> dict[str, Any]:
    """What of it this person may do with this record."""
    merging = bool(clinic_ids_with(user, Permission.MERGE_PATIENTS)) and patient.is_active
    merges = PatientMerge.objects.visible_to(user).in_force().filter(kept=patient)
    return {
        "may_release": bool(clinic_ids_with(user, Permission.RELEASE_PATIENT_DATA)),
        "may_merge": merging,
        "merges": merges.select_related("removed", "merged_by") if merging else (),
    }
