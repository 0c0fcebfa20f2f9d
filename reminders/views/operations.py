"""Messages that did not arrive, how the queue is doing, and what can be done by hand; the messages of one visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from reminders import by_hand
from reminders.models import Reminder
from reminders.queries.failures import failures_of, health_of
from reminders.queries.timeline import line_of, timeline_of
from reminders.reply_worklist import waiting
from reminders.views.outbox import keeps_messages
from scheduling.models import Appointment, Patient
from scheduling.patient_search import note_looked_through
from scheduling.permissions import clinic_ids_with, may
from scheduling.roles import Permission

SHOWN = 100
MOST_AT_ONCE = 500
LISTS = (("open", "Open"), ("retrying", "Retrying"), ("settled", "Settled in a day"), ("letters", "Letters to post"))
ACTIONS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "send-now": (by_hand.send_now, "The message goes out now."),
    "block": (by_hand.block_reminder, "The message will not be sent."),
    "unblock": (by_hand.unblock_reminder, "The message will be sent."),
    "retry": (by_hand.retry_reminder, "The message is tried again."),
    "posted": (by_hand.mark_posted, "The letter is posted."),
    "settle": (by_hand.settle_failure, "Dealt with."),
}


@login_required
@never_cache
@require_GET
def operations(request: StaffRequest) -> HttpResponse:
    """Health in words, then the failures with the least time left first."""
    if not clinic_ids_with(request.user, Permission.SEE_REMINDERS):
        raise Http404
    now = timezone.now()
    lists = failures_of(request.user, now)
    shown = request.GET.get("show") if request.GET.get("show") in lists else "open"
    related = ("appointment__doctor", "appointment__clinic", "clinic", "patient", "joined_to")
    rows = list(lists[shown].select_related(*related).prefetch_related("answers")[: SHOWN + 1])  # type: ignore[index]
    concerned = {row.patient_id for row in rows if row.patient_id}
    named = set(Patient.objects.visible_to(request.user).filter(pk__in=concerned).values_list("pk", flat=True))
    if named:
        note_looked_through(named, by=request.user, event="patient.listed")
    sends = set(clinic_ids_with(request.user, Permission.SEND_REMINDERS))
    context = {
        "health": health_of(request.user, now),
        "rows": [(row, line_of(row), row.patient_id in named, row.clinic_id in sends) for row in rows[:SHOWN]],
        "more": len(rows) > SHOWN,
        "counts": [(key, label, lists[key].count()) for key, label in LISTS],
        "shown": shown,
        "may_retry": shown == "open" and any(row.clinic_id in sends for row in rows),
        "replies": waiting(request.user).count() if sends else None,
        "has_outbox": bool(sends) and keeps_messages(),
        "now": now,
        "nav": "messages",
    }
    return render(request, "reminders/operations.html", context)


@login_required
@require_POST
def retry_all(request: StaffRequest) -> HttpResponse:
    """Try every open failure again that still has time and is the user's to send."""
    sends = clinic_ids_with(request.user, Permission.SEND_REMINDERS)
    if not sends:
        raise Http404
    now = timezone.now()
    rows = failures_of(request.user, now)["open"].filter(clinic__in=sends, not_after__gt=now)[:MOST_AT_ONCE]
    retried = by_hand.retry_reminders(reminders=rows, by=request.user)
    messages.success(request, f"{retried} message{'' if retried == 1 else 's'} will be tried again.")
    return redirect("reminders:operations")


@login_required
@require_POST
def act(request: StaffRequest, pk: int, action: str) -> HttpResponse:
    """Deal with one message by hand, and back to where it was shown."""
    rows = Reminder.objects.visible_to(request.user).select_related("appointment__clinic")
    reminder = rows.filter(pk=pk).first()
    if reminder is None or action not in ACTIONS:
        raise Http404
    if not may(request.user, Permission.SEND_REMINDERS, reminder.clinic_id):
        raise PermissionDenied
    command, said = ACTIONS[action]
    refused = None
    try:
        command(reminder=reminder, by=request.user)
    except DomainError as error:
        refused = error
    if request.htmx and reminder.appointment:  # type: ignore[attr-defined]
        return _panel(request, reminder.appointment, refused)
    (messages.error if refused else messages.success)(request, refused.message if refused else said)
    return redirect("reminders:operations")


@login_required
@never_cache
@require_GET
def appointment_panel(request: StaffRequest, reference: str) -> HttpResponse:
    """The messages of one visit, for its drawer."""
    rows = Appointment.objects.visible_to(request.user).select_related("clinic")
    appointment = rows.filter(reference=reference).first()
    if appointment is None:
        raise Http404
    return _panel(request, appointment)


def _panel(request: StaffRequest, appointment: Appointment, refused: DomainError | None = None) -> HttpResponse:
    context = {
        "appointment": appointment,
        "lines": timeline_of(appointment, request.user),
        "may_send": may(request.user, Permission.SEND_REMINDERS, appointment.clinic_id),
        "refused": refused,
    }
    return render(request, "reminders/panel.html", context, status=refused.status if refused else 200)
