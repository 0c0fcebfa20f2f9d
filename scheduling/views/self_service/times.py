"""Choosing another time: one is picked and kept for some minutes, then the old one is given up for it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from carebridge.errors import DomainError
from scheduling.errors import PolicyRefused
from scheduling.links import live_visit
from scheduling.models import Appointment, Channel
from scheduling.periods import wall_clock
from scheduling.rescheduling import reschedule_appointment
from scheduling.views.self_service.door import Visitor, page, visit_page
from scheduling.views.self_service.offered import (
    DAYS_OPEN,
    Picked,
    Wanted,
    choose_time,
    free_times,
    without_doctor,
)
from scheduling.views.self_service.shown import ShownVisit
from scheduling.views.self_service.when import Asked
from scheduling.views.self_service.words import sentence


@require_http_methods(["GET", "HEAD", "POST"])
@visit_page
def choose(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Free times for the same visit; a picked one is shown beside the old one; agreed to, the visit is moved."""
    visit = live_visit(visitor.link)
    if not ShownVisit(visit, visitor.language, visitor.now).may_move:
        raise PolicyRefused(code="past_cutoff")
    wanted = _wanted(visitor, visit)

    def take(picked: Picked) -> HttpResponse:
        reschedule_appointment(
            appointment=visit,
            starts_at=picked.starts_at,
            doctor=picked.doctor,
            by=None,
            channel=Channel.LINK,
            hold=wanted.owner,
            version=visit.version,
        )
        return redirect("scheduling:patient-link", token=visitor.token)

    return choose_time(
        request,
        without_doctor(wanted),
        offer=lambda lost: _offer(request, visitor, visit, wanted, lost),
        ask=lambda picked, kept: _ask(request, visitor, visit, picked, kept=kept),
        take=take,
    )


def _wanted(visitor: Visitor, visit: Appointment) -> Wanted:
    return Wanted(
        appointment_type=visit.appointment_type,
        clinics={visit.clinic_id: visit.clinic},
        doctor=visit.doctor,
        owner=visitor.holds,
        first_day=wall_clock(visitor.now, visit.clinic.zone).date(),
        patient_id=visit.patient_id,
        ignoring=visit.pk,
    )


def _offer(
    request: HttpRequest, visitor: Visitor, visit: Appointment, wanted: Wanted, lost: DomainError | None
) -> HttpResponse:
    any_doctor = "any" in request.GET
    searched = without_doctor(wanted) if any_doctor else wanted
    times = free_times(searched, asked=Asked.of(request), language=visitor.language, now=visitor.now)
    context = {
        "clinic": visit.clinic,
        "shown": ShownVisit(visit, visitor.language, visitor.now),
        "times": times,
        "open_days": DAYS_OPEN,
        "any_doctor": any_doctor,
        "lost": sentence(lost) if lost else "",
    }
    return page(request, visitor, "times", context, status=lost.status if lost else 200)


def _ask(request: HttpRequest, visitor: Visitor, visit: Appointment, picked: Picked, *, kept: bool) -> HttpResponse:
    day, time = picked.in_words(visitor.language)
    shown = ShownVisit(visit, visitor.language, visitor.now)
    context = {"clinic": visit.clinic, "shown": shown, "picked": picked, "kept": kept, "day": day, "time": time}
    return page(request, visitor, "move", context)
