"""Filling the diaries: who comes when, to whom, and with which room, device and nurse.

The same rules as a booking: the doctor's part and every need inside working time, buffers and cleaning over nothing
that is barred or taken. What becomes of the visits is `fates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduling.demo.callers import Callers
from scheduling.demo.drafts import Part, Visit
from scheduling.demo.horizon import Span
from scheduling.demo.world import Session, World
from scheduling.models import Offering, Requirement, Resource
from scheduling.models.fields import GRID_MINUTES
from scheduling.models.resource import ResourceKind

THINNING_PER_DAY = 0.016
"""How much emptier each day ahead is than the one before: people book late."""


@dataclass(frozen=True)
class Choices:
    """What a doctor performs at a clinic: offerings with the weights by which they are booked."""

    offerings: tuple[Offering, ...]
    weights: tuple[float, ...]


def make_visits(world: World, callers: Callers) -> None:
    """Fill every session to about the fullness of its doctor, thinner the further ahead it lies."""
    sessions = sorted(world.sessions, key=lambda each: (each.day, each.span, each.doctor_id))
    for session in sessions:
        choices = _choices(world, session)
        if choices.offerings:
            for visit in _fill(world, callers, session, choices):
                world.visits.append(visit)


def _choices(world: World, session: Session) -> Choices:
    offerings = tuple(
        offering
        for offering in world.offerings[session.doctor_id, session.clinic_id]
        if session.types is None or offering.appointment_type_id in session.types
    )
    return Choices(offerings, tuple(world.specs[each.appointment_type_id].weight for each in offerings))


def _fill(world: World, callers: Callers, session: Session, choices: Choices) -> Iterator[Visit]:
    rng = world.rng
    ahead = max(0, (session.day - world.horizon.today).days)
    fullness = world.fullness[session.doctor_id] * (1 - THINNING_PER_DAY * ahead) * rng.uniform(0.92, 1.08)
    cursor, (_, closes) = session.span[0], session.span
    while cursor < closes:
        offering = rng.choices(choices.offerings, choices.weights)[0]
        visit = place(world, callers, session, offering, cursor, leave_free=rng.random() > fullness)
        if visit is None:
            cursor += 3
            continue
        cursor = visit.parts[0].during[1]
        if visit.patient >= 0:
            yield visit


def place(
    world: World, callers: Callers, session: Session, offering: Offering, cursor: int, *, leave_free: bool
) -> Visit | None:
    """The first visit of this kind from the cursor on, its time taken; None when it doesn't fit soon.

    With `leave_free` the visit has no patient (-1) and takes nothing: the gap that it would have filled.
    """
    kind = offering.appointment_type
    step, opens = kind.start_step_minutes // GRID_MINUTES, session.span[0]
    first = opens + -(-(cursor - opens) // step) * step
    for start in range(first, min(first + 4 * step, session.span[1]), step):
        parts = parts_at(world, session, offering, start)
        if parts is None:
            continue
        visit = _visit(session, offering, start, parts)
        if not leave_free:
            patient = callers.somebody_for(visit, session.day)
            if patient is None:
                return None
            visit.patient = patient
            take(world, visit)
        return visit
    return None


def take(world: World, visit: Visit) -> None:
    """Take the time of every part in the diaries."""
    for part in visit.parts:
        world.diaries[part.resource_id].take(part.during)


def _visit(session: Session, offering: Offering, start: int, parts: list[Part]) -> Visit:
    kind = offering.appointment_type
    before, after = buffers(offering)
    return Visit(
        patient=-1,
        kind=kind,
        doctor_id=session.doctor_id,
        clinic_id=session.clinic_id,
        start=start,
        minutes=offering.duration_minutes or kind.duration_minutes,
        before=before,
        after=after,
        parts=parts,
    )


def buffers(offering: Offering) -> tuple[int, int]:
    """Minutes before and after; the doctor's own beat those of the type."""
    kind, before, after = offering.appointment_type, offering.buffer_before_minutes, offering.buffer_after_minutes
    return (
        kind.buffer_before_minutes if before is None else before,
        kind.buffer_after_minutes if after is None else after,
    )


