"""Which records may be one person's: the same birth date, and a similar name or the same way to reach them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from carebridge.accounts.models import User
from scheduling.models import Patient
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

SIMILAR = 0.4
"""Trigram similarity of two names from which they may be misspellings of one: "nerys calloway", "neris caloway"."""

Pair = tuple[Patient, Patient]


def suggested_pairs(user: User, *, of: Patient | None = None, limit: int = 50) -> Sequence[Pair]:
    """Pairs of records, older first, that the user may merge and that may be one person; of one patient, if said."""
    clinics = clinic_ids_with(user, Permission.MERGE_PATIENTS)
    asked: dict[str, Any] = {"clinics": clinics, "similar": SIMILAR, "limit": limit, "of": of.pk if of else None}
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, asked)
        ids = cursor.fetchall()
    return _loaded(user, ids)


def current_id(patient_id: UUID | str) -> UUID | str:
    """The id under which a patient stands today: that of the record which theirs was merged into, if it was.

    What is no id comes back as it is, for whoever looks it up to find nothing.
    """
    try:
        seen = {UUID(str(patient_id))}
    except ValueError:
        return patient_id
    while into := Patient.objects.filter(pk=patient_id).values_list("merged_into", flat=True).first():
        if into in seen:
            break
        seen.add(into)
        patient_id = into
    return patient_id


def _loaded(user: User, ids: Sequence[tuple[UUID, UUID]]) -> list[Pair]:
    wanted = {each for pair in ids for each in pair}
    rows = Patient.objects.visible_to(user).in_bulk(wanted)
    return [(rows[one], rows[other]) for one, other in ids if one in rows and other in rows]


# A pair is offered only where every clinic that knows either is one where the user merges.
_PAIRS = """
WITH mergeable AS (
    SELECT p.id, p.search_name, p.birth_date, p.mobile, p.phone, p.email, p.created_at
    FROM scheduling_patient p
    WHERE p.is_active AND p.merged_into_id IS NULL
      AND EXISTS (SELECT FROM scheduling_patientclinic k WHERE k.patient_id = p.id AND k.clinic_id = ANY(%(clinics)s))
      AND NOT EXISTS (SELECT FROM scheduling_patientclinic k
                      WHERE k.patient_id = p.id AND k.clinic_id <> ALL(%(clinics)s))
)
SELECT a.id, b.id
FROM mergeable a JOIN mergeable b ON a.birth_date = b.birth_date AND (a.created_at, a.id) < (b.created_at, b.id)
WHERE (%(of)s::uuid IS NULL OR %(of)s::uuid IN (a.id, b.id))
  AND (similarity(a.search_name, b.search_name) >= %(similar)s
       OR (a.mobile <> '' AND a.mobile IN (b.mobile, b.phone))
       OR (a.phone <> '' AND a.phone IN (b.mobile, b.phone))
       OR (a.email <> '' AND upper(a.email) = upper(b.email)))
ORDER BY similarity(a.search_name, b.search_name) DESC, a.search_name, a.id, b.id
LIMIT %(limit)s
"""
