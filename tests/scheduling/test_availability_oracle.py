"""Search and the oracle agree on random clinics: the bits never say more, and never less, than the intervals do."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scheduling import roster_time, timeline
from scheduling.availability.assessment import assess
from scheduling.availability.facts import Facts, expand, join
from scheduling.availability.plan import Bookable, Need, VisitPlan, WindowRules, window_steps
from scheduling.availability.starts import Starts
from scheduling.roster_time import Extent, SingleTime, Timetable, WeeklyTime
from scheduling.timeline import Horizon
from tests.scheduling import oracle
from tests.scheduling.random_clinics import random_world
from tests.scheduling.worlds import Kind, Offer, Once, Thing, Weekly, World
from tests.scheduling.worlds import Need as NeedRow

WORLDS = 130
"""Each world is searched for three types, at each clinic and at both, on one day and on three: 18 cases a world."""


# A smaller random clinic is no easier to read, and looking for one takes minutes: the seed is what helps.
QUICK = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": [Phase.reuse, Phase.generate]}


def as_rows(world: World) -> tuple[list[WeeklyTime], list[SingleTime]]:
    def weekly(kind: str, row: Weekly) -> WeeklyTime:
        return WeeklyTime(
            roster_time.Kind(kind),
            row.resource,
            row.clinic,
            world.places[row.clinic].zone,
            row.weekday,
            row.starts,
            row.ends,
            row.every,
            row.since,
            row.until,
            row.types,
        )

    def single(kind: str, row: Once) -> SingleTime:
        return SingleTime(roster_time.Kind(kind), row.resource, row.clinic, row.start, row.end, row.types)

    recurring = [("open", world.opening), ("hours", world.hours), ("break", world.breaks)]
    one_off = [("closed", world.closures), ("block", world.blocks), ("extra", world.extras)]
    return (
        [weekly(kind, row) for kind, rows in recurring for row in rows],
        [single(kind, row) for kind, rows in one_off for row in rows],
    )


def as_plan(world: World, kind: Kind, offer: Offer) -> VisitPlan:
    place = world.places[offer.clinic]
    first, last = window_steps(kind.doctor_begin, kind.doctor_end, offer.minutes, offer.minutes)
    return VisitPlan(
        appointment_type_id=kind.id,
        doctor_id=offer.doctor,
        doctor_name="Dr Osei",
        doctor_full_name="Dr Amara Osei",
        doctor_resource_id=offer.resource,
        clinic_id=offer.clinic,
        clinic_name="Harbour Street",
        offered=True,
        duration_minutes=offer.minutes,
        buffer_before_minutes=offer.before,
        buffer_after_minutes=offer.after,
        doctor_first=first,
        doctor_last=last,
        step=kind.step // 5,
        rules=WindowRules(
            place.notice if kind.notice is None else kind.notice,
            place.advance if kind.advance is None else kind.advance,
            place.zone,
        ),
        clinic_version="",
        usual_room=None,
        needs=tuple(as_need(world, need, offer) for need in kind.needs),
        resources={
            thing.id: Bookable(thing.id, f"Resource {thing.id}", "", offer.clinic, thing.own_hours, thing.fixed_in, "")
            for thing in world.things.values()
        },
    )


def as_need(world: World, need: NeedRow, offer: Offer) -> Need:
    def asked_for(thing: Thing) -> bool:
        named = thing.id == need.resource or (need.category is not None and need.category in thing.categories)
        return named and thing.active and offer.clinic in thing.clinics and thing.id != offer.resource

    first, last = window_steps(need.begin, need.end, offer.minutes, offer.minutes)
    inside = max(first, 0), min(last, offer.minutes // 5)
    able = tuple(thing.id for thing in world.things.values() if asked_for(thing))
    return Need(need.id, f"category {need.category}", need.quantity, first, last, inside[0], max(inside), able)


def as_facts(world: World, plans: list[VisitPlan], horizon: Horizon) -> Facts:
    places = {(each, plan.clinic_id): plan.resources[each] for plan in plans for each in plan.candidate_ids}
    weekly, single = as_rows(world)
    extent = Extent(horizon.origin, horizon.steps)
    made = expand(places, weekly, single, extent)
    timetables = {place: Timetable.of([roster], extent) for place, roster in made.items()}

    def masks(rows: list[Once]) -> dict[int, int]:
        found: dict[int, int] = {}
        for row in rows:
            found[row.resource] = found.get(row.resource, 0) | horizon.busy(row.start, row.end)
        return found

    spans = roster_time.spans(weekly, single, extent)
    return join(timetables, horizon, busy=masks(world.booked), held=masks(world.held), spans=spans)


def offered(world: World, plans: list[VisitPlan], facts: Facts, first: date, last: date, now: datetime) -> list:
    starts, found = Starts(facts), []
    for plan in plans:
        begin, end = oracle.instant(first, datetime.min.time(), plan.zone), None
        end = oracle.instant(last + timedelta(days=1), datetime.min.time(), plan.zone)
        earliest, latest = plan.rules.window(now)
        window = facts.horizon.within(max(begin, earliest, now), min(end, latest))
        for bit in timeline.bits(starts.possible(plan, window)):
            assert starts.resources(plan, bit) is not None
            found.append((timeline.instant_of(facts.horizon.origin + bit), plan.doctor_id, plan.clinic_id))
    return sorted(found)


@settings(max_examples=WORLDS, **QUICK)
@given(st.randoms(use_true_random=False))
def test_search_offers_exactly_what_the_oracle_finds(random):
    world, first, last, now = random_world(random)
    for kind in world.kinds.values():
        truth = oracle.free_times(world, kind.id, [1, 2], first, last, now)
        for clinics in ([1], [2], [1, 2]):
            for begin, end in ((first, first), (first, last)):
                assert search(world, kind, clinics, begin, end, now) == [
                    (start, doctor, clinic)
                    for start, doctor, clinic in truth
                    if clinic in clinics and begin <= start.astimezone(world.places[clinic].zone).date() <= end
                ]


def search(world: World, kind: Kind, clinics: list[int], first: date, last: date, now: datetime) -> list:
    plans = [as_plan(world, kind, offer) for offer in kind.offers if offer.clinic in clinics]
    horizon = Horizon(first - timedelta(days=2), (last - first).days + 5)
    return offered(world, plans, as_facts(world, plans, horizon), first, last, now)


@settings(max_examples=25, **QUICK)
@given(st.randoms(use_true_random=False))
def test_assessing_a_start_says_yes_exactly_when_search_offers_it(random):
    world, first, _, now = random_world(random)
    kind = random.choice(list(world.kinds.values()))
    plans = [as_plan(world, kind, offer) for offer in kind.offers]
    facts = as_facts(world, plans, Horizon(first - timedelta(days=2), 5)) if plans else None
    bookable = set(oracle.free_times(world, kind.id, [1, 2], first, first, now))
    for plan in plans:
        begin = oracle.instant(first, datetime.min.time(), plan.zone)
        for number in range(0, 24 * 12, 3):
            start = begin + timedelta(minutes=5 * number)
            if start.astimezone(plan.zone).date() != first:
                continue
            found = assess(plan=plan, starts_at=start, facts=facts, now=now)
            assert found.bookable == ((start, plan.doctor_id, plan.clinic_id) in bookable), found.reasons
