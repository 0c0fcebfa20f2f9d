"""The development inbox: what would have been sent, as its reader would see it. Not there in production."""

from __future__ import annotations

from uuid import UUID

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from carebridge.http import StaffRequest
from reminders.models import Medium, OutboxMessage, Reminder
from reminders.segments import length_of
from scheduling.patient_search import note_looked_through, note_opened
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

BOX = "reminders.transports.outbox.Outbox"
PAGE = 50
AS_IN_A_MAILBOX = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
"""An email has its styles inline and runs nothing; its links open beside it."""


@login_required
@require_GET
def messages(request: StaffRequest) -> HttpResponse:
    """All messages of the user's clinics, newest first."""
    _there(request)
    medium = request.GET.get("medium", "")
    rows = OutboxMessage.objects.visible_to(request.user)
    page = Paginator(rows.filter(medium=medium) if medium in Medium.values else rows, PAGE).get_page(
        request.GET.get("page")
    )
    reminders = _reminders(request, [each.key for each in page])
    patients = {each.patient_id for each in reminders.values() if each.patient_id}
    if patients:
        note_looked_through(patients, by=request.user, event="patient.listed")
    context = {
        "page": page,
        "rows": [(each, reminders.get(each.key)) for each in page],
        "media": Medium.choices,
        "medium": medium,
        "params": f"medium={medium}" if medium in Medium.values else "",
        "nav": "outbox",
    }
    return render(request, "reminders/outbox.html", context)


@login_required
@require_GET
def message(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One message, with everything that would have gone out."""
    found = _found(request, pk)
    reminder = _reminders(request, [found.key]).get(found.key)
    if reminder and reminder.patient:
        note_opened(reminder.patient, by=request.user, event="message.opened")
    length = length_of(found.text) if found.medium == Medium.SMS else None
    context = {"message": found, "reminder": reminder, "length": length, "nav": "outbox"}
    return render(request, "reminders/outbox_message.html", context)


@login_required
@require_GET
@xframe_options_sameorigin
@csp(AS_IN_A_MAILBOX)  # type: ignore[arg-type]  # its types know no view with arguments
def html(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The email alone, as a mailbox shows it, for the frame on the message's page."""
    found = _found(request, pk)
    return HttpResponse(found.html.replace("<head>", '<head><base target="_blank">', 1))


@login_required
@require_GET
def calendar(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The calendar file attached to an email."""
    found = _found(request, pk)
    if not found.calendar:
        raise Http404
    response = HttpResponse(found.calendar, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(found.sender) or "visit"}.ics"'
    return response


def keeps_messages() -> bool:
    """Whether some messages go into the box instead of out."""
    return BOX in settings.REMINDER_TRANSPORTS.values() and not settings.PRODUCTION


def _there(request: StaffRequest) -> None:
    """Raise Http404 unless this copy keeps messages in the box and the user may send some somewhere."""
    if not keeps_messages() or not clinic_ids_with(request.user, Permission.SEND_REMINDERS):
        raise Http404


def _found(request: StaffRequest, pk: UUID) -> OutboxMessage:
    _there(request)
    found = OutboxMessage.objects.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _reminders(request: StaffRequest, keys: list[UUID]) -> dict[UUID, Reminder]:
    """What the messages belong to, by key, as far as the user may see it."""
    visible = Reminder.objects.visible_to(request.user).select_related("patient", "appointment", "clinic")
    return {each.key: each for each in visible.filter(key__in=keys)}
