"""The form that blocks time: whom, why, and from when to when on the wall clock of one clinic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from carebridge.accounts.models import User
from scheduling.forms import DayInput, StyledForm
from scheduling.models import Clinic, Resource, ScheduleBlock
from scheduling.models.resource import ResourceKind
from scheduling.periods import to_utc
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


class ClockInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, **attrs: str) -> None:
        super().__init__(format="%H:%M", attrs={"class": "input num", "step": "300", **attrs})


class BlockForm(StyledForm):
    """Times are local to the chosen clinic; `starts_at` and `ends_at` of the cleaned data are UTC."""

    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    resource = forms.ModelChoiceField(Resource.objects.none(), label="Who or what", empty_label="Choose")
    kind = forms.ChoiceField(label="Why", choices=ScheduleBlock.Kind.choices, widget=forms.RadioSelect)
    from_day = forms.DateField(label="From", widget=DayInput())
    from_time = forms.TimeField(label="at", widget=ClockInput())
    to_day = forms.DateField(label="Until", widget=DayInput())
    to_time = forms.TimeField(label="at", widget=ClockInput())
    reason = forms.CharField(
        label="Note on the board", required=False, max_length=120, help_text="Shown to staff; no personal details."
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinics = clinic_ids_with(user, Permission.EDIT_ROSTER)
        # A doctor's resource has no clinic of its own, so doctors come by the clinics they serve.
        resources = Resource.objects.visible_to(user).filter(is_active=True).select_related("clinic")
        mine = resources.filter(clinic__in=clinics) | resources.filter(doctor__clinics__in=clinics)
        self.fields["clinic"].queryset = Clinic.objects.visible_to(user).filter(pk__in=clinics)  # type: ignore[attr-defined]
        self.fields["resource"].queryset = mine.distinct()  # type: ignore[attr-defined]
        self.fields["resource"].label_from_instance = _label  # type: ignore[attr-defined]
        self.fields["kind"].initial = ScheduleBlock.Kind.LEAVE

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        clinic = data.get("clinic")
        for name, day, clock in (("starts_at", "from_day", "from_time"), ("ends_at", "to_day", "to_time")):
            if clinic and data.get(day) and data.get(clock) is not None:
                data[name] = to_utc(data[day], data[clock], clinic.zone)
        if data.get("starts_at") and data.get("ends_at") and data["ends_at"] <= data["starts_at"]:
            self.add_error("to_time", "The end must come after the start.")
        return data

    def wish(self) -> dict[str, Any]:
        """What the command and its rehearsal ask for alike."""
        return {name: self.cleaned_data[name] for name in ("resource", "kind", "starts_at", "ends_at")}


def first_values(clinic: Clinic | None) -> dict[str, Any]:
    """Today, from the next full hour for an hour, at the clinic."""
    zone = clinic.zone if clinic else timezone.get_current_timezone()
    now: datetime = timezone.now().astimezone(zone)
    return {
        "clinic": clinic,
        "from_day": now.date(),
        "to_day": now.date(),
        "from_time": now.replace(minute=0),
        "to_time": now.replace(hour=min(now.hour + 1, 23), minute=0),
    }


def _label(resource: Resource) -> str:
    if resource.kind == ResourceKind.DOCTOR or resource.clinic is None:
        return resource.name
    return f"{resource.name}, {resource.clinic.name}"
