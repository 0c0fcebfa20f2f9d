"""Each row of a list against what is on file: which patient it means, and whether they wait for it already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import Q

from carebridge.accounts.models import User
from scheduling.models import Patient
from scheduling.patient_search import note_looked_through
from waitlist.models import Entry, ImportBatch, ImportRow, RowState
from waitlist.sheets.cells import month_comes_first, name_key
from waitlist.sheets.meaning import Known, Wait, read_row

DAYS = ("birth_date", "waiting_since", "earliest_day", "latest_day")
TO_LOOK_AT = frozenset({RowState.READY, RowState.ERROR, RowState.DUPLICATE})
"""Rows that are neither left out nor imported."""
NOT_ON_FILE = "Nobody at your clinics has this name and birth date. Register this patient first."

Waiting = dict[tuple[UUID, int], str]
"""By patient and visit, the sentence that says that they wait for it."""


def check_rows(batch: ImportBatch, *, by: User) -> None:
    """Look at every row to look at afresh, as part of a command. Who was looked up is recorded."""
    rows = list(batch.rows.all())
    batch.month_first = [name for name in DAYS if month_comes_first(row.text(name, batch.mapping) for row in rows)]
    batch.save(update_fields=["month_first"])
    known = Known.of(batch)
    read = [(row, read_row(row, known)) for row in rows if row.state in TO_LOOK_AT]
    before = {row.pk: _judgement(row) for row, _ in read}
    on_file = OnFile.of([wait for _, wait in read], by=by)
    for row, wait in read:
        row.patient = on_file.patient_of(wait) if wait.identifies else None
    waiting = _waiting(batch, {row.patient_id for row, _ in read if row.patient_id})
    for row, wait in read:
        _judge(row, wait, waiting)
    changed = [row for row, _ in read if _judgement(row) != before[row.pk]]
    ImportRow.objects.bulk_update(changed, ["state", "problems", "patient"], batch_size=500)
    if seen := {row.patient_id for row, _ in read if row.patient_id}:
        note_looked_through(seen, by=by, event="waitlist.import_matched")


def _judgement(row: ImportRow) -> tuple[object, ...]:
    return row.state, row.problems, row.patient_id


def _judge(row: ImportRow, wait: Wait, waiting: Waiting) -> None:
    row.problems = wait.problems
    row.state = RowState.ERROR if wait.problems else RowState.READY
    if wait.problems or row.patient_id is None or wait.appointment_type is None:
        return
    key = (row.patient_id, wait.appointment_type.pk)
    if sentence := waiting.get(key):
        row.state, row.problems = RowState.DUPLICATE, {"patient": sentence}
    waiting.setdefault(key, f"Line {row.number} has the same patient for the same visit.")


def _waiting(batch: ImportBatch, patients: Iterable[UUID]) -> Waiting:
    """Who waits at the clinic already, also while paused."""
    rows = Entry.objects.open().filter(clinic=batch.clinic, patient__in=patients)
    return {
        (entry.patient_id, entry.appointment_type_id): "Waits for this visit already, since "
        f"{entry.waiting_since.astimezone(batch.clinic.zone):%-d %B %Y}."
        for entry in rows
    }


@dataclass
class OnFile:
    """The patients of somebody's clinics whom a list may mean, by birth date and by PMS number."""

    born: defaultdict[date, list[Patient]] = field(default_factory=lambda: defaultdict(list))
    numbered: dict[str, Patient] = field(default_factory=dict)

    @classmethod
    def of(cls, waits: Iterable[Wait], *, by: User) -> OnFile:
        """Those whom the rows may mean, in one look."""
        found, waits = cls(), list(waits)
        births = {wait.birth_date for wait in waits if wait.birth_date}
        numbers = {wait.pms_number for wait in waits if wait.pms_number}
        wanted = Q(birth_date__in=births) | Q(pms_number__in=numbers)
        for patient in Patient.objects.visible_to(by).active().filter(wanted):
            found.born[patient.birth_date].append(patient)
            if patient.pms_number:
                found.numbered[patient.pms_number] = patient
        return found

    def patient_of(self, wait: Wait) -> Patient | None:
        """The one whom the row means: exactly this birth date, and this number or name. None adds why to the row."""
        numbered = self.numbered.get(wait.pms_number)
        if numbered:
            return self._if_same_person(numbered, wait)
        found = self._of_this_name(wait)
        if len(found) > 1:
            found = [each for each in found if wait.phone and wait.phone in (each.mobile, each.phone)] or found
        if len(found) == 1 and not (wait.pms_number and found[0].pms_number):
            return found[0]
        wait.problems |= (
            {"patient": NOT_ON_FILE}
            if not found
            else {"pms_number": "The patient with this name and birth date has another PMS number."}
            if len(found) == 1
            else {"pms_number": "Several patients have this name and birth date: give the PMS number."}
        )
        return None

    def _if_same_person(self, patient: Patient, wait: Wait) -> Patient | None:
        if patient.birth_date != wait.birth_date:
            wait.problems["birth_date"] = "The patient with this PMS number has another birth date."
        elif wait.name and name_key(patient.full_name) != name_key(wait.name):
            wait.problems["pms_number"] = "The patient with this PMS number has another name."
        else:
            return patient
        return None

    def _of_this_name(self, wait: Wait) -> list[Patient]:
        if wait.birth_date is None or not wait.name:
            return []
        return [each for each in self.born[wait.birth_date] if name_key(each.full_name) == name_key(wait.name)]
