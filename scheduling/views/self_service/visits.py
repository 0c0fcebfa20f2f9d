"""A patient's own visit behind its link: seeing it, saying yes, cancelling and taking that back, being here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from scheduling.booking import confirm_appointment
from scheduling.cancelling import UNSAID, cancel_appointment, patients_reason, undo_cancellation
from scheduling.links import live_visit
from scheduling.models import Appointment, CancellationReason
from scheduling.questions import asked_of, unanswered
from scheduling.views.self_service.door import Visitor, page, visit_page
from scheduling.views.self_service.shown import ShownVisit
from scheduling.views.self_service.words import in_words
from scheduling.visits import announce_arrival

Part = Callable[[Visitor, Appointment], Mapping[str, object] | None]
_of_apps_above: list[Part] = []


def show_beside(part: Part) -> None:
    """Let an app above add to the page of a visit: the context of a `template`, or None where it has nothing to say."""
    _of_apps_above.append(part)


def shown_page(request: HttpRequest, visitor: Visitor, template: str, **context: object) -> HttpResponse:
    """A page about the visit of the visitor's link."""
    shown = ShownVisit(live_visit(visitor.link), visitor.language, visitor.now)
    return page(request, visitor, template, {"shown": shown, "clinic": shown.visit.clinic, **context})


def manage(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The visit, and the one thing to do about it next."""
    shown = ShownVisit(live_visit(visitor.link), visitor.language, visitor.now)
    asked = asked_of(shown.visit) if shown.is_coming else []
    context = {
        "shown": shown,
        "clinic": shown.visit.clinic,
        "asked": asked,
        "unanswered": unanswered(asked),
        "beside": list(filter(None, (part(visitor, shown.visit) for part in _of_apps_above))),
    }
    return page(request, visitor, "manage", context)


@require_POST
@visit_page
def confirm(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Yes, I will be there."""
    confirm_appointment(appointment=live_visit(visitor.link), by=None, by_patient=True)
    return _back(visitor)


@require_http_methods(["GET", "HEAD", "POST"])
@visit_page
def cancel(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Ask once more, with a reason that may be left out; then cancel."""
    if request.method != "POST":
        reasons = CancellationReason.objects.filter(by_patient=True, is_active=True)
        return shown_page(request, visitor, "cancel", reasons=[(each.code, in_words(each)) for each in reasons])
    code = request.POST.get("reason") or UNSAID
    cancel_appointment(appointment=live_visit(visitor.link), reason=patients_reason(code), by=None)
    return _back(visitor)


@require_POST
@visit_page
def undo(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """I didn't mean to cancel."""
    undo_cancellation(appointment=live_visit(visitor.link), by=None)
    return _back(visitor)


@require_POST
@visit_page
def arrive(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """I'm here."""
    announce_arrival(appointment=live_visit(visitor.link))
    return _back(visitor)


def _back(visitor: Visitor) -> HttpResponse:
    return redirect("scheduling:patient-link", token=visitor.token)
