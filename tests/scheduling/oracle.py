"""Free times the slow and obvious way: intervals in lists, one candidate start at a time, every rule spelled out.

It shares no code with `scheduling.availability`: no bits, no cache, no SQL of its own. Its rows are a `World`, made
by hand or read from the database with the plain ORM (`stored_worlds.read_world`).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations

from tests.scheduling.worlds import Interval, Kind, Need, Offer, Place, Thing, Weekly, World


def free_times(
    world: World, kind_id: int, clinics: list[int], first: date, last: date, now: datetime
) -> list[tuple[datetime, int, int]]:
    """Every bookable (start, doctor, clinic) on the clinics' local days from first to last, in order."""
    kind, found = world.kinds[kind_id], []
    for offer in kind.offers:
        if offer.clinic in clinics:
            place = world.places[offer.clinic]
            for start in candidate_starts(world, kind, offer):
                on_time = first <= start.astimezone(place.zone).date() <= last and in_window(kind, place, start, now)
                if on_time and doctor_can(world, kind, offer, start) and crew(world, kind, offer, start) is not None:
                    found.append((start, offer.doctor, offer.clinic))
    return sorted(set(found))


def in_window(kind: Kind, place: Place, start: datetime, now: datetime) -> bool:
    """Not past, not too soon, not too far ahead in local days."""
    notice = place.notice if kind.notice is None else kind.notice
    advance = place.advance if kind.advance is None else kind.advance
    days_ahead = (start.astimezone(place.zone).date() - now.astimezone(place.zone).date()).days
    return start >= now and start - now >= timedelta(minutes=notice) and days_ahead <= advance


