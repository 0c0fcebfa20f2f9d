"""Requests: who asked for a visit on the public pages, until somebody has dealt with it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.models import Patient, SelfBooking
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.public_booking import handle_request
from scheduling.roles import Permission

SHOWN = 100


@login_required
@never_cache
@require_GET
def requests(request: StaffRequest) -> HttpResponse:
    """The list, oldest first, of the user's clinics."""
    if not clinic_ids_with(request.user, Permission.BOOK):
        raise Http404
    waiting = SelfBooking.objects.visible_to(request.user).requests().order_by("verified_at")
    rows = list(waiting.select_related("clinic", "patient", "appointment_type__service", "referrer_link")[: SHOWN + 1])
    concerned = {each.patient_id for each in rows}
    named = set(Patient.objects.visible_to(request.user).filter(pk__in=concerned).values_list("pk", flat=True))
    if named:
        note_looked_through(named, by=request.user, event="patient.listed")
    context = {"rows": rows[:SHOWN], "more": len(rows) > SHOWN, "named": named, "nav": "requests"}
    return render(request, "scheduling/requests.html", context)


@login_required
@require_POST
def done(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Somebody has dealt with one, and back to the list."""
    asked = get_object_or_404(SelfBooking.objects.visible_to(request.user).filter(is_request=True), pk=pk)
    try:
        handle_request(request=asked, by=request.user)
        messages.success(request, "Marked as done.")
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("scheduling:requests")
