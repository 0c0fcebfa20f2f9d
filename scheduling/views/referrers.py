"""Links for practices that refer patients: made, shown to be sent on, and withdrawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.accounts.models import User
from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.forms import DayInput, StyledForm, add_errors
from scheduling.models import AppointmentType, Clinic, ReferrerLink
from scheduling.referrer_links import MOST_PATIENTS, address_of, make_referrer_link, withdraw_referrer_link
from scheduling.views.asked import bookable_clinics
from scheduling.views.reach import visible

USUAL_DAYS, USUAL_PATIENTS = 91, 20
SHOWN = 50


class KindsField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: AppointmentType) -> str:
        """The visit as it is chosen elsewhere, with its service."""
        return f"{obj.service.name}: {obj.name}"


class ReferrerLinkForm(StyledForm):
    """Who refers, where to, for which visits, how far, how often and until when."""

    referrer = forms.CharField(label="Practice or person", max_length=120)
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    appointment_types = KindsField(AppointmentType.objects.none(), label="Visits", widget=forms.CheckboxSelectMultiple)
    mode = forms.ChoiceField(label="They may", choices=ReferrerLink.Mode.choices)
    most_patients = forms.IntegerField(
        label="For how many patients", min_value=1, max_value=MOST_PATIENTS, initial=USUAL_PATIENTS
    )
    last_day = forms.DateField(label="Works until", widget=DayInput())

    def __init__(self, *args: Any, user: User, clinics: list[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        performed = {"offerings__clinic__in": clinics, "offerings__is_active": True}
        types = AppointmentType.objects.visible_to(user).bookable().filter(**performed)
        choices = {
            "clinic": Clinic.objects.visible_to(user).filter(pk__in=[each.pk for each in clinics]),
            "appointment_types": types.select_related("service").order_by("service__name", "name").distinct(),
        }
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def links(request: StaffRequest) -> HttpResponse:
    """The links of the user's clinics, with their addresses, and the form for another."""
    clinics, now = bookable_clinics(request.user), timezone.now()
    today = now.astimezone(clinics[0].zone).date()
    initial = {"clinic": clinics[0], "last_day": today + timedelta(days=USUAL_DAYS)}
    form = ReferrerLinkForm(request.POST or None, user=request.user, clinics=clinics, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            make_referrer_link(by=request.user, **form.cleaned_data)
        except DomainError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, "The link is made. Send its address to the practice.")
            return redirect("scheduling:referrers")
    context = {"form": form, "rows": _rows(request.user), "now": now, "nav": "requests"}
    return render(request, "scheduling/referrers.html", context, status=422 if form.errors else 200)


def _rows(user: User) -> list[tuple[ReferrerLink, str]]:
    found = ReferrerLink.objects.visible_to(user).annotate(used=Count("bookings", distinct=True))
    found = found.select_related("clinic", "created_by").prefetch_related("appointment_types__service")
    return [(link, address_of(link)) for link in found[:SHOWN]]


@login_required
@require_POST
def withdraw(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The link books nothing any more."""
    try:
        withdraw_referrer_link(link=visible(ReferrerLink.objects.visible_to(request.user), pk), by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The link is withdrawn.")
    return redirect("scheduling:referrers")
