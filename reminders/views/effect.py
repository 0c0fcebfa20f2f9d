"""Whether messages help: a table by rule and medium, to read and to take along."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from carebridge.errors import DomainError
from carebridge.exports import SHORTEST_REASON, export_csv
from carebridge.http import StaffRequest
from reminders.queries.effect import Effect, effects
from scheduling.models import Clinic
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

SPANS = (30, 90)
"""Days back."""
COLUMNS = (
    "Message", "Rule", "Way", "Sent", "Delivered", "Failed", "Visits", "Confirmed", "Visits over", "No-shows",
    "No-show rate %",
)  # fmt: skip


@login_required
@require_GET
def effect(request: StaffRequest) -> HttpResponse:
    """The table of one clinic or of all that the user sees messages of."""
    return _page(request, request.GET.get("days", ""), request.GET.get("clinic", ""))


@login_required
@require_POST
def export(request: StaffRequest) -> HttpResponse:
    """The same table as a file, of clinics whose reports the user may export."""
    days, chosen = request.POST.get("days", ""), request.POST.get("clinic", "")
    held = _ids(request, Permission.EXPORT_REPORTS, chosen)
    span = _span(days)
    try:
        return export_csv(
            name="reminder-effect",
            columns=COLUMNS,
            rows=[_cells(each) for each in _lines(held, span)],
            reason=request.POST.get("reason", ""),
            by=request.user,
            filters={"days": span, "clinics": ",".join(map(str, held))},
            clinic_id=held[0] if len(held) == 1 else None,
        )
    except DomainError as refused:
        words = refused.fields.get("reason", refused.message)
        return _page(request, days, chosen, refused=f"{words} At least {SHORTEST_REASON} letters.")


def _page(request: StaffRequest, days: str, chosen: str, *, refused: str = "") -> HttpResponse:
    ids = _ids(request, Permission.SEE_REMINDERS, chosen)
    clinics = Clinic.objects.visible_to(request.user).filter(
        pk__in=clinic_ids_with(request.user, Permission.SEE_REMINDERS)
    )
    exported = clinic_ids_with(request.user, Permission.EXPORT_REPORTS)
    lines = _lines(ids, _span(days))
    context = {
        "lines": lines,
        "widest": max([each.missed_share or 0 for each in lines], default=0),
        "spans": SPANS,
        "days": _span(days),
        "clinics": clinics,
        "clinic": next((each for each in clinics if str(each.pk) == chosen), None),
        "may_export": bool(set(ids) & set(exported)),
        "refused": refused,
        "nav": "effect",
    }
    return render(request, "reminders/effect.html", context, status=422 if refused else 200)


def _ids(request: StaffRequest, permission: Permission, chosen: str) -> list[int]:
    """The chosen one of the clinics where the user holds the permission, or all of them; Http404 for none."""
    held = clinic_ids_with(request.user, permission)
    wanted = [each for each in held if not chosen or str(each) == chosen]
    if not wanted:
        raise Http404
    return wanted


def _span(days: str) -> int:
    return next((each for each in SPANS if str(each) == days), SPANS[0])


def _lines(clinic_ids: list[int], days: int) -> list[Effect]:
    now = timezone.now()
    return effects(clinic_ids, since=now - timedelta(days=days), until=now)


def _cells(line: Effect) -> tuple[object, ...]:
    return (
        line.name, line.scope, line.medium, line.sent, line.delivered, line.failed, line.visits, line.confirmed,
        line.past, line.missed, line.missed_share,
    )  # fmt: skip
