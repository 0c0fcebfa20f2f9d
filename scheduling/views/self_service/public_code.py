"""Entering the code: then the visit is booked and opens by its own link, or the request is reception's."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.errors import DomainError
from scheduling.errors import CodeOver, WrongCode
from scheduling.links import manage_link, token_of
from scheduling.models import SelfBooking
from scheduling.periods import wall_clock
from scheduling.public_codes import MOST_CODES, enter_code, send_code_again
from scheduling.views.self_service.door import Visitor, keep_open, visit_page
from scheduling.views.self_service.public_door import Guest, public_page, public_refused, show
from scheduling.views.self_service.shown import ShownVisit
from scheduling.views.self_service.visits import shown_page
from scheduling.views.self_service.words import sentence


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def enter(request: HttpRequest, guest: Guest, pk: UUID) -> HttpResponse:
    """What waits for the code, and where it is entered."""
    booking = _booking(pk)
    if request.method != "POST":
        if booking.verified_at or guest.now >= booking.expires_at:
            return _over(request, guest, booking)
        return _show(request, guest, booking)
    try:
        booking = enter_code(booking=booking, code=request.POST.get("code", ""))
    except WrongCode as error:
        return _show(request, guest, booking, error)
    except CodeOver:
        return _over(request, guest, booking)
    return _done(request, guest, booking)


@require_POST
@public_page
def again(request: HttpRequest, guest: Guest, pk: UUID) -> HttpResponse:
    """Another code, in place of the one before."""
    booking = _booking(pk)
    try:
        send_code_again(booking=booking)
    except CodeOver:
        return _over(request, guest, booking)
    return redirect("scheduling:public-code", pk=pk)


@require_http_methods(["GET", "HEAD"])
@visit_page
def booked(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The visit that was just booked, and what comes next. It says the same to everybody."""
    return shown_page(request, visitor, "public_booked")


def _booking(pk: UUID) -> SelfBooking:
    related = ("clinic", "patient", "appointment_type__service", "appointment__clinic", "appointment__doctor")
    return get_object_or_404(SelfBooking.objects.select_related(*related), pk=pk)


def _show(request: HttpRequest, guest: Guest, booking: SelfBooking, error: DomainError | None = None) -> HttpResponse:
    until = wall_clock(booking.expires_at, booking.clinic.zone)
    context = {
        "booking": booking,
        "shown": ShownVisit(booking.appointment, guest.language, guest.now) if booking.appointment else None,
        "clinic": booking.clinic,
        "until": guest.language.clock(until.time()),
        "may_again": booking.code_number < MOST_CODES,
        "again": booking.code_number > 1,
        "wrong": sentence(error) if error else "",
    }
    return show(request, guest, "public_code", context, status=error.status if error else 200)


def _over(request: HttpRequest, guest: Guest, booking: SelfBooking) -> HttpResponse:
    back = f"{reverse('scheduling:public')}?type={booking.appointment_type_id}"
    return public_refused(request, guest, CodeOver(), back)


def _done(request: HttpRequest, guest: Guest, booking: SelfBooking) -> HttpResponse:
    if booking.appointment is None:
        return show(request, guest, "public_asked", {"booking": booking, "clinic": booking.clinic})
    link = manage_link(appointment=booking.appointment)
    response = redirect("scheduling:patient-booked", token=token_of(link))
    keep_open(response, link)
    return response
