"""A list on its way in: chosen, its columns named, its rows looked at, imported or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.forms import add_errors
from scheduling.models import Patient
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from waitlist.models import ImportBatch, ImportRow, RowState
from waitlist.sheets import commands
from waitlist.sheets.columns import FIELDS, missing
from waitlist.sheets.forms import ColumnsForm, UploadForm, WordsForm
from waitlist.sheets.reading import MOST_BYTES, read_sheet

PAGE = 50
LISTED = 20
SAMPLES = 3
SHOWN = ("birth_date", "visit", "doctor", "urgency", "waiting_since")


@dataclass(frozen=True)
class Line:
    """A row on screen: what it says, and its patient where the reader may see them."""

    row: ImportRow
    name: str
    says: dict[str, str]
    patient: UUID | None
    problems: list[tuple[str, str]]


@login_required
@require_http_methods(["GET", "POST"])
def begin(request: StaffRequest) -> HttpResponse:
    """The form for a list, and those that are on their way."""
    if not clinic_ids_with(request.user, Permission.EDIT_WAITLIST):
        raise Http404
    form = UploadForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("waitlist:import-columns", pk=_take_up(request, form).pk)
        except DomainError as refused:
            add_errors(form, refused) if refused.fields else form.add_error("file", refused.message)
    batches = ImportBatch.objects.visible_to(request.user).select_related("clinic", "uploaded_by")
    counted = batches.annotate(
        total=Count("rows"),
        imported=Count("rows", filter=Q(rows__state=RowState.IMPORTED)),
        errors=Count("rows", filter=Q(rows__state=RowState.ERROR)),
    )
    newest = counted.order_by("-uploaded_at", "-pk")[:LISTED]
    context = {"form": form, "batches": newest, "nav": "waitlist"}
    return render(request, "waitlist/import.html", context, status=422 if request.method == "POST" else 200)


def _take_up(request: StaffRequest, form: UploadForm) -> ImportBatch:
    file = form.cleaned_data["file"]
    sheet = read_sheet(file.read(MOST_BYTES + 1))
    clinic = form.cleaned_data["clinic"]
    return commands.take_up(clinic=clinic, file_name=file.name, sheet=sheet, by=request.user)


def batch_of(request: StaffRequest, pk: int) -> ImportBatch:
    """A list that the user may work on; Http404 for any other."""
    found = ImportBatch.objects.visible_to(request.user).select_related("clinic", "appointment_type__service")
    if (batch := found.filter(pk=pk).first()) is None:
        raise Http404
    return batch


@login_required
@require_http_methods(["GET", "POST"])
def columns(request: StaffRequest, pk: int) -> HttpResponse:
    """What each column means, beside the first things that it says."""
    batch = batch_of(request, pk)
    form = ColumnsForm(request.POST or None, batch=batch, user=request.user)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["appointment_type"]
        try:
            commands.choose_columns(batch=batch, mapping=form.mapping, appointment_type=chosen, by=request.user)
            return redirect("waitlist:import-batch", pk=batch.pk)
        except DomainError as refused:
            add_errors(form, refused)
    samples = list(batch.rows.values_list("cells", flat=True)[:SAMPLES])
    context = {
        "batch": batch,
        "form": form,
        "columns": [(heading, [row[place] for row in samples]) for place, heading in enumerate(batch.headings)],
        "nav": "waitlist",
    }
    return render(request, "waitlist/import_columns.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_http_methods(["GET", "POST"])
def batch(request: StaffRequest, pk: int) -> HttpResponse:
    """The rows with what is wrong with them; and everybody ready put on the waitlist, if they are still the same."""
    found = batch_of(request, pk)
    if missing(found.mapping):
        return redirect("waitlist:import-columns", pk=pk)
    if request.method == "POST":
        _import(request, found)
        return redirect("waitlist:import-batch", pk=pk)
    counts = _counts(found)
    state = request.GET.get("state", "")
    rows = found.rows.filter(state=state) if state in RowState.values else found.rows.all()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    words = commands.unknown_words(found) if counts[RowState.ERROR] else {}
    context = {
        "batch": found,
        "states": [(each.value, each.label, counts[each]) for each in RowState],
        "total": sum(counts.values()),
        "ready": counts[RowState.READY],
        "state": state,
        "page": page,
        "lines": _lines(request, found, list(page)),
        "words": WordsForm(batch=found, words=words) if words else None,
        "params": f"state={state}" if state in RowState.values else "",
        "nav": "waitlist",
    }
    return render(request, "waitlist/import_batch.html", context)


def _import(request: StaffRequest, found: ImportBatch) -> None:
    """What the person saw is what is imported, or nothing."""
    try:
        commands.check_again(batch=found, by=request.user)
        if str(_counts(found)[RowState.READY]) != request.POST.get("ready"):
            messages.error(request, "The rows aren't the same any more. Nothing was imported: look at them again.")
            return
        count = commands.carry_in(batch=found, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"{count} {'patient waits' if count == 1 else 'patients wait'} from now on.")


def _counts(found: ImportBatch) -> dict[str, int]:
    counted = dict(found.rows.order_by().values_list("state").annotate(Count("pk")))
    return {each: counted.get(each, 0) for each in RowState}


def _lines(request: StaffRequest, found: ImportBatch, rows: Sequence[ImportRow]) -> list[Line]:
    meant = {row.patient_id for row in rows if row.patient_id}
    seen = set(Patient.objects.visible_to(request.user).filter(pk__in=meant).values_list("pk", flat=True))
    if seen:
        note_looked_through(seen, by=request.user, event="waitlist.import_read")
    return [
        Line(
            row=row,
            name=name_in(row, found.mapping) or f"Line {row.number}",
            says={field: row.text(field, found.mapping) for field in SHOWN},
            patient=row.patient_id if row.patient_id in seen else None,
            problems=problems_of(row),
        )
        for row in rows
    ]


def problems_of(row: ImportRow) -> list[tuple[str, str]]:
    """What is wrong with a row: the field by its label, nothing for the patient as such, and a sentence."""
    return [(FIELDS[field].label if field in FIELDS else "", sentence) for field, sentence in row.problems.items()]


def name_in(row: ImportRow, mapping: dict[str, int]) -> str:
    """The name or else the PMS number, as the row has it."""
    parts = " ".join(filter(None, (row.text("given_name", mapping), row.text("family_name", mapping))))
    return parts or row.text("name", mapping) or row.text("pms_number", mapping)


@login_required
@require_POST
def words(request: StaffRequest, pk: int) -> HttpResponse:
    """What words mean that weren't understood; without any, everything is just looked at afresh."""
    found = batch_of(request, pk)
    form = WordsForm(request.POST, batch=found, words=commands.unknown_words(found))
    try:
        if form.is_valid() and not form.meanings:
            commands.check_again(batch=found, by=request.user)
        elif form.is_valid():
            commands.explain_words(batch=found, words=form.meanings, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("waitlist:import-batch", pk=pk)


@login_required
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Forget the list."""
    commands.discard(batch=batch_of(request, pk), by=request.user)
    messages.success(request, "The list is forgotten. Whoever it put on the waitlist still waits.")
    return redirect("waitlist:import")
