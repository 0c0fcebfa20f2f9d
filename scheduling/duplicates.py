"""Which records may be one person's: the same birth date, and a similar name or the same way to reach them.

Where somebody has looked and found two people, the pair is not suggested again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import log_change
from carebridge.db import command
from scheduling.errors import WrongStatus
from scheduling.models import DistinctPair, Patient
from scheduling.permissions import clinic_ids_with, role_at
from scheduling.record_pairs import lock_both, require_everywhere, require_in_use
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


@command()
def tell_apart(*, one: Patient, other: Patient, by: User) -> DistinctPair:
    """Remember that two records are two people's, so that they are no longer suggested; said twice changes nothing.

    They can be merged all the same, should that turn out wrong. Raises InvalidInput when one is not in use, NotFound,
    NotAllowed.
    """
    one, other = lock_both(one, other)
    concerned = require_everywhere(by, [one, other])
    require_in_use(one, other)

    first, second = sorted([one, other], key=lambda each: each.pk)
    pair, is_new = DistinctPair.objects.in_force().get_or_create(
        first=first, second=second, defaults={"decided_at": timezone.now(), "decided_by": by}
    )

    if is_new:
        _account("patient.told_apart", first, second, by=by, clinic_id=min(concerned))
    return pair


@command()
def undo_tell_apart(*, pair: DistinctPair, by: User) -> DistinctPair:
    """Let two records be suggested again. Raises WrongStatus when that was undone already, NotAllowed."""
    first, second = lock_both(pair.first, pair.second)
    pair = DistinctPair.objects.select_for_update().get(pk=pair.pk)
    concerned = require_everywhere(by, [first, second])
    if pair.undone_at:
        raise WrongStatus("These two are suggested again already.")

    pair.undone_at, pair.undone_by = timezone.now(), by
    pair.save(update_fields=["undone_at", "undone_by"])

    _account("patient.told_apart_undone", first, second, by=by, clinic_id=min(concerned, default=None))
    return pair


def _account(event: str, first: Patient, second: Patient, *, by: User, clinic_id: int | None) -> None:
    """A row in the trail of each."""
    for patient, other in ((first, second), (second, first)):
        facts = {"other": str(other.pk)}
        log_change(patient, event=event, by=by, clinic_id=clinic_id, role=role_at(by, clinic_id or 0), facts=facts)


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
  AND NOT EXISTS (SELECT FROM scheduling_distinctpair d
                  WHERE d.first_id = LEAST(a.id, b.id) AND d.second_id = GREATEST(a.id, b.id) AND d.undone_at IS NULL)
  AND (similarity(a.search_name, b.search_name) >= %(similar)s
       OR (a.mobile <> '' AND a.mobile IN (b.mobile, b.phone))
       OR (a.phone <> '' AND a.phone IN (b.mobile, b.phone))
       OR (a.email <> '' AND upper(a.email) = upper(b.email)))
ORDER BY similarity(a.search_name, b.search_name) DESC, a.search_name, a.id, b.id
LIMIT %(limit)s
"""
