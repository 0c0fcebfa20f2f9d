"""A message as a letter to print, for people with neither mobile nor e-mail."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from carebridge.audit.trail import log_access
from carebridge.http import StaffRequest, refusal
from reminders.messages import WordingError, letter_of
from reminders.models import Reminder
from reminders.occasion import LOADED
from scheduling.permissions import may
from scheduling.roles import Permission


@login_required
@require_GET
def letter(request: StaffRequest, key: UUID) -> HttpResponse:
    """One sheet of A4, its address where a window envelope shows it."""
    visible = Reminder.objects.visible_to(request.user).select_related(*LOADED)
    reminder = visible.filter(key=key).first()
    # A message to staff is never a letter.
    if (
        reminder is None
        or reminder.patient is None
        or not may(request.user, Permission.SEND_REMINDERS, reminder.clinic_id)
    ):
        raise Http404
    try:
        context = letter_of(reminder)
    except WordingError as refused:
        return refusal(request, "reminders/letter_refused.html", refused)
    log_access(reminder.patient, event="letter.opened", by=request.user, clinic_id=reminder.clinic_id)
    return render(request, "reminders/letter.html", context)
