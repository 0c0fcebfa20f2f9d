"""What the waitlist decided, and that it comes out the same when it is decided again."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from carebridge.http import StaffRequest
from waitlist.models import Decision
from waitlist.queries import replay
from waitlist.views.dashboard import clinics_of, note_seen

DECISIONS, LINES = 20, 100


@login_required
@require_GET
def history(request: StaffRequest) -> HttpResponse:
    """Every decision, the newest first: who was asked, and why them."""
    rows = Decision.objects.filter(slot__clinic__in=clinics_of(request)).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = [replay.replayed(each) for each in rows.select_related(*replay.RELATED)[: DECISIONS + 1]]
    decisions, more = found[:DECISIONS], found[DECISIONS:]
    _name(request, [line for each in decisions for line in each.first])
    context = {"decisions": decisions, "older": decisions[-1].decision.pk if more else None, "nav": "waitlist"}
    return render(request, "waitlist/history.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def decision(request: StaffRequest, pk: int) -> HttpResponse:
    """Everybody whom one time suited, in their order, page by page; or, asked for by name, why not this person."""
    rows = Decision.objects.filter(slot__clinic__in=clinics_of(request)).select_related(*replay.RELATED)
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    again = replay.replayed(found)
    words = request.POST.get("words", "").strip()[:80]
    lines = replay.called(again.lines, words) if words else again.lines
    page = Paginator(lines, LINES).get_page(1 if words else request.GET.get("page"))
    _name(request, list(page))
    context = {"each": again, "page": page, "words": words, "nav": "waitlist"}
    return render(request, "waitlist/decision.html", context)


def _name(request: StaffRequest, lines: Sequence[replay.Line]) -> None:
    replay.name(lines)
    note_seen(request, {line.entry.patient_id for line in lines if line.entry})
