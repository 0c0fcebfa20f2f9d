"""What rosters, the ledger and one patient's visits say, read from rows: one statement each."""

from __future__ import annotations

import struct
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection

from scheduling import timeline
from scheduling.roster_time import Kind, SingleTime, WeeklyTime
from scheduling.timeline import Horizon

# What recurs says its local clock, what is one-off its instants: columns of the other kind stay empty.
_ROSTER = """
SELECT 'hours', w.resource_id, w.clinic_id,
       ARRAY(SELECT appointmenttype_id FROM scheduling_workinghours_appointment_types WHERE workinghours_id = w.id),
       w.note,
       c.time_zone, w.weekday, w.starts, w.ends, w.every_weeks, w.valid_from, w.valid_until,
       NULL::timestamptz, NULL::timestamptz
FROM scheduling_workinghours w JOIN scheduling_clinic c ON c.id = w.clinic_id
WHERE w.resource_id = ANY(%(resources)s) AND w.valid_from <= %(last)s
  AND (w.valid_until IS NULL OR w.valid_until >= %(first)s)
UNION ALL
SELECT 'break', b.resource_id, b.clinic_id, NULL, b.label,
       c.time_zone, b.weekday, b.starts, b.ends, b.every_weeks, b.valid_from, b.valid_until, NULL, NULL
FROM scheduling_recurringbreak b JOIN scheduling_clinic c ON c.id = b.clinic_id
WHERE b.resource_id = ANY(%(resources)s) AND b.valid_from <= %(last)s
  AND (b.valid_until IS NULL OR b.valid_until >= %(first)s)
UNION ALL
SELECT 'open', NULL, o.clinic_id, NULL, '',
       c.time_zone, o.weekday, o.starts, o.ends, 1, o.valid_from, o.valid_until, NULL, NULL
FROM scheduling_openinghours o JOIN scheduling_clinic c ON c.id = o.clinic_id
WHERE o.clinic_id = ANY(%(clinics)s) AND (o.valid_from IS NULL OR o.valid_from <= %(last)s)
  AND (o.valid_until IS NULL OR o.valid_until >= %(first)s)
UNION ALL
SELECT 'extra', e.resource_id, e.clinic_id,
       ARRAY(SELECT appointmenttype_id FROM scheduling_extrasession_appointment_types WHERE extrasession_id = e.id),
       e.note,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, e.starts_at, e.ends_at
FROM scheduling_extrasession e
WHERE e.clinic_id = ANY(%(clinics)s) AND e.ends_at > %(start)s AND e.starts_at < %(end)s
UNION ALL
SELECT 'closed', NULL, k.clinic_id, NULL, k.reason,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, k.starts_at, k.ends_at
FROM scheduling_clinicclosure k
WHERE k.clinic_id = ANY(%(clinics)s) AND k.ends_at > %(start)s AND k.starts_at < %(end)s
UNION ALL
SELECT 'block', b.resource_id, NULL, NULL, COALESCE(NULLIF(b.reason, ''), b.kind),
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, b.starts_at, b.ends_at
FROM scheduling_scheduleblock b
WHERE b.resource_id = ANY(%(resources)s) AND b.ends_at > %(start)s AND b.starts_at < %(end)s
"""

# What the moved visit itself occupies, and what else does so at the same minutes (an overbooking).
_OWN = """
SELECT 'own', a.resource_id, lower(a.during), upper(a.during)
FROM scheduling_allocation a WHERE a.appointment_id = %(ignoring)s AND a.released_at IS NULL
UNION ALL
SELECT 'beside', x.resource_id, lower(x.during), upper(x.during)
FROM scheduling_allocation a JOIN scheduling_allocation x ON x.resource_id = a.resource_id AND x.during && a.during
WHERE a.appointment_id = %(ignoring)s AND a.released_at IS NULL
  AND x.appointment_id <> a.appointment_id AND x.released_at IS NULL AND NOT x.overbooked
UNION ALL
SELECT 'beside', x.resource_id, lower(x.during), upper(x.during)
FROM scheduling_allocation a JOIN scheduling_allocation x ON x.resource_id = a.resource_id AND x.during && a.during
WHERE a.appointment_id = %(ignoring)s AND a.released_at IS NULL
  AND x.appointment_id <> a.appointment_id AND x.released_at IS NULL AND x.overbooked
"""

_PATIENT = """
SELECT 'patient', NULL, p.starts_at, p.ends_at
FROM scheduling_appointment p
WHERE p.patient_id = %(patient)s AND p.ends_at > %(start)s AND p.starts_at < %(end)s
  AND p.starts_at > %(start)s - interval '1 day' AND p.status NOT IN ('cancelled', 'rescheduled', 'expired')
  AND p.id IS DISTINCT FROM %(ignoring)s
"""

_LEDGER = """
SELECT resource_id, string_agg(int4send(day - %s) || busy, ''::bytea)
FROM scheduling_resourceday WHERE resource_id = ANY(%s) AND day BETWEEN %s AND %s GROUP BY resource_id
"""
_ROW = struct.Struct(f">i{timeline.DAY_BYTES}s")
_NOTHING = bytes(timeline.DAY_BYTES)


@dataclass(frozen=True, slots=True)
class Personal:
    """What concerns one appointment or patient, as (resource, start, end), or (start, end) of the patient's visits."""

    own: list[tuple[int, datetime, datetime]]
    beside: list[tuple[int, datetime, datetime]]
    patient: list[tuple[datetime, datetime]]


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


def read_roster(
    resource_ids: Iterable[int], clinic_ids: Iterable[int], start: datetime, end: datetime
) -> tuple[list[WeeklyTime], list[SingleTime]]:
    """What recurs and what is one-off, of the resources and the clinics, as far as it touches the range (aware).

    One statement.
    """
    values: dict[str, Any] = {"resources": list(resource_ids), "clinics": list(clinic_ids), "start": start, "end": end}
    values |= {"first": start.date(), "last": end.date()}
    weekly, single = [], []
    with connection.cursor() as cursor:
        cursor.execute(_ROSTER, values)
        for kind, resource, clinic, types, label, zone, *local, starts_at, ends_at in cursor.fetchall():
            named = {"types": frozenset(types or ()), "label": label}
            if zone:
                weekly.append(WeeklyTime(Kind(kind), resource, clinic, _zone(zone), *local, **named))
            else:
                single.append(SingleTime(Kind(kind), resource, clinic, starts_at, ends_at, **named))
    return weekly, single


def read_personal(start: datetime, end: datetime, *, ignoring: int | None, patient_id: object) -> Personal:
    """What an appointment and a patient have in the range; no statement when neither is asked about."""
    found = Personal([], [], [])
    parts = [_OWN] * (ignoring is not None) + [_PATIENT] * (patient_id is not None)
    values: dict[str, Any] = {"start": start, "end": end, "ignoring": ignoring, "patient": patient_id}
    if not parts:
        return found
    with connection.cursor() as cursor:
        cursor.execute("UNION ALL".join(parts), values)
        for kind, resource, starts_at, ends_at in cursor.fetchall():
            if kind == "patient":
                found.patient.append((starts_at, ends_at))
            else:
                getattr(found, kind).append((resource, starts_at, ends_at))
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
    masks = [_NOTHING] * days
    for day, mask in _ROW.iter_unpack(packed):
        masks[day] = mask
    return int.from_bytes(b"".join(masks), "little")
