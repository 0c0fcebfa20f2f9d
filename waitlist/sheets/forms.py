"""What the screens of lists accept: a file, what its columns and words mean, and a row's corrections."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from carebridge.accounts.models import User
from scheduling.forms import StyledForm
from scheduling.models import AppointmentType, Clinic
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist.models import ImportBatch, ImportRow, Urgency
from waitlist.sheets.columns import FIELDS, suggested
from waitlist.sheets.meaning import WORDY, Known
from waitlist.sheets.reading import LONGEST_CELL, MOST_BYTES, MOST_ROWS

MOST_WORDS = 30
"""Of one field; the rest come up when these are explained."""


class UploadForm(StyledForm):
    """A list, and the clinic for which its patients wait."""

    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    file = forms.FileField(
        label="List",
        help_text=f"A workbook (.xlsx) or CSV with headings, {MOST_ROWS:,} rows and {MOST_BYTES // 1_000_000} MB "
        "at most. Of a workbook, the first sheet is read.",
        widget=forms.FileInput(attrs={"class": "input", "accept": ".xlsx,.csv,.txt,.tsv"}),
        error_messages={"empty": "This file is empty."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinics = clinic_ids_with(user, Permission.EDIT_WAITLIST)
        self.fields["clinic"].queryset = Clinic.objects.visible_to(user).filter(pk__in=clinics)  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile:
        """Not larger than what is read: nobody's memory holds the rest."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(f"A file may have {MOST_BYTES // 1_000_000} MB at most. Split the list in two.")
        return file


class ColumnsForm(StyledForm):
    """Which column says what, at first as the headings suggest; fields that none says are left empty."""

    def __init__(self, *args: Any, batch: ImportBatch, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [("", "Not in this list"), *enumerate(batch.headings)]
        mapping = batch.mapping or suggested(batch.headings)
        for field in FIELDS.values():
            self.fields[field.name] = forms.TypedChoiceField(
                label=field.label,
                choices=columns,
                coerce=int,
                empty_value=None,
                required=False,
                initial=mapping.get(field.name, ""),
                widget=forms.Select(attrs={"class": "input"}),
            )
        self.fields["appointment_type"] = forms.ModelChoiceField(
            AppointmentType.objects.visible_to(user).filter(pk__in=Known.of(batch).by_id).select_related("service"),
            label="Rows that name no visit wait for",
            required=False,
            empty_label="Such rows are to be corrected",
            initial=batch.appointment_type_id,
            widget=forms.Select(attrs={"class": "input"}),
        )

    @property
    def columns(self) -> list[forms.BoundField]:
        """The fields that a column may say."""
        return [self[name] for name in FIELDS]

    @property
    def mapping(self) -> dict[str, int]:
        """Column by field, without those that no column says."""
        chosen = {name: self.cleaned_data.get(name) for name in FIELDS}
        return {name: column for name, column in chosen.items() if column is not None}


class WordsForm(StyledForm):
    """What words mean that aren't understood: a visit of the clinic, or how urgent."""

    def __init__(
        self, *args: Any, batch: ImportBatch, words: Mapping[str, list[tuple[str, int]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked: dict[str, tuple[str, str]] = {}
        choices = {"visit": [(pk, str(kind)) for pk, kind in Known.of(batch).by_id.items()], "urgency": Urgency.choices}
        for field in WORDY:
            for word, count in words.get(field, ())[:MOST_WORDS]:
                name = name_of(field, word)
                self.asked[name] = (field, word)
                self.fields[name] = forms.TypedChoiceField(
                    label=f"{FIELDS[field].label}: “{word}” ({count} {'row' if count == 1 else 'rows'})",
                    choices=[("", "Leave as it is"), *choices[field]],
                    coerce=int,
                    empty_value=None,
                    required=False,
                    widget=forms.Select(attrs={"class": "input"}),
                )

    @property
    def meanings(self) -> dict[str, dict[str, int]]:
        """What was chosen, by field and word."""
        found: dict[str, dict[str, int]] = {}
        for name, (field, word) in self.asked.items():
            if (meaning := self.cleaned_data.get(name)) is not None:
                found.setdefault(field, {})[word] = meaning
        return found


def name_of(field: str, word: str) -> str:
    """The input for a word: by the word itself, since a colleague may explain another one meanwhile."""
    return f"{field}-{hashlib.blake2b(word.encode(), digest_size=8).hexdigest()}"


class RowForm(StyledForm):
    """One row as it should have been, in the fields that the list has or that are at fault."""

    def __init__(self, *args: Any, row: ImportRow, known: Known, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        batch = known.batch
        shown = [each for each in FIELDS if each in batch.mapping or each in row.problems or each in row.corrections]
        for name in dict.fromkeys((*shown, "pms_number", "visit")):
            text = row.text(name, batch.mapping)
            self.fields[name] = forms.CharField(
                label=FIELDS[name].label,
                required=False,
                max_length=LONGEST_CELL,
                initial=text,
                widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
            )
        self.fields["visit"].widget = forms.Select(
            attrs={"class": "input"}, choices=_visits(row.text("visit", batch.mapping), known)
        )
        self.order_fields(list(FIELDS))


def _visits(text: str, known: Known) -> list[tuple[str, str]]:
    """What the row says, and every visit of the clinic."""
    offered = sorted(map(str, known.by_id.values()))
    as_said = [] if text in offered else [(text, f"As written: {text}" if text else "As for all rows that name none")]
    return [*as_said, *((each, each) for each in offered)]
