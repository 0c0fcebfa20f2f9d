"""Putting patients on the waitlist, changing what they wait for, pausing, going on, and taking them off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist import entries, offers
from waitlist.models import GIVEN_UP_FOR_AN_EARLIER, Contact, Entry, Offer, Outcome, Urgency
from waitlist.queries.ranking import DAYS

TIME = forms.TimeInput(attrs={"type": "time"})


class EntryForm(StyledForm):
    """What a patient waits for, where, with whom, how urgently and until when; with an `entry`, to change it."""

    appointment_type = forms.ModelChoiceField(AppointmentType.objects.none(), label="Visit", empty_label="Choose")
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    second_clinic = forms.ModelChoiceField(
        Clinic.objects.none(), required=False, label="Second choice", empty_label="None"
    )
    other_clinics = forms.ModelMultipleChoiceField(
        Clinic.objects.none(), required=False, label="Other clinics that would do", widget=forms.CheckboxSelectMultiple
    )
    doctor = forms.ModelChoiceField(Doctor.objects.none(), required=False, empty_label="Any doctor")
    doctor_is_must = forms.BooleanField(required=False, label="Nobody but this doctor")
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
    from_time = forms.TimeField(required=False, label="From", widget=TIME)
    until_time = forms.TimeField(required=False, label="Until", widget=TIME)
    notice_hours = forms.IntegerField(required=False, min_value=0, max_value=999, label="Hours of notice needed")
    contact = forms.ChoiceField(choices=Contact.choices, required=False, label="How to ask")
    referral = forms.ModelChoiceField(Referral.objects.none(), required=False, empty_label="None")
    visit = forms.ModelChoiceField(
        Appointment.objects.none(), required=False, label="Would give up for an earlier time", empty_label="Nothing"
    )
    is_sensitive = forms.BooleanField(required=False, label="Sensitive: somebody agrees before anything is offered")
    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput())

    def __init__(
        self, *args: Any, request: StaffRequest, patient: Patient, entry: Entry | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry
        reach = Clinic.objects.visible_to(request.user).filter(pk__in=_may_edit(request))
        self._choose("clinic", reach)
        self._offer("second_clinic", reach if len(reach) > 1 else reach.none())
        self._offer("other_clinics", reach if len(reach) > 2 else reach.none())
        others = [each.clinic for each in entry.other_clinics.select_related("clinic")] if entry else []
        self._out_of_reach = [each for each in others if each not in reach]
        if entry:
            self.initial = _said(entry, [each for each in others if each in reach])
            self.initial["seen"] = entries.print_of(entry)
            del self.fields["appointment_type"]
        else:
            del self.fields["seen"]
            types = AppointmentType.objects.visible_to(request.user).bookable()
            self._choose("appointment_type", types.select_related("service"))
        doctors = Doctor.objects.visible_to(request.user).filter(is_active=True)
        self._choose("doctor", doctors)

        now = timezone.now()
        visits = Appointment.objects.visible_to(request.user).filter(patient=patient, starts_at__gt=now)
        visits = visits.filter(status__in=GIVEN_UP_FOR_AN_EARLIER)
        self._offer("visit", visits.filter(appointment_type=entry.appointment_type_id) if entry else visits)
        given_up = entry.visit if entry and entry.gives_up_visit else None
        out_of_reach = given_up and given_up.starts_at > now and given_up not in visits
        self._visit_out_of_reach = given_up if out_of_reach else None
        self._offer("referral", patient.referrals.filter(valid_until__gte=now.date()))

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        """What there is to choose; nothing is asked where there is none."""
        if rows.exists():
            self._choose(name, rows)
        else:
            del self.fields[name]

    def _choose(self, name: str, rows: QuerySet[Any]) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def details(self) -> dict[str, Any]:
        """What `join` and `change` take. What this user can't see of an entry stays as it was."""
        said = dict(self.cleaned_data)
        second, others = said.pop("second_clinic", None), said.pop("other_clinics", ())
        said["other_clinics"] = [*filter(None, [second]), *self._out_of_reach, *others]
        said["visit"] = said.get("visit") or self._visit_out_of_reach
        said["notice_minutes"] = 60 * (said.pop("notice_hours") or 0)
        if self.entry and "notice_hours" not in self.changed_data:
            said["notice_minutes"] = self.entry.notice_minutes
        return said


