"""What a clinic says in its own words on its patients' pages."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from scheduling.languages import LANGUAGES, language_in
from scheduling.models.clinic import Clinic


class PageText(models.Model):
    """A version of a clinic's words at a place, in one language. A change is a new row; the highest version holds."""

    class Place(models.TextChoices):
        VISIT = "visit", "On the page of a visit, below what can be done"
        TOO_LATE = "too_late", "When it is too late to change a visit online"
        CANCELLED = "cancelled", "Once the patient has cancelled"
        FOOTER = "footer", "At the foot of every page"

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="page_texts")
    place = models.CharField(max_length=12, choices=Place.choices)
    language = models.CharField(max_length=2, choices=[(code, language_in(code).name) for code in LANGUAGES])
    version = models.PositiveIntegerField(editable=False)
    text = models.TextField(max_length=600, blank=True, help_text="Empty: what CareBridge says, or nothing")
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, editable=False, related_name="+")
    written_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["clinic", "place", "language", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "place", "language", "version"], name="page_text_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_place_display()}, version {self.version}"
