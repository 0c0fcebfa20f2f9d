"""Replies that a person has to read: which wait, and what can be done with one."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import log_change
from carebridge.db import command
from carebridge.errors import Conflict, NotFound
from reminders.conversation import WAIT_FOR_ANSWER
from reminders.models import InboundMessage
from reminders.models.contact import InboundMessageQuerySet
from scheduling.booking import confirm_appointment
from scheduling.cancelling import cancel_appointment, patients_reason
from scheduling.models import Appointment
from scheduling.permissions import require
from scheduling.roles import Permission


class AlreadyHandled(Conflict):
    """A colleague was quicker."""

    code = "already_handled"
    message = "A colleague has dealt with this reply already."


def waiting(user: User) -> InboundMessageQuerySet:
    """Replies that the user may read and somebody has to; not those that were asked a question and may still answer."""
    now = timezone.now()
    may_answer = Q(outcome="asked", received_at__gt=now - WAIT_FOR_ANSWER) & (
        Q(appointment=None) | Q(appointment__starts_at__gt=now)
    )
    return InboundMessage.objects.visible_to(user).unanswered().exclude(may_answer).order_by("received_at")


@command()
def mark_read(*, reply: InboundMessage, by: User) -> InboundMessage:
    """Say that somebody has read the reply and done what it asks. Raises AlreadyHandled, NotAllowed."""
    reply = _lock(reply, by)
    return _settle(reply, "read", by)


@command()
def confirm_from_reply(*, reply: InboundMessage, by: User) -> InboundMessage:
    """The reply means that the patient comes. Raises AlreadyHandled, NotAllowed, NotFound, WrongStatus."""
    reply = _lock(reply, by)
    confirm_appointment(appointment=_visit(reply), by=by, by_patient=True)
    return _settle(reply, "confirmed", by)


@command()
def cancel_from_reply(*, reply: InboundMessage, by: User) -> InboundMessage:
    """The reply means that the patient wants to cancel; after the cut-off that is an exception for which the reply is
    the reason. Raises AlreadyHandled, NotAllowed, NotFound, WrongStatus.
    """
    reply = _lock(reply, by)
    cancel_appointment(
        appointment=_visit(reply), reason=patients_reason(), by=by, exception_reason="The patient asked by SMS"
    )
    return _settle(reply, "cancelled", by)


def _lock(reply: InboundMessage, by: User) -> InboundMessage:
    locked = InboundMessage.objects.select_related("appointment").select_for_update(of=("self",)).get(pk=reply.pk)
    require(by, Permission.SEND_REMINDERS, locked.clinic_id or 0)
    if locked.handled_at is not None or not locked.needs_person:
        raise AlreadyHandled
    return locked


def _visit(reply: InboundMessage) -> Appointment:
    if reply.appointment is None:
        raise NotFound("It isn't clear which visit this reply is about. Find the appointment and change it there.")
    return reply.appointment


def _settle(reply: InboundMessage, how: str, by: User) -> InboundMessage:
    reply.handled_at, reply.handled_by = timezone.now(), by
    reply.save(update_fields=["handled_at", "handled_by"])
    log_change(reply, event="reply.handled", by=by, changes={"outcome": (reply.outcome, how)})
    return reply
