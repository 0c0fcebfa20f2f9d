"""What the staff screens accept. A form only understands input; whether it is allowed is the commands' business."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from carebridge.errors import DomainError
from scheduling.models import Channel, Clinic, Patient, Referral, Sex
from scheduling.periods import read_instant

STAFF_CHANNELS = [(each.value, each.label) for each in (Channel.DESK, Channel.PHONE, Channel.EMAIL)]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **attrs: str) -> None:
        super().__init__(format="%Y-%m-%d", attrs={"class": "input num", **attrs})


class StyledForm(forms.Form):
    """Fields in the look of the design, with the errors named for screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.Textarea | forms.Select | forms.NumberInput):
                field.widget.attrs.setdefault("class", "input")

    def full_clean(self) -> None:
        """Mark fields in error, so that focus can move to the first of them."""
        super().full_clean()
        for name in self.errors:
            if name in self.fields:
                self.fields[name].widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"id_{name}_error"})


class SlotField(forms.CharField):
    """A time somebody pressed: doctor, clinic and UTC instant as `12.3.2026-11-25T10:00:00+00:00`."""

    def clean(self, value: Any) -> tuple[int, int, Any]:
        """Return doctor id, clinic id and the aware start."""
        doctor, _, rest = str(super().clean(value)).partition(".")
        clinic, _, start = rest.partition(".")
        starts_at = read_instant(start)
        if not (doctor.isdecimal() and clinic.isdecimal() and starts_at):
            raise forms.ValidationError("That is not a time of the schedule. Choose one from the list.")
        return int(doctor), int(clinic), starts_at


def slot_value(doctor_id: int, clinic_id: int, starts_at: datetime) -> str:
    """What a SlotField reads for a time (aware)."""
    return f"{doctor_id}.{clinic_id}.{starts_at.isoformat()}"


class AnyTimeForm(forms.Form):
    """A time somebody asks about although it is not offered, on the clinic's clock."""

    ask_doctor = forms.IntegerField()
    ask_clinic = forms.IntegerField()
    ask_day = forms.DateField()
    ask_time = forms.TimeField()


class ChosenTimeForm(StyledForm):
    """A time that was chosen, for which type, and perhaps to move which appointment."""

    slot = SlotField(max_length=80)
    type = forms.IntegerField()
    move = forms.CharField(required=False, max_length=16)
    hold = forms.CharField(required=False, max_length=80)
    patient = forms.UUIDField(required=False)


class BookingForm(StyledForm):
    """The booking drawer, beside the chosen time."""

    referral = forms.ModelChoiceField(Referral.objects.none(), required=False, empty_label="No referral")
    notes = forms.CharField(
        label="Note for the team",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Seen by staff only"}),
    )
    channel = forms.ChoiceField(
        label="Asked by", choices=STAFF_CHANNELS, required=False, initial="desk", widget=forms.RadioSelect
    )
    override_reason = forms.CharField(label="Why set the rule aside?", required=False, max_length=240)
    exception_reason = forms.CharField(label="Why after the cut-off?", required=False, max_length=240)

    def __init__(self, *args: Any, referrals: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if referrals is not None:
            self.fields["referral"].queryset = referrals  # type: ignore[attr-defined]
        self.fields["referral"].label_from_instance = (  # type: ignore[attr-defined]
            lambda row: f"{row.number}, {row.referrer}, valid to {row.valid_until:%-d %b}"
        )

    def clean_channel(self) -> str:
        """The desk, unless somebody said otherwise."""
        return self.cleaned_data["channel"] or Channel.DESK.value


class PatientForm(StyledForm):
    """A new patient, in as few fields as tell people apart and reach them."""

    given_name = forms.CharField(
        label="First name", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    family_name = forms.CharField(
        label="Last name", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    birth_date = forms.DateField(label="Birth date", widget=DayInput())
    sex = forms.ChoiceField(choices=Sex.choices, initial=Sex.UNKNOWN)
    mobile = forms.CharField(
        required=False, max_length=24, widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"})
    )
    email = forms.EmailField(
        label="E-mail", required=False, widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"})
    )
    clinic = forms.ModelChoiceField(Clinic.objects.none(), label="Registered at", empty_label=None)
    allow_duplicate = forms.BooleanField(required=False)

    def __init__(self, *args: Any, clinics: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = clinics  # type: ignore[attr-defined]

    def details(self) -> dict[str, Any]:
        """The fields as the command takes them."""
        return {key: value for key, value in self.cleaned_data.items() if key != "allow_duplicate"}


class IdentifyForm(StyledForm):
    """Looking for somebody known at another clinic: exact birth date, and name or phone."""

    birth_date = forms.DateField(label="Birth date", widget=DayInput())
    family_name = forms.CharField(label="Last name", required=False, max_length=80)
    phone = forms.CharField(required=False, max_length=24)
    clinic = forms.ModelChoiceField(Clinic.objects.none(), label="For", empty_label=None)

    def __init__(self, *args: Any, clinics: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = clinics  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Birth date alone would list strangers."""
        values = super().clean() or {}
        if not values.get("family_name") and not values.get("phone"):
            self.add_error("family_name", "Give the last name or a phone number as well.")
        return values


class LookupForm(StyledForm):
    """The words typed into a search box."""

    q = forms.CharField(required=False, max_length=80)


def patient_label(patient: Patient) -> str:
    """Grace Whitfield, 14 Feb 1979: how a chosen patient stands in a field."""
    return f"{patient.full_name}, {patient.birth_date:%-d %b %Y}"


def add_errors(form: Any, refused: DomainError) -> None:
    """The command's refusal beside the fields it names."""
    for field, message in refused.fields.items():
        form.add_error(field if field in form.fields else ("mobile" if field == "phone" else None), message)
    if not refused.fields:
        form.add_error(None, refused.message)
