"""The waitlist taken along as a spreadsheet: asked for with a reason, recorded, marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
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
from scheduling.models import Clinic
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist.matching import Candidate, rank
from waitlist.models import Entry, EntryStatus

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
    """The form, and the file that it asks for."""
    ids = set(clinic_ids_with(request.user, Permission.EXPORT_DIRECTORY))
    ids &= set(clinic_ids_with(request.user, Permission.SEE_WAITLIST))
    if not ids:
        raise Http404
    clinics = Clinic.objects.visible_to(request.user).filter(pk__in=ids)
    form = WaitlistExportForm(request.POST or None, clinics=clinics)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            return _file(
                request, [asked["clinic"]] if asked["clinic"] else list(clinics), asked["form"], asked["reason"]
            )
        except DomainError as refused:
            add_errors(form, refused)
    context = {"form": form, "most_rows": MOST_ROWS, "nav": "waitlist"}
    return render(request, "waitlist/export.html", context, status=422 if request.method == "POST" else 200)


def _file(request: StaffRequest, clinics: list[Clinic], form: str, reason: str) -> HttpResponse:
    waiting = Entry.objects.visible_to(request.user).open().filter(clinic__in=clinics)
    return export_sheet(
        form=form,
        name="waitlist",
        columns=COLUMNS,
        rows=_rows(list(waiting.select_related("patient", "clinic", "doctor", "appointment_type__service"))),
        reason=reason,
        by=request.user,
        filters={"clinics": ",".join(each.code for each in clinics)},
        clinic_id=clinics[0].pk if len(clinics) == 1 else None,
    )


def _rows(waiting: Sequence[Entry]) -> Iterator[Sequence[Any]]:
    """Those who wait in the order in which they would be asked, then those who pause; days on the clinic's calendar."""
    now = timezone.now()
    active = {each.pk: each for each in waiting if each.status == EntryStatus.ACTIVE}
    candidates = [Candidate(each.pk, each.urgency, each.waited(now)) for each in active.values()]
    for place, ranked in enumerate(rank(candidates, seed=f"{now:%Y-%m-%d}"), start=1):
        yield place, ranked.score, *_cells(active[ranked.candidate.entry_id], now)
    for each in waiting:
        if each.status == EntryStatus.PAUSED:
            yield None, None, *_cells(each, now)


def _cells(entry: Entry, now: datetime) -> tuple[Any, ...]:
    patient, doctor = entry.patient, entry.doctor
    who = patient.family_name, patient.given_name, patient.birth_date, patient.pms_number, patient.mobile
    what = str(entry.appointment_type), entry.clinic.name, doctor.full_name if doctor else "", entry.doctor_is_must
    since = entry.waiting_since.astimezone(entry.clinic.zone).date(), entry.waited(now) // timedelta(days=1)
    return (
        *who,
        *what,
        entry.get_urgency_display(),
        entry.urgency_reason,
        *since,
        entry.earliest_day,
        entry.latest_day,
        entry.get_status_display(),
    )