def candidate_starts(world: World, kind: Kind, offer: Offer) -> Iterator[datetime]:
    """Starts that lie whole steps from the begin of one of the doctor's sessions that holds the doctor's part."""
    begin, end = doctor_part(kind, offer)
    for session, regular in sessions(world, offer.resource, offer.clinic, kind.id):
        start = session[0] - timedelta(minutes=kind.step * (begin // kind.step + 1))
        while start + timedelta(minutes=begin) <= session[1]:
            core = (start + timedelta(minutes=begin), start + timedelta(minutes=end))
            if inside(core, [session]) and let_in(world, offer.clinic, core, regular):
                yield start
            start += timedelta(minutes=kind.step)


def let_in(world: World, clinic: int, core: Interval, regular: bool) -> bool:
    """The clinic is not closed, and open unless it is an extra session."""
    if any(meets(core, (each.start, each.end)) for each in world.closures if each.clinic == clinic):
        return False
    return not regular or inside(core, opening(world, clinic))


def doctor_part(kind: Kind, offer: Offer) -> tuple[int, int]:
    return kind.doctor_begin, offer.minutes if kind.doctor_end is None else kind.doctor_end


def doctor_can(world: World, kind: Kind, offer: Offer, start: datetime) -> bool:
    """Nothing takes the doctor during the doctor's part and the buffers around it."""
    begin, end = doctor_part(kind, offer)
    taken = (start + timedelta(minutes=begin - offer.before), start + timedelta(minutes=end + offer.after))
    return not any(meets(taken, each) for each in obstacles(world, offer.resource))


def crew(world: World, kind: Kind, offer: Offer, start: datetime) -> dict[int, tuple[int, ...]] | None:
    """Some choice of resources for every need, found by trying all of them."""
    return _try(world, offer, start, kind.needs, {})


def _try(world: World, offer: Offer, start: datetime, needs: list[Need], chosen: dict) -> dict | None:
    if not needs:
        return chosen if hosts_fit(world, chosen) else None
    need, *rest = needs
    window = span_of(need, offer, start)
    able = [t.id for t in world.things.values() if fits(world, t, need, offer, start)]
    for picked in combinations(able, need.quantity):
        clash = any(
            set(picked) & set(others) and meets(window, span_of(other, offer, start))
            for other, others in chosen.values()
        )
        if not clash and (found := _try(world, offer, start, rest, {**chosen, need.id: (need, picked)})) is not None:
            return found
    return None


def hosts_fit(world: World, chosen: dict) -> bool:
    """Fixed equipment of one room at most, and that room is taken too."""
    everything = {thing for _, picked in chosen.values() for thing in picked}
    hosts = {world.things[each].fixed_in for each in everything} - {None}
    return len(hosts) <= 1 and hosts <= everything


def span_of(need: Need, offer: Offer, start: datetime) -> Interval:
    end = offer.minutes if need.end is None else need.end
    return start + timedelta(minutes=need.begin), start + timedelta(minutes=end)


def fits(world: World, thing: Thing, need: Need, offer: Offer, start: datetime) -> bool:
    """The thing is what is asked for, is in use here, at work inside the visit, and free all the time."""
    asked_for = thing.id == need.resource or (need.category is not None and need.category in thing.categories)
    if not asked_for or not thing.active or offer.clinic not in thing.clinics or thing.id == offer.resource:
        return False
    window = span_of(need, offer, start)
    if any(meets(window, each) for each in obstacles(world, thing.id)):
        return False
    core = max(window[0], start), min(window[1], start + timedelta(minutes=offer.minutes))
    return core[0] >= core[1] or at_work(world, thing, offer.clinic, core)


def at_work(world: World, thing: Thing, clinic: int, core: Interval) -> bool:
    """Inside own hours, or, without own hours, while the clinic is open or anybody has an extra session there."""
    if any(meets(core, (each.start, each.end)) for each in world.closures if each.clinic == clinic):
        return False
    extras = [(e.start, e.end) for e in world.extras if e.clinic == clinic]
    if not thing.own_hours:
        return inside(core, opening(world, clinic) + extras)
    mine = [(e.start, e.end) for e in world.extras if e.clinic == clinic and e.resource == thing.id]
    for row in world.hours:
        if row.resource == thing.id and row.clinic == clinic:
            for session in occurrences(row, world):
                mine += [cut for each in opening(world, clinic) if (cut := overlap(session, each))]
    return inside(core, mine)


def sessions(world: World, resource: int, clinic: int, kind: int) -> Iterator[tuple[Interval, bool]]:
    """The doctor's sessions that take this type; True for recurring ones, which need an open clinic."""
    for row in world.hours:
        if (row.resource, row.clinic) == (resource, clinic) and (not row.types or kind in row.types):
            yield from ((each, True) for each in occurrences(row, world))
    for once in world.extras:
        if (once.resource, once.clinic) == (resource, clinic) and (not once.types or kind in once.types):
            yield (once.start, once.end), False


def opening(world: World, clinic: int) -> list[Interval]:
    return [each for row in world.opening if row.clinic == clinic for each in occurrences(row, world)]


def obstacles(world: World, resource: int) -> list[Interval]:
    """Breaks, blocks, visits and other people's holds of a resource."""
    single = [*world.blocks, *world.booked, *world.held]
    found = [(each.start, each.end) for each in single if each.resource == resource]
    for row in world.breaks:
        if row.resource == resource:
            found += occurrences(row, world)
    return found


def occurrences(row: Weekly, world: World) -> list[Interval]:
    """The row's times, walking the calendar day by day; once per row, for the calendar doesn't change."""
    if id(row) not in world.walked:
        zone, (day, last) = world.places[row.clinic].zone, world.days
        found = world.walked[id(row)] = []
        while day <= last:
            if holds_on(row, day):
                found.append((instant(day, row.starts, zone), instant(day, row.ends, zone)))
            day += timedelta(days=1)
    return world.walked[id(row)]


def holds_on(row: Weekly, day: date) -> bool:
    if day.weekday() != row.weekday or (row.since and day < row.since) or (row.until and day > row.until):
        return False
    if row.since is None:
        return True
    monday, origin = day - timedelta(days=day.weekday()), row.since - timedelta(days=row.since.weekday())
    return (monday - origin).days // 7 % row.every == 0


def instant(day: date, at: time, zone: zoneinfo.ZoneInfo) -> datetime:
    """Wall clock to UTC, asking the zone which offsets it has around that time: the earlier offset always wins."""
    naive = datetime.combine(day, at)
    earlier = (naive.replace(tzinfo=UTC) - timedelta(days=1)).astimezone(zone).utcoffset()
    guess = (naive - earlier).replace(tzinfo=UTC)
    if guess.astimezone(zone).replace(tzinfo=None) == naive:
        return guess
    later = (naive.replace(tzinfo=UTC) + timedelta(days=1)).astimezone(zone).utcoffset()
    other = (naive - later).replace(tzinfo=UTC)
    return other if other.astimezone(zone).replace(tzinfo=None) == naive else guess


def meets(one: Interval, other: Interval) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def overlap(one: Interval, other: Interval) -> Interval | None:
    cut = max(one[0], other[0]), min(one[1], other[1])
    return cut if cut[0] < cut[1] else None


def inside(wanted: Interval, parts: list[Interval]) -> bool:
    """Whether the parts together cover all of it."""
    reached = wanted[0]
    for start, end in sorted(parts):
        if start <= reached < end:
            reached = end
    return reached >= wanted[1]