def _said(entry: Entry, others: Sequence[Clinic]) -> dict[str, Any]:
    """An entry as the form's fields say it. Begun hours of notice are whole ones."""
    said = {name: getattr(entry, name) for name in EntryForm.base_fields if hasattr(entry, name)}
    said |= {"second_clinic": next(iter(others), None), "other_clinics": others[1:]}
    return said | {"notice_hours": -(-entry.notice_minutes // 60) or None}


def _may_edit(request: StaffRequest) -> list[int]:
    return clinic_ids_with(request.user, Permission.EDIT_WAITLIST)


@login_required
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The form to put a patient on the list."""
    patient = Patient.objects.visible_to(request.user).active().filter(pk=pk).first()
    if patient is None or not _may_edit(request):
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
    return _form(request, form, patient)


@login_required
@require_http_methods(["GET", "POST"])
def change(request: StaffRequest, pk: int) -> HttpResponse:
    """The form to change what somebody waits for, who keeps their time waited."""
    mine = Entry.objects.visible_to(request.user).open().filter(clinic__in=_may_edit(request))
    entry = mine.select_related("patient", "appointment_type__service").filter(pk=pk).first()
    if entry is None:
        raise Http404
    form = EntryForm(request.POST or None, request=request, patient=entry.patient, entry=entry)
    if request.method == "POST" and form.is_valid():
        try:
            entries.change(entry=entry, by=request.user, **form.details())
        except DomainError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, "Changed. The time waited goes on.")
            return redirect("waitlist:list")
    asked = Offer.objects.visible_to(request.user).open().filter(entry=entry).exists()
    note_looked_through({entry.patient_id}, by=request.user, event="waitlist.listed")
    return _form(request, form, entry.patient, entry=entry, asked=asked, waited=entry.waited(timezone.now()))


def _form(request: StaffRequest, form: EntryForm, patient: Patient, **context: Any) -> HttpResponse:
    context |= {"form": form, "patient": patient, "nav": "waitlist"}
    return render(request, "waitlist/entry.html", context, status=422 if request.method == "POST" else 200)


def _close(*, entry: Entry, by: Any, outcome: str) -> None:
    if outcome not in entries.BY_HAND:
        raise Http404
    offers.take_off(entry=entry, by=by, outcome=Outcome(outcome))


def _until(request: StaffRequest) -> date | None:
    try:
        return forms.DateField(required=False).clean(request.POST.get("until", ""))
    except ValidationError as refused:
        raise InvalidInput(fields={"until": " ".join(refused.messages)}) from refused


ACTIONS: Mapping[str, tuple[Callable[[Entry, StaffRequest], None], str]] = {
    "pause": (lambda entry, request: entries.pause(entry=entry, by=request.user, until=_until(request)), "Paused."),
    "resume": (lambda entry, request: entries.resume(entry=entry, by=request.user), "The wait goes on."),
    "close": (
        lambda entry, request: _close(entry=entry, by=request.user, outcome=request.POST.get("outcome", "")),
        "Taken off the waitlist. For a week the patient’s record can put them back.",
    ),
    "put-back": (lambda entry, request: entries.put_back(entry=entry, by=request.user), "Back on the waitlist."),
}
"""What can be done about an entry, and what is said then."""


@login_required
@require_POST
def act(request: StaffRequest, pk: int, action: str) -> HttpResponse:
    """Pause, go on with, close or put back one entry, and back to the list."""
    entry = Entry.objects.visible_to(request.user).filter(pk=pk).first()
    if entry is None or action not in ACTIONS:
        raise Http404
    do, said = ACTIONS[action]
    try:
        do(entry, request)
    except DomainError as refused:
        messages.error(request, " ".join(refused.fields.values()) or refused.message)
    else:
        messages.success(request, said)
    return redirect("waitlist:list")
