"""Patients on the staff screens: suggestions while typing, a new record in place, a look-up, and the record's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from carebridge.accounts.models import User
from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.duplicates import current_id
from scheduling.errors import DuplicatePatient
from scheduling.forms import IdentifyForm, PatientForm, add_errors, patient_label
from scheduling.models import Appointment, Clinic, Patient
from scheduling.patient_search import identify_patient, note_opened, search_patients
from scheduling.patients import register_patient
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.views.booking import triggering
from scheduling.views.booking_links import sent_links
from scheduling.views.reach import remember_identified, visible
from scheduling.views.rights_links import links
from scheduling.views.standing import with_standing

PAGE_VISITS = 50
Part = Callable[[User, Patient], Mapping[str, object] | None]
_of_apps_above: list[Part] = []


def show_on_record(part: Part) -> None:
    """Let an app above add to a patient's record: the context of a `template`, or None where it has nothing to say."""
    _of_apps_above.append(part)


@login_required
@require_POST
def suggest(request: StaffRequest) -> HttpResponse:
    """Patients that match what is being typed, as options, and the way to add the person."""
    if not clinic_ids_with(request.user, Permission.SEE_PATIENTS):
        raise PermissionDenied
    text = request.POST.get("patient_text", "").strip()[:80]
    found = search_patients(request.user, text, limit=6)
    people = with_standing(request.user, found, timezone.now())
    return render(
        request,
        "scheduling/patient_options.html",
        {"people": people, "text": text, "may_add": bool(clinic_ids_with(request.user, Permission.EDIT_PATIENTS))},
    )


@login_required
@require_http_methods(["GET", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """The form for somebody not on file, in a dialog or as a page; then the person is chosen."""
    form = PatientForm(request.POST or None, clinics=own_clinics(request), initial=_prefilled(request))
    known = Patient.objects.none()
    if request.method == "POST" and form.is_valid():
        try:
            patient = register_patient(
                by=request.user,
                allow_duplicate=form.cleaned_data["allow_duplicate"],
                **form.details(),
            )
        except DuplicatePatient as refused:
            known = Patient.objects.visible_to(request.user).filter(pk__in=refused.detail.get("patients", ()))
        except DomainError as refused:
            add_errors(form, refused)
        else:
            return chosen(request, patient, f"{patient.full_name} is on file now.")
    return dialog(request, "patient_new", {"form": form, "known": known, "refused": bool(form.errors or known)})


@login_required
@require_http_methods(["GET", "POST"])
def identify(request: StaffRequest) -> HttpResponse:
    """Find somebody of another clinic by exact birth date with name or phone; each hit is in the audit trail."""
    form = IdentifyForm(request.POST or None, clinics=own_clinics(request))
    found: Sequence[Patient] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = identify_patient(by=request.user, **form.cleaned_data)
            remember_identified(request, found)
        except DomainError as refused:
            add_errors(form, refused)
    return dialog(request, "patient_identify", {"form": form, "found": found, "refused": bool(form.errors)})


@login_required
@require_GET
def show(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A patient's record: who, how to reach, what is booked and what was. Opening it is in the audit trail."""
    user = request.user
    patient = visible(Patient.objects.visible_to(user), current_id(pk))
    if patient.pk != pk:
        return redirect("scheduling:patient", pk=patient.pk)
    note_opened(patient, by=user)
    now = timezone.now()
    visits = Appointment.objects.visible_to(user).filter(patient=patient)
    visits = visits.select_related("appointment_type__service", "doctor", "clinic")
    context = {
        "patient": patient,
        "age": patient.age_on(now.date()),
        "to_come": visits.filter(starts_at__gte=now)[:PAGE_VISITS],
        "past": visits.filter(starts_at__lt=now).order_by("-starts_at")[:PAGE_VISITS],
        "referrals": patient.referrals.filter(valid_until__gte=now.date()).select_related("service"),
        "sees_contacts": bool(clinic_ids_with(user, Permission.SEE_CONTACTS)),
        "may_book": bool(clinic_ids_with(user, Permission.BOOK)),
        "sent_links": sent_links(user, patient, now),
        "parts": list(filter(None, (part(user, patient) for part in _of_apps_above))),
        **links(user, patient),
        "trail_url": reverse("audit:patient", args=[pk]) if clinic_ids_with(user, Permission.SEE_AUDIT) else "",
    }
    return render(request, "scheduling/patient.html", context)


def own_clinics(request: StaffRequest) -> Any:
    """Clinics at which the user may register patients. Raises PermissionDenied when there is none."""
    ids = clinic_ids_with(request.user, Permission.EDIT_PATIENTS)
    if not ids:
        raise PermissionDenied
    return Clinic.objects.visible_to(request.user).active().filter(pk__in=ids)


def dialog(request: StaffRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """A form as the content of the dialog, or as a page for a browser without script. 422 when it needs a look."""
    status = 422 if context["refused"] else 200
    template = f"scheduling/{name}.html" + ("#dialog" if request.htmx else "")
    return render(request, template, context, status=status)


def chosen(request: StaffRequest, patient: Patient, text: str) -> HttpResponse:
    """Tell the page whom to book for, or open the record where there is no script."""
    if not request.htmx:
        return redirect("scheduling:patient", pk=patient.pk)
    person = {"id": str(patient.pk), "label": patient_label(patient)}
    events: dict[str, object] = {
        "carebridge:patient-chosen": person,
        "carebridge:close-dialog": {},
        "carebridge:toast": {"text": text},
    }
    return triggering(HttpResponse(status=204), events)


def _prefilled(request: StaffRequest) -> dict[str, str]:
    """A name half typed into the search becomes the start of the record; it was posted, never in the address."""
    return {}
