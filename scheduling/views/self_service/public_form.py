"""Who is to be seen and how they are reached, as typed on the public pages; and whether it was typed by a person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from carebridge.errors import InvalidInput
from scheduling.models import Clinic, Sex
from scheduling.personal_details import normalised_phone
from scheduling.public_booking import Person
from scheduling.views.self_service.birth_date import BirthDateForm

SALT = "scheduling.public_form"
QUICKEST_SECONDS = 3
"""Nobody types a name and a birth date faster."""
SLOWEST_SECONDS = 2 * 60 * 60
ME, OTHER = "me", "other"


def stamp(now: datetime) -> str:
    """What a form holds to tell when it was first shown."""
    return signing.dumps(int(now.timestamp()), salt=SALT)


def _text(label: Any, autocomplete: str, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=80, widget=forms.TextInput({"autocomplete": autocomplete}), **more)


class DetailsForm(BirthDateForm):
    """The details. `website` is a trap: people don't see it, programs fill it."""

    whose = forms.ChoiceField(
        label=_("Who is the visit for?"),
        choices=[(ME, _("Me")), (OTHER, _("My child or somebody else"))],
        widget=forms.RadioSelect,
        initial=ME,
    )
    booker = _text(_("Your own name"), "name", required=False)
    given_name = _text(_("First name"), "given-name")
    family_name = _text(_("Last name"), "family-name")
    sex = forms.ChoiceField(
        label=_("Sex"), choices=[("female", _("Female")), ("male", _("Male"))], widget=forms.RadioSelect
    )
    contact = _text(_("Email address or mobile number"), "email")
    clinic = forms.ModelChoiceField(
        Clinic.objects.none(), label=_("Where?"), widget=forms.RadioSelect, empty_label=None
    )
    wishes = forms.CharField(
        label=_("When would suit you, and why do you want to come?"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 4, "maxlength": 300}),
    )
    website = forms.CharField(required=False)
    stamp = forms.CharField(widget=forms.HiddenInput, required=False)

    field_order: tuple[str, ...] = (
        "whose",
        "booker",
        "given_name",
        "family_name",
        "day",
        "month",
        "year",
        "sex",
        "contact",
    )

    def __init__(
        self, *args: Any, now: datetime, asks_sex: bool, clinics: list[Clinic] | None = None, **kwargs: Any
    ) -> None:
        """`clinics` are those that may be asked for a visit; None for the booking of a picked time."""
        super().__init__(*args, **kwargs)
        self.now = now
        if not asks_sex:
            del self.fields["sex"]
        if clinics is None:
            del self.fields["clinic"], self.fields["wishes"]
        else:
            self.fields["clinic"].queryset = Clinic.objects.filter(pk__in=[each.pk for each in clinics])  # type: ignore[attr-defined]
            self.fields["clinic"].initial = clinics[0].pk
        for field in self.fields.values():
            field.error_messages["required"] = _("Please fill this in.")

    def clean_booker(self) -> str:
        """Who books for somebody else says who they are."""
        booker: str = self.cleaned_data["booker"].strip()
        if self.cleaned_data.get("whose") != OTHER:
            return ""
        if not booker:
            raise ValidationError(_("Please fill this in."))
        return booker

    def clean_contact(self) -> str:
        """An email address in lower case, or a number in E.164 form."""
        typed = self.cleaned_data["contact"].strip()
        try:
            if "@" in typed:
                validate_email(typed)
                return typed.lower()
            return normalised_phone(typed)
        except (ValidationError, InvalidInput):
            message = _("Please type an email address, or a mobile number such as 07700 900461.")
            raise ValidationError(message) from None

    def _check_born(self, born: date) -> None:
        if not date(self.now.year - 130, 1, 1) <= born <= self.now.date():
            raise ValidationError(_("Please type day, month and year, for example 27 3 1958."))

    def clean(self) -> dict[str, Any]:
        """The whole: born some day, and typed no quicker than a person types."""
        cleaned = super().clean()
        self._check_born(cleaned["birth_date"])
        if cleaned.get("website") or not self._typed_by_a_person():
            raise ValidationError(_("That was very quick. Please press the button once more."))
        return cleaned

    def _typed_by_a_person(self) -> bool:
        try:
            shown_at = signing.loads(self.data.get("stamp", ""), salt=SALT)
        except signing.BadSignature:
            return False
        return QUICKEST_SECONDS <= self.now.timestamp() - shown_at <= SLOWEST_SECONDS

    @property
    def birth_fields(self) -> list[forms.BoundField]:
        """Day, month and year, which stand in a row."""
        return [self[name] for name in ("day", "month", "year")]

    def person(self, language: str) -> Person:
        """Who was typed. Only of a valid form."""
        told = self.cleaned_data
        return Person(
            given_name=told["given_name"],
            family_name=told["family_name"],
            birth_date=told["birth_date"],
            contact=told["contact"],
            language=language,
            sex=Sex(told["sex"]) if told.get("sex") else "",
            booker=told.get("booker", ""),
        )


class ReferredForm(DetailsForm):
    """The details of a patient whom a practice refers, and the number of its referral."""

    number = forms.CharField(label=_("Number of the referral"), max_length=24, required=False)

    field_order = ("given_name", "family_name", "day", "month", "year", "sex", "contact", "number")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["whose"], self.fields["booker"]
        self.fields["contact"].label = _("The patient’s email address or mobile number")
