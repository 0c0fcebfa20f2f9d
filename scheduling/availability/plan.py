"""What one visit needs: a doctor's phase with buffers, and a requirement for each thing beside the doctor."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduling.policies import booking_window
from scheduling.timeline import STEP_MINUTES


@dataclass(frozen=True, slots=True)
class Bookable:
    """A resource as availability sees it. `version` changes with its row, so it may stand in a cache key."""

    id: int
    name: str
    kind: str
    clinic_id: int | None
    own_hours: bool
    fixed_in: int | None
    version: str


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """So many of some candidates, for steps `first` to `last` of the visit; `core` is the part inside the visit.

    Candidates are in the order in which they are chosen: the plainest room first. The doctors of a clinic share
    their needs, so that what is worked out for one holds for all.
    """

    requirement_id: int
    label: str
    quantity: int
    first: int
    last: int
    core_first: int
    core_last: int
    candidates: tuple[int, ...]

    def meets(self, other: Need) -> bool:
        """Whether both are needed at some same minute."""
        return self.first < other.last and other.first < self.last

    def placed(self, first: int, last: int, duration_minutes: int) -> Need:
        """The need at other steps of a visit of so many minutes."""
        core_first, core_last = core_steps(first, last, duration_minutes)
        return replace(self, first=first, last=last, core_first=core_first, core_last=core_last)

    def without(self, resource_id: int) -> Need:
        """The need with one candidate fewer."""
        return replace(self, candidates=tuple(each for each in self.candidates if each != resource_id))


@dataclass(frozen=True, slots=True)
class WindowRules:
    """Notice and advance of one type at one clinic, the type's numbers already taken over the clinic's."""

    min_notice_minutes: int
    max_advance_days: int
    zone: zoneinfo.ZoneInfo

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """The UTC instants between which a visit may start."""
        return booking_window(self, self, now)


@dataclass(frozen=True, slots=True, eq=False)
class VisitPlan:
    """One type with one doctor at one clinic. Steps of five minutes count from the visit's start."""

    appointment_type_id: int
    doctor_id: int
    doctor_name: str
    doctor_full_name: str
    doctor_resource_id: int
    clinic_id: int
    clinic_name: str
    offered: bool
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    doctor_first: int
    doctor_last: int
    step: int
    rules: WindowRules
    clinic_version: str
    usual_room: int | None
    needs: tuple[Need, ...]
    resources: Mapping[int, Bookable]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return self.rules.zone

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.duration_minutes)

    @property
    def taken_first(self) -> int:
        """The step at which the buffer before the doctor's phase begins; negative before the visit."""
        return self.doctor_first - self.buffer_before_minutes // STEP_MINUTES

    @property
    def taken_last(self) -> int:
        return self.doctor_last + self.buffer_after_minutes // STEP_MINUTES

    @property
    def reach(self) -> timedelta:
        """How far from its start, either way, the visit may occupy anything."""
        edges = [self.taken_first, self.taken_last, *(edge for need in self.needs for edge in (need.first, need.last))]
        return timedelta(minutes=STEP_MINUTES * max(map(abs, edges)))

    @property
    def candidate_ids(self) -> list[int]:
        """Every resource the visit might take, ascending: what a command locks."""
        candidates = {candidate for need in self.needs for candidate in need.candidates}
        return sorted(candidates | {self.doctor_resource_id})

    @property
    def fixed_in(self) -> dict[int, int]:
        """Room by equipment that can't leave it, among the candidates."""
        rooms = (
            (candidate, self.resources[candidate].fixed_in) for need in self.needs for candidate in need.candidates
        )
        return {equipment: room for equipment, room in rooms if room is not None}

    def lasting(self, *, duration_minutes: int, buffer_before_minutes: int, buffer_after_minutes: int) -> VisitPlan:
        """The plan with the length agreed for one visit, where that isn't what such a visit takes now.

        What reaches the end of the visit or lies past it moves with the end; nothing else goes on beyond it.
        """

        def moved(first: int, last: int) -> tuple[int, int]:
            return window_steps(first * STEP_MINUTES, last * STEP_MINUTES, self.duration_minutes, duration_minutes)

        doctor_first, doctor_last = moved(self.doctor_first, self.doctor_last)
        return replace(
            self,
            duration_minutes=duration_minutes,
            buffer_before_minutes=buffer_before_minutes,
            buffer_after_minutes=buffer_after_minutes,
            doctor_first=doctor_first,
            doctor_last=doctor_last,
            needs=tuple(each.placed(*moved(each.first, each.last), duration_minutes) for each in self.needs),
        )

    def keep_only(self, active_ids: Iterable[int]) -> VisitPlan:
        """The plan without candidates that meanwhile went out of use, for a command that has just locked them."""
        active = set(active_ids)
        needs = tuple(replace(need, candidates=tuple(c for c in need.candidates if c in active)) for need in self.needs)
        return replace(self, needs=needs, offered=self.offered and self.doctor_resource_id in active)


def fitted(minute: int, usual: int, duration: int) -> int:
    """A minute of a type's usual visit in one that a doctor does faster or slower.

    What lies at or past the end stays as far past it; what lies inside is kept, cut at the new end.
    """
    return minute + duration - usual if minute >= usual else min(minute, duration)


def window_steps(from_minute: int, to_minute: int | None, usual: int, duration: int) -> tuple[int, int]:
    """A phase in steps of a visit whose duration may differ from the type's usual one; never empty."""
    last = duration if to_minute is None else fitted(to_minute, usual, duration)
    first = min(fitted(from_minute, usual, duration), last - STEP_MINUTES)
    return first // STEP_MINUTES, last // STEP_MINUTES


def core_steps(first: int, last: int, duration_minutes: int) -> tuple[int, int]:
    """The part of some steps that lies inside a visit of so many minutes; empty where none does."""
    core_first = max(first, 0)
    return core_first, max(core_first, min(last, duration_minutes // STEP_MINUTES))
