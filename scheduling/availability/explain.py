"""Why a time works, or every rule that excludes it and the nearest times that do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduling import periods
from scheduling.availability.assessment import Assessment, assess, fresh_facts
from scheduling.availability.catalogue import read_catalogue
from scheduling.availability.facts import Facts
from scheduling.availability.plan import VisitPlan
from scheduling.availability.search import Slot, closest_slots
from scheduling.availability.wanted import SlotSearch
from scheduling.reasons import Reason
from scheduling.roster_time import Kind

LOOK_BACK = timedelta(days=3)
LOOK_AHEAD = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, in a sentence, and whether it is as it should be."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the rules say of one time. `resources` would be taken beside the doctor; `nearest` are up to three slots."""

    bookable: bool
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]
    resources: tuple[int, ...]
    nearest: tuple[Slot, ...]


def explain_slot(
    *,
    appointment_type_id: int,
    doctor_id: int,
    clinic_id: int,
    starts_at: datetime,
    now: datetime,
    owner: str = "",
    ignoring: int | None = None,
) -> Explanation:
    """Every rule about one start (aware), from the code that booking asks. Raises NotFound for unknown ids.

    Rules about the patient are `scheduling.policies`'.
    """
    catalogue = read_catalogue(appointment_type_id, [clinic_id], [doctor_id], performed_only=False)
    (plan,) = catalogue.plans
    facts = fresh_facts(plan, starts_at, owner=owner, ignoring=ignoring)
    found = assess(plan=plan, starts_at=starts_at, facts=facts, now=now)
    nearest: tuple[Slot, ...] = ()
    if not found.bookable:
        nearest = nearest_slots(
            appointment_type_id=appointment_type_id,
            doctor_id=doctor_id,
            clinic_id=clinic_id,
            starts_at=starts_at,
            now=now,
            owner=owner,
            ignoring=ignoring,
        )
    return Explanation(found.bookable, found.reasons, tuple(_checks(found, facts)), found.resource_ids, nearest)


def nearest_slots(
    *,
    appointment_type_id: int,
    doctor_id: int,
    clinic_id: int,
    starts_at: datetime,
    now: datetime,
    owner: str = "",
    ignoring: int | None = None,
    count: int = 3,
) -> tuple[Slot, ...]:
    """Free times closest to a start (aware): with the same doctor first, then with others at the clinic."""
    day = starts_at.date()
    search = SlotSearch(
        appointment_type_id=appointment_type_id,
        clinic_ids=(clinic_id,),
        doctor_ids=(doctor_id,),
        from_day=max(day - LOOK_BACK, now.date() - timedelta(days=1)),
        to_day=max(day, now.date()) + LOOK_AHEAD,
        now=now,
        owner=owner,
        ignoring=ignoring,
        limit=count,
    )
    found = closest_slots(search, starts_at)
    if missing := count - len(found):
        # The same doctor has fewer than asked for, so among this many of anybody's enough are others'.
        anyone = closest_slots(replace(search, doctor_ids=None, limit=count + len(found)), starts_at)
        found += [slot for slot in anyone if slot.doctor_id != doctor_id][:missing]
    return tuple(found)


def _checks(found: Assessment, facts: Facts) -> Iterator[Check]:
    """What is wrong first, then what was found in order."""
    yield from (Check(False, reason.message) for reason in found.reasons)
    codes = {reason.code for reason in found.reasons}
    if codes & {"not_offered", "off_grid"}:
        return
    plan = found.plan
    if not codes & {"outside_hours", "clinic_closed", "session_type"}:
        yield from (Check(True, message) for message in _at_work(found, facts))
    if not codes & {"no_resource"}:
        yield from (Check(True, message) for message in _reserved(found))
    if not codes & {"doctor_busy", "on_break", "blocked", "held"}:
        yield from (Check(True, message) for message in _buffers(found))
    if not codes & {"past", "too_soon", "too_far"}:
        yield Check(True, f"Notice and booking window of {plan.clinic_name} respected")


def _at_work(found: Assessment, facts: Facts) -> Iterator[str]:
    plan, begin = found.plan, found.starts_at
    for each in facts.spans:
        mine = (each.resource_id, each.clinic_id) == (plan.doctor_resource_id, plan.clinic_id)
        if mine and each.kind in (Kind.HOURS, Kind.EXTRA) and each.starts_at < found.ends_at and each.ends_at > begin:
            yield f"{plan.doctor_name} works {periods.local_span(each.starts_at, each.ends_at, plan.zone)}"
            return


def _reserved(found: Assessment) -> Iterator[str]:
    plan, chosen = found.plan, set(found.resource_ids)
    for each in found.allotments:
        if each.requirement_id is not None:
            resource = plan.resources[each.resource_id]
            with_room = ", reserved with the room" if resource.fixed_in in chosen else ""
            yield f"{resource.name} free {periods.local_span(*each.during, plan.zone)}{with_room}"


def _buffers(found: Assessment) -> Iterator[str]:
    plan: VisitPlan = found.plan
    (doctor, *_) = found.allotments or (None,)
    if doctor is None:
        return
    if plan.buffer_before_minutes:
        yield f"{plan.buffer_before_minutes} min buffer kept before {doctor.core[0].astimezone(plan.zone):%H:%M}"
    if plan.buffer_after_minutes:
        yield f"{plan.buffer_after_minutes} min buffer kept after {doctor.core[1].astimezone(plan.zone):%H:%M}"
