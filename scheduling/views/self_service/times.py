"""Choosing another time: free ones by day, one picked and kept for some minutes, then the old one given up for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from carebridge.errors import DomainError
from scheduling import holds
from scheduling.availability import Slot, SlotSearch, find_slots, first_available
from scheduling.errors import HoldsUnavailable, PolicyRefused, SlotHeld, SlotTaken, SlotUnavailable
from scheduling.languages import Language
from scheduling.links import live_visit
from scheduling.models import Appointment, Channel, Clinic, Doctor, PatientLink
from scheduling.periods import wall_clock
from scheduling.rescheduling import reschedule_appointment
from scheduling.views.found import offer_of
from scheduling.views.self_service.door import Visitor, page, patient_page
from scheduling.views.self_service.shown import ShownVisit, nearness
from scheduling.views.self_service.words import sentence

DAYS_AT_ONCE = 14
DAYS_OPEN = 2
"""How many days show their times; the others unfold."""
NOON = 12
LOST = (SlotTaken, SlotHeld, SlotUnavailable)


@dataclass(frozen=True)
class Day:
    """Free times of one local day, by part of the day, each as (value, time in words)."""

    name: str
    nearness: str
    morning: Sequence[tuple[str, str]]
    afternoon: Sequence[tuple[str, str]]

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


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page(PatientLink.Purpose.MANAGE)
def choose(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Free times for the same visit; a picked one is shown beside the old one; agreed to, the visit is moved."""
    visit = live_visit(visitor.link)
    if not ShownVisit(visit, visitor.language, visitor.now).may_move:
        raise PolicyRefused(code="past_cutoff")
    if request.method != "POST":
        return _offer(request, visitor, visit)
    try:
        picked = _picked(request, visit)
        if "sure" not in request.POST:
            return _ask(request, visitor, visit, picked)
        reschedule_appointment(
            appointment=visit,
            starts_at=picked.starts_at,
            doctor=picked.doctor,
            by=None,
            channel=Channel.LINK,
            hold=_owner(visitor),
            version=visit.version,
        )
    except LOST as error:
        return _offer(request, visitor, visit, lost=error)
    return redirect("scheduling:patient-link", token=visitor.token)


def _offer(request: HttpRequest, visitor: Visitor, visit: Appointment, lost: DomainError | None = None) -> HttpResponse:
    any_doctor = "any" in request.GET
    search = _search(visitor, visit, any_doctor=any_doctor)
    slots = _from_first(search, request.GET.get("from", ""))
    days = _by_day(slots, visit.clinic, visitor)
    last = wall_clock(slots[-1].starts_at, visit.clinic.zone).date() if slots else None
    context = {
        "clinic": visit.clinic,
        "shown": ShownVisit(visit, visitor.language, visitor.now),
        "days": days,
        "open_days": DAYS_OPEN,
        "any_doctor": any_doctor,
        "later": last + timedelta(days=1) if last else None,
        "lost": sentence(lost) if lost else "",
    }
    return page(request, visitor, "times", context, status=lost.status if lost else 200)


def _ask(request: HttpRequest, visitor: Visitor, visit: Appointment, picked: Picked) -> HttpResponse:
    kept = True
    try:
        holds.hold_slot(
            appointment_type=visit.appointment_type,
            doctor=picked.doctor,
            clinic=picked.clinic,
            starts_at=picked.starts_at,
            owner=_owner(visitor),
            by=None,
            ignoring=visit.pk,
        )
    except HoldsUnavailable:
        kept = False
    old = ShownVisit(visit, visitor.language, visitor.now)
    local = wall_clock(picked.starts_at, picked.clinic.zone)
    context = {
        "clinic": visit.clinic,
        "shown": old,
        "picked": picked,
        "kept": kept,
        "day": visitor.language.day(local.date()),
        "time": visitor.language.clock(local.time()),
    }
    return page(request, visitor, "move", context)


def _search(visitor: Visitor, visit: Appointment, *, any_doctor: bool) -> SlotSearch:
    today = wall_clock(visitor.now, visit.clinic.zone).date()
    return SlotSearch(
        appointment_type_id=visit.appointment_type_id,
        clinic_ids=(visit.clinic_id,),
        doctor_ids=None if any_doctor else (visit.doctor_id,),
        from_day=today,
        to_day=today + timedelta(days=DAYS_AT_ONCE - 1),
        now=visitor.now,
        owner=_owner(visitor),
        patient_id=visit.patient_id,
        ignoring=visit.pk,
        limit=1000,
    )


def _from_first(search: SlotSearch, asked: str) -> list[Slot]:
    """Free times of some days, beginning with the first that has any, from the asked day on."""
    try:
        search = replace(search, from_day=max(date.fromisoformat(asked), search.from_day))
    except ValueError:
        pass
    if (first := first_available(search)) is None:
        return []
    day = wall_clock(first.starts_at, first.plan.zone).date()
    return find_slots(replace(search, from_day=day, to_day=day + timedelta(days=DAYS_AT_ONCE - 1)))


def _by_day(slots: Sequence[Slot], clinic: Clinic, visitor: Visitor) -> list[Day]:
    """Days with their times, each time once: of two doctors who are free the first in the list takes it."""
    today = wall_clock(visitor.now, clinic.zone).date()
    times: dict[date, dict[time, Slot]] = {}
    for slot in slots:
        local = wall_clock(slot.starts_at, clinic.zone)
        times.setdefault(local.date(), {}).setdefault(local.time(), slot)
    return [_day(day, found, clinic, visitor.language, today) for day, found in times.items()]


def _day(day: date, found: dict[time, Slot], clinic: Clinic, language: Language, today: date) -> Day:
    offered = [(at.hour, (offer_of(slot, clinic).value, language.clock(at))) for at, slot in found.items()]
    return Day(
        name=language.day(day),
        nearness=nearness(day, today),
        morning=[offer for hour, offer in offered if hour < NOON],
        afternoon=[offer for hour, offer in offered if hour >= NOON],
    )


def _picked(request: HttpRequest, visit: Appointment) -> Picked:
    """The time that was sent back. Raises SlotUnavailable for one that was never offered for this visit."""
    value = request.POST.get("slot", "")
    try:
        doctor_id, clinic_id, start = value.split(".", 2)
        starts_at, doctor_id_, clinic_id_ = datetime.fromisoformat(start), int(doctor_id), int(clinic_id)
    except ValueError:
        raise SlotUnavailable from None
    performs = {"offerings__appointment_type": visit.appointment_type_id, "offerings__clinic": visit.clinic_id}
    doctor = Doctor.objects.filter(pk=doctor_id_, **performs).first()
    if doctor is None or clinic_id_ != visit.clinic_id or starts_at.tzinfo is None:
        raise SlotUnavailable
    return Picked(value, doctor, visit.clinic, starts_at)


def _owner(visitor: Visitor) -> str:
    """Whose holds these are: of whoever follows this link."""
    return f"link-{visitor.link.pk.hex}"
