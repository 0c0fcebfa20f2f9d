"""Whom a time that came free would suit, and when in it their visit could start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from scheduling.availability import SlotSearch, assess, find_slots, fresh_facts, load_plan
from scheduling.models import Offering
from waitlist.matching import Candidate
from waitlist.models import ClinicTerms, Entry, EntryStatus, FreedSlot
from waitlist.models.offer import OPEN_OFFERS

SUITING = """
SELECT e.appointment_type_id, e.id, e.urgency, extract(epoch FROM %(now)s - e.waiting_since - e.paused_for)::bigint,
       CASE WHEN e.appointment_type_id = %(type)s THEN 'same' WHEN t.service_id = %(service)s THEN 'service'
            ELSE 'other' END,
       coalesce(o.place, 1),
       CASE WHEN e.doctor_id = %(doctor)s THEN 'wished' WHEN e.doctor_id IS NULL THEN 'any' ELSE 'other' END,
       CASE WHEN e.weekdays = '{}' AND e.from_time IS NULL AND e.until_time IS NULL THEN 'any' ELSE 'given' END
  FROM waitlist_entry e
  JOIN unnest(%(types)s::bigint[], %(starts)s::timestamptz[], %(days)s::date[], %(times)s::time[])
       AS s(type_id, starts_at, day, at) ON s.type_id = e.appointment_type_id
  JOIN scheduling_appointmenttype t ON t.id = e.appointment_type_id
  LEFT JOIN waitlist_otherclinic o ON o.entry_id = e.id AND o.clinic_id = %(clinic)s
  LEFT JOIN scheduling_appointment v ON v.id = e.visit_id
 WHERE e.status = 'active' AND e.appointment_type_id = ANY(%(types)s)
   AND (e.clinic_id = %(clinic)s OR o.id IS NOT NULL)
   AND (e.earliest_day IS NULL OR e.earliest_day <= s.day) AND (e.latest_day IS NULL OR e.latest_day >= s.day)
   AND (e.weekdays = '{}' OR extract(isodow FROM s.day)::int - 1 = ANY(e.weekdays))
   AND (e.from_time IS NULL OR e.from_time <= s.at) AND (e.until_time IS NULL OR e.until_time >= s.at)
   AND s.starts_at - make_interval(mins => e.notice_minutes) >= %(now)s
   AND (NOT e.doctor_is_must OR e.doctor_id = %(doctor)s)
   AND (e.visit_id IS NULL
        OR v.status IN ('confirmed', 'requires_review') AND v.starts_at > s.starts_at + interval '1 hour')
   AND NOT EXISTS (SELECT FROM waitlist_offer w WHERE w.slot_id = %(slot)s AND w.entry_id = e.id)
"""
"""As SQL, because it is asked of every entry of a clinic's whole waitlist."""


def free_starts(slot: FreedSlot, type_ids: Iterable[int], now: datetime) -> Mapping[int, datetime]:
    """When (UTC) a visit of each type could start first in a time that came free; types that don't fit are left out."""
    day = slot.local_start.date()
    starts = {}
    for type_id in type_ids:
        search = SlotSearch(
            appointment_type_id=type_id,
            clinic_ids=(slot.clinic_id,),
            doctor_ids=(slot.doctor_id,),
            from_day=day,
            to_day=day,
            now=now,
        )
        within = (each.starts_at for each in find_slots(search) if slot.starts_at <= each.starts_at < slot.ends_at)
        if first := next(within, None):
            starts[type_id] = first
    return starts


def is_held(slot: FreedSlot, now: datetime) -> bool:
    """Whether nothing but somebody's hold keeps the time from being booked for what it was booked for."""
    plan = load_plan(slot.appointment_type, slot.doctor, slot.clinic)
    found = assess(plan=plan, starts_at=slot.starts_at, facts=fresh_facts(plan, slot.starts_at), now=now)
    return {reason.code for reason in found.reasons} == {"held"}


def types_waited_for(slot: FreedSlot) -> list[int]:
    """The types that the doctor performs there and that anybody waits for."""
    waiting = Entry.objects.filter(
        Q(clinic=slot.clinic_id) | Q(other_clinics__clinic=slot.clinic_id),
        appointment_type=OuterRef("appointment_type"),
        status=EntryStatus.ACTIVE,
    )
    performed = Offering.objects.filter(
        Exists(waiting),
        doctor=slot.doctor_id,
        clinic=slot.clinic_id,
        is_active=True,
        appointment_type__is_active=True,
    )
    return sorted(performed.values_list("appointment_type", flat=True))


def suiting(slot: FreedSlot, starts: Mapping[int, datetime], now: datetime) -> Mapping[Candidate, datetime]:
    """Everybody who waits whom the time would suit, in no order, and when (UTC) their visit would start.

    Whoever was offered it already is not asked again.
    """
    if not starts:
        return {}
    local = {type_id: at.astimezone(slot.clinic.zone) for type_id, at in starts.items()}
    asked: dict[str, Any] = {
        "now": now,
        "slot": slot.pk,
        "type": slot.appointment_type_id,
        "service": slot.appointment_type.service_id,
        "doctor": slot.doctor_id,
        "clinic": slot.clinic_id,
        "types": list(starts),
        "starts": list(starts.values()),
        "days": [at.date() for at in local.values()],
        "times": [at.time() for at in local.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(SUITING, asked)
        return {
            Candidate(entry_id, urgency, timedelta(seconds=waited), *words): starts[type_id]
            for type_id, entry_id, urgency, waited, *words in cursor.fetchall()
        }


def is_asked_enough(entry: Entry, terms: ClinicTerms) -> bool:
    """Whether the patient has as many offers open as one person gets at once."""
    open_ones = Entry.objects.filter(patient=entry.patient_id, offers__state__in=OPEN_OFFERS)
    return open_ones.count() >= terms.offers_at_once
