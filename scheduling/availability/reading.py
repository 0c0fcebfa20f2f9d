"""What rosters and the ledger say, read from rows: one statement for what recurs, one for what is one-off."""

from __future__ import annotations

import struct
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import connection

from scheduling.roster_time import Kind, SingleTime, WeeklyTime
from scheduling.timeline import Horizon

_WEEKLY = """
SELECT 'hours', w.resource_id, w.clinic_id, c.time_zone, w.weekday, w.starts, w.ends, w.every_weeks, w.valid_from,
       w.valid_until, ARRAY(SELECT appointmenttype_id FROM scheduling_workinghours_appointment_types m
                            WHERE m.workinghours_id = w.id), w.note
FROM scheduling_workinghours w JOIN scheduling_clinic c ON c.id = w.clinic_id
WHERE w.resource_id = ANY(%(resources)s) AND w.valid_from <= %(last)s
  AND (w.valid_until IS NULL OR w.valid_until >= %(first)s)
UNION ALL
SELECT 'break', b.resource_id, b.clinic_id, c.time_zone, b.weekday, b.starts, b.ends, b.every_weeks, b.valid_from,
       b.valid_until, NULL, b.label
FROM scheduling_recurringbreak b JOIN scheduling_clinic c ON c.id = b.clinic_id
WHERE b.resource_id = ANY(%(resources)s) AND b.valid_from <= %(last)s
  AND (b.valid_until IS NULL OR b.valid_until >= %(first)s)
UNION ALL
SELECT 'open', NULL, o.clinic_id, c.time_zone, o.weekday, o.starts, o.ends, 1, o.valid_from, o.valid_until, NULL, ''
FROM scheduling_openinghours o JOIN scheduling_clinic c ON c.id = o.clinic_id
WHERE o.clinic_id = ANY(%(clinics)s) AND (o.valid_from IS NULL OR o.valid_from <= %(last)s)
  AND (o.valid_until IS NULL OR o.valid_until >= %(first)s)
"""

_EXTRA_AND_CLOSED = """
SELECT 'extra', e.resource_id, e.clinic_id, e.starts_at, e.ends_at,
       ARRAY(SELECT appointmenttype_id FROM scheduling_extrasession_appointment_types m
             WHERE m.extrasession_id = e.id), e.note
FROM scheduling_extrasession e
WHERE e.clinic_id = ANY(%(clinics)s) AND e.ends_at > %(start)s AND e.starts_at < %(end)s
UNION ALL
SELECT 'closed', NULL, k.clinic_id, k.starts_at, k.ends_at, NULL, k.reason
FROM scheduling_clinicclosure k
WHERE k.clinic_id = ANY(%(clinics)s) AND k.ends_at > %(start)s AND k.starts_at < %(end)s
UNION ALL
SELECT 'block', b.resource_id, NULL, b.starts_at, b.ends_at, NULL, COALESCE(NULLIF(b.reason, ''), b.kind)
FROM scheduling_scheduleblock b
WHERE b.resource_id = ANY(%(resources)s) AND b.ends_at > %(start)s AND b.starts_at < %(end)s
"""

# What the moved visit itself occupies, and what else does so at the same minutes (an overbooking).
_OWN = """
SELECT 'own', a.resource_id, NULL, lower(a.during), upper(a.during), NULL, ''
FROM scheduling_allocation a WHERE a.appointment_id = %(ignoring)s AND a.released_at IS NULL
UNION ALL
SELECT 'beside', x.resource_id, NULL, lower(x.during), upper(x.during), NULL, ''
FROM scheduling_allocation a JOIN scheduling_allocation x ON x.resource_id = a.resource_id AND x.during && a.during
WHERE a.appointment_id = %(ignoring)s AND a.released_at IS NULL
  AND x.appointment_id <> a.appointment_id AND x.released_at IS NULL AND NOT x.overbooked
UNION ALL
SELECT 'beside', x.resource_id, NULL, lower(x.during), upper(x.during), NULL, ''
FROM scheduling_allocation a JOIN scheduling_allocation x ON x.resource_id = a.resource_id AND x.during && a.during
WHERE a.appointment_id = %(ignoring)s AND a.released_at IS NULL
  AND x.appointment_id <> a.appointment_id AND x.released_at IS NULL AND x.overbooked
"""

