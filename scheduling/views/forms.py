"""What the drawer and its dialogs accept. Whether it is allowed is the commands' business."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from scheduling.forms import DayInput, SlotField, StyledForm
from scheduling.models import CancellationReason, Clinic, Doctor, EmergencyAccess
from scheduling.resizing import LONGEST_MINUTES
from scheduling.timeline import STEP_MINUTES


class NotesForm(StyledForm):
    """The note for the team."""

    notes = forms.CharField(
        label="Note for the team", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class DurationForm(StyledForm):
    """How long a visit lasts."""

    minutes = forms.IntegerField(
        label="Minutes",
        min_value=STEP_MINUTES,
        max_value=LONGEST_MINUTES,
        step_size=STEP_MINUTES,
        help_text="Minutes given back are offered to those who wait. For more, doctor and rooms have to be free.",
    )


class RefuseOverrideForm(StyledForm):
    """Why an override is refused."""

    reason = forms.CharField(label="Why not?", max_length=120, help_text="Whoever asked reads this on the visit.")


class CancelForm(StyledForm):
    """Why a visit is cancelled; after the cut-off also why the exception."""

    reason = forms.ModelChoiceField(CancellationReason.objects.none(), empty_label="Choose a reason")
    exception_reason = forms.CharField(
        label="Why after the cut-off?", max_length=240, error_messages={"required": "Say why this is an exception."}
    )
    note = forms.CharField(label="Note", required=False, max_length=240)

    def __init__(self, *args: Any, is_late: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].queryset = CancellationReason.objects.filter(is_active=True)  # type: ignore[attr-defined]
        if not is_late:
            del self.fields["exception_reason"]


class OptionalSlotField(SlotField):
    """A time, or none yet."""

    def clean(self, value: Any) -> Any:
        """As SlotField; nothing chosen is None."""
        return super().clean(value) if value else None


class MoveForm(StyledForm):
    """Where a visit goes: clinic, doctor and day narrow the list of free times; `slot` is the one chosen."""

    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    doctor = forms.ModelChoiceField(Doctor.objects.none(), empty_label="Any doctor", required=False)
    day = forms.DateField(label="Earliest day", widget=DayInput())
    slot = OptionalSlotField(required=False, max_length=80)
    exception_reason = forms.CharField(label="Why after the cut-off?", required=False, max_length=240)

    def __init__(self, *args: Any, clinics: Any, doctors: Any, today: date, is_late: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = clinics  # type: ignore[attr-defined]
        self.fields["doctor"].queryset = doctors  # type: ignore[attr-defined]
        self.fields["day"].widget.attrs["min"] = today.isoformat()
        if not is_late:
            del self.fields["exception_reason"]


class EmergencyForm(StyledForm):
    """Whom to open in an emergency, found exactly, and why."""

    birth_date = forms.DateField(label="Birth date", widget=DayInput())
    family_name = forms.CharField(
        label="Last name", required=False, max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    phone = forms.CharField(
        required=False, max_length=24, widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"})
    )
    reason = forms.CharField(
        label="What is the emergency?",
        max_length=240,
        help_text="Somebody else reads this and judges whether it was justified.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, is_known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_known:
            for name in ("birth_date", "family_name", "phone"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Birth date alone would list strangers."""
        values = super().clean() or {}
        if "family_name" in self.fields and not values.get("family_name") and not values.get("phone"):
            self.add_error("family_name", "Give the last name or a phone number as well.")
        return values


class EmergencyReviewForm(StyledForm):
    """Was it justified?"""

    outcome = forms.ChoiceField(choices=EmergencyAccess.Outcome.choices, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=240)
