"""What the catalogue says of a type: who performs it where, what it needs, what there is. Two statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.db import connection

from carebridge.errors import NotFound

# A transaction that has written may see what nobody else ever will, so it must neither read nor fill a shared
# cache. `world` changes with the database and with any clinic's time zone, on which a doctor's breaks may depend.
# Each materialised part is planned on its own: one join of nine tables took longer to plan than to run.
_OFFERINGS = """
WITH known AS MATERIALIZED (
  SELECT (SELECT count(*) FROM scheduling_clinic WHERE id = ANY(%(clinics)s)) AS clinics,
         (SELECT count(*) FROM scheduling_doctor WHERE id = ANY(%(doctors)s)) AS doctors,
         (SELECT oid FROM pg_database WHERE datname = current_database()) || '.'
           || (SELECT md5(string_agg(id || time_zone, ',' ORDER BY id)) FROM scheduling_clinic) AS world,
         pg_current_xact_id_if_assigned() IS NOT NULL AS has_written,
         (SELECT json_agg(json_build_array(q.id, q.category_id, q.resource_id, q.quantity, q.from_minute, q.to_minute,
                                           COALESCE(g.name, r.name)) ORDER BY q.id)::text
          FROM scheduling_requirement q
          LEFT JOIN scheduling_resourcecategory g ON g.id = q.category_id
          LEFT JOIN scheduling_resource r ON r.id = q.resource_id
          WHERE q.appointment_type_id = %(type)s) AS needs),
kind AS MATERIALIZED (
  SELECT t.id, t.duration_minutes, t.buffer_before_minutes, t.buffer_after_minutes, t.doctor_from_minute,
         t.doctor_to_minute, t.start_step_minutes, t.min_notice_minutes, t.max_advance_days,
         t.is_active AND s.is_active AS in_use
  FROM scheduling_appointmenttype t JOIN scheduling_service s ON s.id = t.service_id WHERE t.id = %(type)s),
place AS MATERIALIZED (
  SELECT c.id, c.name, c.time_zone, c.min_notice_minutes, c.max_advance_days, c.is_active,
         c.schedule_version || '-' || c.xmin::text AS version
  FROM scheduling_clinic c WHERE c.id = ANY(%(clinics)s)),
offer AS MATERIALIZED ({offers}),
who AS MATERIALIZED (
  SELECT d.id, d.title, d.given_name, d.family_name, r.id AS resource_id, r.name, d.is_active AND r.is_active AS in_use,
         r.schedule_version || '-' || r.xmin::text AS version
  FROM scheduling_doctor d JOIN scheduling_resource r ON r.id = d.resource_id
  WHERE d.id = ANY(ARRAY(SELECT doctor_id FROM offer))),
found AS MATERIALIZED (
  SELECT d.id AS doctor_id, t.id AS type_id, d.name, d.title, d.given_name, d.family_name, d.resource_id,
         d.version AS doctor_version, p.usual_room_id, c.id AS clinic_id, c.name AS clinic_name, c.time_zone,
         c.version AS clinic_version,
         COALESCE(t.min_notice_minutes, c.min_notice_minutes) AS min_notice,
         COALESCE(t.max_advance_days, c.max_advance_days) AS max_advance,
         t.duration_minutes AS usual_minutes, COALESCE(o.duration_minutes, t.duration_minutes) AS minutes,
         COALESCE(o.buffer_before_minutes, t.buffer_before_minutes) AS before,
         COALESCE(o.buffer_after_minutes, t.buffer_after_minutes) AS after,
         t.doctor_from_minute, t.doctor_to_minute, t.start_step_minutes,
         COALESCE(o.is_active AND t.in_use AND c.is_active AND d.in_use, false) AS offered
  FROM offer o CROSS JOIN kind t
  JOIN place c ON c.id = o.clinic_id
  JOIN who d ON d.id = o.doctor_id
  LEFT JOIN scheduling_doctorclinic p ON p.doctor_id = o.doctor_id AND p.clinic_id = o.clinic_id)
