"""Whom a time that came free would suit, and when in it their visit could start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count

from scheduling.availability import SlotSearch, assess, find_slots_of_types, fresh_facts, load_plan
from scheduling.models import AppointmentType
from waitlist.matching import Candidate
from waitlist.meanwhile import EARLIER_BY
from waitlist.models import ClinicTerms, Entry, EntryStatus, FreedSlot
from waitlist.models.offer import OPEN_OFFERS
from waitlist.opened import parts_of

WAITED_FOR = """
SELECT o.appointment_type_id
  FROM scheduling_offering o JOIN scheduling_appointmenttype t ON t.id = o.appointment_type_id AND t.is_active
 WHERE o.doctor_id = %(doctor)s AND o.clinic_id = %(clinic)s AND o.is_active
   AND (EXISTS (SELECT FROM waitlist_entry e
                 WHERE e.status = 'active' AND e.appointment_type_id = t.id AND e.clinic_id = o.clinic_id)
        OR EXISTS (SELECT FROM waitlist_otherclinic c JOIN waitlist_entry e ON e.id = c.entry_id
                    WHERE e.status = 'active' AND e.appointment_type_id = t.id AND c.clinic_id = o.clinic_id))
 ORDER BY 1
"""
SUITING = """
WITH waiting AS (
  SELECT e.*, 1 AS place FROM waitlist_entry e
   WHERE e.status = 'active' AND e.appointment_type_id = ANY(%(types)s) AND e.clinic_id = %(clinic)s
  UNION ALL
  SELECT e.*, o.place FROM waitlist_otherclinic o JOIN waitlist_entry e ON e.id = o.entry_id
   WHERE e.status = 'active' AND e.appointment_type_id = ANY(%(types)s) AND o.clinic_id = %(clinic)s)
SELECT DISTINCT ON (e.id)
       s.number, e.id, e.urgency, extract(epoch FROM %(now)s - e.waiting_since - e.paused_for)::bigint,
       CASE WHEN %(type)s::bigint IS NULL OR e.appointment_type_id = %(type)s THEN 'same'
            WHEN t.service_id = %(service)s THEN 'service' ELSE 'other' END,
       e.place,
       CASE WHEN e.doctor_id = %(doctor)s THEN 'wished' WHEN e.doctor_id IS NULL THEN 'any' ELSE 'other' END,
       CASE WHEN e.weekdays = '{}' AND e.from_time IS NULL AND e.until_time IS NULL THEN 'any' ELSE 'given' END
  FROM waiting e
  JOIN unnest(%(types)s::bigint[], %(starts)s::timestamptz[], %(days)s::date[], %(times)s::time[])
       WITH ORDINALITY AS s(type_id, starts_at, day, at, number) ON s.type_id = e.appointment_type_id
  JOIN scheduling_appointmenttype t ON t.id = e.appointment_type_id
  LEFT JOIN scheduling_appointment v ON v.id = e.visit_id
 WHERE (e.earliest_day IS NULL OR e.earliest_day <= s.day) AND (e.latest_day IS NULL OR e.latest_day >= s.day)
   AND (e.weekdays = '{}' OR extract(isodow FROM s.day)::int - 1 = ANY(e.weekdays))
   AND (e.from_time IS NULL OR e.from_time <= s.at) AND (e.until_time IS NULL OR e.until_time >= s.at)
   AND s.starts_at - make_interval(mins => e.notice_minutes) >= %(now)s
   AND (NOT e.doctor_is_must OR e.doctor_id = %(doctor)s)
   AND (e.visit_id IS NULL OR v.status IN ('cancelled', 'expired')
        OR v.status IN ('confirmed', 'requires_review') AND v.starts_at > s.starts_at + %(earlier_by)s)
   AND NOT EXISTS (SELECT FROM waitlist_offer w WHERE w.slot_id = %(slot)s AND w.entry_id = e.id)
   AND NOT EXISTS (SELECT FROM waitlist_offer w
                    WHERE w.slot_id = ANY(%(parts)s) AND w.entry_id = e.id AND w.ended_at IS NULL)
 ORDER BY e.id, s.starts_at
"""
"""As SQL, because it is asked of every entry of a clinic's whole waitlist."""


