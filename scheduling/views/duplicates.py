"""Duplicate records: which may be one person's, the two side by side, merging them or telling them apart, and undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.duplicates import suggested_pairs, tell_apart, undo_tell_apart
from scheduling.merging import merge_patients, undo_merge
from scheduling.models import Appointment, DistinctPair, Patient, PatientMerge
from scheduling.patient_search import note_looked_through, note_opened, search_patients
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.views.reach import visible
from scheduling.views.record_words import DETAILS, EMPTY, label_of, words_of

MOST_DECIDED = 50
"""Pairs found to be two people that the page lists, the latest first."""


@dataclass(frozen=True)
class Detail:
    """One detail of two records: its name and label, both values in words, and which one is kept unless changed."""

    name: str
    label: str
    ours: str
    theirs: str
    takes: bool

    @property
    def differs(self) -> bool:
        return self.ours != self.theirs


@login_required
@require_GET
def suggestions(request: StaffRequest) -> HttpResponse:
    """Pairs of records that may be one person's, and those that were found to be two people."""
    _require_merging(request)
    pairs = suggested_pairs(request.user)
    decided = DistinctPair.objects.visible_to(request.user).in_force().select_related("first", "second")
    apart = decided[:MOST_DECIDED]
    shown = {each.pk for pair in [*pairs, *((row.first, row.second) for row in apart)] for each in pair}
    note_looked_through(shown, by=request.user, event="patient.listed")
    return render(request, "scheduling/duplicates.html", {"pairs": pairs, "apart": apart, "nav": "search"})


@login_required
@require_POST
def two_people(request: StaffRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Remember that two records are two people's."""
    _require_merging(request)
    seen = Patient.objects.visible_to(request.user).active()
    try:
        tell_apart(one=visible(seen, pk), other=visible(seen, other), by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "They are not suggested any more. You can undo this at the end of the page.")
    return redirect("scheduling:duplicates")


@login_required
@require_POST
def suggest_again(request: StaffRequest, pk: int) -> HttpResponse:
    """Take back that two records are two people's."""
    _require_merging(request)
    pair = visible(DistinctPair.objects.visible_to(request.user).select_related("first", "second"), pk)
    try:
        undo_tell_apart(pair=pair, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "They are suggested again if they still look like one person.")
    return redirect("scheduling:duplicates")


@login_required
@require_http_methods(["GET", "POST"])
def of_patient(request: StaffRequest, pk: UUID) -> HttpResponse:
    """What may be the same person as this one: suggestions, and a search for any other record."""
    _require_merging(request)
    patient = visible(Patient.objects.visible_to(request.user).active(), pk)
    text = request.POST.get("q", "").strip()[:80]
    found = search_patients(request.user, text) if text else []
    pairs = suggested_pairs(request.user, of=patient)
    context = {
        "patient": patient,
        "text": text,
        "found": [each for each in found if each.pk != pk],
        "suggested": [one if other.pk == pk else other for one, other in pairs],
        "nav": "search",
    }
    return render(request, "scheduling/duplicates_of.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def compare(request: StaffRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Both records side by side; sending it merges the second into the first, with the details chosen."""
    _require_merging(request)
    seen = Patient.objects.visible_to(request.user).active()
    keep, remove = visible(seen, pk), visible(seen, other)
    refused: DomainError | None = None
    chosen = {field.name for field in DETAILS if request.POST.get(field.name) == "theirs"}
    if request.method == "POST":
        try:
            merge_patients(keep=keep, remove=remove, by=request.user, take=chosen, versions=_versions(request))
        except DomainError as error:
            refused = error
        else:
            messages.success(request, "The two records are one now. You can undo this at the end of the page.")
            return redirect("scheduling:patient", pk=pk)
    else:
        note_opened(keep, by=request.user)
        note_opened(remove, by=request.user)
    return _side_by_side(request, keep, remove, chosen if refused else None, refused)


@login_required
@require_POST
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a merge back."""
    _require_merging(request)
    merge = visible(PatientMerge.objects.visible_to(request.user).select_related("kept", "removed"), pk)
    try:
        undo_merge(merge=merge, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The records are two again, each with its own visits.")
    return redirect("scheduling:patient", pk=merge.kept_id)


def _require_merging(request: StaffRequest) -> None:
    if not clinic_ids_with(request.user, Permission.MERGE_PATIENTS):
        raise Http404


def _side_by_side(
    request: StaffRequest, keep: Patient, remove: Patient, chosen: set[str] | None, refused: DomainError | None
) -> HttpResponse:
    details = [_detail(field, keep, remove, chosen) for field in DETAILS]
    visits = Appointment.objects.visible_to(request.user)
    context: dict[str, Any] = {
        "keep": keep,
        "remove": remove,
        "differing": [each for each in details if each.differs],
        "same": [each for each in details if not each.differs and each.ours != EMPTY],
        "visits": [visits.filter(patient=each).count() for each in (keep, remove)],
        "refused": refused,
        "nav": "search",
    }
    return render(request, "scheduling/merge.html", context, status=refused.status if refused else 200)


def _detail(field: Any, keep: Patient, remove: Patient, chosen: set[str] | None) -> Detail:
    ours, theirs = words_of(field, keep), words_of(field, remove)
    takes = field.name in chosen if chosen is not None else ours == EMPTY != theirs
    return Detail(field.name, label_of(field), ours, theirs, takes)


def _versions(request: StaffRequest) -> tuple[int, int] | None:
    given = (request.POST.get("keep_version", ""), request.POST.get("remove_version", ""))
    return (int(given[0]), int(given[1])) if all(each.isdecimal() and len(each) < 10 for each in given) else None
