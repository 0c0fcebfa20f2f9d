"""What a patient has a right to: a copy of their data, and that it goes once its time is over."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Max
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.forms import StyledForm, add_errors
from scheduling.models import Patient
from scheduling.models.patient import PatientQuerySet
from scheduling.patient_copy import PatientCopy, release_patient_data
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.retention import anonymise_patient, due_patients, kept_since
from scheduling.roles import Permission
from scheduling.views.reach import visible
from scheduling.views.record_words import DETAILS, label_of, words_of

SHOWN = 100


class CopyForm(StyledForm):
    """Why a copy is made, and how it leaves."""

    reason = forms.CharField(
        label="Who asked for it, and how do you know that it is them?",
        max_length=240,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the audit trail with your name.",
    )
    form = forms.ChoiceField(
        label="As",
        choices=[("page", "A page to print"), ("json", "A file for another system (JSON)")],
        initial="page",
        widget=forms.RadioSelect,
    )


@login_required
@require_http_methods(["GET", "POST"])
def copy(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A patient's copy of their own data, as a page or as a file."""
    patient = visible(_releasable(request), pk)
    form = CopyForm(request.POST or None, initial={"form": "page"})
    if request.method == "POST" and form.is_valid():
        try:
            made = release_patient_data(patient=patient, by=request.user, **form.cleaned_data)
        except DomainError as refused:
            add_errors(form, refused)
        else:
            return _as_file(made) if form.cleaned_data["form"] == "json" else _as_page(request, patient, made)
    status = 422 if form.errors else 200
    context = {"patient": patient, "form": form, "nav": "search"}
    return render(request, "scheduling/patient_copy.html", context, status=status)


@login_required
@require_GET
def retention(request: StaffRequest) -> HttpResponse:
    """Whose data the next nightly run would remove: a rehearsal, nothing happens here."""
    rows = due_patients(timezone.now()).filter(pk__in=_releasable(request).values("pk"))
    due = list(rows.annotate(last_visit=Max("appointments__ends_at"))[:SHOWN])
    note_looked_through((each.pk for each in due), by=request.user, event="patient.listed")
    context = {
        "years": settings.PATIENT_RETENTION_YEARS,
        "before": kept_since(timezone.now()),
        "due": due,
        "count": rows.count(),
        "nav": "search",
    }
    return render(request, "scheduling/retention.html", context)


@login_required
@require_POST
def anonymise(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Remove what is personal from one record now rather than tonight."""
    patient = visible(_releasable(request), pk)
    try:
        anonymise_patient(patient=patient, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"{patient} holds nothing personal any more.")
    return redirect("scheduling:retention")


def _releasable(request: StaffRequest) -> PatientQuerySet:
    """Patients of the clinics where the user may release data; for everybody else these pages are not there."""
    clinics = clinic_ids_with(request.user, Permission.RELEASE_PATIENT_DATA)
    if not clinics:
        raise Http404
    mine = Patient.objects.visible_to(request.user).filter(clinics__clinic__in=clinics)
    return Patient.objects.visible_to(request.user).filter(pk__in=mine.values("pk"), anonymised_at=None)


def _as_file(made: PatientCopy) -> HttpResponse:
    response = JsonResponse(made.as_dict(), json_dumps_params={"indent": 2, "ensure_ascii": False})
    # A name of the file that says nothing of the person.
    response["Content-Disposition"] = f'attachment; filename="patient-copy-{made.made_at:%Y%m%d-%H%M}.json"'
    return response


def _as_page(request: StaffRequest, patient: Patient, made: PatientCopy) -> HttpResponse:
    details = [(label_of(field), words_of(field, patient)) for field in DETAILS]
    context = {"patient": patient, "copy": made, "details": details, "nav": "search"}
    return render(request, "scheduling/patient_copy_page.html", context)
