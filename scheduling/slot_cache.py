"""Expanded rosters kept in Redis and in this process, under keys that hold the versions they were made from.

Nothing is ever invalidated: whoever changes a roster raises a version, and the old entries are abandoned to their
TTL. Redis may be away; then rosters are expanded from rows again and the answer is the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock

from django.core.cache import cache

from scheduling.roster_time import Extent, Roster, Session, Timetable

CHUNK_DAYS = 28
KEPT_SECONDS = 6 * 60 * 60
KEPT_IN_PROCESS = 4096
JOINED_IN_PROCESS = 2048

_near: OrderedDict[str, Roster] = OrderedDict()
_joined: OrderedDict[tuple, Timetable] = OrderedDict()
_near_lock = Lock()


def fetch(keys: Iterable[str]) -> dict[str, Roster]:
    """The rosters known under these keys, from this process or else from Redis in one round trip."""
    found, missing = _fetch_near(keys)
    if missing:
        far = {key: _decoded(value) for key, value in cache.get_many(missing).items()}
        _keep_near(far)
        found.update(far)
    return found


def store(rosters: Mapping[str, Roster]) -> None:
    """Keep rosters for whoever asks next."""
    _keep_near(rosters)
    cache.set_many({key: _encoded(roster) for key, roster in rosters.items()}, KEPT_SECONDS)


def fetch_joined(keys: Iterable[tuple]) -> dict[tuple, Timetable]:
    """Timetables that this process has already joined for the same horizon."""
    with _near_lock:
        return {key: _joined[key] for key in keys if key in _joined}


def store_joined(timetables: Mapping[tuple, Timetable]) -> None:
    """Keep joined timetables for the next search over the same horizon, in this process only."""
    with _near_lock:
        _joined.update(timetables)
        while len(_joined) > JOINED_IN_PROCESS:
            _joined.popitem(last=False)


def forget_process() -> None:
    """Drop what this process remembers, so that a benchmark or a test can begin cold."""
    with _near_lock:
        _near.clear()
        _joined.clear()


def _fetch_near(keys: Iterable[str]) -> tuple[dict[str, Roster], list[str]]:
    found: dict[str, Roster] = {}
    missing: list[str] = []
    with _near_lock:
        for key in keys:
            if (roster := _near.get(key)) is None:
                missing.append(key)
            else:
                found[key] = roster
                _near.move_to_end(key)
    return found, missing


def _keep_near(rosters: Mapping[str, Roster]) -> None:
    with _near_lock:
        _near.update(rosters)
        while len(_near) > KEPT_IN_PROCESS:
            _near.popitem(last=False)


def _encoded(roster: Roster) -> tuple:
    sessions = [(each.first, each.length, tuple(each.types), each.worked) for each in roster.sessions]
    return roster.extent.origin, roster.extent.steps, roster.hours, roster.off, sessions


def _decoded(value: tuple) -> Roster:
    origin, steps, hours, off, sessions = value
    known = tuple(Session(first, length, frozenset(types), worked) for first, length, types, worked in sessions)
    return Roster(Extent(origin, steps), hours, off, known)
