"""What an e-mail provider tells by anymail: delivered, bounced, complained, unsubscribed."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from reminders.contact_blocks import Reason, block_address
from reminders.models import Medium, Reminder
from reminders.reports import Stage, record_report
from reminders.webhooks.signed import CALLS

NO_SUCH_ADDRESS = frozenset({RejectReason.BOUNCED, RejectReason.INVALID})
NOT_DELIVERED = frozenset({EventType.BOUNCED, EventType.REJECTED, EventType.FAILED})
STAGES = {
    EventType.QUEUED: Stage.UNDER_WAY,
    EventType.SENT: Stage.UNDER_WAY,
    EventType.DEFERRED: Stage.UNDER_WAY,
    EventType.DELIVERED: Stage.DELIVERED,
    **dict.fromkeys(NOT_DELIVERED, Stage.FAILED),
}
NOT_WANTED = {EventType.COMPLAINED: Reason.COMPLAINED, EventType.UNSUBSCRIBED: Reason.STOPPED}
FOR_NOW = re.compile(r"\b4(?:\d\d|\.\d{1,3}\.\d{1,3})\b")
MAIL_CODE = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")


@csrf_exempt
@require_POST
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Hand the call to anymail, which checks it. 404 unless this provider sends our mail and a secret is agreed on."""
    backend = re.match(r"anymail\.backends\.(\w+)\.", settings.EMAIL_BACKEND)
    if backend is None or backend[1] != provider or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return HttpResponse(status=404)
    try:
        return _view_of(provider)(request)
    except AnymailWebhookValidationFailure:
        CALLS.labels("email", "event", "forged").inc()
        return HttpResponse(status=403)


def _view_of(provider: str) -> Any:
    try:
        return resolve(f"/{provider}/tracking/", urlconf="anymail.urls").func
    except Resolver404:
        return resolve(f"/{provider}/", urlconf="anymail.urls").func


@receiver(tracking)
def note_event(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    """Write down what became of a message, and whether its address may be written to again."""
    key, stage = _key_of(event), STAGES.get(event.event_type)
    known = False
    if key and stage:
        code, words = _why(event) if stage == Stage.FAILED else ("", "")
        provider_id = str(event.message_id or "")[:120]
        known = record_report(key=key, provider="email", provider_id=provider_id, stage=stage, code=code, words=words)
    reason = NOT_WANTED.get(event.event_type) or (Reason.BOUNCED if _is_nobodys(event) else None)
    if reason and event.recipient and len(event.recipient) <= 254:
        block_address(medium=Medium.EMAIL, address=event.recipient, reason=reason, by=None)
    CALLS.labels("email", "event", event.event_type if known or reason else "unknown_message").inc()


def _key_of(event: AnymailTrackingEvent) -> UUID | None:
    """The message's key, which travelled along with it; else by the id that the provider gave it."""
    try:
        return UUID(str((event.metadata or {}).get("reminder", "")))
    except ValueError:
        rows = Reminder.objects.filter(provider="email", provider_id=event.message_id or "-")
        return rows.values_list("key", flat=True).first()


def _is_nobodys(event: AnymailTrackingEvent) -> bool:
    """Whether the address doesn't exist, rather than that its mailbox is full or its server away."""
    if event.event_type not in NOT_DELIVERED or event.reject_reason not in NO_SUCH_ADDRESS:
        return False
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    soft = raw.get("Type") == "SoftBounce" or raw.get("bounceType") == "Transient"
    return not soft and not FOR_NOW.search(event.mta_response or "")


def _why(event: AnymailTrackingEvent) -> tuple[str, str]:
    """Code and words of a failure: the provider's own repeat the address, so only the mail server's code is kept."""
    told = MAIL_CODE.search(event.mta_response or event.description or "")
    code = told[0] if told else str(event.reject_reason or event.event_type)
    said = "The mailbox refused it" if event.event_type == EventType.BOUNCED else "The provider did not send it"
    return code, f"{said} ({code})"
