"""What the pages about API access accept. Whether it is allowed is the commands' business."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from carebridge.accounts.models import User
from carebridge.accounts.tokens import Scope
from scheduling.api_access import LONGEST_FOR_PEOPLE, LONGEST_FOR_SERVICES, SERVICE_ROLES
from scheduling.forms import StyledForm
from scheduling.models import Clinic

LASTS = (7, 30, 90, 180, 365)
"""Days to choose from."""


class ClinicsForm(StyledForm):
    """Some of the clinics."""

    clinics = forms.ModelMultipleChoiceField(
        Clinic.objects.none(), label="Clinics", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, clinics: QuerySet[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinics"].queryset = clinics  # type: ignore[attr-defined]


class TokenForm(ClinicsForm):
    """A new token: what for, for how long, where."""

    name = forms.CharField(
        label="What is it for?", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    scopes = forms.MultipleChoiceField(label="It may", widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label="It ends after", coerce=int)

    field_order = ["name", "days", "scopes", "clinics"]

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = LONGEST_FOR_SERVICES if owner.is_service else LONGEST_FOR_PEOPLE
        offered = [each for each in Scope if owner.is_service or each != Scope.PATIENTS_EXCHANGE]
        self.fields["scopes"].choices = [(each.value, f"{each.label} ({each.value})") for each in offered]  # type: ignore[attr-defined]
        days = [(each, f"{each} days") for each in LASTS if each <= longest]
        self.fields["days"].choices = days  # type: ignore[attr-defined]
        self.fields["days"].initial = 30

    def wanted(self) -> dict[str, Any]:
        """The fields as the command takes them."""
        return {**self.cleaned_data, "clinics": list(self.cleaned_data["clinics"])}


class ServiceAccountForm(ClinicsForm):
    """A portal or an app."""

    name = forms.CharField(label="Portal or app", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(
        label="Works as",
        choices=[(each.value, each.label) for each in SERVICE_ROLES],
        help_text="The most its tokens can do at a clinic. Rules are never set aside for it.",
    )

    field_order = ["name", "role", "clinics"]
