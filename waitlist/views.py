"""The waitlist on screen: who waits, in which order and why; adding a patient, pausing and closing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.forms import DayInput, StyledForm, add_errors
from scheduling.models import AppointmentType, Clinic, Doctor, Patient
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist import entries, offers
from waitlist.matching import Candidate, Ranked, rank
from waitlist.models import Entry, EntryStatus, Outcome, Urgency

SHOWN = 200
BY_HAND = (Outcome.BOOKED, Outcome.WITHDREW, Outcome.UNREACHABLE, Outcome.MISTAKE)
"""What a person may say came of a wait."""


@dataclass(frozen=True)
class Row:
    """One line of the list; a paused entry has no place in the order."""

    entry: Entry
    days: int
    place: int | None = None
    ranked: Ranked | None = None


@login_required
@require_GET
def ranked_list(request: StaffRequest) -> HttpResponse:
    """Who waits at one clinic or all of the user's, in the order in which they would be asked."""
    clinics = list(Clinic.objects.visible_to(request.user).filter(pk__in=_clinics(request, Permission.SEE_WAITLIST)))
    if not clinics:
        raise Http404
    asked = request.GET.get("clinic", "")
    clinic = next((each for each in clinics if str(each.pk) == asked), None)
    if asked and clinic is None:
        raise Http404
    waiting = Entry.objects.visible_to(request.user).open().filter(clinic__in=[clinic] if clinic else clinics)
    rows = _rows(list(waiting.select_related("patient", "clinic", "doctor", "appointment_type__service")))
    shown = rows[:SHOWN]
    if shown:
        note_looked_through({row.entry.patient_id for row in shown}, by=request.user, event="waitlist.listed")
    context = {
        "rows": shown,
        "count": len(rows),
        "urgent": sum(row.entry.urgency == Urgency.URGENT for row in rows),
        "longest": max((row.days for row in rows), default=0),
        "clinics": clinics,
        "clinic": clinic,
        "may_edit": set(_clinics(request, Permission.EDIT_WAITLIST)),
        "may_export": bool(_clinics(request, Permission.EXPORT_DIRECTORY)),
        "outcomes": [(each.value, each.label) for each in BY_HAND],
        "nav": "waitlist",
    }
    return render(request, "waitlist/list.html", context)


def _clinics(request: StaffRequest, permission: Permission) -> list[int]:
    return clinic_ids_with(request.user, permission)


def _rows(waiting: list[Entry]) -> list[Row]:
    """Those who wait in their order, then those who pause."""
    now = timezone.now()
    active = {each.pk: each for each in waiting if each.status == EntryStatus.ACTIVE}
    candidates = (Candidate(each.pk, each.urgency, each.waited(now)) for each in active.values())
    ranked = rank(candidates, seed=f"{now:%Y-%m-%d}")
    rows = [
        Row(active[each.candidate.entry_id], each.candidate.waited.days, place, each)
        for place, each in enumerate(ranked, start=1)
    ]
    paused = (each for each in waiting if each.status == EntryStatus.PAUSED)
    return rows + [Row(each, each.waited(now) // timedelta(days=1)) for each in paused]


class EntryForm(StyledForm):
    """What a patient waits for, where, with whom, how urgently and until when."""

    appointment_type = forms.ModelChoiceField(AppointmentType.objects.none(), label="Visit", empty_label="Choose")
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    doctor = forms.ModelChoiceField(Doctor.objects.none(), required=False, empty_label="Any doctor")
    doctor_is_must = forms.BooleanField(required=False, label="Nobody but this doctor")
    urgency = forms.TypedChoiceField(choices=Urgency.choices, coerce=int, initial=Urgency.ROUTINE)
    urgency_reason = forms.CharField(max_length=160, required=False, label="Why it is urgent")
    latest_day = forms.DateField(required=False, label="Must be seen by", widget=DayInput())

    def __init__(self, *args: Any, request: StaffRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinics = _clinics(request, Permission.EDIT_WAITLIST)
        types = AppointmentType.objects.visible_to(request.user).bookable().select_related("service")
        self.fields["appointment_type"].queryset = types  # type: ignore[attr-defined]
        self.fields["clinic"].queryset = Clinic.objects.visible_to(request.user).filter(pk__in=clinics)  # type: ignore[attr-defined]
        self.fields["doctor"].queryset = Doctor.objects.visible_to(request.user).filter(is_active=True)  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The form to put a patient on the list."""
    patient = Patient.objects.visible_to(request.user).active().filter(pk=pk).first()
    if patient is None or not _clinics(request, Permission.EDIT_WAITLIST):
        raise Http404
    form = EntryForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            entries.join(patient=patient, by=request.user, **form.cleaned_data)
        except DomainError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, "On the waitlist from now on.")
            return redirect("waitlist:list")
    status = 422 if request.method == "POST" else 200
    return render(request, "waitlist/add.html", {"form": form, "patient": patient, "nav": "waitlist"}, status=status)


def _close(*, entry: Entry, by: Any, outcome: str) -> None:
    if outcome not in BY_HAND:
        raise Http404
    offers.take_off(entry=entry, by=by, outcome=Outcome(outcome))


ACTIONS: Mapping[str, Callable[[Entry, StaffRequest], None]] = {
    "pause": lambda entry, request: entries.pause(entry=entry, by=request.user),
    "resume": lambda entry, request: entries.resume(entry=entry, by=request.user),
    "close": lambda entry, request: _close(entry=entry, by=request.user, outcome=request.POST.get("outcome", "")),
}


@login_required
@require_POST
def act(request: StaffRequest, pk: int, action: str) -> HttpResponse:
    """Pause, go on with or close one entry, and back to the list."""
    entry = Entry.objects.visible_to(request.user).filter(pk=pk).first()
    if entry is None or action not in ACTIONS:
        raise Http404
    try:
        ACTIONS[action](entry, request)
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("waitlist:list")
