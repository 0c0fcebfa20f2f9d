"""Twilio's two calls: what became of a message, and what a patient answers."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from twilio.twiml.messaging_response import MessagingResponse

from carebridge.errors import DomainError
from reminders.answers import answer_to
from reminders.contact_blocks import Reason, block_address
from reminders.conversation import answer_reply, receive_reply
from reminders.models import Medium
from reminders.reports import Stage, record_report
from reminders.transports.twilio.errors import failure_of
from reminders.webhooks.signed import CALLS, signed_by_twilio

log = structlog.get_logger(__name__)

STAGES: Mapping[str, Stage] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), Stage.UNDER_WAY),
    **dict.fromkeys(("delivered", "read"), Stage.DELIVERED),
    **dict.fromkeys(("undelivered", "failed", "canceled"), Stage.FAILED),
}
NOT_IN_USE = frozenset({"21211", "21214", "21614", "21635", "30005", "30006"})
"""Codes that speak of the number for good; a phone that is switched off (30003) is none of them."""
ANSWERED_STOP = "21610"


@signed_by_twilio("status")
def status(request: HttpRequest, key: UUID) -> HttpResponse:
    """Note how far a message has come. What isn't known here is answered well, or Twilio would go on telling."""
    told, sid = request.POST.get("MessageStatus", ""), request.POST.get("MessageSid", "")[:120]
    code = request.POST.get("ErrorCode", "")[:8]
    stage = STAGES.get(told)
    if stage is None or not sid:
        CALLS.labels("twilio", "status", "unknown_status").inc()
        return HttpResponse(status=204)
    failure = failure_of(code if code.isdecimal() else None)
    known = record_report(
        key=key, provider="twilio", provider_id=sid, stage=stage, code=failure.code, words=failure.words
    )
    if known and stage == Stage.FAILED:
        _mark_number(request.POST.get("To", ""), code)
    CALLS.labels("twilio", "status", stage if known else "unknown_message").inc()
    return HttpResponse(status=204)


def _mark_number(number: str, code: str) -> None:
    if number.startswith("+") and (code in NOT_IN_USE or code == ANSWERED_STOP):
        reason = Reason.STOPPED if code == ANSWERED_STOP else Reason.BOUNCED
        block_address(medium=Medium.SMS, address=number[:20], reason=reason, by=None)


@signed_by_twilio("inbound")
def inbound(request: HttpRequest) -> HttpResponse:
    """Take a patient's answer, act on it, and answer in their language. A repeated call gets the same answer."""
    said = request.POST
    sid, sender = said.get("MessageSid", ""), said.get("From", "")
    if not sid or len(sid) > 120 or not sender or len(sender) > 20:
        CALLS.labels("twilio", "inbound", "malformed").inc()
        return _twiml("")
    message = receive_reply(
        provider="twilio",
        provider_id=sid,
        address=sender,
        body=said.get("Body", "").replace("\x00", ""),
        sent_to=said.get("To", ""),
        received_at=timezone.now(),
    )
    try:
        message = answer_reply(message=message, carrier_did=said.get("OptOutType", ""))
    except (DomainError, DatabaseError) as error:
        # It is kept, and waits for a person; Twilio doesn't call again.
        log.exception("reply not acted on", reply=message.pk, error=type(error).__name__)
    CALLS.labels("twilio", "inbound", message.outcome).inc()
    return _twiml(answer_to(message))


def _twiml(text: str) -> HttpResponse:
    answer = MessagingResponse()
    if text:
        answer.message(text)
    return HttpResponse(str(answer), content_type="text/xml")
