"""What the demo's clinics call their visits, in the languages of their patients: translations.csv beside this file."""

from __future__ import annotations

import csv
from pathlib import Path

from scheduling.languages import DEFAULT
from scheduling.models import Translation


def translate_catalogue() -> None:
    """Write every line of the catalogue in every language."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        Translation.objects.bulk_create(
            Translation(language=language, source=line[DEFAULT], text=text)
            for line in csv.DictReader(file)
            for language, text in line.items()
            if language != DEFAULT
        )
