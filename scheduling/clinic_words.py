"""Words that everybody at the clinics knows, and which therefore make no password."""

from __future__ import annotations

from scheduling.models import Clinic


def clinic_words() -> list[str]:
    """Names and codes of all clinics."""
    return [word for names in Clinic.objects.values_list("name", "code") for word in names]
