"""Compare everything that must agree: ledger, masks, statuses, flags. Constraints keep most of it; this proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from scheduling import ledger_masks
from scheduling.models.appointment import RELEASING


@dataclass(frozen=True, slots=True)
class Finding:
    """Two records that contradict each other: which rule, and the ids concerned."""

    rule: str
    ids: tuple[int, ...]


_TWICE = """
    SELECT a.id, b.id FROM scheduling_allocation a JOIN scheduling_allocation b
      ON b.resource_id = a.resource_id AND b.id > a.id AND b.during && a.during
    WHERE a.released_at IS NULL AND b.released_at IS NULL AND NOT a.overbooked AND NOT b.overbooked
      AND a.during && tstzrange(%(first)s, %(last)s)
"""
_ALONE = """
    SELECT a.id FROM scheduling_allocation a
    WHERE a.overbooked AND a.released_at IS NULL AND a.during && tstzrange(%(first)s, %(last)s) AND NOT EXISTS (
        SELECT FROM scheduling_allocation b
        WHERE b.resource_id = a.resource_id AND b.id <> a.id AND b.released_at IS NULL AND b.during && a.during)
"""
_OUT_OF_STEP = """
    SELECT p.id FROM scheduling_appointment p
    WHERE p.starts_at BETWEEN %(first)s AND %(last)s AND (p.status <> ALL (%(releasing)s)) IS DISTINCT FROM EXISTS (
        SELECT FROM scheduling_allocation a WHERE a.appointment_id = p.id AND a.released_at IS NULL)
"""
_ELSEWHERE = """
    SELECT a.id FROM scheduling_allocation a JOIN scheduling_appointment p ON p.id = a.appointment_id
    JOIN scheduling_doctor d ON d.id = p.doctor_id
    WHERE p.starts_at BETWEEN %(first)s AND %(last)s AND a.released_at IS NULL AND a.requirement_id IS NULL
      AND a.resource_id = d.resource_id AND NOT a.core <@ tstzrange(p.starts_at, p.ends_at)
"""
_RULES = {
    "no resource is taken twice unflagged": _TWICE,
    "an overbooked row overlaps something": _ALONE,
    "status and ledger are in step": _OUT_OF_STEP,
    "the doctor's time lies in the visit": _ELSEWHERE,
}


def findings(first_day: date, last_day: date) -> Iterator[Finding]:
    """Every contradiction on UTC days (both included); none when all is well."""
    for difference in ledger_masks.verify(first_day, last_day):
        yield Finding("masks say what the ledger says", (difference.resource_id,))
    facts: dict[str, Any] = {"first": first_day, "last": last_day, "releasing": sorted(RELEASING)}
    for rule, statement in _RULES.items():
        with connection.cursor() as cursor:
            cursor.execute(statement, facts)
            yield from (Finding(rule, tuple(row)) for row in cursor.fetchall())
