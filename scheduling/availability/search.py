"""Free times: a list of them, how many a day, the first of all. Computed, never stored; a read never writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import reduce
from itertools import islice
from operator import or_

from scheduling import periods, timeline
from scheduling.availability.catalogue import Catalogue, read_catalogue
from scheduling.availability.facts import FactSource, fact_source
from scheduling.availability.plan import VisitPlan
from scheduling.availability.starts import Starts, flat
from scheduling.availability.wanted import SlotSearch, validate
from scheduling.timeline import Horizon

MARGIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Slot:
    """A bookable time (UTC). `resource_ids` are what would be taken beside the doctor, in requirement order.

    The plan is what it was found with: names, minutes, zone. Slots of two searches compare without it.
    """

    starts_at: datetime
    doctor_id: int
    clinic_id: int
    resource_ids: tuple[int, ...]
    plan: VisitPlan = field(repr=False, compare=False)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.plan.duration


def find_slots(search: SlotSearch) -> list[Slot]:
    """Bookable times in order of start, then doctor, up to the limit.

    Raises InvalidInput (range_reversed, range_too_long, limit_out_of_range, no_clinic) and NotFound.
    """
    return Desk.open(search).slots(search.limit)


def find_slots_of_types(search: SlotSearch, type_ids: Collection[int]) -> dict[int, list[Slot]]:
    """The same for several types in the place of the search's own, by type; doctors and rooms are looked at once.

    Raises as find_slots.
    """
    validate(search)
    found = {each: read_catalogue(each, search.clinic_ids, search.doctor_ids) for each in type_ids}
    plans = [plan for catalogue in found.values() for plan in catalogue.plans]
    if not plans:
        return {}
    every = Desk.of(search, next(iter(found.values())), plans, _horizon(search, plans, False))
    desks = {each: Desk(search, read.plans, every.horizon, every.source, every.starts) for each, read in found.items()}
    return {each: desk.slots(search.limit) for each, desk in desks.items()}


def closest_slots(search: SlotSearch, to: datetime) -> list[Slot]:
    """The bookable times closest to an instant (aware), up to the limit; of two as close the earlier comes first.

    Raises as find_slots.
    """
    return Desk.open(search).closest(to)


def count_days(search: SlotSearch) -> dict[date, int]:
    """How many bookable times each local day has, days without any included. Raises as find_slots."""
    desk = Desk.open(search)
    counts = dict.fromkeys(periods.days_from(search.from_day, search.to_day), 0)
    for plan, starts in desk.possible():
        origin = desk.horizon.origin
        for day in counts if starts else ():
            begin, end = (timeline.step_ceil(edge) - origin for edge in periods.local_day_bounds(day, plan.zone))
            counts[day] += (starts & timeline.span(begin, end)).bit_count()
    return counts


def first_available(search: SlotSearch) -> Slot | None:
    """The earliest bookable time from `from_day` to the end of the booking window; `to_day` is not looked at."""
    from_day = max(search.from_day, search.now.date() - timedelta(days=1))
    search = replace(search, from_day=from_day, to_day=from_day, limit=1)
    desk = Desk.open(search, to_end_of_window=True)
    for part in desk.parts():
        if found := part.slots(1):
            return found[0]
    return None


@dataclass(slots=True)
class Desk:
    """One search at work: its plans and where their facts come from."""

    search: SlotSearch
    plans: Sequence[VisitPlan]
    horizon: Horizon
    source: FactSource
    _starts: Starts | None = None
    _gaps: dict[VisitPlan, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, search: SlotSearch, *, to_end_of_window: bool = False) -> Desk:
        validate(search)
        catalogue = read_catalogue(search.appointment_type_id, search.clinic_ids, search.doctor_ids)
        horizon = _horizon(search, catalogue.plans, to_end_of_window)
        return cls.of(search, catalogue, catalogue.plans, horizon)

    @classmethod
    def of(cls, search: SlotSearch, catalogue: Catalogue, plans: Sequence[VisitPlan], horizon: Horizon) -> Desk:
        """A desk for plans of this catalogue, or of several that were read together."""
        source = fact_source(
            plans,
            horizon,
            world=catalogue.world,
            cacheable=catalogue.cacheable,
            owner=search.owner,
            ignoring=search.ignoring,
            patient_id=search.patient_id,
        )
        return cls(search, plans, horizon, source)

    def parts(self) -> Iterator[Desk]:
        """The horizon in growing parts, each with the search's days set to it; rows are read only once."""
        day, length, last = self.search.from_day, 14, self.horizon.last_day
        while self.plans and day <= last:
            to_day = min(day + timedelta(days=length - 1), last)
            yield self.between(day, to_day)
            day, length = to_day + timedelta(days=1), length * 2

    def between(self, from_day: date, to_day: date) -> Desk:
        """The same search on some of its days; rows that were read serve again."""
        search = replace(self.search, from_day=from_day, to_day=to_day)
        return Desk(search, self.plans, _horizon(search, self.plans, False), self.source)

    @property
    def starts(self) -> Starts:
        if self._starts is None:
            self._starts = Starts(self.source.facts(self.horizon))
        return self._starts

    def possible(self) -> Iterator[tuple[VisitPlan, int]]:
        """Each plan with the bits of its bookable starts."""
        if not self.plans:
            return
        windows: dict[tuple, int] = {}
        for plan in self.plans:
            key = (plan.clinic_id, plan.rules)
            if key not in windows:
                windows[key] = self._window(plan)
            if window := windows[key] & ~self._left_out(plan):
                yield plan, self.starts.possible(plan, window)

    def _window(self, plan: VisitPlan) -> int:
        """The bits at which a visit may start as far as days, time of day, notice and advance go."""
        earliest, latest = plan.rules.window(self.search.now)
        allowed = self.horizon.within(max(earliest, self.search.now), _rounded_up(latest))
        return self.days(plan) & allowed

    def _left_out(self, plan: VisitPlan) -> int:
        """The bits at which a visit would meet a time that is left out of the search."""
        origin, out = self.horizon.origin, 0
        for each in self.search.without.get(plan.doctor_id, ()):
            first, end = timeline.step_floor(each.start - plan.duration) + 1, timeline.step_ceil(each.end)
            out |= timeline.span(first - origin, end - origin)
        return out

    def days(self, plan: VisitPlan) -> int:
        """The bits of the clinic's local days and times of day that are searched."""
        begin, _ = periods.local_day_bounds(self.search.from_day, plan.zone)
        _, end = periods.local_day_bounds(self.search.to_day, plan.zone)
        searched = self.horizon.within(begin, end)
        return searched & self._within_times_of_day(plan) if self.search.times_of_day else searched

    def _within_times_of_day(self, plan: VisitPlan) -> int:
        allowed = 0
        for day in periods.days_from(self.search.from_day, self.search.to_day):
            for earliest, latest in self.search.times_of_day:
                begin = periods.to_utc(day, earliest or time(), plan.zone)
                _, end = periods.local_day_bounds(day, plan.zone)
                if latest:
                    end = periods.to_utc(day, latest, plan.zone) + timedelta(seconds=1)
                allowed |= self.horizon.within(begin, _rounded_up(end))
        return allowed

    def slots(self, limit: int) -> list[Slot]:
        """Bookable times in order, resources chosen, up to the limit."""
        open_plans = [(plan, starts) for plan, starts in self.possible() if starts]
        open_plans.sort(key=lambda pair: (pair[0].doctor_id, pair[0].clinic_id))
        plans = [plan for plan, _ in open_plans]
        found: list[Slot] = []
        for day in range(self.horizon.days):
            at = day * timeline.DAY_STEPS
            times = _in_order([starts >> at & timeline.DAY_MASK for _, starts in open_plans])
            if self.search.best_fit:
                times = iter(sorted(times, key=lambda each: self._strands(plans[each[1]], at + each[0])))
            found += [self._slot(plans[index], at + bit) for bit, index in islice(times, limit - len(found))]
            if len(found) >= limit:
                break
        return found

    def _strands(self, plan: VisitPlan, start: int) -> bool:
        """Whether the visit would leave the doctor a gap too short for another one like it."""
        facts, length = self.starts.facts, plan.taken_last - plan.taken_first
        if plan not in self._gaps:
            hours = facts.hours.get((plan.doctor_resource_id, plan.clinic_id), 0)
            spare = hours & facts.free(plan.doctor_resource_id)
            roomy = timeline.run(spare, length)
            self._gaps[plan] = spare & ~(roomy << (length - 1)), spare & ~roomy
        tight_before, tight_after = self._gaps[plan]
        first, last = start + plan.taken_first, start + plan.taken_last
        return bool(tight_before >> (first - 1) & 1 or tight_after >> last & 1)

    def closest(self, to: datetime) -> list[Slot]:
        """Bookable times around an instant; resources are chosen only for those that are returned."""
        limit, origin = self.search.limit, self.horizon.origin
        at = timeline.step_floor(to) - origin
        near = [
            (abs(timeline.instant_of(origin + bit) - to), bit, plan.doctor_id, plan)
            for plan, starts in self.possible()
            for bit in timeline.bits_near(starts, at, limit)
        ]
        near.sort(key=lambda found: found[:3])
        return [self._slot(plan, bit) for _, bit, _, plan in near[:limit]]

    def _slot(self, plan: VisitPlan, start: int) -> Slot:
        starts_at = timeline.instant_of(self.horizon.origin + start)
        resources = flat(self.starts.resources(plan, start) or ())
        return Slot(starts_at, plan.doctor_id, plan.clinic_id, resources, plan)


