"""Replies to read: what patients wrote that only a person can answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from reminders.models import InboundMessage
from reminders.reply_worklist import cancel_from_reply, confirm_from_reply, mark_read, waiting
from scheduling.models import Appointment, Clinic, Patient
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

SHOWN = 100
ACTIONS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "read": (mark_read, "Marked as read."),
    "confirm": (confirm_from_reply, "The visit is confirmed by the patient's word."),
    "cancel": (cancel_from_reply, "The visit is cancelled."),
}
WHY: Mapping[str, str] = {
    "received": "Not acted on",
    "not_understood": "Not understood",
    "unknown_number": "Number not on file",
    "several_patients": "Several patients have this number",
    "several_visits": "About several visits",
    "no_visit": "No visit it could be about",
    "another_time": "Wants another time",
    "too_late": "Wants to cancel, past the cut-off",
    "not_possible": "The visit's status does not allow it",
    "asked": "Asked whether to cancel, no answer",
    "unclear_answer": "Unclear whether to cancel",
    "too_many": "Too many replies in an hour",
    "carrier_stopped": "Twilio took it for STOP",
}
"""Why a person has to read it, by outcome."""


@login_required
@never_cache
@require_GET
def replies(request: StaffRequest) -> HttpResponse:
    """The list, oldest first, of one clinic or all of the user's."""
    clinics = Clinic.objects.visible_to(request.user).filter(
        pk__in=clinic_ids_with(request.user, Permission.SEND_REMINDERS)
    )
    if not clinics:
        raise Http404
    clinic = next((each for each in clinics if str(each.pk) == request.GET.get("clinic")), None)
    rows = waiting(request.user).select_related("clinic", "patient", "appointment__appointment_type__service")
    rows = rows.select_related("appointment__clinic", "appointment__doctor")
    listed = list(rows.filter(clinic=clinic) if clinic else rows)[: SHOWN + 1]
    candidates = _candidates(request, listed)
    named = {each.patient_id for each in listed if each.patient_id}
    shown = named | {each.pk for them in candidates.values() for each in them}
    if shown:
        note_looked_through(shown, by=request.user, event="patient.listed")
    context = {
        "rows": [(each, WHY.get(each.outcome, "To read"), candidates[each.address]) for each in listed[:SHOWN]],
        "more": len(listed) > SHOWN,
        "clinics": clinics if len(clinics) > 1 else [],
        "clinic": clinic,
        "named": set(Patient.objects.visible_to(request.user).filter(pk__in=named).values_list("pk", flat=True)),
        "open_visits": _open_visits(request, listed),
        "nav": "replies",
    }
    return render(request, "reminders/replies.html", context)


def _candidates(request: StaffRequest, listed: list[InboundMessage]) -> Mapping[str, list[Patient]]:
    """Who it may be from, by number, where that is not clear: those with the number whom the user may see."""
    found: dict[str, list[Patient]] = defaultdict(list)
    numbers = {each.address for each in listed if not each.patient_id}
    for patient in Patient.objects.visible_to(request.user).active().filter(mobile__in=numbers):
        found[patient.mobile].append(patient)
    return found


def _open_visits(request: StaffRequest, listed: list[InboundMessage]) -> set[int]:
    """Which visits the user may open from here."""
    concerned = [each.appointment_id for each in listed if each.appointment_id]
    return set(Appointment.objects.visible_to(request.user).filter(pk__in=concerned).values_list("pk", flat=True))


@login_required
@require_POST
def act(request: StaffRequest, pk: int, action: str) -> HttpResponse:
    """Deal with one reply, and back to the list."""
    reply = InboundMessage.objects.visible_to(request.user).filter(pk=pk).first()
    if reply is None or action not in ACTIONS:
        raise Http404
    command, said = ACTIONS[action]
    try:
        command(reply=reply, by=request.user)
        messages.success(request, said)
    except DomainError as refused:
        messages.error(request, refused.message)
    back = request.POST.get("clinic", "")
    return redirect(f"/replies/?clinic={back}" if back.isdecimal() else "reminders:replies")