def parts_at(world: World, session: Session, offering: Offering, start: int) -> list[Part] | None:
    """What the visit would take of the doctor and of everything it needs, or None when something is not free."""
    doctor = doctor_part(world, session, offering, start)
    if doctor is None:
        return None
    needs = parts_needed(world, session.clinic_id, session.doctor_id, offering, start)
    return None if needs is None else [doctor, *needs]


def doctor_part(world: World, session: Session, offering: Offering, start: int) -> Part | None:
    """The doctor's time, buffers around it, when it fits the session and the diary."""
    core, during = doctor_spans(offering, start)
    if core[0] < session.span[0] or core[1] > session.span[1]:
        return None
    resource_id = world.doctors[session.doctor_id].resource_id
    if not world.diaries[resource_id].fits(session.clinic_id, core, during):
        return None
    return Part(resource_id, None, core, during)


def doctor_spans(offering: Offering, start: int) -> tuple[Span, Span]:
    """The doctor's part of a visit, without and with buffers."""
    kind = offering.appointment_type
    minutes = offering.duration_minutes or kind.duration_minutes
    before, after = buffers(offering)
    core = (
        start + kind.doctor_from_minute // GRID_MINUTES,
        start + (kind.doctor_to_minute or minutes) // GRID_MINUTES,
    )
    return core, (core[0] - before // GRID_MINUTES, core[1] + after // GRID_MINUTES)


def parts_needed(world: World, clinic_id: int, doctor_id: int, offering: Offering, start: int) -> list[Part] | None:
    """Rooms first, then what may be fixed in them: the first combination that is free, or None."""
    needs = sorted(
        world.needs[offering.appointment_type_id],
        key=lambda need: need.category is None or need.category.kind != ResourceKind.ROOM,
    )
    minutes = offering.duration_minutes or offering.appointment_type.duration_minutes
    return _choose(world, clinic_id, world.usual_rooms.get((doctor_id, clinic_id)), needs, start, minutes, [])


def _choose(
    world: World,
    clinic_id: int,
    usual: int | None,
    needs: list[Requirement],
    start: int,
    minutes: int,
    chosen: list[Part],
) -> list[Part] | None:
    if not needs:
        return chosen
    need, *rest = needs
    core, during = _need_spans(need, start, minutes)
    for resource in _in_order(world, clinic_id, need, usual):
        if _may_use(resource, chosen, during) and world.diaries[resource.pk].fits(clinic_id, core, during):
            part = Part(resource.pk, need.pk, core, during)
            if found := _choose(world, clinic_id, usual, rest, start, minutes, [*chosen, part]):
                return found
    return None


def _in_order(world: World, clinic_id: int, need: Requirement, usual: int | None) -> list[Resource]:
    pool = world.pool(clinic_id, need.category_id or 0)
    return sorted(pool, key=lambda resource: resource.pk != usual) if usual else pool


def _may_use(resource: Resource, chosen: list[Part], during: Span) -> bool:
    """Fixed equipment needs its room in the same visit; nothing serves two needs at once."""
    if resource.fixed_in_id and all(part.resource_id != resource.fixed_in_id for part in chosen):
        return False
    return not any(
        part.resource_id == resource.pk and part.during[0] < during[1] and during[0] < part.during[1] for part in chosen
    )


def _need_spans(need: Requirement, start: int, minutes: int) -> tuple[Span, Span]:
    to_minute = minutes if need.to_minute is None else need.to_minute
    during = (start + need.from_minute // GRID_MINUTES, start + to_minute // GRID_MINUTES)
    return (max(during[0], start), min(during[1], start + minutes // GRID_MINUTES)), during
