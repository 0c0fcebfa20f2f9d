"""A practice's own page: it books visits for the patients whom it refers, or asks for them, and sees nothing else."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from scheduling.errors import LinkOver, NotOpen
from scheduling.languages import LANGUAGES
from scheduling.models import ReferrerLink
from scheduling.views.self_service.door import LANGUAGE_COOKIE, YEAR_SECONDS, discreet, set_cookie
from scheduling.views.self_service.public import book_or_ask
from scheduling.views.self_service.public_choice import Offered, choose, grouped
from scheduling.views.self_service.public_door import Guest, referrer_page, show
from scheduling.views.self_service.shown import ShownVisit

SHOWN_FOR = timedelta(minutes=30)
"""So long a practice can read again what it has just booked."""


@require_http_methods(["GET", "HEAD", "POST"])
@referrer_page
def refer(request: HttpRequest, guest: Guest, link: ReferrerLink) -> HttpResponse:
    """The visits that the link is for; of one, free times, or the form to ask for it."""
    if link.is_used_up:
        raise LinkOver
    kinds = link.appointment_types.filter(is_active=True).select_related("service__speciality")
    if "type" not in request.GET:
        specialities = grouped([Offered(kind, link.mode) for kind in kinds])
        return show(request, guest, "referrer", {"specialities": specialities, "clinic": link.clinic})
    kind = next((each for each in kinds if str(each.pk) == request.GET["type"]), None)
    if kind is None:
        raise NotOpen
    clinic = link.clinic
    choice = choose(request, kind, {clinic.pk: link.mode}, {clinic.pk: clinic})
    return book_or_ask(request, guest, choice, clinic)


@require_safe
@referrer_page
def referred(request: HttpRequest, guest: Guest, link: ReferrerLink, pk: UUID) -> HttpResponse:
    """What was just booked, or that it was asked for. It says the same whoever the patient is."""
    related = ("appointment__clinic", "appointment__doctor", "appointment__appointment_type__service")
    lately = link.bookings.filter(created_at__gt=guest.now - SHOWN_FOR)
    booking = get_object_or_404(lately.select_related(*related), pk=pk)
    visit = booking.appointment
    shown = ShownVisit(visit, guest.language, guest.now) if visit else None
    return show(request, guest, "referred", {"shown": shown, "clinic": link.clinic})


@csrf_exempt
@require_POST
def choose_language(request: HttpRequest, token: str) -> HttpResponse:
    """Read on in another language, on this device from now on."""
    response = redirect("scheduling:referrer", token=token)
    if (code := request.POST.get("language", "")) in LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, code, YEAR_SECONDS)
    return discreet(response)