def free_starts(slot: FreedSlot, type_ids: Collection[int], now: datetime) -> Mapping[int, Sequence[datetime]]:
    """When (UTC) a visit of each type could start in a time that came free; types that don't fit are left out.

    Only the first start, unless the time opened: then it is longer than one visit, and not everybody can come first.
    """
    last = (slot.ends_at - timedelta(microseconds=1)).astimezone(slot.clinic.zone)
    if not type_ids:
        return {}
    search = SlotSearch(
        appointment_type_id=next(iter(type_ids)),
        clinic_ids=(slot.clinic_id,),
        doctor_ids=(slot.doctor_id,),
        from_day=slot.local_start.date(),
        to_day=last.date(),
        now=now,
    )
    starts = {}
    for type_id, found in find_slots_of_types(search, type_ids).items():
        within = [each.starts_at for each in found if slot.starts_at <= each.starts_at < slot.ends_at]
        if within:
            starts[type_id] = within[:1] if slot.appointment_type_id else within
    return starts


def is_held(slot: FreedSlot, type_ids: Collection[int], now: datetime) -> bool:
    """Whether only a hold keeps the time from what it was booked for; if it opened, from one of these types."""
    types = [slot.appointment_type] if slot.appointment_type else AppointmentType.objects.filter(pk__in=type_ids)
    return any(_is_held_for(kind, slot, now) for kind in types)


def _is_held_for(kind: AppointmentType, slot: FreedSlot, now: datetime) -> bool:
    plan = load_plan(kind, slot.doctor, slot.clinic)
    found = assess(plan=plan, starts_at=slot.starts_at, facts=fresh_facts(plan, slot.starts_at), now=now)
    return {reason.code for reason in found.reasons} == {"held"}


def types_waited_for(slot: FreedSlot) -> list[int]:
    """The types that the doctor performs there and that anybody waits for."""
    with connection.cursor() as cursor:
        cursor.execute(WAITED_FOR, {"doctor": slot.doctor_id, "clinic": slot.clinic_id})
        return [type_id for (type_id,) in cursor.fetchall()]


def suiting(slot: FreedSlot, starts: Mapping[int, Sequence[datetime]], now: datetime) -> Mapping[Candidate, datetime]:
    """Everybody who waits whom the time would suit, in no order, and when (UTC) their visit would start.

    That is the first start at which they can come. Whoever was offered the time already is not asked again, and not
    about two parts of one that opened at once.
    """
    if not starts:
        return {}
    kinds, instants = zip(*((type_id, at) for type_id, found in starts.items() for at in found), strict=True)
    local = [at.astimezone(slot.clinic.zone) for at in instants]
    asked: dict[str, Any] = {
        "now": now,
        "slot": slot.pk,
        "parts": parts_of(slot),
        "earlier_by": EARLIER_BY,
        "type": slot.appointment_type_id,
        "service": slot.appointment_type.service_id if slot.appointment_type else None,
        "doctor": slot.doctor_id,
        "clinic": slot.clinic_id,
        "types": list(kinds),
        "starts": list(instants),
        "days": [at.date() for at in local],
        "times": [at.time() for at in local],
    }
    with connection.cursor() as cursor:
        cursor.execute(SUITING, asked)
        return {
            Candidate(entry_id, urgency, timedelta(seconds=waited), *words): instants[number - 1]
            for number, entry_id, urgency, waited, *words in cursor.fetchall()
        }


def is_asked_enough(entry: Entry, terms: ClinicTerms) -> bool:
    """Whether the patient has as many offers open as one person gets at once."""
    open_ones = Entry.objects.filter(patient=entry.patient_id, offers__state__in=OPEN_OFFERS)
    return open_ones.count() >= terms.offers_at_once


def asked_enough(terms: ClinicTerms) -> set[int]:
    """The entries of everybody who has as many offers open as one person gets at once."""
    open_ones = Entry.objects.filter(offers__state__in=OPEN_OFFERS).values("patient")
    enough = open_ones.annotate(number=Count("offers")).filter(number__gte=terms.offers_at_once)
    waiting = Entry.objects.filter(status=EntryStatus.ACTIVE, patient__in=enough.values("patient"))
    return set(waiting.values_list("pk", flat=True))
