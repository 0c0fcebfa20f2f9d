"""What the demo's waitlist has done in the last weeks: times that came free, who came first, and what they answered."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from scheduling.models import Appointment, Cancellation, Channel
from waitlist.matching import Candidate, rank, stored
from waitlist.models import (
    Cause,
    Decision,
    Entry,
    EntryStatus,
    FreedSlot,
    Offer,
    OfferState,
    Outcome,
    SlotState,
    Urgency,
    terms_of,
)
from waitlist.offers import seed_of

WEEKS = timedelta(days=28)
LEFT_EACH = 4
"""Times at each clinic that came free and suited nobody."""


def load_history(waiting: Sequence[Entry], *, now: datetime, rng: random.Random) -> None:
    """Tell how the demo's visits that came by the waitlist came by it, past those who wait still.

    Entries, freed times, decisions and offers are as the commands leave them.
    """
    late = Appointment.objects.filter(channel=Channel.WAITLIST, starts_at__range=(now - WEEKS, now), moved_from=None)
    late = late.filter(created_at__gte=now - WEEKS, created_at__lt=F("starts_at") - timedelta(hours=3))
    visits = list(late.select_related("clinic").order_by("pk"))
    entries = Entry.objects.bulk_create(_waited(each, rng) for each in visits)
    slots = FreedSlot.objects.bulk_create(_taken(each) for each in visits)
    decisions = Decision.objects.bulk_create(
        _decided(slot, entry, visit, waiting) for slot, entry, visit in zip(slots, entries, visits, strict=True)
    )
    Offer.objects.bulk_create(
        Offer(
            decision=decision,
            slot=decision.slot,
            entry=entry,
            appointment=visit,
            state=OfferState.ACCEPTED,
            made_at=decision.made_at,
            ended_at=entry.closed_at,
        )
        for decision, entry, visit in zip(decisions, entries, visits, strict=True)
    )
    for clinic_id in sorted({each.clinic_id for each in waiting}):
        FreedSlot.objects.bulk_create(_left(each) for each in _given_back(clinic_id, now)[:LEFT_EACH])


def _waited(visit: Appointment, rng: random.Random) -> Entry:
    urgency = rng.choices(list(Urgency), weights=(60, 30, 10))[0]
    return Entry(
        patient_id=visit.patient_id,
        appointment_type_id=visit.appointment_type_id,
        clinic_id=visit.clinic_id,
        doctor_id=visit.doctor_id if rng.random() < 0.3 else None,
        urgency=urgency,
        urgency_reason="Symptoms are getting worse" if urgency else "",
        waiting_since=visit.created_at - timedelta(days=rng.randint(12, 80), minutes=rng.randint(0, 600)),
        closed_at=visit.created_at + timedelta(minutes=rng.randint(2, 150)),
        status=EntryStatus.CLOSED,
        outcome=Outcome.BOOKED,
    )


def _taken(visit: Appointment) -> FreedSlot:
    return FreedSlot(
        clinic_id=visit.clinic_id,
        doctor_id=visit.doctor_id,
        appointment_type_id=visit.appointment_type_id,
        cause=Cause.CANCELLED,
        state=SlotState.FILLED,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        freed_at=visit.created_at - timedelta(minutes=1),
        due_at=visit.created_at,
    )


def _decided(slot: FreedSlot, entry: Entry, visit: Appointment, waiting: Sequence[Entry]) -> Decision:
    """Those who waited for such a visit already, the one who took it first of them."""
    points, seed = terms_of(visit.clinic).points, seed_of(slot)
    others = [
        each
        for each in waiting
        if (each.clinic_id, each.appointment_type_id) == (entry.clinic_id, entry.appointment_type_id)
        and each.waiting_since < slot.due_at
        and each.doctor_id in (None, slot.doctor_id)
    ]
    ranked = rank((_candidate(each, slot) for each in (entry, *others)), seed=seed, points=points)
    first = next(place for place, each in enumerate(ranked) if each.candidate.entry_id == entry.pk)
    return Decision(
        slot=slot,
        chosen=entry,
        candidates=stored(ranked[first:]),
        points=points,
        seed=seed,
        made_at=slot.due_at,
    )


def _candidate(entry: Entry, slot: FreedSlot) -> Candidate:
    return Candidate(
        entry.pk,
        entry.urgency,
        slot.due_at - entry.waiting_since,
        doctor="wished" if entry.doctor_id else "any",
        times="given" if entry.weekdays or entry.from_time or entry.until_time else "any",
    )


def _given_back(clinic_id: int, now: datetime) -> QuerySet[Cancellation]:
    found = Cancellation.objects.filter(undone_at=None, appointment__clinic=clinic_id)
    found = found.filter(appointment__starts_at__range=(now - WEEKS, now), cancelled_at__lt=F("appointment__starts_at"))
    return found.select_related("appointment").order_by("-cancelled_at", "pk")


def _left(cancellation: Cancellation) -> FreedSlot:
    visit = cancellation.appointment
    return FreedSlot(
        clinic_id=visit.clinic_id,
        doctor_id=visit.doctor_id,
        appointment_type_id=visit.appointment_type_id,
        appointment=visit,
        cause=Cause.CANCELLED,
        state=SlotState.NOBODY,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        freed_at=cancellation.cancelled_at,
        due_at=cancellation.effects_due_at,
    )
