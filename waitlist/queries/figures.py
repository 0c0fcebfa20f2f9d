"""How many wait, where and for what; who is being asked; and whether it is fair."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, QuerySet

from scheduling.models import Clinic, Service
from waitlist.matching import restored, tenths_of
from waitlist.models import Entry, EntryStatus, FreedSlot, Offer, OfferState, SlotState, Urgency
from waitlist.models.freed import Cause
from waitlist.models.offer import OPEN_OFFERS
from waitlist.queries.disparity import ALARM, comparisons
from waitlist.queries.told import how_told

LATELY = timedelta(days=30)
LEVELS = 4


@dataclass(frozen=True)
class Cell:
    """How many wait for a service at a clinic; `level` from 0 to 4 is how dark it is drawn."""

    service_id: int
    count: int
    level: int


@dataclass(frozen=True)
class Demand:
    """Who waits, by clinic and service."""

    services: Sequence[Service]
    lines: Sequence[tuple[Clinic, Sequence[Cell], int]]
    totals: Sequence[int]
    total: int


def demand(waiting: QuerySet[Entry], clinics: Sequence[Clinic]) -> Demand:
    """The matrix of the clinics given, with the services that anybody waits for."""
    rows = waiting.order_by().values_list("clinic", "appointment_type__service").annotate(n=Count("pk"))
    counts = {(clinic, service): n for clinic, service, n in rows}
    services = list(Service.objects.filter(pk__in={service for _, service in counts}).order_by("name"))
    highest = max(counts.values(), default=1)

    def cell(clinic: Clinic, service: Service) -> Cell:
        count = counts.get((clinic.pk, service.pk), 0)
        return Cell(service.pk, count, min(LEVELS, count * (LEVELS + 1) // (highest + 1)))

    lines = []
    for clinic in clinics:
        cells = [cell(clinic, service) for service in services]
        lines.append((clinic, cells, sum(each.count for each in cells)))
    totals = [sum(counts.get((clinic.pk, service.pk), 0) for clinic in clinics) for service in services]
    return Demand(services, lines, totals, sum(totals))


def summary(waiting: QuerySet[Entry], clinics: Collection[Clinic], now: datetime) -> dict[str, Any]:
    """The five figures on top. Days are of waiting, pauses not counted."""
    rows = waiting.only("waiting_since", "paused_for", "paused_at", "closed_at", "urgency")
    waits = [(each.waited(now).days, each.urgency, each.waiting_since) for each in rows]
    freed = FreedSlot.objects.filter(clinic__in=clinics, freed_at__gte=now - LATELY).exclude(cause=Cause.BY_HAND)
    # What is left of a longer time is one more only once somebody was asked about it.
    freed = freed.exclude(part_of__isnull=False, state__in=(SlotState.GONE, SlotState.NOBODY))
    return {
        "count": len(waits),
        "joined": sum(since >= now - timedelta(days=7) for _, _, since in waits),
        "urgent": sum(urgency == Urgency.URGENT for _, urgency, _ in waits),
        "median": round(median(days for days, _, _ in waits)) if waits else 0,
        "longest": max((days for days, _, _ in waits), default=0),
        "filled": freed.filter(state=SlotState.FILLED).count(),
        "freed": freed.exclude(state=SlotState.WITHDRAWN).count(),
    }


def open_offers(offers: QuerySet[Offer]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that wait for a person to agree, and those that wait for their patient, the soonest to end first."""
    about = ("entry__patient", "appointment__doctor", "appointment__clinic", "decision")
    rows = [
        _in_flight(each)
        for each in offers.filter(state__in=OPEN_OFFERS).select_related(*about).order_by("appointment__expires_at")
    ]
    to_approve = [row for row in rows if row["offer"].state == OfferState.APPROVAL]
    names = _next_in_line(to_approve)
    for row in to_approve:
        row["next"] = names.get(row["next_id"])
    in_flight = [row for row in rows if row["offer"].state == OfferState.SENT]
    told = how_told([row["offer"].appointment_id for row in in_flight])
    for row in in_flight:
        row["told"] = told.get(row["offer"].appointment_id)
    return to_approve, in_flight


def _in_flight(offer: Offer) -> dict[str, Any]:
    decision = offer.decision
    order = restored(decision.candidates)
    mine = next((each for each in order if each.entry_id == offer.entry_id), None)
    passed = {offer.entry_id, *(entry_id for entry_id, _ in decision.skipped)}
    tenths = tenths_of(mine, decision.points) if mine else 0
    expires = offer.appointment.expires_at
    return {
        "offer": offer,
        "score": f"{tenths / 10:.0f}",
        "next_id": next((each.entry_id for each in order if each.entry_id not in passed), None),
        "total": int((expires - offer.made_at).total_seconds()) if expires else 0,
    }


def _next_in_line(rows: Collection[dict[str, Any]]) -> dict[int, str]:
    entries = Entry.objects.filter(pk__in=[row["next_id"] for row in rows if row["next_id"]]).select_related("patient")
    return {each.pk: each.patient.full_name for each in entries}


def fairness(
    offers: QuerySet[Offer], entries: QuerySet[Entry], clinics: Sequence[Clinic], now: datetime
) -> dict[str, Any]:
    """Of 30 days: waits by urgency and clinic, who was asked, what people chose otherwise, how soon a yes came.

    `entries` are all that were ever made, of which the open ones wait.
    """
    lately = list(
        offers.filter(made_at__gte=now - LATELY)
        .select_related("decision")
        .only("state", "made_at", "ended_at", "reason", "entry_id", "decision__candidates")
    )
    first = sum(bool(each.decision.candidates) and each.decision.candidates[0][0] == each.entry_id for each in lately)
    skipped = [each for each in lately if each.state == OfferState.SKIPPED]
    yes = [
        (each.ended_at - each.made_at) / timedelta(minutes=1)
        for each in lately
        if each.state == OfferState.ACCEPTED and each.ended_at
    ]
    waits = [
        (each.urgency, each.clinic_id, each.waited(now).days) for each in entries.exclude(status=EntryStatus.CLOSED)
    ]
    by_clinic = {
        clinic: median(days for _, at, days in waits if at == clinic.pk)
        for clinic in clinics
        if any(at == clinic.pk for _, at, _ in waits)
    }
    longest = max((days for _, _, days in waits), default=1) or 1
    priorities = [
        {"label": urgency.label, "days": round(median(found)), "percent": round(median(found) * 100 / longest)}
        for urgency in reversed(Urgency)
        if (found := [days for each, _, days in waits if each == urgency])
    ]
    return {
        "priorities": priorities,
        "asked": len(lately),
        "first": round(first * 100 / len(lately)) if lately else None,
        "skipped": len(skipped),
        "explained": sum(bool(each.reason) for each in skipped),
        "minutes": round(median(yes)) if yes else None,
        "compared": comparisons(entries, clinics, now - LATELY, now.date()),
        **_between_clinics(by_clinic),
    }


def _between_clinics(medians: dict[Clinic, float]) -> dict[str, Any]:
    if len(medians) < 2:
        return {"slowest": None, "is_uneven": False}
    slowest = max(medians, key=lambda clinic: medians[clinic])
    usual = median(medians.values())
    return {
        "slowest": slowest,
        "slower_by": round(medians[slowest] - usual),
        "is_uneven": min(medians.values()) < ALARM * medians[slowest],
    }
