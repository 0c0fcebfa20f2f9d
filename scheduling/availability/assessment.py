"""May this visit start then? Every rule that says no, and what it would occupy. Pure; under locks or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling import timeline
from scheduling.availability.facts import Facts, FactSource, fact_source
from scheduling.availability.matching import assign
from scheduling.availability.plan import Need, VisitPlan
from scheduling.availability.rules import Candidate, TimeRules
from scheduling.periods import Period
from scheduling.reasons import Reason
from scheduling.timeline import Horizon


@dataclass(frozen=True, slots=True)
class Allotment:
    """What the visit takes of one resource. `requirement_id` None is the doctor; `taken`: it overlaps something."""

    resource_id: int
    requirement_id: int | None
    core: Period
    during: Period
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer for one start: no reasons means that it can be booked.

    `allotments` are proposed even against overridable reasons; those that overlap something say so. They are empty
    when not even an override could find the resources.
    """

    plan: VisitPlan
    starts_at: datetime
    reasons: tuple[Reason, ...]
    allotments: tuple[Allotment, ...]

    @property
    def bookable(self) -> bool:
        return not self.reasons

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.plan.duration

    @property
    def resource_ids(self) -> tuple[int, ...]:
        """Resources beside the doctor, in the order of the requirements."""
        return tuple(each.resource_id for each in self.allotments if each.requirement_id is not None)


def horizon_for(plan: VisitPlan, starts_at: datetime) -> Horizon:
    """The days one visit may touch, with a margin that makes its sessions whole."""
    return Horizon.around(starts_at, starts_at, plan.reach + timedelta(hours=12))


def fresh_source(plan: VisitPlan, starts_at: datetime, *, owner: str = "", ignoring: int | None = None) -> FactSource:
    """Where the facts around one start come from: rows alone, three statements, and holds from Redis.

    `owner`'s own holds, and the visit that is being moved (`ignoring`), don't stand in the way.
    """
    return fact_source([plan], horizon_for(plan, starts_at), owner=owner, ignoring=ignoring)


def fresh_facts(plan: VisitPlan, starts_at: datetime, *, owner: str = "", ignoring: int | None = None) -> Facts:
    """The facts of a `fresh_source`, with the roster's occurrences for sentences."""
    return fresh_source(plan, starts_at, owner=owner, ignoring=ignoring).facts(labelled=True)


def booked_already(*, plan: VisitPlan, starts_at: datetime, source: FactSource, now: datetime) -> Reason | None:
    """Whether the ledger has the doctor booked then: one statement, and no other rule is looked at."""
    return TimeRules(plan, starts_at, source.booked(), now).busy()


def assess(*, plan: VisitPlan, starts_at: datetime, facts: Facts, now: datetime) -> Assessment:
    """Every rule that excludes the start (UTC or aware), and what the visit would take."""
    if not plan.offered:
        message = f"{plan.doctor_name} doesn't offer this at {plan.clinic_name}."
        return Assessment(plan, starts_at, (Reason("not_offered", message),), ())
    if (starts_at - timeline.EPOCH) % timeline.STEP:
        message = "Visits start on the five-minute grid, such as 10:00 or 10:05."
        return Assessment(plan, starts_at, (Reason("off_grid", message),), ())
    found = TimeRules(plan, starts_at, facts, now).reasons()
    crew = _Crew(plan, starts_at, facts)
    chosen = crew.choose()
    if chosen is None or chosen.level:
        found.append(crew.no_resource(chosen))
    return Assessment(plan, starts_at, tuple(found), crew.allotments(chosen))


@dataclass(frozen=True, slots=True)
class _Choice:
    """Resources per need, and how far the rules had to be bent for them: 0 not, 1 outside hours, 2 taken too."""

    picked: tuple[tuple[int, ...], ...]
    level: int


@dataclass(slots=True)
class _Crew(Candidate):
    """Who and what serves the visit beside the doctor."""

    def choose(self) -> _Choice | None:
        """Resources for every need, bending as few rules as possible."""
        for level in range(3):
            able = self._able(level)
            options = [[each for each in need.candidates if able(need, each)] for need in self.plan.needs]
            picked = assign(self.plan.needs, self.plan.fixed_in, options, self.plan.usual_room)
            if picked is not None:
                return _Choice(picked, level)
        return None

    def _able(self, level: int) -> Callable[[Need, int], bool]:
        facts, clinic = self.facts, self.plan.clinic_id

        def able(need: Need, resource: int) -> bool:
            if level == 0:
                return bool(facts.able(need, resource, clinic) >> self.at & 1)
            barred = facts.off.get(resource, 0) | facts.held.get(resource, 0)
            barred |= facts.busy.get(resource, 0) if level == 1 else 0
            return not barred & self.steps(need.first, need.last)

        return able

    def no_resource(self, chosen: _Choice | None) -> Reason:
        """Which need can't be met, as far as one can be named."""
        able = self._able(0)
        short = [need for need in self.plan.needs if sum(able(need, each) for each in need.candidates) < need.quantity]
        for need in short or self.plan.needs[:1]:
            held = any(self.facts.held.get(c, 0) & self.steps(need.first, need.last) for c in need.candidates)
            detail = {"category": need.label, "requirement": need.requirement_id, "held": held}
            if not need.candidates:
                message = f"{self.plan.clinic_name} has no {need.label} in use."
            elif chosen and chosen.level == 1:
                message = f"No {need.label} is available at that hour."
            elif need in short:
                count = f"{need.quantity} × " if need.quantity > 1 else ""
                message = f"No {count}{need.label} free."
            else:
                message = "No combination of rooms, equipment and staff is free together."
            return Reason("no_resource", message, detail, overridable=chosen is not None)
        raise AssertionError("a visit without needs lacks nothing")

    def allotments(self, chosen: _Choice | None) -> tuple[Allotment, ...]:
        if chosen is None:
            return ()
        plan = self.plan
        during = self.steps(plan.taken_first, plan.taken_last)
        doctor = Allotment(
            plan.doctor_resource_id,
            None,
            self.period(plan.doctor_first, plan.doctor_last),
            self.period(plan.taken_first, plan.taken_last),
            bool(self.facts.busy.get(plan.doctor_resource_id, 0) & during),
        )
        pairs = zip(plan.needs, chosen.picked, strict=True)
        return (doctor, *(self._allotment(need, resource) for need, picked in pairs for resource in picked))

    def _allotment(self, need: Need, resource: int) -> Allotment:
        # A need that lies wholly outside the visit, such as cleaning, has no core of its own: all of it is.
        inside = need.core_last > need.core_first
        core = self.period(need.core_first, need.core_last) if inside else self.period(need.first, need.last)
        taken = bool(self.facts.busy.get(resource, 0) & self.steps(need.first, need.last))
        return Allotment(resource, need.requirement_id, core, self.period(need.first, need.last), taken)
