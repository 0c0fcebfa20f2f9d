"""Random clinics for the comparison of search with the oracle: small, crowded and full of awkward rows."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from tests.scheduling.worlds import Kind, Need, Offer, Once, Place, Thing, Weekly, World

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "Asia/Kathmandu", "UTC"]
# Around the changes of the clocks in both hemispheres, and a week without any.
WEEKS = [
    date(2026, 3, 23),
    date(2026, 10, 19),
    date(2026, 9, 28),
    date(2026, 4, 1),
    date(2026, 6, 15),
    date(2026, 3, 5),
]
ROOM, DEVICE, NURSE, SCAN = 1, 2, 3, 4


def random_world(random: Random, days: int = 3) -> tuple[World, date, date, datetime]:
    """A world, the first and last day worth looking at, and a now."""
    first = random.choice(WEEKS) + timedelta(days=random.randrange(7))
    last = first + timedelta(days=days - 1)
    around = first - timedelta(days=4), last + timedelta(days=4)
    world = World(around, _places(random), {}, {})
    doctors = _things(random, world)
    _rosters(random, world, doctors, first)
    for number in (1, 2, 3):
        world.kinds[number] = _kind(random, number, doctors, world)
    _taken(random, world, first, days)
    now = (
        _at(random, first, days) if random.random() < 0.2 else datetime.combine(first, time(), UTC) - timedelta(days=2)
    )
    return world, first, last, now


def _places(random: Random) -> dict[int, Place]:
    return {
        number: Place(
            number,
            zoneinfo.ZoneInfo(random.choice(ZONES)),
            notice=random.choice([0, 0, 0, 120, 1440]),
            advance=random.choice([365, 365, 365, 3]),
        )
        for number in (1, 2)
    }


def _things(random: Random, world: World) -> list[int]:
    doctors = [101, 102, 103][: random.randint(1, 3)]
    for each in doctors:
        also = frozenset({NURSE}) if random.random() < 0.2 else frozenset()
        world.things[each] = Thing(each, random.choice([(1,), (2,), (1, 2), (1, 2)]), True, also)
    number = 201
    for clinic in (1, 2):
        rooms = []
        for _ in range(random.randint(1, 4)):
            rooms.append(number)
            categories = frozenset({ROOM} | ({SCAN} if random.random() < 0.3 else set()))
            world.things[number] = Thing(number, (clinic,), random.random() < 0.3, categories)
            number += 1
        for category in (DEVICE, DEVICE, NURSE, NURSE):
            if random.random() < 0.85:
                fixed = random.choice(rooms) if category == DEVICE and random.random() < 0.5 else None
                world.things[number] = Thing(
                    number, (clinic,), random.random() < 0.4, frozenset({category}), fixed, random.random() < 0.9
                )
                number += 1
    return doctors


def _rosters(random: Random, world: World, doctors: list[int], first: date) -> None:
    for clinic in world.places:
        for weekday in range(7):
            if random.random() < 0.9:
                world.opening.append(
                    Weekly(None, clinic, weekday, time(random.randint(5, 9)), time(random.randint(15, 22)))
                )
            if random.random() < 0.2:
                world.opening.append(Weekly(None, clinic, weekday, *_times(random, 0, 23, 2)))
    for thing in world.things.values():
        if random.random() < 0.4:
            row = _weekly(random, thing.id, random.choice(thing.clinics), random.randrange(7), first, typed=False)
            row.starts, row.ends = _times(random, 9, 15, 1)
            world.breaks.append(row)
        places = [(clinic, weekday) for clinic in thing.clinics for weekday in range(7)] if thing.own_hours else []
        for clinic, weekday in places:
            for _ in range(random.choice([0, 1, 1, 2])):
                world.hours.append(_weekly(random, thing.id, clinic, weekday, first, typed=thing.id in doctors))


def _weekly(random: Random, thing: int, clinic: int, weekday: int, first: date, *, typed: bool) -> Weekly:
    # A valid_from in the middle of a week shows from which week "every n weeks" counts.
    since = first - timedelta(days=random.choice([0, 3, 10, 16, 100]))
    until = first + timedelta(days=random.randrange(4)) if random.random() < 0.1 else None
    types = (
        frozenset(random.sample([1, 2, 3], random.randint(1, 2))) if typed and random.random() < 0.2 else frozenset()
    )
    times = _times(random, 0, 22, 3) if random.random() < 0.2 else _times(random, 6, 17, 7)
    return Weekly(thing, clinic, weekday, *times, random.choice([1, 1, 1, 1, 2, 3]), since, until, types)


def _times(random: Random, earliest: int, latest: int, hours: int) -> tuple[time, time]:
    begin = random.randrange(earliest * 12, (latest - 1) * 12)
    end = min(begin + random.randrange(6, hours * 12 + 6), 24 * 12 - 1)
    return time(begin // 12, begin % 12 * 5), time(end // 12, end % 12 * 5)


def _kind(random: Random, number: int, doctors: list[int], world: World) -> Kind:
    minutes = random.choice([5, 10, 15, 20, 30, 45, 60])
    begin = random.choice([0, 0, 0, 5, 15])
    begin = begin if begin < minutes else 0
    end = random.choice([None, None, minutes, minutes - 5])
    end = end if end is None or end > begin else None
    kind = Kind(
        number,
        minutes,
        begin,
        end,
        step=random.choice([5, 10, 15, 20, 30, 60]),
        notice=random.choice([None, None, None, 300]),
        advance=random.choice([None, None, None, None, 1]),
    )
    for identity in range(random.choice([0, 1, 1, 2, 2, 3])):
        kind.needs.append(_need(random, number * 10 + identity, minutes, world))
    for doctor in doctors:
        for clinic in world.things[doctor].clinics:
            if random.random() < 0.85:
                buffers = random.choice([0, 0, 5, 10, 20]), random.choice([0, 0, 10, 30])
                kind.offers.append(Offer(doctor - 100, doctor, clinic, minutes, *buffers))
    return kind


def _need(random: Random, identity: int, minutes: int, world: World) -> Need:
    begin = random.choice([0, 0, 0, -10, 5, minutes, minutes - 5])
    end = random.choice([None, None, minutes, minutes + 10, 10, 0])
    if (minutes if end is None else end) <= begin:
        begin, end = 0, None
    if random.random() < 0.08:
        return Need(identity, None, random.choice(list(world.things)), 1, begin, end)
    return Need(
        identity,
        random.choice([ROOM, ROOM, ROOM, DEVICE, NURSE, SCAN]),
        None,
        random.choice([1, 1, 1, 1, 2]),
        begin,
        end,
    )


def _taken(random: Random, world: World, first: date, days: int) -> None:
    things = list(world.things)
    for _ in range(random.randrange(12)):
        world.booked.append(_once(random, random.choice(things), None, first, days, 90))
    for _ in range(random.randrange(4)):
        world.held.append(_once(random, random.choice(things), None, first, days, 60))
    for _ in range(random.randrange(4)):
        # Blocks and closures come from other calendars too, so they needn't be on the grid.
        each = _once(random, random.choice(things), None, first, days, 600)
        each.start += timedelta(minutes=random.choice([0, 0, 1, 4]))
        world.blocks.append(each)
    for _ in range(random.randrange(2)):
        world.closures.append(_once(random, None, random.choice([1, 2]), first, days, 600))
    for _ in range(random.randrange(3)):
        thing = world.things[random.choice(things)]
        each = _once(random, thing.id, random.choice(thing.clinics), first, days, 400)
        each.types = frozenset({random.choice([1, 2, 3])}) if random.random() < 0.3 else frozenset()
        world.extras.append(each)


def _at(random: Random, first: date, days: int) -> datetime:
    start = datetime.combine(first, time(), UTC) - timedelta(hours=12)
    return start + timedelta(minutes=5 * random.randrange((days + 1) * 288))


def _once(random: Random, thing: int | None, clinic: int | None, first: date, days: int, longest: int) -> Once:
    start = _at(random, first, days)
    return Once(thing, clinic, start, start + timedelta(minutes=5 * random.randint(1, longest // 5)))
