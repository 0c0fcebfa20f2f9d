"""What is known about resources over a horizon: rosters, ledger, holds. One code path for search and for commands.

Search may take rosters from the cache; a command under its locks asks for `fresh` facts and reads them from rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduling import hold_store, roster_time, slot_cache, timeline
from scheduling.availability.plan import Bookable, Need, VisitPlan
from scheduling.availability.reading import Personal, read_ledger, read_personal, read_roster
from scheduling.roster_time import Extent, Roster, SingleTime, Span, Timetable, WeeklyTime
from scheduling.timeline import Horizon

Place = tuple[int, int]
"""A resource at a clinic: (resource id, clinic id)."""


@dataclass(slots=True)
class Facts:
    """Bits over the horizon, by resource or by place. Bit 0 is the horizon's first step."""

    horizon: Horizon
    hours: Mapping[Place, int]
    off: Mapping[int, int]
    busy: Mapping[int, int]
    held: Mapping[int, int]
    timetables: Mapping[Place, Timetable]
    patient: int = 0
    spans: Sequence[Span] = ()
    _free: dict[int, int] = field(default_factory=dict)
    _able: dict[tuple, int] = field(default_factory=dict)

    def free(self, resource_id: int) -> int:
        """Bits in which nothing keeps the resource: no break, block, visit or hold. Hours are another matter."""
        if (known := self._free.get(resource_id)) is None:
            taken = self.off.get(resource_id, 0) | self.busy.get(resource_id, 0) | self.held.get(resource_id, 0)
            known = self._free[resource_id] = self.horizon.full & ~taken
        return known

    def able(self, need: Need, resource_id: int, clinic_id: int) -> int:
        """Bits of the starts at which the resource could serve the need: at work inside the visit, free throughout."""
        key = (resource_id, clinic_id, need.first, need.last, need.core_first, need.core_last)
        if (known := self._able.get(key)) is None:
            known = self._able[key] = self._could_serve(need, resource_id, clinic_id)
        return known

    def _could_serve(self, need: Need, resource_id: int, clinic_id: int) -> int:
        free = self.free(resource_id)
        could = timeline.shifted(timeline.run(free, need.last - need.first), need.first)
        if need.core_last > need.core_first:
            at_work = self.hours.get((resource_id, clinic_id), 0) & free
            could &= timeline.shifted(timeline.run(at_work, need.core_last - need.core_first), need.core_first)
        return could & self.horizon.full

    def session_starts(self, plan: VisitPlan) -> int:
        """Bits at which the doctor's sessions offer starts of this visit, whether or not the time is free."""
        timetable = self.timetables.get((plan.doctor_resource_id, plan.clinic_id))
        length = plan.doctor_last - plan.doctor_first
        return timetable.starts(plan.appointment_type_id, plan.step, plan.doctor_first, length) if timetable else 0


@dataclass(slots=True)
class FactSource:
    """Facts of a search's places, horizon by horizon. Rows are read once, for the whole range.

    `cacheable` False: rosters come from rows and nowhere else, as commands need them.
    """

    places: Mapping[Place, Bookable]
    clinic_versions: Mapping[int, str]
    range: Horizon
    world: str = ""
    cacheable: bool = False
    owner: str = ""
    ignoring: int | None = None
    patient_id: object = None
    _rows: tuple[list[WeeklyTime], list[SingleTime]] | None = None
    _personal: Personal | None = None
    _ledger: dict[int, int] | None = None

    def facts(self, horizon: Horizon | None = None, *, labelled: bool = False) -> Facts:
        """Facts over the range or a part of it; `labelled` adds the roster's occurrences, for sentences."""
        horizon = horizon or self.range
        extent = _extent(horizon)
        found = () if self.cacheable and not labelled else roster_time.spans(*self._read(), extent)
        if self.cacheable:
            timetables = self._cached(horizon)
        else:
            rosters = rosters_from(found, self.places, extent)
            timetables = {place: Timetable.of([roster], extent) for place, roster in rosters.items()}
        return join(
            timetables,
            horizon,
            busy=self._busy(horizon),
            held=hold_store.held_masks({resource for resource, _ in self.places}, horizon, self.owner),
            patient=self._patient(horizon),
            spans=found if labelled else (),
        )

    def booked(self) -> Facts:
        """What the ledger alone says, for a first look: one statement, no rosters, no holds."""
        return Facts(self.range, {}, {}, self._busy(self.range), {}, {})

    def _cached(self, horizon: Horizon) -> dict[Place, Timetable]:
        names = {place: self._name(place) for place in self.places}
        keys = {place: (name, horizon) for place, name in names.items()}
        known = slot_cache.fetch_joined(keys.values())
        missing = [place for place, key in keys.items() if key not in known]
        if missing:
            parts = self._chunks({place: names[place] for place in missing}, horizon)
            made = {keys[place]: Timetable.of(rosters, _extent(horizon)) for place, rosters in parts.items()}
            slot_cache.store_joined(made)
            known.update(made)
        return {place: known[key] for place, key in keys.items()}

    def _chunks(self, names: Mapping[Place, str], horizon: Horizon) -> dict[Place, list[Roster]]:
        """Rosters in the chunks of the calendar in which they are cached, made from rows where they aren't."""
        keys = {place: [f"{name}:{chunk}" for chunk in _chunks(horizon)] for place, name in names.items()}
        known = slot_cache.fetch(key for row in keys.values() for key in row)
        made: dict[str, Roster] = {}
        for index, chunk in enumerate(_chunks(horizon)):
            missing = {place: self.places[place] for place, row in keys.items() if row[index] not in known}
            if missing:
                for place, roster in expand(missing, *self._read(), _chunk_extent(chunk)).items():
                    made[keys[place][index]] = roster
        if made:
            slot_cache.store(made)
            known.update(made)
        return {place: [known[key] for key in row] for place, row in keys.items()}

    def _name(self, place: Place) -> str:
        """What a place's rosters are called in the cache: another name with every change of what they are made from."""
        resource, clinic = place
        versions = f"{resource}.{self.places[place].version}:{clinic}.{self.clinic_versions[clinic]}"
        return f"roster:{self.world}:{versions}"

    def _read(self) -> tuple[list[WeeklyTime], list[SingleTime]]:
        if self._rows is None:
            resources = {resource for resource, _ in self.places}
            self._rows = read_roster(resources, self.clinic_versions, *self._rows_between())
        return self._rows

    def _rows_between(self) -> tuple[datetime, datetime]:
        start, end = self.range.start, self.range.end
        if self.cacheable:
            chunks = _chunks(self.range)
            start = timeline.instant_of(_chunk_extent(chunks.start).origin)
            end = timeline.instant_of(_chunk_extent(chunks.stop).origin)
        return start - timedelta(days=2), end + timedelta(days=2)

    def _own(self) -> Personal:
        if self._personal is None:
            self._personal = read_personal(
                self.range.start, self.range.end, ignoring=self.ignoring, patient_id=self.patient_id
            )
        return self._personal

    def _busy(self, horizon: Horizon) -> dict[int, int]:
        if self._ledger is None:
            self._ledger = read_ledger({resource for resource, _ in self.places}, self.range)
            for resource, start, end in self._own().own:
                self._ledger[resource] = self._ledger.get(resource, 0) & ~self.range.busy(start, end)
            for resource, start, end in self._own().beside:
                self._ledger[resource] = self._ledger.get(resource, 0) | self.range.busy(start, end)
        if horizon == self.range:
            return self._ledger
        ahead = horizon.origin - self.range.origin
        return {resource: timeline.shifted(mask, ahead) & horizon.full for resource, mask in self._ledger.items()}

    def _patient(self, horizon: Horizon) -> int:
        elsewhere = 0
        for start, end in self._own().patient:
            elsewhere |= horizon.busy(start, end)
        return elsewhere


