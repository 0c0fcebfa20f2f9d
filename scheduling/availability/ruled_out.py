"""Why earlier times are not offered: the doctors' own starts before the first free one, counted by rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduling import timeline
from scheduling.availability.assessment import assess
from scheduling.availability.facts import Facts
from scheduling.availability.plan import VisitPlan
from scheduling.availability.search import Desk
from scheduling.availability.starts import Starts
from scheduling.availability.wanted import SlotSearch
from scheduling.roster_time import Kind

SENTENCES = {
    "too_soon": "Inside the booking window",
    "blocked": "Doctor away or blocked",
    "on_break": "Doctor on a break",
    "doctor_busy": "Doctor already booked",
    "buffer_cut": "Buffer would be cut",
    "held": "Held by a colleague",
    "patient_busy": "Patient has another visit",
    "no_resource": "No room, equipment or staff free",
}
"""In the order in which a start is counted: once, under the first rule that excludes it."""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """One rule, how many starts it excludes, and the first of them in words."""

    code: str
    sentence: str
    count: int
    example: str


def ruled_out(search: SlotSearch) -> list[RuledOut]:
    """What excludes the starts of the doctors' sessions before the first free time, most frequent first.

    Raises as find_slots.
    """
    desk = Desk.open(search)
    if not desk.plans:
        return []
    until = next((slot.starts_at for slot in desk.slots(1)), desk.horizon.end)
    facts = desk.source.facts(desk.horizon, labelled=True)
    before = facts.horizon.within(max(search.now, facts.horizon.start), until)
    counts: dict[str, int] = dict.fromkeys(SENTENCES, 0)
    examples: dict[str, tuple[int, VisitPlan]] = {}
    for plan in desk.plans:
        for code, starts in _by_rule(plan, facts, desk.days(plan) & before, search):
            counts[code] += starts.bit_count()
            at = (starts & -starts).bit_length() - 1
            if code not in examples or at < examples[code][0]:
                examples[code] = at, plan
    found = [
        RuledOut(code, _sentence(code, *examples[code], facts, search), count, _example(*examples[code], facts, search))
        for code, count in counts.items()
        if count
    ]
    return sorted(found, key=lambda each: -each.count)


def _by_rule(plan: VisitPlan, facts: Facts, days: int, search: SlotSearch) -> Iterator[tuple[str, int]]:
    left = facts.session_starts(plan) & days
    for code, allowed in _rules(plan, facts, search):
        if hit := left & ~allowed:
            yield code, hit
            left &= allowed


def _rules(plan: VisitPlan, facts: Facts, search: SlotSearch) -> Iterator[tuple[str, int]]:
    """Each rule with the starts that it allows."""
    horizon, doctor = facts.horizon, plan.doctor_resource_id
    earliest, _ = plan.rules.window(search.now)
    yield "too_soon", horizon.within(max(earliest, horizon.start), horizon.end)
    yield "blocked", _spared(plan, facts, _off(facts, doctor, Kind.BLOCK))
    yield "on_break", _spared(plan, facts, _off(facts, doctor, Kind.BREAK))
    busy = horizon.full & ~facts.busy.get(doctor, 0)
    yield "doctor_busy", timeline.shifted(timeline.run(busy, plan.doctor_last - plan.doctor_first), plan.doctor_first)
    yield "buffer_cut", _spared(plan, facts, facts.busy.get(doctor, 0))
    yield "held", _spared(plan, facts, facts.held.get(doctor, 0))
    length = plan.duration_minutes // timeline.STEP_MINUTES
    yield "patient_busy", timeline.run(horizon.full & ~facts.patient, length)
    yield "no_resource", Starts(facts).beside(plan).starts if plan.needs else horizon.full


def _off(facts: Facts, resource_id: int, kind: Kind) -> int:
    off = 0
    for each in facts.spans:
        if each.kind == kind and each.resource_id == resource_id:
            off |= facts.horizon.busy(each.starts_at, each.ends_at)
    return off


def _spared(plan: VisitPlan, facts: Facts, taken: int) -> int:
    """Starts at which the doctor's time, buffers included, meets nothing of what is taken."""
    free = timeline.run(facts.horizon.full & ~taken, plan.taken_last - plan.taken_first)
    return timeline.shifted(free, plan.taken_first)


def _sentence(code: str, at: int, plan: VisitPlan, facts: Facts, search: SlotSearch) -> str:
    if code == "no_resource":
        starts_at = timeline.instant_of(facts.horizon.origin + at)
        for reason in assess(plan=plan, starts_at=starts_at, facts=facts, now=search.now).reasons:
            if reason.code == "no_resource":
                return reason.message.rstrip(".")
    return SENTENCES[code]


def _example(at: int, plan: VisitPlan, facts: Facts, search: SlotSearch) -> str:
    """Such as "Tue 24 Nov 11:05: Dr Osei is booked 11:05 to 12:00."; the doctor is named once."""
    starts_at = timeline.instant_of(facts.horizon.origin + at)
    when = f"{starts_at.astimezone(plan.zone):%a %-d %b %H:%M}"
    reasons = assess(plan=plan, starts_at=starts_at, facts=facts, now=search.now).reasons
    because = reasons[0].message if reasons else ""
    place = when if plan.doctor_name in because else f"{plan.doctor_name}, {when}"
    return f"{place}: {because}" if because else place
