"""One row of a list: corrected in place, or left out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.forms import add_errors
from waitlist.models import ImportBatch, ImportRow, RowState
from waitlist.sheets import commands
from waitlist.sheets.forms import RowForm
from waitlist.sheets.meaning import Known
from waitlist.sheets.views.imports import batch_of, name_in, problems_of


@login_required
@require_http_methods(["GET", "POST"])
def row(request: StaffRequest, pk: int, number: int) -> HttpResponse:
    """The row as it stands in the file, with what is wrong, and a form for what it should say."""
    batch = batch_of(request, pk)
    found = batch.rows.filter(number=number).exclude(state=RowState.IMPORTED).first()
    if found is None:
        raise Http404
    form = RowForm(request.POST or None, row=found, known=Known.of(batch))
    if request.method == "POST" and form.is_valid():
        try:
            return _written(request, batch, found, form)
        except DomainError as refused:
            add_errors(form, refused)
    context = {
        "batch": batch,
        "row": found,
        "name": name_in(found, batch.mapping) or f"Line {number}",
        "problems": problems_of(found),
        "form": form,
        "cells": [(heading, cell) for heading, cell in zip(batch.headings, found.cells, strict=False) if cell],
        "nav": "waitlist",
    }
    return render(request, "waitlist/import_row.html", context, status=422 if request.method == "POST" else 200)


def _written(request: StaffRequest, batch: ImportBatch, found: ImportRow, form: RowForm) -> HttpResponse:
    if "leave_out" in request.POST:
        commands.leave_out(row=found, by=request.user)
        return _on(batch, found)
    commands.correct_row(row=found, corrections=form.cleaned_data, by=request.user)
    found.refresh_from_db()
    if found.state == RowState.ERROR:
        messages.error(request, "Something is still to correct.")
        return redirect("waitlist:import-row", pk=batch.pk, number=found.number)
    return _on(batch, found)


def _on(batch: ImportBatch, found: ImportRow) -> HttpResponse:
    """To the next row to correct, or back to all of them."""
    following = batch.rows.filter(state=RowState.ERROR, number__gt=found.number).first()
    if following:
        return redirect("waitlist:import-row", pk=batch.pk, number=following.number)
    return redirect("waitlist:import-batch", pk=batch.pk)
