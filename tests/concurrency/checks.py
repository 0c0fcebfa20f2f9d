"""What SQL says of the ledger, apart from the code that wrote it."""

from __future__ import annotations

from django.db import connection

TWICE_AT_ONCE = """
    SELECT count(*) FROM scheduling_allocation a JOIN scheduling_allocation b
      ON a.resource_id = b.resource_id AND a.id < b.id AND a.during && b.during
    WHERE a.released_at IS NULL AND b.released_at IS NULL AND NOT a.overbooked AND NOT b.overbooked
"""
"""Pairs of live rows that nobody has agreed to."""

FLAGGED_BUT_ALONE = """
    SELECT count(*) FROM scheduling_allocation a
    WHERE a.released_at IS NULL AND a.overbooked AND NOT EXISTS (
        SELECT FROM scheduling_allocation b
        WHERE b.resource_id = a.resource_id AND b.id <> a.id AND b.released_at IS NULL AND b.during && a.during)
"""
"""Rows that the constraint overlooks although they overlap nothing any more."""

BLOCKED_BUT_UNFLAGGED = """
    SELECT count(*) FROM scheduling_allocation a
      JOIN scheduling_scheduleblock k
        ON k.resource_id = a.resource_id AND a.during && tstzrange(k.starts_at, k.ends_at, '[)')
      JOIN scheduling_appointment p ON p.id = a.appointment_id
    WHERE a.released_at IS NULL AND p.status <> 'requires_review'
"""

IN_REVIEW_WITHOUT_CAUSE = """
    SELECT count(*) FROM scheduling_appointment p
    WHERE p.status = 'requires_review' AND NOT EXISTS (
        SELECT FROM scheduling_allocation a JOIN scheduling_scheduleblock k
          ON k.resource_id = a.resource_id AND a.during && tstzrange(k.starts_at, k.ends_at, '[)')
        WHERE a.appointment_id = p.id AND a.released_at IS NULL)
"""

IN_NO_SLOT_OR_IN_TWO = """
    SELECT count(*) FROM scheduling_appointment p
    WHERE (SELECT count(*) FROM scheduling_allocation a
           WHERE a.appointment_id = p.id AND a.released_at IS NULL AND a.requirement_id IS NULL)
       <> CASE WHEN p.status IN ('cancelled', 'rescheduled', 'expired') THEN 0 ELSE 1 END
"""
"""Visits that occupy no doctor, or two, or one that their status gave back."""

MOVED_TO_TWO_PLACES = """
    SELECT count(*) FROM (
        SELECT calendar_uid FROM scheduling_appointment
        WHERE status NOT IN ('cancelled', 'rescheduled', 'expired') GROUP BY calendar_uid HAVING count(*) > 1) visit
"""
"""Visits of which two rows live: a moved visit keeps its calendar identity."""

ORDINARY_ON_A_SURVIVOR = """
    SELECT count(*) FROM scheduling_allocation late JOIN scheduling_appointment ordinary
      ON ordinary.id = late.appointment_id AND ordinary.overrides = '{}'
    JOIN scheduling_allocation early
      ON early.resource_id = late.resource_id AND early.id < late.id AND early.during && late.during
    WHERE late.released_at IS NULL AND early.released_at IS NULL
"""
"""Bookings without an override that came after the row they overlap."""


def number(sql: str) -> int:
    """The one number that a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def deadlocks() -> int:
    """How many this database has seen. Sessions report theirs when they end, so ask once they have."""
    number("SELECT 1 FROM pg_stat_clear_snapshot()")
    return number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
