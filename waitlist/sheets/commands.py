"""A list on its way to the waitlist: taken up, understood, corrected row by row, imported as a whole, forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import Conflict, DomainError, InvalidInput, NotFound
from scheduling.models import AppointmentType, Clinic
from scheduling.permissions import require, role_at
from scheduling.roles import Permission
from waitlist.entries import join
from waitlist.models import ImportBatch, ImportRow, RowState, Urgency
from waitlist.sheets.cells import said
from waitlist.sheets.checking import check_rows
from waitlist.sheets.columns import FIELDS, missing, plain
from waitlist.sheets.meaning import WORDY, Known, read_row
from waitlist.sheets.reading import LONGEST_CELL, Sheet


class ImportStopped(Conflict):
    """One row can't wait after all, so none of them does."""

    code = "import_stopped"

    def __init__(self, row: ImportRow, why: str) -> None:
        super().__init__(f"Nothing was imported: line {row.number} can't be. {why} Look at the rows again.")


@command()
def take_up(*, clinic: Clinic, file_name: str, sheet: Sheet, by: User) -> ImportBatch:
    """Keep the rows of a list for a clinic; what they mean is for somebody to say. Raises NotAllowed."""
    require(by, Permission.EDIT_WAITLIST, clinic.pk)

    batch = ImportBatch.objects.create(
        clinic=clinic,
        file_name=plain_file_name(file_name),
        headings=list(sheet.headings),
        uploaded_by=by,
    )
    ImportRow.objects.bulk_create(
        (ImportRow(batch=batch, number=line, cells=list(cells)) for line, cells in sheet.rows), batch_size=1000
    )
    _record(batch, "waitlist.import_begun", by=by, action=Action.CREATE, rows=len(sheet.rows))
    return batch


def plain_file_name(name: str) -> str:
    """The name of a file as it may be shown and stored: printable, its end kept."""
    return "".join(each for each in name if each.isprintable())[-120:] or "list"


@command()
def choose_columns(
    *, batch: ImportBatch, mapping: Mapping[str, int], appointment_type: AppointmentType | None, by: User
) -> None:
    """Say what the columns mean, and for which visit rows are that name none. Every open row is looked at afresh.

    Raises InvalidInput for columns by which nobody can be known, NotFound, NotAllowed.
    """
    batch = _taken(batch, by)
    if not set(mapping) <= FIELDS.keys() or not all(0 <= each < len(batch.headings) for each in mapping.values()):
        raise InvalidInput("Choose among the columns of the list.")
    if sentence := missing(mapping):
        raise InvalidInput(sentence)

    batch.mapping, batch.appointment_type = dict(mapping), appointment_type
    batch.save(update_fields=["mapping", "appointment_type"])
    check_rows(batch, by=by)
    _record(batch, "waitlist.import_understood", by=by)


@command()
def explain_words(*, batch: ImportBatch, words: Mapping[str, Mapping[str, int]], by: User) -> None:
    """Say what words of the list mean, for every row: `{"visit": {"cardio f/u": 12}, "urgency": {"p1": 2}}`.

    Raises InvalidInput for other fields or meanings, NotFound, NotAllowed.
    """
    batch = _taken(batch, by)
    meanings = {"visit": set(Known.of(batch).by_id), "urgency": set(Urgency.values)}
    for field, meant in words.items():
        if field not in WORDY or not set(meant.values()) <= meanings[field]:
            raise InvalidInput("Choose among what is offered for these words.")

    for field, meant in words.items():
        batch.words.setdefault(field, {}).update({plain(word): meaning for word, meaning in meant.items()})
    batch.save(update_fields=["words"])
    check_rows(batch, by=by)
    _record(batch, "waitlist.import_understood", by=by)


@command()
def check_again(*, batch: ImportBatch, by: User) -> None:
    """Look at every open row afresh: patients may have been registered meanwhile. Raises NotFound, NotAllowed."""
    batch = _taken(batch, by)
    check_rows(batch, by=by)
    _record(batch, "waitlist.import_understood", by=by)


@command()
def correct_row(*, row: ImportRow, corrections: Mapping[str, str], by: User) -> None:
    """Write what a row should have said, by field. Raises InvalidInput, NotFound, NotAllowed."""
    batch, row = _taken_row(row, by)
    if not set(corrections) <= FIELDS.keys():
        raise InvalidInput

    given = {field: " ".join(text.split())[:LONGEST_CELL] for field, text in corrections.items()}
    changed = {field: text for field, text in given.items() if text != row.text(field, batch.mapping)}
    row.corrections, row.state = {**row.corrections, **changed}, RowState.ERROR
    row.save(update_fields=["corrections", "state"])
    check_rows(batch, by=by)
    _record(batch, "waitlist.import_corrected", by=by, line=row.number, fields=", ".join(sorted(changed)))


