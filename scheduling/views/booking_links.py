"""Sending a patient a link to choose a time by themselves, and taking it back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.accounts.models import User
from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.booking_invitations import invite_to_book, withdraw_invitation
from scheduling.forms import DayInput, StyledForm, add_errors
from scheduling.models import AppointmentType, BookingInvitation, Clinic, Doctor, Patient, Referral
from scheduling.views.asked import bookable_clinics
from scheduling.views.reach import reachable_patients, visible

USUAL_DAYS = 28
SHOWN = 10


class BookingLinkForm(StyledForm):
    """What the patient may choose: which visit, where, with whom, on which days."""

    appointment_type = forms.ModelChoiceField(AppointmentType.objects.none(), label="Visit", empty_label="Choose")
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    doctor = forms.ModelChoiceField(Doctor.objects.none(), required=False, empty_label="Any doctor")
    referral = forms.ModelChoiceField(Referral.objects.none(), required=False, empty_label="No referral")
    first_day = forms.DateField(label="From", widget=DayInput())
    last_day = forms.DateField(label="To", widget=DayInput())

    def __init__(self, *args: Any, user: User, patient: Patient, clinics: list[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = AppointmentType.objects.visible_to(user).bookable().select_related("service")
        choices = {
            "appointment_type": types,
            "clinic": Clinic.objects.visible_to(user).filter(pk__in=[each.pk for each in clinics]),
            "doctor": Doctor.objects.visible_to(user).filter(is_active=True),
            "referral": patient.referrals.filter(valid_until__gte=timezone.localdate()),
        }
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "POST"])
def send(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The form; sent, the patient gets the link by the way they prefer."""
    clinics = bookable_clinics(request.user)
    patient = visible(reachable_patients(request), pk)
    today = timezone.now().astimezone(clinics[0].zone).date()
    initial = {"clinic": clinics[0], "first_day": today, "last_day": today + timedelta(days=USUAL_DAYS)}
    form = BookingLinkForm(request.POST or None, user=request.user, patient=patient, clinics=clinics, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            invite_to_book(patient=patient, by=request.user, **form.cleaned_data)
        except DomainError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, "The link goes out, in the morning if it is late. It can be used once.")
            return redirect("scheduling:patient", pk=patient.pk)
    status = 422 if form.errors else 200
    return render(request, "scheduling/booking_link.html", {"form": form, "patient": patient}, status=status)


@login_required
@require_POST
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """The link books nothing any more."""
    invitation = visible(BookingInvitation.objects.visible_to(request.user), pk)
    try:
        withdraw_invitation(invitation=invitation, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The link is withdrawn.")
    return redirect("scheduling:patient", pk=invitation.patient_id)


def sent_links(user: User, patient: Patient, now: datetime) -> list[tuple[BookingInvitation, str]]:
    """The latest invitations of a patient that this person may see, each with its state in a word."""
    sent = BookingInvitation.objects.visible_to(user).filter(patient=patient)
    related = ("appointment_type__service", "clinic", "doctor", "appointment")
    return [(each, _state(each, now)) for each in sent.select_related(*related)[:SHOWN]]


def _state(invitation: BookingInvitation, now: datetime) -> str:
    if invitation.appointment_id:
        return "used"
    if invitation.withdrawn_at:
        return "withdrawn"
    return "ran out" if invitation.expires_at <= now else "waiting"
