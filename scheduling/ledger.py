"""Writing the ledger: who is locked first, how time is taken and given back.

Everything here runs inside a command's transaction with the resources locked; `scheduling.ledger_masks` keeps the
day masks in step. The exclusion constraint decides, always: locks only make waiting orderly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from scheduling import ledger_masks
from scheduling.availability import Allotment
from scheduling.errors import SlotTaken
from scheduling.models import Allocation, Appointment

if TYPE_CHECKING:
    from django.db.models import QuerySet


def lock_resources(ids: Collection[int]) -> list[int]:
    """Lock resources by ascending id against every other command that would use them; the ids of those in use."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, is_active FROM scheduling_resource WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [list(ids)],
        )
        return [pk for pk, is_active in cursor.fetchall() if is_active]


def occupy(appointment: Appointment, allotments: Sequence[Allotment], *, may_overbook: bool = False) -> None:
    """Take the time of every each for the appointment, all or nothing.

    With `may_overbook`, rows that meet a live one are flagged overbooked; they still count as busy for everyone
    after them. Raises SlotTaken when the ledger has something there.
    """
    allotments = sorted(allotments, key=lambda each: (each.resource_id, each.during))
    one = "(%s::bigint, %s::bigint, %s::bigint, tstzrange(%s, %s, '[)'), tstzrange(%s, %s, '[)'))"  # one row of VALUES
    values = [
        value
        for each in allotments
        for value in (appointment.pk, each.resource_id, each.requirement_id, *each.core, *each.during)
    ]
    masks = ledger_masks.masks_of((each.resource_id, each.during) for each in allotments)
    with connection.cursor() as cursor:
        cursor.execute(
            _occupy_sql(", ".join([one] * len(allotments))), [may_overbook, *values, *ledger_masks.packed(masks)]
        )
        (written,) = cursor.fetchone()
    if written < len(allotments):
        raise SlotTaken


def _occupy_sql(rows: str) -> str:
    # ON CONFLICT DO NOTHING rather than catching the violation: under contention that deadlocks (docs/adr/0003). The
    # masks are marked in the same statement: half of its price is the round trip.
    return f"""
        WITH placed AS (
            INSERT INTO scheduling_allocation (appointment_id, resource_id, requirement_id, core, during, overbooked)
            SELECT v.appointment, v.resource, v.requirement, v.core, v.during, %s AND EXISTS (
                SELECT FROM scheduling_allocation live
                WHERE live.resource_id = v.resource AND live.released_at IS NULL AND live.during && v.during)
            FROM (VALUES {rows}) AS v (appointment, resource, requirement, core, during)
            ON CONFLICT DO NOTHING RETURNING id
        ), marked AS ({ledger_masks.MARK})
        SELECT count(*) FROM placed
    """  # noqa: S608 - only placeholders are joined


def release(appointment: Appointment, *, at: datetime) -> None:
    """Give back all the time of the appointment, and clear the overbooked flag of rows that now stand alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scheduling_allocation SET released_at = %s WHERE appointment_id = %s AND released_at IS NULL"
            " RETURNING resource_id, lower(during), upper(during)",
            [at, appointment.pk],
        )
        freed = [(resource_id, (start, end)) for resource_id, start, end in cursor.fetchall()]
    ledger_masks.unmark(freed)
    unflag_survivors(freed)


def unflag_survivors(freed: Iterable[tuple[int, tuple[datetime, datetime]]]) -> None:
    """Put overbooked rows back under the constraint where nothing overlaps them any more."""
    for resource_id, (start, end) in freed:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE scheduling_allocation flagged SET overbooked = false
                WHERE flagged.resource_id = %s AND flagged.released_at IS NULL AND flagged.overbooked
                  AND flagged.during && tstzrange(%s, %s, '[)')
                  AND NOT EXISTS (
                      SELECT FROM scheduling_allocation other
                      WHERE other.resource_id = flagged.resource_id AND other.released_at IS NULL
                        AND other.id <> flagged.id AND other.during && flagged.during)
                """,
                [resource_id, start, end],
            )


def is_shared(appointment: Appointment) -> bool:
    """Whether another appointment stands over this one's time by an override, or this one over another's."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM scheduling_allocation own JOIN scheduling_allocation other
                  ON other.resource_id = own.resource_id AND other.during && own.during
                WHERE own.appointment_id = %s AND own.released_at IS NULL
                  AND other.released_at IS NULL AND other.id <> own.id)
            """,
            [appointment.pk],
        )
        return bool(cursor.fetchone()[0])


def live_rows(appointment: Appointment) -> QuerySet[Allocation]:
    """The rows by which the appointment occupies time now."""
    return Allocation.objects.filter(appointment=appointment, released_at__isnull=True)


def resource_ids_of(appointment_ids: Collection[int]) -> set[int]:
    """Every resource that the appointments use or have used: what a command must lock before it changes them."""
    return set(Allocation.objects.filter(appointment__in=appointment_ids).values_list("resource_id", flat=True))
