"""A patient who was asked to choose a time: free ones, one picked and kept, booked; afterwards it is their visit."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from carebridge.errors import DomainError
from scheduling.booking_invitations import accept_invitation
from scheduling.models import BookingInvitation
from scheduling.periods import wall_clock
from scheduling.views.self_service.door import Visitor, page
from scheduling.views.self_service.offered import DAYS_OPEN, Picked, Wanted, choose_time, free_times
from scheduling.views.self_service.when import Asked
from scheduling.views.self_service.words import sentence


def choose_first(request: HttpRequest, visitor: Visitor, invitation: BookingInvitation) -> HttpResponse:
    """Free times within the invitation; a picked one is shown once more; agreed to, it is booked."""
    wanted = _wanted(visitor, invitation)

    def take(picked: Picked) -> HttpResponse:
        accept_invitation(invitation=invitation, doctor=picked.doctor, starts_at=picked.starts_at, hold=wanted.owner)
        return redirect("scheduling:patient-link", token=visitor.token)

    return choose_time(
        request,
        wanted,
        offer=lambda lost: _offer(request, visitor, invitation, wanted, lost),
        ask=lambda picked, kept: _ask(request, visitor, invitation, picked, kept=kept),
        take=take,
    )


def _wanted(visitor: Visitor, invitation: BookingInvitation) -> Wanted:
    today = wall_clock(visitor.now, invitation.clinic.zone).date()
    return Wanted(
        appointment_type=invitation.appointment_type,
        clinics={invitation.clinic_id: invitation.clinic},
        doctor=invitation.doctor,
        owner=visitor.holds,
        first_day=max(today, invitation.first_day),
        last_day=invitation.last_day,
        patient_id=invitation.patient_id,
    )


def _offer(
    request: HttpRequest,
    visitor: Visitor,
    invitation: BookingInvitation,
    wanted: Wanted,
    lost: DomainError | None,
) -> HttpResponse:
    times = free_times(wanted, asked=Asked.of(request), language=visitor.language, now=visitor.now)
    context = {
        "invitation": invitation,
        "times": times,
        "open_days": DAYS_OPEN,
        "lost": sentence(lost) if lost else "",
    }
    return page(request, visitor, "invited", context, status=lost.status if lost else 200)


def _ask(
    request: HttpRequest, visitor: Visitor, invitation: BookingInvitation, picked: Picked, *, kept: bool
) -> HttpResponse:
    day, time = picked.in_words(visitor.language)
    context = {"invitation": invitation, "picked": picked, "kept": kept, "day": day, "time": time}
    return page(request, visitor, "invited_sure", context)