SELECT (SELECT count(*) FROM kind), known.*, found.* FROM known LEFT JOIN found ON true
"""
_PERFORMED = """SELECT o.doctor_id, o.clinic_id, o.is_active, o.duration_minutes, o.buffer_before_minutes,
         o.buffer_after_minutes
  FROM scheduling_offering o
  WHERE o.appointment_type_id = %(type)s AND o.clinic_id = ANY(%(clinics)s) AND o.is_active
    AND (%(doctors)s::bigint[] IS NULL OR o.doctor_id = ANY(%(doctors)s))"""
_ANYBODY = """SELECT d.id AS doctor_id, c.id AS clinic_id, o.is_active, o.duration_minutes, o.buffer_before_minutes,
         o.buffer_after_minutes
  FROM place c JOIN scheduling_doctor d ON d.id = ANY(%(doctors)s)
  LEFT JOIN scheduling_offering o
    ON o.appointment_type_id = %(type)s AND o.clinic_id = c.id AND o.doctor_id = d.id"""

# The plainest resource first: a visit that needs just a room should leave the one with the ultrasound to others.
_POOL = """
SELECT r.id, r.name, r.kind, COALESCE(r.clinic_id, p.clinic_id), r.keeps_own_hours, r.fixed_in_id,
       r.schedule_version || '-' || r.xmin::text,
       array_agg(rc.resourcecategory_id) FILTER (WHERE rc.resourcecategory_id = ANY(%(categories)s))
FROM scheduling_resource r
LEFT JOIN scheduling_doctor d ON d.resource_id = r.id
LEFT JOIN scheduling_doctorclinic p ON p.doctor_id = d.id
LEFT JOIN scheduling_resource_categories rc ON rc.resource_id = r.id
LEFT JOIN (SELECT fixed_in_id, count(*) AS fixtures FROM scheduling_resource GROUP BY 1) f ON f.fixed_in_id = r.id
WHERE r.is_active AND COALESCE(d.is_active, true) AND COALESCE(r.clinic_id, p.clinic_id) = ANY(%(clinics)s)
  AND (r.id = ANY(%(named)s) OR r.id IN (
    SELECT resource_id FROM scheduling_resource_categories WHERE resourcecategory_id = ANY(%(categories)s)))
GROUP BY r.id, p.clinic_id, f.fixtures
ORDER BY f.fixtures NULLS FIRST, count(*), r.id
"""


class Offer(NamedTuple):
    """One doctor at one clinic; the first six say the same in every row of an answer."""

    types: int
    clinics: int
    doctors: int
    world: str
    has_written: bool
    needs: str | None
    doctor_id: int | None
    type_id: int
    name: str
    title: str
    given_name: str
    family_name: str
    resource_id: int
    doctor_version: str
    usual_room_id: int | None
    clinic_id: int
    clinic_name: str
    time_zone: str
    clinic_version: str
    min_notice: int
    max_advance: int
    usual_minutes: int
    minutes: int
    before: int
    after: int
    doctor_from: int
    doctor_to: int | None
    step: int
    offered: bool


class Asked(NamedTuple):
    """One requirement of the type."""

    id: int
    category_id: int | None
    resource_id: int | None
    quantity: int
    from_minute: int
    to_minute: int | None
    label: str


def _rows(statement: str, values: Any) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def read_offers(
    type_id: int, clinic_ids: Sequence[int], doctor_ids: Sequence[int] | None, performed_only: bool
) -> tuple[tuple, ...]:
    """Rows in the shape of Offer: at least one, without a doctor when nobody performs the type there.

    Raises NotFound for an unknown type, clinic or doctor.
    """
    doctors = None if doctor_ids is None else list(doctor_ids)  # none of them is not any of them
    values = {"type": type_id, "clinics": list(clinic_ids), "doctors": doctors}
    statement = _OFFERINGS.format(offers=_PERFORMED if performed_only else _ANYBODY)
    offers = tuple(_rows(statement, values))
    first = Offer(*offers[0])
    if not first.types:
        raise NotFound("That appointment type doesn't exist.", fields={"appointment_type": "Unknown."})
    if first.clinics < len(set(clinic_ids)):
        raise NotFound("That clinic doesn't exist.", fields={"clinic": "Unknown."})
    if first.doctors < len(set(doctor_ids or ())):
        raise NotFound("That doctor doesn't exist.", fields={"doctor": "Unknown."})
    return offers


def read_pool(asked: Collection[Asked], clinic_ids: Collection[int]) -> tuple[tuple, ...]:
    """What could serve at these clinics: the values of a Bookable, and which of the categories asked for it has."""
    categories = [each.category_id for each in asked if each.category_id]
    named = [each.resource_id for each in asked if each.resource_id]
    if not asked:
        return ()
    rows = _rows(_POOL, {"categories": categories, "named": named, "clinics": list(clinic_ids)})
    return tuple((*row, tuple(own or ())) for *row, own in rows)
