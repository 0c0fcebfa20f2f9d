"""The second check: three plain fields, because a date picker is hard work for somebody born in 1938."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _digits(label: Any, places: int, autocomplete: str) -> forms.IntegerField:
    shown = {"inputmode": "numeric", "autocomplete": autocomplete, "maxlength": str(places), "size": str(places)}
    return forms.IntegerField(label=label, widget=forms.TextInput(attrs=shown), required=False)


class BirthDateForm(forms.Form):
    """Day, month and year, each typed. `birth_date` is what they come to."""

    day = _digits(_("Day"), 2, "bday-day")
    month = _digits(_("Month"), 2, "bday-month")
    year = _digits(_("Year"), 4, "bday-year")

    def clean(self) -> dict[str, Any]:
        """The date they name; an impossible one is said to be so and isn't counted as a try."""
        cleaned = super().clean() or {}
        try:
            cleaned["birth_date"] = date(*(int(cleaned.get(part) or 0) for part in ("year", "month", "day")))
        except (ValueError, OverflowError):
            raise forms.ValidationError(_("Please type day, month and year, for example 27 3 1958.")) from None
        return cleaned