@command()
def leave_out(*, row: ImportRow, by: User) -> None:
    """Import a row not at all. Raises NotFound, NotAllowed."""
    batch, row = _taken_row(row, by)
    row.state = RowState.LEFT_OUT
    row.save(update_fields=["state"])
    check_rows(batch, by=by)
    _record(batch, "waitlist.import_left_out", by=by, line=row.number)


@command()
def carry_in(*, batch: ImportBatch, by: User) -> int:
    """Let the patients of all ready rows wait, since when the list says, or none of them. How many.

    Raises ImportStopped when one of them can't, InvalidInput when none is ready, NotFound, NotAllowed.
    """
    batch = _taken(batch, by)
    # Patients are locked one by one, in the order in which everybody locks them.
    ready = list(batch.rows.filter(state=RowState.READY).select_related("patient").order_by("patient"))
    if not ready:
        raise InvalidInput("No row is ready to be imported.")
    known = Known.of(batch)
    for row in ready:
        _let_wait(row, known, by)
    _record(batch, "waitlist.imported", by=by, rows=len(ready))
    return len(ready)


def _let_wait(row: ImportRow, known: Known, by: User) -> None:
    wait = read_row(row, known)
    if wait.problems or row.patient is None or wait.appointment_type is None:
        raise ImportStopped(row, next(iter(wait.problems.values()), ""))
    try:
        row.entry = join(
            patient=row.patient,
            appointment_type=wait.appointment_type,
            clinic=known.batch.clinic,
            doctor=wait.doctor,
            urgency=wait.urgency,
            urgency_reason=wait.urgency_reason,
            waiting_since=wait.waiting_since,
            earliest_day=wait.earliest_day,
            latest_day=wait.latest_day,
            by=by,
        )
    except DomainError as refused:
        raise ImportStopped(row, refused.message) from refused
    row.state = RowState.IMPORTED
    row.save(update_fields=["state", "entry"])


@command()
def discard(*, batch: ImportBatch, by: User | None) -> None:
    """Forget a list and its rows; whom it put on the waitlist stays there. By None it is too old. Raises NotAllowed."""
    for found in lock_in_order(ImportBatch, [batch.pk]):
        require(by, Permission.EDIT_WAITLIST, found.clinic_id)
        _record(found, "waitlist.import_discarded", by=by, action=Action.DELETE)
        found.delete()


def unknown_words(batch: ImportBatch) -> dict[str, list[tuple[str, int]]]:
    """For fields whose words can be explained: those that aren't understood, with how many rows say so."""
    found: dict[str, dict[str, int]] = {field: {} for field in WORDY}
    for row in batch.rows.filter(state=RowState.ERROR):
        for field in set(WORDY) & row.problems.keys():
            if word := said(row.text(field, batch.mapping)):
                found[field][plain(word)] = found[field].get(plain(word), 0) + 1
    return {field: sorted(words.items(), key=lambda each: -each[1]) for field, words in found.items() if words}


def _taken(batch: ImportBatch, by: User) -> ImportBatch:
    """The list, locked, if it is still there and the user may work on it."""
    if not lock_in_order(ImportBatch, [batch.pk]):
        raise NotFound
    # Read again, because what locks leaves JSON as text.
    found = ImportBatch.objects.select_related("clinic").get(pk=batch.pk)
    require(by, Permission.EDIT_WAITLIST, found.clinic_id)
    return found


def _taken_row(row: ImportRow, by: User) -> tuple[ImportBatch, ImportRow]:
    batch = _taken(row.batch, by)
    found = batch.rows.get(pk=row.pk)
    if found.state == RowState.IMPORTED:
        raise Conflict("This row is on the waitlist already.")
    return batch, found


def _record(batch: ImportBatch, event: str, *, by: User | None, action: int = Action.UPDATE, **facts: Any) -> None:
    log_change(
        batch,
        event=event,
        by=by,
        action=action,
        clinic_id=batch.clinic_id,
        role=role_at(by, batch.clinic_id),
        facts={"list": batch.pk, **facts},
    )
