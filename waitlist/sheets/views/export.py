"""The waitlist taken along as a spreadsheet: asked for with a reason, recorded, marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from carebridge.errors import DomainError
from carebridge.exports import MOST_ROWS, export_sheet
from carebridge.http import StaffRequest
from scheduling.forms import StyledForm, add_errors
from scheduling.models import Appointment, Clinic
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist.models import Entry, terms_of
from waitlist.queries.ranking import Filters, Row, ranked_rows

COLUMNS = (
    *("Place", "Score", "Family name", "Given name", "Birth date", "PMS number", "Mobile", "Visit", "Clinic", "Doctor"),
    *("Nobody else", "Urgency", "Reason", "Waiting since", "Days waiting", "Not before", "Must be seen by", "State"),
)


class WaitlistExportForm(StyledForm):
    """Whose list, as what, and what for."""

    clinic = forms.ModelChoiceField(Clinic.objects.none(), required=False, empty_label="All of them")
    form = forms.ChoiceField(
        label="As",
        choices=[("csv", "Plain table (CSV)"), ("xlsx", "Workbook (XLSX)")],
        initial="csv",
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
def export(request: StaffRequest) -> HttpResponse:
    """The form, and the file that it asks for: the list narrowed as it was on screen."""
    ids = set(clinic_ids_with(request.user, Permission.EXPORT_DIRECTORY))
    ids &= set(clinic_ids_with(request.user, Permission.SEE_WAITLIST))
    if not ids:
        raise Http404
    clinics = Clinic.objects.visible_to(request.user).filter(pk__in=ids)
    filters = Filters.of((request.POST or request.GET).dict())
    # From a list that is narrowed by words one comes by POST too, as they may be somebody's name.
    is_asked = "reason" in request.POST
    form = WaitlistExportForm(request.POST if is_asked else None, clinics=clinics, initial={"clinic": filters.clinic})
    if is_asked and form.is_valid():
        try:
            return _file(request, list(clinics), filters, form.cleaned_data)
        except DomainError as refused:
            add_errors(form, refused)
    narrowed = {name: value for name, value in asdict(filters).items() if value and name != "clinic"}
    context = {"form": form, "narrowed": narrowed, "most_rows": MOST_ROWS, "nav": "waitlist"}
    return render(request, "waitlist/export.html", context, status=422 if is_asked else 200)


def _file(request: StaffRequest, clinics: list[Clinic], filters: Filters, asked: Mapping[str, Any]) -> HttpResponse:
    now, clinic = timezone.now(), asked["clinic"]
    filters = replace(filters, clinic=str(clinic.pk) if clinic else "")
    waiting = Entry.objects.visible_to(request.user).open().filter(clinic__in=clinics)
    points = terms_of(clinic or clinics[0]).points
    found = ranked_rows(
        filters.apply(waiting, now),
        visits=Appointment.objects.none(),
        clinic_id=clinic.pk if clinic else None,
        points=points,
        now=now,
    )
    return export_sheet(
        form=asked["form"],
        name="waitlist",
        columns=COLUMNS,
        rows=map(_cells, found),
        reason=asked["reason"],
        by=request.user,
        # Not the words themselves: they may be somebody's name.
        filters={**asdict(filters), "words": "some" if filters.words else "", "clinics": _codes(clinics)},
        clinic_id=clinic.pk if clinic else None,
    )


def _codes(clinics: Iterable[Clinic]) -> str:
    return ",".join(each.code for each in clinics)


def _cells(row: Row) -> tuple[Any, ...]:
    """A line of the list; days are on the calendar of the clinic."""
    entry, patient, doctor = row.entry, row.entry.patient, row.entry.doctor
    who = patient.family_name, patient.given_name, patient.birth_date, patient.pms_number, patient.mobile
    what = str(entry.appointment_type), entry.clinic.name, doctor.full_name if doctor else "", entry.doctor_is_must
    since = entry.waiting_since.astimezone(entry.clinic.zone).date()
    return (
        *(row.place, row.ranked.score if row.ranked else None, *who, *what),
        *(entry.get_urgency_display(), entry.urgency_reason, since, row.days),
        *(entry.earliest_day, entry.latest_day, entry.get_status_display()),
    )