_PATIENT = """
SELECT 'patient', NULL, NULL, p.starts_at, p.ends_at, NULL, ''
FROM scheduling_appointment p
WHERE p.patient_id = %(patient)s AND p.ends_at > %(start)s AND p.starts_at < %(end)s
  AND p.starts_at > %(start)s - interval '1 day' AND p.status NOT IN ('cancelled', 'rescheduled', 'expired')
  AND p.id IS DISTINCT FROM %(ignoring)s
"""

_LEDGER = """
SELECT resource_id, string_agg(int4send(day - %s) || busy, ''::bytea)
FROM scheduling_resourceday WHERE resource_id = ANY(%s) AND day BETWEEN %s AND %s GROUP BY resource_id
"""
_ROW = struct.Struct(">i36s")


@dataclass(frozen=True, slots=True)
class OneOffs:
    """One-off roster rows, and what concerns one appointment or patient, as (resource, start, end)."""

    rows: list[SingleTime]
    own: list[tuple[int, datetime, datetime]]
    beside: list[tuple[int, datetime, datetime]]
    patient: list[tuple[datetime, datetime]]


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


def read_weekly(resource_ids: Iterable[int], clinic_ids: Iterable[int], first: date, last: date) -> list[WeeklyTime]:
    """Recurring hours and breaks of the resources and opening hours of the clinics that hold on any of the days."""
    values: dict[str, Any] = {"resources": list(resource_ids), "clinics": list(clinic_ids)}
    values |= {"first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(_WEEKLY, values)
        return [
            WeeklyTime(Kind(kind), resource, clinic, _zone(zone), *rest, types=frozenset(types or ()), label=label)
            for kind, resource, clinic, zone, *rest, types, label in cursor.fetchall()
        ]


def read_one_offs(
    resource_ids: Iterable[int],
    clinic_ids: Iterable[int],
    start: datetime,
    end: datetime,
    *,
    ignoring: int | None = None,
    patient_id: object = None,
) -> OneOffs:
    """Extra sessions, closures and blocks in the range; with them what an appointment and a patient have there."""
    values: dict[str, Any] = {"resources": list(resource_ids), "clinics": list(clinic_ids), "start": start, "end": end}
    values |= {"ignoring": ignoring, "patient": patient_id}
    parts = [_EXTRA_AND_CLOSED] if values["resources"] or values["clinics"] else []
    parts += [_OWN] * (ignoring is not None) + [_PATIENT] * (patient_id is not None)
    found = OneOffs([], [], [], [])
    if not parts:
        return found
    with connection.cursor() as cursor:
        cursor.execute("UNION ALL".join(parts), values)
        for kind, resource, clinic, starts_at, ends_at, types, label in cursor.fetchall():
            if kind == "patient":
                found.patient.append((starts_at, ends_at))
            elif kind in ("own", "beside"):
                getattr(found, kind).append((resource, starts_at, ends_at))
            else:
                row = SingleTime(Kind(kind), resource, clinic, starts_at, ends_at, frozenset(types or ()), label)
                found.rows.append(row)
    return found


def read_ledger(resource_ids: Iterable[int], horizon: Horizon) -> dict[int, int]:
    """What the ledger's masks say is taken, per resource, over the horizon. One statement."""
    masks: dict[int, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, [horizon.first_day, list(resource_ids), horizon.first_day, horizon.last_day])
        for resource, packed in cursor.fetchall():
            masks[resource] = _unpacked(bytes(packed), horizon.days)
    return masks


def _unpacked(packed: bytes, days: int) -> int:
    whole = bytearray(days * 36)
    for day, mask in _ROW.iter_unpack(packed):
        whole[day * 36 : day * 36 + 36] = mask
    return int.from_bytes(whole, "little")
