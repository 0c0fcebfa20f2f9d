"""Putting patients on the waitlist, pausing, going on, and taking them off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.errors import DomainError, InvalidInput
from carebridge.http import StaffRequest
from scheduling.forms import DayInput, StyledForm, add_errors
from scheduling.models import Appointment, AppointmentType, Clinic, Doctor, Patient, Referral
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist import entries, offers
from waitlist.models import Contact, Entry, Outcome, Urgency
from waitlist.queries.ranking import DAYS

BY_HAND = (Outcome.BOOKED, Outcome.WITHDREW, Outcome.UNREACHABLE, Outcome.MISTAKE)
"""What a person may say came of a wait."""


class EntryForm(StyledForm):
    """What a patient waits for, where, with whom, how urgently and until when."""

    appointment_type = forms.ModelChoiceField(AppointmentType.objects.none(), label="Visit", empty_label="Choose")
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    doctor = forms.ModelChoiceField(Doctor.objects.none(), required=False, empty_label="Any doctor")
    doctor_is_must = forms.BooleanField(required=False, label="Nobody but this doctor")
    other_clinics = forms.ModelMultipleChoiceField(
        Clinic.objects.none(), required=False, label="Other clinics that would do", widget=forms.CheckboxSelectMultiple
    )
    urgency = forms.TypedChoiceField(choices=Urgency.choices, coerce=int, initial=Urgency.ROUTINE)
    urgency_reason = forms.CharField(max_length=160, required=False, label="Why it is urgent")
    earliest_day = forms.DateField(required=False, label="Not before", widget=DayInput())
    latest_day = forms.DateField(required=False, label="Must be seen by", widget=DayInput())
    weekdays = forms.TypedMultipleChoiceField(
        choices=list(enumerate(DAYS)),
        coerce=int,
        required=False,
        label="Only on",
        widget=forms.CheckboxSelectMultiple,
    )
    from_time = forms.TimeField(required=False, label="From", widget=forms.TimeInput(attrs={"type": "time"}))
    until_time = forms.TimeField(required=False, label="Until", widget=forms.TimeInput(attrs={"type": "time"}))
    notice_hours = forms.IntegerField(required=False, min_value=0, max_value=999, label="Hours of notice needed")
    contact = forms.ChoiceField(choices=Contact.choices, required=False, label="How to ask")
    referral = forms.ModelChoiceField(Referral.objects.none(), required=False, empty_label="None")
    visit = forms.ModelChoiceField(
        Appointment.objects.none(), required=False, label="Would give up for an earlier time", empty_label="Nothing"
    )
    is_sensitive = forms.BooleanField(required=False, label="Sensitive: somebody agrees before anything is offered")

    def __init__(self, *args: Any, request: StaffRequest, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinics = clinic_ids_with(request.user, Permission.EDIT_WAITLIST)
        types = AppointmentType.objects.visible_to(request.user).bookable().select_related("service")
        self.fields["appointment_type"].queryset = types  # type: ignore[attr-defined]
        reach = Clinic.objects.visible_to(request.user).filter(pk__in=clinics)
        self.fields["clinic"].queryset = self.fields["other_clinics"].queryset = reach  # type: ignore[attr-defined]
        if len(reach) < 2:
            del self.fields["other_clinics"]
        self.fields["doctor"].queryset = Doctor.objects.visible_to(request.user).filter(is_active=True)  # type: ignore[attr-defined]

        now = timezone.now()
        visits = Appointment.objects.visible_to(request.user).filter(patient=patient, starts_at__gt=now)
        self._offer("visit", visits.filter(status__in=entries.GIVEN_UP_FOR_AN_EARLIER))
        self._offer("referral", patient.referrals.filter(valid_until__gte=now.date()))

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        """What there is to choose; nothing is asked where there is none."""
        if rows.exists():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        else:
            del self.fields[name]

    def details(self) -> dict[str, Any]:
        """What `join` takes."""
        said = dict(self.cleaned_data)
        hours = said.pop("notice_hours") or 0
        return {**said, "notice_minutes": 60 * hours}


@login_required
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The form to put a patient on the list."""
    patient = Patient.objects.visible_to(request.user).active().filter(pk=pk).first()
    if patient is None or not clinic_ids_with(request.user, Permission.EDIT_WAITLIST):
        raise Http404
    form = EntryForm(request.POST or None, request=request, patient=patient)
    if request.method == "POST" and form.is_valid():
        try:
            entries.join(patient=patient, by=request.user, **form.details())
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


def _until(request: StaffRequest) -> date | None:
    try:
        return forms.DateField(required=False).clean(request.POST.get("until", ""))
    except ValidationError as refused:
        raise InvalidInput(fields={"until": " ".join(refused.messages)}) from refused


ACTIONS: Mapping[str, Callable[[Entry, StaffRequest], None]] = {
    "pause": lambda entry, request: entries.pause(entry=entry, by=request.user, until=_until(request)),
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
        messages.error(request, " ".join(refused.fields.values()) or refused.message)
    return redirect("waitlist:list")
