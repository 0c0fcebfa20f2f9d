"""What clinics call things, in the languages of their patients."""

from __future__ import annotations

from django.db import models

from scheduling.languages import DEFAULT, LANGUAGES, language_in

LONGEST = 500


class Translation(models.Model):
    """A line of the catalogue in another language: a service, a visit, a question or its choices, how to prepare.

    It belongs to the words, not to a row: the same line is said the same everywhere, and a line that is changed is
    shown as it was written until it is translated anew.
    """

    language = models.CharField(
        max_length=2, choices=[(code, language_in(code).name) for code in LANGUAGES if code != DEFAULT]
    )
    source = models.CharField("as written", max_length=LONGEST, help_text="A whole line, as it stands in the catalogue")
    text = models.CharField("as patients read it", max_length=LONGEST)

    class Meta:
        ordering = ["source", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["language", "source"],
                name="translation_once",
                violation_error_message="This line is translated into that language already.",
            )
        ]

    def __str__(self) -> str:
        return self.source
