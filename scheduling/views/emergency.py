"""Emergency access on the staff screens: open one patient's history, read it, close it, and review what was opened."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from carebridge.audit.trail import log_access
from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.emergency import close_record, open_record, review_opening
from scheduling.models import EmergencyAccess, Patient
from scheduling.patient_search import identify_in_emergency
from scheduling.permissions import clinic_ids_with
from scheduling.queries.emergency import history_opened
from scheduling.roles import Permission
from scheduling.views.forms import EmergencyForm, EmergencyReviewForm
from scheduling.views.reach import visible

SHOWN = 50


@login_required
@require_http_methods(["GET", "POST"])
def open_one(request: StaffRequest) -> HttpResponse:
    """Say whom and why; the history opens at once, for an hour."""
    if not clinic_ids_with(request.user, Permission.BREAK_GLASS):
        raise Http404
    known = _patient_of_record(request)
    form = EmergencyForm(request.POST if "reason" in request.POST else None, is_known=known is not None)
    found: Sequence[Patient] = [known] if known else []
    if form.is_valid():
        try:
            found = found or _found(request, form)
            if len(found) == 1:
                access = open_record(patient=found[0], reason=form.cleaned_data["reason"], by=request.user)
                return redirect("scheduling:emergency", pk=access.pk)
            if not found:
                form.add_error(None, "Nobody on file matches exactly. Check the spelling and the year.")
        except DomainError as refused:
            named = "reason" in refused.fields
            form.add_error("reason" if named else None, refused.fields["reason"] if named else refused.message)
    status = 422 if form.errors else 200
    context = {"form": form, "known": known, "found": found if len(found) > 1 else [], "nav": "emergency"}
    return render(request, "scheduling/emergency_open.html", context, status=status)


def _patient_of_record(request: StaffRequest) -> Patient | None:
    """The patient whose record the button stands on; one the user sees anyway."""
    pk = request.POST.get("record", "")
    return visible(Patient.objects.visible_to(request.user), pk) if pk else None


def _found(request: StaffRequest, form: EmergencyForm) -> Sequence[Patient]:
    """Those that match exactly; of several, the one chosen."""
    values = form.cleaned_data
    found = identify_in_emergency(
        by=request.user,
        birth_date=values["birth_date"],
        family_name=values["family_name"],
        phone=values["phone"],
    )
    chosen = [patient for patient in found if str(patient.pk) == request.POST.get("patient")]
    return chosen or found


def _opened(request: StaffRequest) -> QuerySet[EmergencyAccess]:
    return EmergencyAccess.objects.visible_to(request.user).filter(opened_by=request.user)


@login_required
@require_GET
@never_cache
def record(request: StaffRequest, pk: int) -> HttpResponse:
    """The opened history; when its hour is over, a page that says so and shows nothing."""
    access = visible(_opened(request).select_related("patient"), pk)
    now = timezone.now()
    if not access.is_open_at(now):
        return render(request, "scheduling/emergency_ended.html", {"nav": "emergency"})
    log_access(access, event="emergency.history_viewed", by=request.user)
    visits = history_opened(access, request.user)
    context = {"access": access, "age": access.patient.age_on(now.date()), "visits": visits, "nav": "emergency"}
    return render(request, "scheduling/emergency_record.html", context)


@login_required
@require_POST
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close it now."""
    access = visible(_opened(request), pk)
    close_record(access=access, by=request.user)
    messages.success(request, "Emergency access is closed.")
    return redirect("scheduling:emergency", pk=access.pk)


@login_required
@require_GET
def banner(request: StaffRequest) -> HttpResponse:
    """What is open now, asked for when a countdown ends."""
    return render(request, "scheduling/emergency_banner.html")


@login_required
@require_GET
def worklist(request: StaffRequest) -> HttpResponse:
    """What was opened at the clinics whose openings the user reviews: what waits, then what was judged."""
    return _worklist(request)


def _worklist(request: StaffRequest, refused: EmergencyReviewForm | None = None, pk: int = 0) -> HttpResponse:
    clinics = clinic_ids_with(request.user, Permission.REVIEW_ACCESS)
    if not clinics:
        raise Http404
    rows = EmergencyAccess.objects.visible_to(request.user).filter(clinic__in=clinics)
    rows = rows.select_related("patient", "opened_by", "clinic")
    theirs = Patient.objects.visible_to(request.user)
    context = {
        "waiting": rows.unreviewed().order_by("opened_at"),
        "reviewed": rows.exclude(reviewed_at=None).select_related("reviewed_by").order_by("-reviewed_at")[:SHOWN],
        "named": set(theirs.filter(emergency_openings__in=rows).values_list("pk", flat=True)),
        "sees_trail": bool(clinic_ids_with(request.user, Permission.SEE_AUDIT)),
        "now": timezone.now(),
        "refused": refused,
        "refused_pk": pk,
        "nav": "emergency-review",
    }
    return render(request, "scheduling/emergency_review.html", context, status=422 if refused else 200)


@login_required
@require_POST
def review(request: StaffRequest, pk: int) -> HttpResponse:
    """Judge one opening."""
    access = visible(EmergencyAccess.objects.visible_to(request.user), pk)
    form = EmergencyReviewForm(request.POST)
    if form.is_valid():
        try:
            review_opening(access=access, by=request.user, **form.cleaned_data)
            messages.success(request, "Reviewed.")
            return redirect("scheduling:emergency-review")
        except DomainError as refused:
            form.add_error(None, " ".join(refused.fields.values()) or refused.message)
    return _worklist(request, form, pk)
