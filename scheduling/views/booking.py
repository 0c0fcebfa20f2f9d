"""The booking drawer: hold a time, say for whom, confirm. Moving an appointment is the same drawer."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from carebridge.errors import DomainError, InvalidInput, NotAllowed
from carebridge.http import StaffRequest, refusal
from scheduling import holds
from scheduling.booking import book_appointment
from scheduling.errors import HoldGone, HoldsUnavailable
from scheduling.models import Appointment, Channel
from scheduling.queries.scope import Viewer
from scheduling.rescheduling import reschedule_appointment
from scheduling.views.attempts import hold_id_of, owner_of, release
from scheduling.views.draft import Draft
from scheduling.views.drafting import find_hold, hold_time, load_draft
from scheduling.views.finder import find_context

View = Callable[..., HttpResponse]


def answering_refusals(view: View) -> View:
    """Answer what makes no draft at all: malformed times with a 422 fragment, what may not be done with 403."""

    @wraps(view)
    def wrapped(request: StaffRequest, *args: object) -> HttpResponse:
        try:
            return view(request, *args)
        except NotAllowed as refused:
            raise PermissionDenied(refused.message) from refused
        except DomainError as refused:
            return refusal(request, "scheduling/find_refused.html", refused)

    return wrapped


@login_required
@require_POST
@answering_refusals
def hold(request: StaffRequest) -> HttpResponse:
    """Hold the chosen time and open the drawer on it; another's hold answers 409 with the nearest free times."""
    draft = load_draft(request)
    try:
        hold_time(request, draft)
    except DomainError as refused:
        draft.error = refused
    return answer(request, draft)


@login_required
@require_POST
def extend(request: StaffRequest, attempt: str) -> HttpResponse:
    """Three more minutes, once."""
    owner = owner_of(request, attempt)
    context = {"attempt": attempt}
    try:
        held = holds.extend_hold(hold_id_of(request, attempt), owner) if owner else None
    except (HoldGone, HoldsUnavailable) as refused:
        return render(request, "scheduling/booking_hold.html", {**context, "error": refused}, status=refused.status)
    return render(request, "scheduling/booking_hold.html", {**context, "hold": held})


@login_required
@require_POST
def release_hold(request: StaffRequest, attempt: str) -> HttpResponse:
    """Give the time back: Esc, the Release button, or a page that is left."""
    release(request, attempt)
    if request.htmx:
        return triggering(HttpResponse(status=200), {"carebridge:close-drawer": {}, "carebridge:search-again": {}})
    return redirect("scheduling:find")


@login_required
@require_POST
@answering_refusals
def patient_section(request: StaffRequest) -> HttpResponse:
    """The drawer once more, for the patient just chosen: their referrals, other visits and what the rules say."""
    draft = load_draft(request)
    find_hold(request, draft)
    return render(request, "scheduling/booking.html#details", {"draft": draft, "patient_changed": True})


@login_required
@require_POST
@answering_refusals
def confirm(request: StaffRequest) -> HttpResponse:
    """Book, or move. A refusal keeps everything typed and says what, whether anything was saved, and what next."""
    draft = load_draft(request)
    try:
        appointment = carry_out(draft)
    except DomainError as refused:
        draft.error = refused
        find_hold(request, draft)
        return answer(request, draft)
    return done(request, draft, appointment)


def carry_out(draft: Draft) -> Appointment:
    """The one command behind the button."""
    form = draft.form
    if draft.patient is None:
        raise InvalidInput("Choose or add the patient first. Nothing was saved.", fields={"patient": "Missing."})
    if not form.is_valid():
        raise InvalidInput("Check the marked fields. Nothing was saved.")
    values, channel = form.cleaned_data, Channel(form.cleaned_data["channel"])
    if draft.moving is not None:
        return reschedule_appointment(
            appointment=draft.moving,
            starts_at=draft.starts_at,
            by=draft.user,
            doctor=draft.doctor,
            clinic=draft.clinic,
            channel=channel,
            hold=draft.owner,
            override_reason=values["override_reason"],
            exception_reason=values["exception_reason"],
        )
    return book_appointment(
        patient=draft.patient,
        appointment_type=draft.appointment_type,
        doctor=draft.doctor,
        clinic=draft.clinic,
        starts_at=draft.starts_at,
        by=draft.user,
        channel=channel,
        notes=values["notes"],
        referral=values["referral"],
        hold=draft.owner,
        override_reason=values["override_reason"],
    )


def answer(request: StaffRequest, draft: Draft) -> HttpResponse:
    """The drawer as a fragment, or in the whole page for a browser without script."""
    status = draft.error.status if draft.error else 200
    if request.htmx:
        return render(request, "scheduling/booking.html", {"draft": draft, "swapped": True}, status=status)
    return render(request, "scheduling/find.html", find_context(request, draft), status=status)


def done(request: StaffRequest, draft: Draft, appointment: Appointment) -> HttpResponse:
    """What was booked, with the way to the board; the times behind the drawer are searched again."""
    has_board = Viewer(request.user, appointment.clinic).may_open
    context = {"booked": appointment, "moved": draft.moving, "board_url": board_url(appointment) if has_board else ""}
    if not request.htmx:
        return render(request, "scheduling/find.html", {**find_context(request), **context})
    word = "Moved to" if draft.moving else "Booked for"
    toast = {"text": f"{word} {appointment.local_start:%a %-d %b, %H:%M}. {appointment.reference}"}
    response = render(request, "scheduling/booking_done.html", context)
    triggering(response, {"carebridge:toast": toast})
    # Once the drawer has let go of the time: before, the search would explain why it isn't free.
    return trigger_client_event(response, "carebridge:search-again", {}, after="swap")


def board_url(appointment: Appointment) -> str:
    """The board on the appointment's day, with its card lit."""
    query = f"clinic={appointment.clinic_id}&day={appointment.local_date.isoformat()}&flash={appointment.reference}"
    return f"{reverse('scheduling:board')}?{query}"


def triggering(response: HttpResponse, events: dict[str, object]) -> HttpResponse:
    """The response with events for the page's scripts."""
    response["HX-Trigger"] = json.dumps(events)
    return response
