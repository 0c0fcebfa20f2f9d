"""Found times as people read them: by day, then doctor, with what is special about each. Pure over loaded rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import groupby
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING

from scheduling.forms import slot_value
from scheduling.models import Clinic, Doctor, Resource, ResourceKind
from scheduling.periods import wall_clock
from scheduling.views.find_form import PARTS

if TYPE_CHECKING:
    from scheduling.availability import Slot, TimesOfDay

SHOWN_TIMES = 6
EARTH_KM = 6371.0


@dataclass(frozen=True)
class Offer:
    """One time as a button. `value` is what the button sends; `start` is on the clinic's clock.

    `doctor` is named where the button alone would not tell that it is somebody else.
    """

    start: datetime
    value: str
    doctor: str = ""


def row_key(doctor_id: int, clinic_id: int, start: datetime) -> str:
    """The id of a row's place on the page; `start` is on the clinic's clock."""
    return f"why-{doctor_id}-{clinic_id}-{start:%Y%m%d}"


@dataclass(frozen=True)
class Row:
    """A doctor's times on one day at one clinic."""

    doctor: Doctor
    clinic: Clinic
    kilometres: float | None
    resources: Sequence[Resource]
    offers: Sequence[Offer]
    same_doctor: bool = False

    @property
    def key(self) -> str:
        """Names the row's place for "why it works"."""
        return row_key(self.doctor.pk, self.clinic.pk, self.offers[0].start)

    @property
    def last_start(self) -> datetime:
        return self.offers[-1].start

    @property
    def shown(self) -> Sequence[Offer]:
        return self.offers if len(self.offers) <= SHOWN_TIMES + 1 else self.offers[:SHOWN_TIMES]

    @property
    def folded(self) -> Sequence[Offer]:
        return self.offers[len(self.shown) :]


@dataclass(frozen=True)
class DayGroup:
    day: date
    label: str
    rows: Sequence[Row]

    @property
    def count(self) -> int:
        return sum(len(row.offers) for row in self.rows)


@dataclass(frozen=True)
class Directory:
    """The rows that found times refer to by id."""

    doctors: Mapping[int, Doctor]
    clinics: Mapping[int, Clinic]
    resources: Mapping[int, Resource] = field(default_factory=dict)
    origin: Clinic | None = None
    usual_doctor_id: int | None = None

    def kilometres(self, clinic: Clinic) -> float | None:
        """As the crow flies from the patient's usual clinic; None there, or where no coordinates are known."""
        if self.origin is None or self.origin.pk == clinic.pk:
            return None
        return distance_km(self.origin, clinic)


def distance_km(one: Clinic, other: Clinic) -> float | None:
    """Great-circle distance between two clinics, or None when a coordinate is missing."""
    places = (one.latitude, one.longitude, other.latitude, other.longitude)
    if any(each is None for each in places):
        return None
    north, west, south, east = (radians(float(each)) for each in places if each is not None)
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin((east - west) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))


def day_label(day: date, today: date) -> str:
    """Today, Tomorrow, or the weekday."""
    return {0: "Today", 1: "Tomorrow"}.get((day - today).days, f"{day:%A}")


def offer_of(slot: Slot, clinic: Clinic, doctor: str = "") -> Offer:
    """The button for a slot."""
    value = slot_value(slot.doctor_id, slot.clinic_id, slot.starts_at)
    return Offer(wall_clock(slot.starts_at, clinic.zone), value, doctor)


def group_by_day(slots: Sequence[Slot], directory: Directory, *, sort: str, today: date) -> list[DayGroup]:
    """Days in order, each with its doctors: by first time, or the nearest clinic first."""

    def local_day(slot: Slot) -> date:
        return slot.starts_at.astimezone(directory.clinics[slot.clinic_id].zone).date()

    days = []
    for day, found in groupby(sorted(slots, key=lambda each: (local_day(each), each.starts_at)), key=local_day):
        rows = _rows(list(found), directory)
        if sort == "nearest":
            rows.sort(key=lambda row: row.kilometres or 0.0)
        days.append(DayGroup(day, day_label(day, today), rows))
    return days


def _rows(slots: Sequence[Slot], directory: Directory) -> list[Row]:
    by_place: dict[tuple[int, int], list[Slot]] = {}
    for slot in slots:
        by_place.setdefault((slot.doctor_id, slot.clinic_id), []).append(slot)
    return [_row(found, directory) for found in by_place.values()]


def _row(slots: Sequence[Slot], directory: Directory) -> Row:
    clinic = directory.clinics[slots[0].clinic_id]
    resources = [directory.resources[pk] for pk in slots[0].resource_ids if pk in directory.resources]
    return Row(
        doctor=directory.doctors[slots[0].doctor_id],
        clinic=clinic,
        kilometres=directory.kilometres(clinic),
        resources=[each for each in resources if each.kind != ResourceKind.DOCTOR],
        offers=[offer_of(slot, clinic) for slot in slots],
        same_doctor=slots[0].doctor_id == directory.usual_doctor_id,
    )


def stretches(parts: Sequence[str]) -> tuple[TimesOfDay, ...]:
    """The chosen parts of the day with their first and last start, parts that touch as one; empty: the whole day."""
    if not parts or len(parts) == len(PARTS):
        return ()
    found: list[tuple[time, time]] = []
    for start, end in (PARTS[key][1:] for key in PARTS if key in parts):
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, end))
    return tuple((start, None if end == time.max else _just_before(end)) for start, end in found)


def _just_before(end: time) -> time:
    """The last minute before a full hour, because a part of the day ends before the next one begins."""
    return end.replace(hour=end.hour - 1, minute=59)


def wait_until(start: datetime, now: datetime) -> str:
    """How far away a time is: "in 5 h 38", "in 12 days"."""
    minutes = int((start - now).total_seconds() // 60)
    if minutes < 60:
        return f"in {max(minutes, 0)} min"
    if minutes < 24 * 60:
        return f"in {minutes // 60} h {minutes % 60:02}"
    days = minutes // (24 * 60)
    return f"in {days} day{'s' if days > 1 else ''}"


def needs_of(appointment_type: object) -> str:
    """The hint under a service: "30 min, 10 min buffer, ECG cart, referral needed"."""
    each = appointment_type
    buffers = [
        (each.buffer_before_minutes, "min before"),  # type: ignore[attr-defined]
        (each.buffer_after_minutes, "min buffer"),  # type: ignore[attr-defined]
    ]
    needed = [
        f"{row.quantity} × {row.category or row.resource}" if row.quantity > 1 else str(row.category or row.resource)
        for row in each.requirements.all()  # type: ignore[attr-defined]
    ]
    words = [
        f"{each.duration_minutes} min",  # type: ignore[attr-defined]
        *(f"{minutes} {word}" for minutes, word in buffers if minutes),
        *dict.fromkeys(needed),
        "referral needed" if each.requires_referral else "",  # type: ignore[attr-defined]
        "" if each.modality == "in_person" else each.get_modality_display().lower(),  # type: ignore[attr-defined]
    ]
    return ", ".join(filter(None, words))
