"""A small world of plain rows: everything that decides whether a time is free."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from datetime import date, datetime, time

Interval = tuple[datetime, datetime]


@dataclass
class Weekly:
    """Recurring hours or a break of a resource, or a clinic's opening hours (resource None)."""

    resource: int | None
    clinic: int
    weekday: int
    starts: time
    ends: time
    every: int = 1
    since: date | None = None
    until: date | None = None
    types: frozenset = frozenset()


@dataclass
class Once:
    """A one-off range of a resource and/or a clinic."""

    resource: int | None
    clinic: int | None
    start: datetime
    end: datetime
    types: frozenset = frozenset()


@dataclass
class Thing:
    """A resource: a doctor, a room, a device, a nurse. `clinics`: where it can be used."""

    id: int
    clinics: tuple[int, ...]
    own_hours: bool
    categories: frozenset = frozenset()
    fixed_in: int | None = None
    active: bool = True


@dataclass
class Need:
    """A requirement: so many of a category, or one named resource, in minutes of the visit."""

    id: int
    category: int | None
    resource: int | None
    quantity: int
    begin: int
    end: int | None


@dataclass
class Offer:
    """A doctor performs a type at a clinic; minutes as they are for this doctor."""

    doctor: int
    resource: int
    clinic: int
    minutes: int
    before: int
    after: int


@dataclass
class Kind:
    """An appointment type."""

    id: int
    minutes: int
    doctor_begin: int
    doctor_end: int | None
    step: int
    notice: int | None
    advance: int | None
    needs: list[Need] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)


@dataclass
class Place:
    """A clinic."""

    id: int
    zone: zoneinfo.ZoneInfo
    notice: int = 0
    advance: int = 365


@dataclass
class World:
    """Everything that decides whether a time is free. `held` are holds of other people.

    `days` are the local days on which recurring rows are looked at; two on either side of a search are enough.
    """

    days: tuple[date, date]
    places: dict[int, Place]
    things: dict[int, Thing]
    kinds: dict[int, Kind]
    opening: list[Weekly] = field(default_factory=list)
    hours: list[Weekly] = field(default_factory=list)
    breaks: list[Weekly] = field(default_factory=list)
    closures: list[Once] = field(default_factory=list)
    blocks: list[Once] = field(default_factory=list)
    extras: list[Once] = field(default_factory=list)
    booked: list[Once] = field(default_factory=list)
    held: list[Once] = field(default_factory=list)
    walked: dict[int, list[Interval]] = field(default_factory=dict)
