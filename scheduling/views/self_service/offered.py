"""Free times as patients choose from them: by day and part of the day, one picked, and that one kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from carebridge.errors import DomainError
from scheduling import holds
from scheduling.availability import Slot, SlotSearch, find_month, find_slots, first_available
from scheduling.errors import HoldsUnavailable, SlotHeld, SlotTaken, SlotUnavailable
from scheduling.forms import SlotField
from scheduling.languages import Language
from scheduling.models import AppointmentType, Clinic, Doctor
from scheduling.periods import wall_clock
from scheduling.views.found import offer_of
from scheduling.views.self_service.shown import nearness
from scheduling.views.self_service.when import Asked, Month, month_of
from scheduling.withheld import not_withheld, withheld_by_doctor

DAYS_AT_ONCE = 14
DAYS_OPEN = 2
"""How many days show their times; the others unfold."""
NOON = 12
LOST = (SlotTaken, SlotHeld, SlotUnavailable)
"""Refusals after which other times are offered."""


@dataclass(frozen=True)
class Wanted:
    """What times are looked for: a type at clinics (all of them listed), with one doctor or any, on these days.

    `among` limits "any" to some. `owner` is whose holds count as free; `ignoring` the visit that is to be moved. Days
    are local, both included.
    """

    appointment_type: AppointmentType
    clinics: Mapping[int, Clinic]
    doctor: Doctor | None
    owner: str
    first_day: date
    last_day: date | None = None
    patient_id: UUID | None = None
    ignoring: int | None = None
    among: tuple[int, ...] | None = None

    def search(self, now: datetime, from_day: date, to_day: date) -> SlotSearch:
        """The search for these days, without the times that are kept from patients."""
        return SlotSearch(
            appointment_type_id=self.appointment_type.pk,
            clinic_ids=tuple(self.clinics),
            doctor_ids=(self.doctor.pk,) if self.doctor else self.among,
            from_day=from_day,
            to_day=to_day,
            now=now,
            owner=self.owner,
            patient_id=self.patient_id,
            ignoring=self.ignoring,
            limit=2000,
            without=withheld_by_doctor(self.clinics, now),
        )

    def doctors(self) -> QuerySet[Doctor]:
        """Who may be picked."""
        performing = {"offerings__appointment_type": self.appointment_type, "offerings__clinic__in": list(self.clinics)}
        found = Doctor.objects.filter(**performing).distinct()
        if self.among is not None:
            found = found.filter(pk__in=self.among)
        return found.filter(pk=self.doctor.pk) if self.doctor else found


@dataclass(frozen=True)
class Day:
    """Free times of one local day, by part of the day, each as (value, time in words, place if several)."""

    name: str
    nearness: str
    morning: Sequence[tuple[str, str, str]]
    afternoon: Sequence[tuple[str, str, str]]

    @property
    def count(self) -> int:
        return len(self.morning) + len(self.afternoon)


@dataclass(frozen=True)
class Picked:
    """One of the times, as a button sends it back."""

    value: str
    doctor: Doctor
    clinic: Clinic
    starts_at: datetime

    def in_words(self, language: Language) -> tuple[str, str]:
        """Its day and its time on the clinic's clock."""
        local = wall_clock(self.starts_at, self.clinic.zone)
        return language.day(local.date()), language.clock(local.time())


@dataclass(frozen=True)
class Times:
    """Days with free times, and from which day more can be asked for; of a calendar one day, and its month."""

    asked: Asked
    days: Sequence[Day] = ()
    later: date | None = None
    month: Month | None = None


def free_times(wanted: Wanted, *, asked: Asked, language: Language, now: datetime) -> Times:
    """Free times of two weeks, beginning with the first day that has any, from the asked day or the first on.

    If a calendar is asked for, those of one day, and the month around it.
    """
    if asked.calendar:
        return _in_calendar(wanted, asked, language, now)
    slots = _from_first(wanted, asked.from_day, now)
    if not slots:
        return Times(asked)
    days = _days(slots, wanted, language, now)
    last = max(wall_clock(slot.starts_at, slot.plan.zone).date() for slot in slots)
    more = wanted.last_day is None or last < wanted.last_day
    return Times(asked, days, last + timedelta(days=1) if more else None)


def _in_calendar(wanted: Wanted, asked: Asked, language: Language, now: datetime) -> Times:
    search = wanted.search(now, wanted.first_day, wanted.first_day)
    found = find_month(search, asked.month, asked.day, last=wanted.last_day)
    if found is None:
        return Times(asked)
    days = _days(found.slots, wanted, language, now)
    return Times(asked, days, month=month_of(found, wanted.first_day, language))


