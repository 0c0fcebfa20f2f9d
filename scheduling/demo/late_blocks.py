"""Blocks that came when the time was booked already, so that some visits wait for somebody to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from scheduling.demo.drafts import Event, Visit
from scheduling.demo.horizon import Span, minutes_of
from scheduling.demo.world import World
from scheduling.models import Resource, ScheduleBlock, Status

Kind = ScheduleBlock.Kind
QUARTER = 3
"""Cells of a quarter of an hour: people block time from full quarters on."""


@dataclass(frozen=True)
class Trouble:
    """What keeps a resource from its visits, and the hours for which it does if there are any visits then."""

    resource: Resource
    kind: str
    span: Span
    reason: str


def lay_late_blocks(world: World) -> None:
    """Lay each block over visits to come, which then wait for review.

    Made in the evening or on a day off, the demo has nobody booked at the hours meant: the block comes later instead.
    """
    for trouble in _troubles(world):
        if (span := _over_some_visit(world, trouble)) is not None:
            _block(world, trouble, span)
            for visit in _to_come(world):
                if any(_meet(during, span) for during in _times_of(visit, trouble.resource)):
                    _review(world, visit, trouble.reason)


def _troubles(world: World) -> Iterator[Trouble]:
    def span(days: int, start: str, end: str) -> Span:
        return world.horizon.span(world.horizon.today + timedelta(days=days), minutes_of(start), minutes_of(end))

    petrova, haddad = (world.doctor_named(name).resource for name in ("Petrova", "Haddad"))
    physio, scan = world.resource_named("harbour", "Physio A"), world.resource_named("northgate", "Scan 2")
    yield Trouble(petrova, Kind.EMERGENCY, span(0, "1500", "1615"), "Theatre cover")
    yield Trouble(physio, Kind.OUTAGE, span(0, "1415", "1445"), "Floor being repaired")
    yield Trouble(haddad, Kind.EMERGENCY, span(1, "0930", "1200"), "Called away")
    yield Trouble(scan, Kind.OUTAGE, span(2, "1300", "1700"), "Probe fault")


def _over_some_visit(world: World, trouble: Trouble) -> Span | None:
    """The hours meant, or as long from the next visit on; None when the resource has no visit any more."""
    start, end = trouble.span
    taken = (during for visit in _to_come(world) for during in _times_of(visit, trouble.resource) if during[1] > start)
    first = min(taken, default=None)
    if first is None:
        return None
    later = 0 if first[0] < end else (first[0] - start) // QUARTER * QUARTER
    return start + later, end + later


def _to_come(world: World) -> Iterator[Visit]:
    for visit in world.visits:
        if visit.status in (Status.CONFIRMED, Status.PENDING) and visit.start >= world.horizon.now_cell:
            yield visit


def _times_of(visit: Visit, resource: Resource) -> Iterator[Span]:
    return (part.during for part in visit.parts if part.resource_id == resource.pk)


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _block(world: World, trouble: Trouble, span: Span) -> None:
    starts_at, ends_at = (world.horizon.instant(cell) for cell in span)
    ScheduleBlock.objects.create(
        resource=trouble.resource, kind=trouble.kind, starts_at=starts_at, ends_at=ends_at, reason=trouble.reason
    )


def _review(world: World, visit: Visit, reason: str) -> None:
    at = world.horizon.now - timedelta(minutes=world.rng.randint(2, 50))
    at = max(at, visit.events[-1].at)
    visit.events.append(Event(at, "appointment.review_required", visit.status, Status.REQUIRES_REVIEW, None))
    visit.fields |= {"review_reason": f"{reason}: the time was blocked", "status_before_review": visit.status}
    visit.status = Status.REQUIRES_REVIEW
