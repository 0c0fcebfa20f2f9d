"""Booking by anybody: a visit, a place, a time, who it is for; then a code shows that they can be reached."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from carebridge.errors import DomainError, InvalidInput
from scheduling.errors import PolicyRefused
from scheduling.models import Clinic, OnlineBooking, ReferrerLink, SelfBooking
from scheduling.public_booking import begin_booking, begin_request
from scheduling.referrer_links import token_of
from scheduling.referring import refer, refer_without_time
from scheduling.views.self_service.offered import (
    DAYS_OPEN,
    LOST,
    Picked,
    Times,
    choose_time,
    free_times,
    nearest_times,
    read_picked,
)
from scheduling.views.self_service.public_choice import Choice, by_speciality, read_choice, switches
from scheduling.views.self_service.public_door import Guest, public_page, show
from scheduling.views.self_service.public_form import DetailsForm, ReferredForm, stamp
from scheduling.views.self_service.when import Asked
from scheduling.views.self_service.words import sentence

Mode = OnlineBooking.Mode
TYPED = (*DetailsForm.field_order, "number", "stamp")
"""What goes along when a time was lost, so that nobody types it again."""


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def book(request: HttpRequest, guest: Guest, code: str = "") -> HttpResponse:
    """The visits to choose from; of one, free times, or the form to ask for it, or whom to call."""
    clinic = get_object_or_404(Clinic.objects.active(), code=code) if code else None
    if "type" not in request.GET:
        return services(request, guest, clinic)
    return book_or_ask(request, guest, read_choice(request, clinic), clinic)


def book_or_ask(request: HttpRequest, guest: Guest, choice: Choice, clinic: Clinic | None) -> HttpResponse:
    """As far as the type leads there: a time is booked, a visit asked for, or it says whom to call."""
    if Mode.BOOK in choice.leads_to.values() and "ask" not in request.GET:
        return _pick(request, guest, choice, clinic)
    if Mode.REQUEST in choice.leads_to.values():
        return _ask(request, guest, choice, clinic)
    return show(request, guest, "public_call", {"choice": choice, "clinic": clinic})


def services(request: HttpRequest, guest: Guest, clinic: Clinic | None) -> HttpResponse:
    """The visits of a clinic, or of all of them, by speciality."""
    rows = list(switches(clinic))
    places = sorted({row.clinic for row in rows}, key=lambda each: each.position)
    context = {"specialities": by_speciality(rows), "places": [] if clinic else places, "clinic": clinic}
    return show(request, guest, "public", context)


# --- A time ----------------------------------------------------------------------------------------------------------


def _pick(request: HttpRequest, guest: Guest, choice: Choice, clinic: Clinic | None) -> HttpResponse:
    if not choice.at(Mode.BOOK):
        return offer_times(request, guest, choice, clinic)

    def ask(picked: Picked, _kept: bool) -> HttpResponse:
        form = _form(guest, choice, initial={"stamp": stamp(guest.now), **_typed(request)})
        return _details(request, guest, choice, clinic, picked, form)

    if request.method != "POST" and "slot" in request.GET:
        # Picked in a frame on a clinic's own site. It isn't held before something is sent: links change nothing.
        try:
            return ask(read_picked(request.GET["slot"], choice.wanted(guest)), False)
        except LOST as error:
            return offer_times(request, guest, choice, clinic, error)
    return choose_time(
        request,
        choice.wanted(guest),
        offer=lambda lost: offer_times(request, guest, choice, clinic, lost),
        ask=ask,
        take=lambda picked: _book(request, guest, choice, clinic, picked),
    )


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST[name] for name in TYPED if request.POST.get(name)}


def _book(request: HttpRequest, guest: Guest, choice: Choice, clinic: Clinic | None, picked: Picked) -> HttpResponse:
    form = _form(guest, choice, request.POST)
    if form.is_valid():
        try:
            return _begin(guest, choice, picked, form)
        except (PolicyRefused, InvalidInput) as error:
            form.add_error(None, sentence(error))
    return _details(request, guest, choice, clinic, picked, form)


def _begin(guest: Guest, choice: Choice, picked: Picked, form: DetailsForm) -> HttpResponse:
    wanted: dict[str, Any] = {
        "person": form.person(guest.language.code),
        "appointment_type": choice.kind,
        "doctor": picked.doctor,
        "starts_at": picked.starts_at,
        "hold": guest.owner,
    }
    if guest.referrer:
        return _referred(guest.referrer, refer(link=guest.referrer, number=form.cleaned_data["number"], **wanted))
    return _to_code(begin_booking(clinic=picked.clinic, **wanted))


def _to_code(booking: SelfBooking) -> HttpResponse:
    return redirect("scheduling:public-code", pk=booking.pk)


def _referred(link: ReferrerLink, booking: SelfBooking) -> HttpResponse:
    return redirect("scheduling:referred", token=token_of(link), pk=booking.pk)


def _form(guest: Guest, choice: Choice, *args: Any, **kwargs: Any) -> DetailsForm:
    form = ReferredForm if guest.referrer else DetailsForm
    return form(*args, now=guest.now, asks_sex=bool(choice.kind.sex), **kwargs)


def offer_times(
    request: HttpRequest, guest: Guest, choice: Choice, clinic: Clinic | None, lost: DomainError | None = None
) -> HttpResponse:
    """Free times from the first day that has any; after a lost one the nearest first, with what was typed."""
    asked = Asked.of(request)
    times, nearest = Times(asked), []
    if choice.at(Mode.BOOK):
        wanted = choice.wanted(guest)
        if lost:
            asked = asked.at(_day_of(request.POST.get("slot", "")))
            nearest = nearest_times(lost, wanted, guest.language)
        times = free_times(wanted, asked=asked, language=guest.language, now=guest.now)
    context = {
        "choice": choice,
        "clinic": clinic,
        "times": times,
        "nearest": nearest,
        "open_days": DAYS_OPEN,
        "typed": _typed(request).items(),
        "lost": sentence(lost) if lost else "",
        "asks_too": Mode.REQUEST in choice.leads_to.values(),
        "kept": [(name, value) for name, values in asked.choice.lists() for value in values],
    }
    return show(request, guest, "public_times", context, status=lost.status if lost else 200)


def _day_of(slot: str) -> str:
    """The local day of a time as a button sends it."""
    return slot.split(".", 2)[-1][:10]


def _details(
    request: HttpRequest, guest: Guest, choice: Choice, clinic: Clinic | None, picked: Picked, form: DetailsForm
) -> HttpResponse:
    day, time = picked.in_words(guest.language)
    context = {
        "choice": choice,
        "clinic": clinic,
        "picked": picked,
        "form": form,
        "day": day,
        "time": time,
        "query": Asked.of(request).here,
    }
    return show(request, guest, "public_details", context, status=422 if form.errors else 200)


# --- A request -------------------------------------------------------------------------------------------------------


def _ask(request: HttpRequest, guest: Guest, choice: Choice, clinic: Clinic | None) -> HttpResponse:
    """The form by which to ask for a visit; sent, a code goes out as for a booking."""
    clinics = list(choice.at(Mode.REQUEST).values()) or [
        each for pk, each in choice.clinics.items() if choice.leads_to[pk] == Mode.REQUEST
    ]
    if request.method != "POST":
        form = _form(guest, choice, initial={"stamp": stamp(guest.now)}, clinics=clinics)
    else:
        form = _form(guest, choice, request.POST, clinics=clinics)
        try:
            if form.is_valid():
                return _begin_asking(guest, choice, form)
        except InvalidInput as error:
            form.add_error(None, sentence(error))
    context = {"choice": choice, "clinic": clinic, "form": form, "query": Asked.of(request).here}
    return show(request, guest, "public_ask", context, status=422 if form.errors else 200)


def _begin_asking(guest: Guest, choice: Choice, form: DetailsForm) -> HttpResponse:
    told = form.cleaned_data
    wanted: dict[str, Any] = {
        "person": form.person(guest.language.code),
        "appointment_type": choice.kind,
        "wishes": told["wishes"],
    }
    if guest.referrer:
        return _referred(guest.referrer, refer_without_time(link=guest.referrer, number=told["number"], **wanted))
    return _to_code(begin_request(clinic=told["clinic"], **wanted))
