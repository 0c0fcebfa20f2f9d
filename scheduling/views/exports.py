"""Taking a clinic's own directories along as a spreadsheet: asked for with a reason, recorded, marked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from carebridge.errors import DomainError
from carebridge.exports import MOST_ROWS, export_sheet
from carebridge.http import StaffRequest
from scheduling.forms import StyledForm, add_errors
from scheduling.models import Clinic
from scheduling.permissions import clinic_ids_with
from scheduling.queries.directories import DIRECTORIES
from scheduling.roles import Permission


class ExportForm(StyledForm):
    """Which directory of which clinic, and what for."""

    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    directory = forms.ChoiceField(choices=[(each.name, each.label) for each in DIRECTORIES.values()])
    form = forms.ChoiceField(
        label="As",
        choices=[("xlsx", "Workbook (XLSX)"), ("csv", "Plain table (CSV)")],
        initial="xlsx",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="What is it for?",
        max_length=240,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the file and in the audit trail, with your name.",
    )

    def __init__(self, *args: Any, clinics: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = clinics  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "POST"])
def directories(request: StaffRequest) -> HttpResponse:
    """The form, and the file that it asks for."""
    clinics = clinic_ids_with(request.user, Permission.EXPORT_DIRECTORY)
    if not clinics:
        raise Http404
    form = ExportForm(request.POST or None, clinics=Clinic.objects.visible_to(request.user).filter(pk__in=clinics))
    if request.method == "POST" and form.is_valid():
        try:
            return _file(request, **form.cleaned_data)
        except DomainError as refused:
            add_errors(form, refused)
    context = {"form": form, "most_rows": MOST_ROWS, "nav": "exports"}
    return render(request, "scheduling/exports.html", context, status=422 if form.errors else 200)


def _file(request: StaffRequest, *, clinic: Clinic, directory: str, form: str, reason: str) -> HttpResponse:
    wanted = DIRECTORIES[directory]
    return export_sheet(
        form=form,
        name=f"directory-{wanted.name}",
        columns=wanted.columns,
        rows=wanted.rows_of(clinic),
        reason=reason,
        by=request.user,
        filters={"clinic": clinic.code},
        clinic_id=clinic.pk,
    )