def fact_source(
    plans: Sequence[VisitPlan],
    horizon: Horizon,
    *,
    world: str = "",
    cacheable: bool = False,
    owner: str = "",
    ignoring: int | None = None,
    patient_id: object = None,
) -> FactSource:
    """Where the facts about everything these plans might take come from."""
    places: dict[Place, Bookable] = {}
    for plan in {id(plan.needs): plan for plan in plans}.values():  # shared by the doctors of a clinic
        places |= {(each, plan.clinic_id): plan.resources[each] for need in plan.needs for each in need.candidates}
    for plan in plans:
        places[plan.doctor_resource_id, plan.clinic_id] = plan.resources[plan.doctor_resource_id]
    versions = {plan.clinic_id: plan.clinic_version for plan in plans}
    return FactSource(places, versions, horizon, world, cacheable, owner, ignoring, patient_id)


def expand(
    places: Mapping[Place, Bookable], weekly: Iterable[WeeklyTime], single: Iterable[SingleTime], extent: Extent
) -> dict[Place, Roster]:
    """Rosters of places over an extent, from rows. Pure."""
    return rosters_from(roster_time.spans(weekly, single, extent), places, extent)


def rosters_from(found: Sequence[Span], places: Mapping[Place, Bookable], extent: Extent) -> dict[Place, Roster]:
    """Rosters of places over an extent, from the occurrences of everything that makes them. Pure."""
    clinics = {clinic: roster_time.clinic_time(found, clinic, extent) for clinic in {place[1] for place in places}}
    by_resource: dict[int | None, list[Span]] = {}
    for each in found:
        by_resource.setdefault(each.resource_id, []).append(each)
    return {
        (resource, clinic): roster_time.roster(
            by_resource.get(resource, ()), clinics[clinic], clinic, own_hours=bookable.own_hours
        )
        for (resource, clinic), bookable in places.items()
    }


def join(
    timetables: Mapping[Place, Timetable],
    horizon: Horizon,
    *,
    busy: Mapping[int, int],
    held: Mapping[int, int],
    patient: int = 0,
    spans: Sequence[Span] = (),
) -> Facts:
    """Timetables over a horizon with what is booked and held. Pure."""
    return Facts(
        horizon=horizon,
        hours={place: timetable.hours for place, timetable in timetables.items()},
        off={place[0]: timetable.off for place, timetable in timetables.items()},
        busy=busy,
        held=held,
        timetables=timetables,
        patient=patient,
        spans=spans,
    )


def _extent(horizon: Horizon) -> Extent:
    return Extent(horizon.origin, horizon.steps)


def _chunks(horizon: Horizon) -> range:
    size = slot_cache.CHUNK_DAYS * timeline.DAY_STEPS
    return range(horizon.origin // size, (horizon.origin + horizon.steps - 1) // size + 1)


def _chunk_extent(chunk: int) -> Extent:
    size = slot_cache.CHUNK_DAYS * timeline.DAY_STEPS
    return Extent(chunk * size, size)
