"""Blocking time and lifting it again, with the visits it would displace shown before anybody confirms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.models import Clinic, ScheduleBlock
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.roster.blocks import block_time, lift_block
from scheduling.roster.rehearsal import awaiting_review, rehearse_block
from scheduling.views.roster_form import BlockForm, first_values

SHOWN = 60


@login_required
@require_http_methods(["GET", "POST"])
def block(request: StaffRequest) -> HttpResponse:
    """The form; without JavaScript its second button shows the preview on the same page."""
    form = block_form(request)
    if request.method == "GET" or "preview" in request.POST:
        return page(request, form)
    if form.is_valid():
        try:
            laid = block_time(**form.wish(), reason=form.cleaned_data["reason"], by=request.user)
        except DomainError as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, f"Blocked: {laid.resource.name}. Visits in that time are in the list to review.")
            return redirect("scheduling:roster-block")
    return page(request, form, status=422)


@login_required
@require_POST
def preview(request: StaffRequest) -> HttpResponse:
    """What the block would do, as a fragment; an unfinished form previews nothing."""
    return render(request, "scheduling/roster/block.html#preview", foreseen(request, block_form(request)))


@login_required
@require_POST
def lift(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the time of a block back."""
    laid = get_object_or_404(blocks_to_come(request), pk=pk)
    try:
        lift_block(block=laid, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"{laid.resource.name} is free again. Visits that fit are back where they were.")
    return redirect("scheduling:roster-block")


def block_form(request: StaffRequest) -> BlockForm:
    """The form for clinics whose roster the person edits; nobody else finds this page."""
    clinics = clinic_ids_with(request.user, Permission.EDIT_ROSTER)
    if not clinics:
        raise Http404
    clinic = Clinic.objects.visible_to(request.user).filter(pk__in=clinics).first()
    data = request.POST if request.method == "POST" else None
    return BlockForm(data, user=request.user, initial=first_values(clinic))


def page(request: StaffRequest, form: BlockForm, *, status: int = 200) -> HttpResponse:
    """The whole page: form, preview, blocks to come, visits in review."""
    context = {
        "form": form,
        "nav": "roster",
        "blocks": with_zone(request, blocks_to_come(request)[:SHOWN]),
        "in_review": awaiting_review(request.user)[:SHOWN],
        **(foreseen(request, form) if form.is_bound else {}),
    }
    return render(request, "scheduling/roster/block.html", context, status=status)


def foreseen(request: StaffRequest, form: BlockForm) -> dict[str, Any]:
    """The rehearsal of what the form says, or the refusal that it would meet."""
    if not form.is_valid():
        return {"errors": form.errors}
    try:
        return {"rehearsal": rehearse_block(**form.wish(), by=request.user)}
    except DomainError as refused:
        return {"refused": refused}


def with_zone(request: StaffRequest, blocks: Iterable[ScheduleBlock]) -> list[tuple[ScheduleBlock, ZoneInfo]]:
    """Each block with the zone to read it in: its clinic's; for a doctor that of the person's first clinic."""
    home = Clinic.objects.visible_to(request.user).first()
    zone = home.zone if home else ZoneInfo("UTC")
    return [(each, each.resource.clinic.zone if each.resource.clinic else zone) for each in blocks]


def blocks_to_come(request: StaffRequest) -> QuerySet[ScheduleBlock]:
    """Blocks not yet over, of what the person may edit, soonest first."""
    clinics = clinic_ids_with(request.user, Permission.EDIT_ROSTER)
    mine = Q(resource__clinic__in=clinics) | Q(resource__doctor__clinics__in=clinics)
    to_come = ScheduleBlock.objects.filter(mine, ends_at__gt=timezone.now())
    return to_come.select_related("resource__clinic").order_by("starts_at", "pk").distinct()
