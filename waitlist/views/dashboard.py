"""The waitlist on screen: who waits and why in that order, who is being asked, and whether it is fair."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from carebridge.http import StaffRequest
from scheduling.models import Clinic
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist.models import Decision, Entry, FreedSlot, Offer, SlotState, terms_of
from waitlist.queries import figures, ranking, replay
from waitlist.views.entries import BY_HAND

SHOWN, SHOWN_AT_ONCE, DECISIONS = 25, 500, 100


def clinics_of(request: StaffRequest) -> list[Clinic]:
    """The clinics whose waitlist the user sees. Raises Http404 when there is none."""
    seen = clinic_ids_with(request.user, Permission.SEE_WAITLIST)
    clinics = list(Clinic.objects.visible_to(request.user).filter(pk__in=seen))
    if not clinics:
        raise Http404
    return clinics


@login_required
@require_GET
def dashboard(request: StaffRequest) -> HttpResponse:
    """Everything about the waitlist of the user's clinics, the list narrowed as the address says."""
    clinics, now = clinics_of(request), timezone.now()
    filters = ranking.Filters.of(request.GET.dict())
    clinic = next((each for each in clinics if str(each.pk) == filters.clinic), None)
    if filters.clinic and clinic is None:
        raise Http404
    waiting = Entry.objects.visible_to(request.user).open().filter(clinic__in=clinics)
    offers = Offer.objects.visible_to(request.user).filter(slot__clinic__in=clinics)
    points = terms_of(clinic or clinics[0]).points
    rows = ranking.ranked_rows(
        filters.apply(waiting, now), clinic_id=clinic.pk if clinic else None, points=points, now=now
    )
    shown = rows[: SHOWN_AT_ONCE if "all" in request.GET else SHOWN]
    approvals, in_flight = figures.open_offers(offers)
    _note_seen(request, {row.entry.patient_id for row in shown})
    context = {
        "now": now,
        "rows": shown,
        "found": len(rows),
        "filters": filters,
        "query": request.GET.urlencode(),
        "clinics": clinics,
        "summary": figures.summary(waiting, clinics, now),
        "demand": figures.demand(waiting, clinics),
        "approvals": approvals,
        "in_flight": in_flight,
        "calls": _to_call(clinics, request),
        "fair": figures.fairness(offers, waiting, clinics, now),
        "may_edit": set(clinic_ids_with(request.user, Permission.EDIT_WAITLIST)),
        "may_export": bool(clinic_ids_with(request.user, Permission.EXPORT_DIRECTORY)),
        "outcomes": [(each.value, each.label) for each in BY_HAND],
        "nav": "waitlist",
        **ranking.choices(),
    }
    return render(request, "waitlist/dashboard.html", context)


def _note_seen(request: StaffRequest, patient_ids: set[object]) -> None:
    if patient_ids:
        note_looked_through(patient_ids, by=request.user, event="waitlist.listed")  # type: ignore[arg-type]


def _to_call(clinics: list[Clinic], request: StaffRequest) -> list[FreedSlot]:
    """Times too close to offer, while they are still to come: somebody may be called."""
    close = FreedSlot.objects.visible_to(request.user).filter(clinic__in=clinics, state=SlotState.CALL)
    return list(
        close.filter(starts_at__gt=timezone.now()).select_related("clinic", "doctor", "appointment_type__service")
    )


@login_required
@require_GET
def history(request: StaffRequest) -> HttpResponse:
    """Every decision, the newest first: who was asked, why them, and that it comes out the same when made again."""
    clinics = clinics_of(request)
    rows = Decision.objects.filter(slot__clinic__in=clinics).order_by("-made_at", "-pk")
    decisions = [replay.replayed(each) for each in rows.select_related(*replay.RELATED)[:DECISIONS]]
    replay.name_everybody(decisions)
    _note_seen(request, {line.entry.patient_id for each in decisions for line in each.lines if line.entry})
    return render(request, "waitlist/history.html", {"decisions": decisions, "nav": "waitlist"})