def _in_order(masks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each set bit with the place of each mask that has it, ascending: no further than is asked for."""
    for bit in timeline.bits(reduce(or_, masks, 0)):
        for place, mask in enumerate(masks):
            if mask >> bit & 1:
                yield bit, place


def _rounded_up(instant: datetime) -> datetime:
    """The end of the step before which a start must lie, so that an off-grid limit keeps the start just before it."""
    return timeline.instant_of(timeline.step_ceil(instant))


def _horizon(search: SlotSearch, plans: Sequence[VisitPlan], to_end_of_window: bool) -> Horizon:
    """The UTC days that contain the search's local days in every zone, and what visits there may touch."""
    zones = {plan.zone for plan in plans}
    if not zones:
        return Horizon(search.from_day, 1)
    begin = min(periods.local_day_bounds(search.from_day, zone)[0] for zone in zones)
    end = max(periods.local_day_bounds(search.to_day, zone)[1] for zone in zones)
    if to_end_of_window:
        begin = max(begin, search.now)
        end = max(end, *(plan.rules.window(search.now)[1] for plan in plans))
    # Doctors of one clinic mostly share their needs, and with them how far a visit reaches.
    unlike = {(id(plan.needs), plan.taken_first, plan.taken_last): plan for plan in plans}
    return Horizon.around(begin, end, MARGIN + max(plan.reach for plan in unlike.values()))
