"""One appointment: its drawer, the steps of the visit, its note, and taking things back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url, reswap, retarget, trigger_client_event

from carebridge.accounts.models import User
from carebridge.errors import DomainError
from carebridge.http import fragment_tag, tagged, unchanged
from scheduling.cancelling import undo_cancellation
from scheduling.models import Appointment, Status
from scheduling.patient_search import note_opened_visit
from scheduling.queries.drawer import Drawer, drawer_of, find_appointment
from scheduling.queries.scope import Viewer
from scheduling.rescheduling import reschedule_appointment
from scheduling.resizing import change_duration
from scheduling.reviews import refuse_override
from scheduling.views.board import board_clinics, board_page, place_at
from scheduling.views.forms import DurationForm, NotesForm, RefuseOverrideForm
from scheduling.views.steps import (
    STEPS,
    may_cancel,
    may_change_duration,
    may_decide,
    may_move,
    offered_steps,
    undo_label,
)
from scheduling.visits import change_notes, undo_status


@login_required
@require_safe
def appointment(request: HttpRequest, reference: str) -> HttpResponse:
    """The drawer; as a page of its own, the board of that day with the drawer open."""
    found = visible(request, reference)
    tag = fragment_tag(request.user.pk, found.pk, found.version, found.patient.version, timezone.now().strftime("%H%M"))
    if request.htmx and (same := unchanged(request, tag)) is not None:  # type: ignore[attr-defined]
        return same
    note_opened_visit(found, by=request.user)  # type: ignore[arg-type]
    return tagged(show(request, found, asked_for=reference, live_tag=tag), tag)


def visible(request: HttpRequest, reference: str) -> Appointment:
    """The appointment as it stands now. Raises Http404 for what is unknown or not theirs."""
    found = find_appointment(request.user, reference)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    return found


def show(
    request: HttpRequest, found: Appointment, *, status: int = 200, error: DomainError | None = None, **more: Any
) -> HttpResponse:
    """The drawer in its frame: alone for htmx, beside the board otherwise."""
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    drawer = drawer_of(found, user, now=now, asked_for=more.pop("asked_for", ""))
    context = {**drawer_context(drawer, user), "error": error, **more}
    if request.htmx:  # type: ignore[attr-defined]
        with timezone.override(found.clinic.zone):
            return render(request, "scheduling/appointment.html", context, status=status)
    if not Viewer(user, found.clinic).may_open:
        # Booked by them at a clinic whose board isn't theirs to see: the visit alone.
        alone = {**context, "dialog": "scheduling/appointment.html", "nav": ""}
        with timezone.override(found.clinic.zone):
            return render(request, "scheduling/appointment_page.html", alone, status=status)
    place = place_at(user, found.clinic_id, found.local_date)
    return board_page(request, place, board_clinics(user), now, status=status, **context)


def drawer_context(drawer: Drawer, user: User) -> dict[str, Any]:
    """The drawer with what this user may do."""
    a = drawer.appointment
    return {
        "open": a,
        "drawer": drawer,
        "steps": offered_steps(a, user, drawer.now),
        "may_decide": may_decide(a, user),
        "may_move": may_move(a, user),
        "may_cancel": may_cancel(a, user),
        "undo": undo_label(a, user, drawer.now),
        "refuse_form": RefuseOverrideForm(),
        "may_change_duration": may_change_duration(a, user, drawer.now),
        "duration_form": DurationForm(initial={"minutes": a.duration_minutes}),
        "notes_form": NotesForm(initial={"notes": a.notes}),
    }


@login_required
@require_POST
def take_step(request: HttpRequest, reference: str, slug: str) -> HttpResponse:
    """Check in, start, complete, no-show, confirm, keep, sign off: one command each."""
    found, step = visible(request, reference), STEPS.get(slug)
    if step is None:
        raise Http404
    version = {"version": seen_version(request)} if step.takes_version else {}
    undo = reverse("scheduling:appointment-undo", args=[found.reference]) if step.takes_version else ""
    return run(request, found, lambda: step.command(appointment=found, by=request.user, **version), step.done, undo)


@login_required
@require_POST
def refuse(request: HttpRequest, reference: str) -> HttpResponse:
    """A second person refuses an override, with the reason that whoever asked will read."""
    found, form = visible(request, reference), RefuseOverrideForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    by: User = request.user  # type: ignore[assignment]
    return run(request, found, lambda: refuse_override(appointment=found, reason=reason, by=by), "Override refused")


@login_required
@require_POST
def save_notes(request: HttpRequest, reference: str) -> HttpResponse:
    """Replace the note for the team."""
    found, form = visible(request, reference), NotesForm(request.POST)
    if not form.is_valid():
        return show(request, found, status=422, error=DomainError("The note is too long: 2000 letters at most."))
    notes, version = form.cleaned_data["notes"], seen_version(request)
    return run(
        request,
        found,
        lambda: change_notes(appointment=found, notes=notes, by=request.user, version=version),  # type: ignore[arg-type]
        "Note saved",
    )


@login_required
@require_POST
def save_duration(request: HttpRequest, reference: str) -> HttpResponse:
    """Make the visit shorter or longer."""
    found, form, version = visible(request, reference), DurationForm(request.POST), seen_version(request)
    minutes = form.cleaned_data["minutes"] if form.is_valid() else 0
    by: User = request.user  # type: ignore[assignment]
    return run(
        request,
        found,
        lambda: change_duration(appointment=found, minutes=minutes, by=by, version=version),
        f"Lasts {minutes} min now",
        given={"duration_form": form},
    )


@login_required
@require_POST
def undo(request: HttpRequest, reference: str) -> HttpResponse:
    """Take back the cancellation or the last step of the visit."""
    found = visible(request, reference)
    command = undo_cancellation if found.status == Status.CANCELLED else undo_status
    by: User = request.user  # type: ignore[assignment]
    return run(request, found, lambda: command(appointment=found, by=by), "Undone")


@login_required
@require_POST
def undo_move(request: HttpRequest, reference: str) -> HttpResponse:
    """Move it back to where it came from: a move like any other, by the same rules."""
    found = visible(request, reference)
    old = found.moved_from
    if old is None:
        raise Http404

    def command() -> Appointment:
        return reschedule_appointment(
            appointment=found,
            starts_at=old.starts_at,
            doctor=old.doctor,
            clinic=old.clinic,
            by=request.user,  # type: ignore[arg-type]
            exception_reason="Move taken back",
            version=seen_version(request),
        )

    return run(request, found, command, "Moved back")


def run(
    request: HttpRequest,
    found: Appointment,
    command: Callable[[], object],
    done: str,
    undo_url: str = "",
    *,
    given: dict[str, Any] | None = None,
) -> HttpResponse:
    """Run one command and show the drawer as it is afterwards, with a toast; or with the refusal and what was given."""
    try:
        command()
    except DomainError as error:
        if from_outside(request):
            return with_toast(HttpResponse(status=error.status), error.message, kind="bad")
        return show(request, visible(request, found.reference), status=error.status, error=error, **given or {})
    fresh = visible(request, found.reference)
    return changed(request, fresh, f"{done}: {called(fresh, request)}", undo_url)


def changed(request: HttpRequest, fresh: Appointment, text: str, undo_url: str = "") -> HttpResponse:
    """The answer after a change: the fresh drawer, a toast, and a nudge to everything live on this page."""
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, text)
        return redirect("scheduling:appointment", fresh.reference)
    if from_outside(request):
        response = HttpResponse(status=204)
    else:
        response = reswap(retarget(show(request, fresh), "#drawer"), "innerHTML")
        push_url(response, reverse("scheduling:appointment", args=[fresh.reference]))
    trigger_client_event(response, "carebridge:changed", {})
    trigger_client_event(response, "carebridge:close-dialog", {})
    return with_toast(response, text, undo_url=undo_url)


def from_outside(request: HttpRequest) -> bool:
    """Pressed in a toast or a list: nothing on the page waits for the drawer, so it stays as it is."""
    return bool(request.htmx) and "HX-Target" not in request.headers  # type: ignore[attr-defined]


def with_toast(response: HttpResponse, text: str, **facts: str) -> HttpResponse:
    """The response with a toast for the page's scripts."""
    return trigger_client_event(response, "carebridge:toast", {"text": text, **facts})


def called(found: Appointment, request: HttpRequest) -> str:
    """What to call the visit in a toast: the patient, for those who may know."""
    drawer = drawer_of(found, request.user, now=timezone.now())  # type: ignore[arg-type]
    return drawer.name


def seen_version(request: HttpRequest) -> int | None:
    """The version that was on the screen when the button was pressed."""
    sent = request.POST.get("version", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else None
