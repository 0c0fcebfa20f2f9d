"""Visit plans from the catalogue: who performs a type where, and what the type needs."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scheduling.availability.catalogue_rows import Asked, Offer, read_offers, read_pool
from scheduling.availability.plan import Bookable, Need, VisitPlan, WindowRules, core_steps, window_steps
from scheduling.models import AppointmentType, Clinic, Doctor
from scheduling.timeline import STEP_MINUTES

KEPT_IN_PROCESS = 128


class _Pooled(NamedTuple):
    bookable: Bookable
    categories: frozenset[int]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The plans of a search. `cacheable` False: the transaction has written, so only rows tell the truth."""

    plans: Sequence[VisitPlan]
    world: str
    cacheable: bool


def read_catalogue(
    type_id: int, clinic_ids: Sequence[int], doctor_ids: Sequence[int] | None, *, performed_only: bool = True
) -> Catalogue:
    """Plans of a type at clinics, for whoever performs it or for these doctors. Two statements.

    With `performed_only` False (doctors must be named) a doctor who does not perform the type gets a plan that
    says so. Raises NotFound for an unknown type, clinic or doctor.
    """
    offers = read_offers(type_id, clinic_ids, doctor_ids, performed_only)
    first = Offer(*offers[0])
    asked = tuple(Asked(*row) for row in json.loads(first.needs or "[]"))
    plans = _plans(offers, asked, read_pool(asked, clinic_ids), performed_only)
    return Catalogue(plans, first.world, not first.has_written)


@lru_cache(maxsize=KEPT_IN_PROCESS)
def _plans(
    rows: tuple[tuple, ...], asked: tuple[Asked, ...], pooled: tuple[tuple, ...], performed_only: bool
) -> tuple[VisitPlan, ...]:
    """What the rows say, as plans. Pure; the same rows, read anew with every search, are not put together again."""
    pool = [_Pooled(Bookable(*row[:-1]), frozenset(row[-1])) for row in pooled]
    needs: dict[tuple[int, int], tuple[Need, ...]] = {}
    resources = {each.bookable.id: each.bookable for each in pool}
    plans = []
    for offer in map(Offer._make, rows):
        if not offer.doctor_id or (performed_only and not offer.offered):
            continue
        key = offer.clinic_id, offer.minutes
        if key not in needs:
            needs[key] = tuple(_need(each, offer, pool) for each in asked)
        plans.append(_plan(offer, needs[key], resources))
    return tuple(plans)


def load_plan(appointment_type: AppointmentType, doctor: Doctor, clinic: Clinic) -> VisitPlan:
    """The plan of one type with one doctor at one clinic, read now; `offered` False when it can't be booked at all."""
    return read_catalogue(appointment_type.pk, [clinic.pk], [doctor.pk], performed_only=False).plans[0]


def _need(asked: Asked, offer: Offer, pool: list[_Pooled]) -> Need:
    first, last = window_steps(asked.from_minute, asked.to_minute, offer.usual_minutes, offer.minutes)
    candidates = tuple(
        each.bookable.id
        for each in pool
        if each.bookable.clinic_id == offer.clinic_id
        and (each.bookable.id == asked.resource_id or asked.category_id in each.categories)
    )
    return Need(asked.id, asked.label, asked.quantity, first, last, *core_steps(first, last, offer.minutes), candidates)


def _plan(offer: Offer, needs: tuple[Need, ...], resources: dict[int, Bookable]) -> VisitPlan:
    """The plan of one offer. `resources` is shared by all plans and gains this one's doctor."""
    resources[offer.resource_id] = Bookable(
        offer.resource_id, offer.name, "doctor", offer.clinic_id, True, None, offer.doctor_version
    )
    doctor_first, doctor_last = window_steps(offer.doctor_from, offer.doctor_to, offer.usual_minutes, offer.minutes)
    return VisitPlan(
        appointment_type_id=offer.type_id,
        doctor_id=offer.doctor_id or 0,
        doctor_name=f"{offer.title or offer.given_name[:1] + '.'} {offer.family_name}",
        doctor_full_name=" ".join(filter(None, (offer.title, offer.given_name, offer.family_name))),
        doctor_resource_id=offer.resource_id,
        clinic_id=offer.clinic_id,
        clinic_name=offer.clinic_name,
        offered=offer.offered,
        duration_minutes=offer.minutes,
        buffer_before_minutes=offer.before,
        buffer_after_minutes=offer.after,
        doctor_first=doctor_first,
        doctor_last=doctor_last,
        step=offer.step // STEP_MINUTES,
        rules=WindowRules(offer.min_notice, offer.max_advance, zoneinfo.ZoneInfo(offer.time_zone)),
        clinic_version=offer.clinic_version,
        usual_room=offer.usual_room_id,
        needs=_beside(needs, offer.resource_id),
        resources=resources,
    )


def _beside(needs: tuple[Need, ...], doctor_resource_id: int) -> tuple[Need, ...]:
    """The needs without the visit's own doctor as a candidate: a requirement asks for somebody else."""
    if not any(doctor_resource_id in need.candidates for need in needs):
        return needs
    return tuple(need.without(doctor_resource_id) for need in needs)