def _days(slots: Sequence[Slot], wanted: Wanted, language: Language, now: datetime) -> list[Day]:
    times: dict[date, dict[time, Slot]] = {}
    for slot in slots:
        local = wall_clock(slot.starts_at, slot.plan.zone)
        # Each time once: of two doctors who are free the first in the list takes it.
        times.setdefault(local.date(), {}).setdefault(local.time(), slot)
    today = wall_clock(now, next(iter(wanted.clinics.values())).zone).date()
    return [_day(day, found, wanted.clinics, language, today) for day, found in times.items()]


def _from_first(wanted: Wanted, asked: date | None, now: datetime) -> list[Slot]:
    start = max(asked or wanted.first_day, wanted.first_day)
    search = wanted.search(now, start, start)
    if (first := first_available(search)) is None:
        return []
    day = wall_clock(first.starts_at, first.plan.zone).date()
    last = day + timedelta(days=DAYS_AT_ONCE - 1)
    if wanted.last_day:
        last = min(last, wanted.last_day)
    return find_slots(replace(search, from_day=day, to_day=last)) if day <= last else []


def _day(day: date, found: Mapping[time, Slot], clinics: Mapping[int, Clinic], language: Language, today: date) -> Day:
    offered = [(at.hour, _offer(slot, at, clinics, language)) for at, slot in found.items()]
    return Day(
        name=language.day(day),
        nearness=nearness(day, today),
        morning=[offer for hour, offer in offered if hour < NOON],
        afternoon=[offer for hour, offer in offered if hour >= NOON],
    )


def _offer(slot: Slot, at: time, clinics: Mapping[int, Clinic], language: Language) -> tuple[str, str, str]:
    clinic = clinics[slot.clinic_id]
    return offer_of(slot, clinic).value, language.clock(at), clinic.name if len(clinics) > 1 else ""


def nearest_times(lost: DomainError, wanted: Wanted, language: Language) -> list[tuple[str, str]]:
    """The free times nearest to a lost one, as the refusal names them: (value, day and time in words)."""
    found = not_withheld(lost.detail.get("nearest", ()), wanted.clinics, timezone.now())
    shown = [(slot, wall_clock(slot.starts_at, slot.plan.zone)) for slot in found if slot.clinic_id in wanted.clinics]
    return [
        (
            offer_of(slot, wanted.clinics[slot.clinic_id]).value,
            f"{language.day(at.date())}, {language.clock(at.time())}",
        )
        for slot, at in shown
    ]


def read_picked(value: str, wanted: Wanted) -> Picked:
    """The time that was sent back. Raises SlotUnavailable for one that can't have been offered here."""
    try:
        doctor_id, clinic_id, starts_at = SlotField(max_length=80).clean(value)
    except ValidationError:
        raise SlotUnavailable from None
    doctor, clinic = wanted.doctors().filter(pk=doctor_id).first(), wanted.clinics.get(clinic_id)
    if doctor is None or clinic is None:
        raise SlotUnavailable
    return Picked(value, doctor, clinic, starts_at)


def keep(picked: Picked, wanted: Wanted) -> bool:
    """Hold the picked time for some minutes; False where times can't be held now. Raises one of LOST."""
    try:
        holds.hold_slot(
            appointment_type=wanted.appointment_type,
            doctor=picked.doctor,
            clinic=picked.clinic,
            starts_at=picked.starts_at,
            owner=wanted.owner,
            by=None,
            ignoring=wanted.ignoring,
            by_patient=True,
        )
    except HoldsUnavailable:
        return False
    return True


def choose_time(
    request: HttpRequest,
    wanted: Wanted,
    *,
    offer: Callable[[DomainError | None], HttpResponse],
    ask: Callable[[Picked, bool], HttpResponse],
    take: Callable[[Picked], HttpResponse],
) -> HttpResponse:
    """Offer times; keep the one that was picked and ask once more; take it. A lost one leads to others, and says so."""
    if request.method != "POST":
        return offer(None)
    try:
        picked = read_picked(request.POST.get("slot", ""), wanted)
        if "sure" not in request.POST:
            return ask(picked, keep(picked, wanted))
        return take(picked)
    except LOST as error:
        return offer(error)


def without_doctor(wanted: Wanted) -> Wanted:
    """The same with any doctor."""
    return replace(wanted, doctor=None)
