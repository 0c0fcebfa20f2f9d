"""The waitlist on screen: who waits and why in that order, who is being asked, and whether it is fair."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from carebridge.http import StaffRequest, fragment_tag, tagged, unchanged
from scheduling.models import Appointment, Clinic
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.queries.free_time import FreeTime
from scheduling.roles import Permission
from waitlist.entries import BY_HAND
from waitlist.models import Entry, FreedSlot, Offer, SavedFilter, terms_of
from waitlist.queries import figures, ranking

SHOWN, SHOWN_AT_ONCE = 25, 500


def clinics_of(request: StaffRequest) -> list[Clinic]:
    """The clinics whose waitlist the user sees. Raises Http404 when there is none."""
    seen = clinic_ids_with(request.user, Permission.SEE_WAITLIST)
    clinics = list(Clinic.objects.visible_to(request.user).filter(pk__in=seen))
    if not clinics:
        raise Http404
    return clinics


@login_required
@require_http_methods(["GET", "POST"])
def dashboard(request: StaffRequest) -> HttpResponse:
    """Everything about the waitlist of the user's clinics, the list narrowed as asked: by words only when posted."""
    clinics, now = clinics_of(request), timezone.now()
    sent = request.POST if request.method == "POST" else request.GET
    filters = ranking.Filters.of({**sent.dict(), "words": request.POST.get("words", "")})
    clinic = next((each for each in clinics if str(each.pk) == filters.clinic), None)
    if filters.clinic and clinic is None:
        raise Http404
    entries = Entry.objects.visible_to(request.user).filter(clinic__in=clinics)
    waiting = entries.open()
    asked = _asked(request, clinics, now)
    points = terms_of(clinic or clinics[0]).points
    rows = ranking.ranked_rows(
        filters.apply(waiting, now),
        visits=Appointment.objects.visible_to(request.user),
        clinic_id=clinic.pk if clinic else None,
        points=points,
        now=now,
    )
    shown = rows[: SHOWN_AT_ONCE if "all" in sent else SHOWN]
    note_seen(request, {row.entry.patient_id for row in shown} | _patients(asked))
    context = {
        **asked,
        "live_tag": _tag(request, asked),
        "ws_url": "/ws/schedule/" if clinic_ids_with(request.user, Permission.BOOK) else "",
        "rows": shown,
        "found": len(rows),
        "filters": filters,
        "query": filters.query,
        "kept": SavedFilter.objects.filter(owner=request.user),
        "summary": figures.summary(waiting, clinics, now),
        "demand": figures.demand(waiting, clinics),
        "fair": figures.fairness(_offers(request, clinics), entries, clinics, now),
        "may_export": bool(clinic_ids_with(request.user, Permission.EXPORT_DIRECTORY)),
        "outcomes": [(each.value, each.label) for each in BY_HAND],
        "nav": "waitlist",
        **ranking.choices(),
    }
    return render(request, "waitlist/dashboard.html", context)


@login_required
@require_GET
def offers(request: StaffRequest) -> HttpResponse:
    """Who is being asked, as the screen asks again; 304 while nothing about it has changed."""
    asked = _asked(request, clinics_of(request), timezone.now())
    tag = _tag(request, asked)
    if (same := unchanged(request, tag)) is not None:
        return same
    note_seen(request, _patients(asked))
    return tagged(render(request, "waitlist/_offers.html", asked), tag)


def _offers(request: StaffRequest, clinics: list[Clinic]) -> QuerySet[Offer]:
    return Offer.objects.visible_to(request.user).filter(slot__clinic__in=clinics)


def _asked(request: StaffRequest, clinics: list[Clinic], now: datetime) -> dict[str, Any]:
    """What waits for a person, for a patient, and for a telephone."""
    approvals, in_flight = figures.open_offers(_offers(request, clinics))
    return {
        "now": now,
        "clinics": clinics,
        "approvals": approvals,
        "in_flight": in_flight,
        "calls": _to_call(clinics, request),
        "may_edit": set(clinic_ids_with(request.user, Permission.EDIT_WAITLIST)),
    }


def _tag(request: StaffRequest, asked: Mapping[str, Any]) -> str:
    """Changes whenever who is being asked would look different to this person."""
    rows = [*asked["approvals"], *asked["in_flight"]]
    shown = [
        (row["offer"].pk, row["offer"].state, row["offer"].appointment.expires_at, row["next_id"], row.get("told"))
        for row in rows
    ]
    return fragment_tag(request.user.pk, shown, [slot.pk for slot, _ in asked["calls"]], sorted(asked["may_edit"]))


def _patients(asked: Mapping[str, Any]) -> set[object]:
    return {row["offer"].entry.patient_id for row in (*asked["approvals"], *asked["in_flight"])}


def note_seen(request: StaffRequest, patient_ids: set[object]) -> None:
    """Record that these patients were looked through."""
    if patient_ids:
        note_looked_through(patient_ids, by=request.user, event="waitlist.listed")  # type: ignore[arg-type]


def _to_call(clinics: list[Clinic], request: StaffRequest) -> list[tuple[FreedSlot, str]]:
    """Times too close to offer, while they are still to come and free, with the address of whom to call."""
    close = FreedSlot.objects.visible_to(request.user).filter(clinic__in=clinics).to_call(timezone.now())
    return [
        (each, FreeTime(each.clinic_id, each.doctor_id, each.starts_at, each.ends_at).query)
        for each in close.select_related("clinic", "doctor", "appointment_type__service")
    ]
