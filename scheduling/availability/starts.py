"""When a visit may start: the rules of one plan over known facts, as bits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from scheduling import timeline
from scheduling.availability.facts import Facts
from scheduling.availability.matching import Feasible, assign, feasible
from scheduling.availability.plan import Need, VisitPlan


@dataclass(frozen=True, slots=True)
class _Crew:
    """For each need of a visit, the steps of one day at which each candidate could serve it, as bits."""

    fixed_in: dict[int, int]
    able: list[list[tuple[int, int]]]

    @classmethod
    def of(cls, plan: VisitPlan, facts: Facts, day: int) -> _Crew:
        at = day * timeline.DAY_STEPS
        able = [
            [(each, facts.able(need, each, plan.clinic_id) >> at & timeline.DAY_MASK) for each in need.candidates]
            for need in plan.needs
        ]
        return cls(plan.fixed_in, able)


@dataclass(slots=True)
class Starts:
    """Possible starts of plans over the same facts. What doctors share (rooms, staff) is worked out once."""

    facts: Facts
    _shared: dict[tuple[int, tuple[Need, ...]], Feasible] = field(default_factory=dict)
    _crews: dict[tuple[int, tuple[Need, ...], int], _Crew] = field(default_factory=dict)
    _chosen: dict[tuple[int, tuple[Need, ...], int | None, int], tuple[tuple[int, ...], ...] | None] = field(
        default_factory=dict
    )

    def doctor(self, plan: VisitPlan) -> int:
        """Starts that a session offers and at which the doctor is free, buffers included."""
        offered = self.facts.session_starts(plan)
        return offered & self.doctor_free(plan) if offered else 0

    def doctor_free(self, plan: VisitPlan) -> int:
        """Starts at which nothing takes the doctor, at work or not."""
        free = self.facts.free(plan.doctor_resource_id)
        return timeline.shifted(timeline.run(free, plan.taken_last - plan.taken_first), plan.taken_first)

    def beside(self, plan: VisitPlan) -> Feasible:
        """Starts at which everything else the visit needs can be had."""
        key = (plan.clinic_id, plan.needs)
        if (known := self._shared.get(key)) is None:
            known = self._shared[key] = feasible(
                plan.needs,
                plan.fixed_in,
                lambda need, resource: self.facts.able(need, resource, plan.clinic_id),
                self.facts.horizon.full,
            )
        return known

    def possible(self, plan: VisitPlan, window: int) -> int:
        """Starts within the window that can be booked. Confirmed one by one where bits alone can't be sure."""
        starts = self.doctor(plan) & window
        if starts and self.facts.patient:
            length = plan.duration_minutes // timeline.STEP_MINUTES
            starts &= timeline.run(self.facts.horizon.full & ~self.facts.patient, length)
        if not starts or not plan.needs:
            return starts
        beside = self.beside(plan)
        starts &= beside.starts
        return starts if beside.exact else self._confirmed(plan, starts)

    def resources(self, plan: VisitPlan, start: int) -> tuple[tuple[int, ...], ...] | None:
        """The resources to take for each need at one start, or None."""
        if not plan.needs:
            return ()
        key = plan.clinic_id, plan.needs, plan.usual_room, start
        if key not in self._chosen:
            self._chosen[key] = self._choose(plan, start)
        return self._chosen[key]

    def _choose(self, plan: VisitPlan, start: int) -> tuple[tuple[int, ...], ...] | None:
        day, at = divmod(start, timeline.DAY_STEPS)
        key = plan.clinic_id, plan.needs, day
        if (crew := self._crews.get(key)) is None:
            crew = self._crews[key] = _Crew.of(plan, self.facts, day)
        able = [[each for each, mask in candidates if mask >> at & 1] for candidates in crew.able]
        return assign(plan.needs, crew.fixed_in, able, plan.usual_room)

    def _confirmed(self, plan: VisitPlan, starts: int) -> int:
        confirmed = 0
        for day in range(self.facts.horizon.days):
            at = day * timeline.DAY_STEPS
            for bit in timeline.bits(starts >> at & timeline.DAY_MASK):
                if self.resources(plan, at + bit) is not None:
                    confirmed |= 1 << (at + bit)
        return confirmed


def flat(chosen: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Chosen resources in the order of the requirements."""
    return tuple(chain.from_iterable(chosen))
