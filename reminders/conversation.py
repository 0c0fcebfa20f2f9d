"""Talking by SMS: a patient's answer confirms or cancels their visit, or is read by a person.

An answer is kept first, in a transaction of its own, as something a person has to read; only then is it acted on. If
that goes wrong, it is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from carebridge.audit.trail import Action, acting_as, log_change
from carebridge.db import Busy, command
from carebridge.errors import DomainError
from reminders import planning, reasons
from reminders.contact_blocks import Reason, block_address, lift_block
from reminders.correspondents import Correspondent, clinic_for, correspondent_at
from reminders.models import Conversation, InboundMessage, Kind, Medium
from reminders.replies import Answer, Meaning, answer_of, meaning_of
from scheduling.booking import confirm_appointment
from scheduling.cancelling import cancel_appointment, check_cancellable, patients_reason
from scheduling.errors import PolicyRefused
from scheduling.models import Appointment
from waitlist.models import Offer
from waitlist.offers import accept, decline

WAIT_FOR_ANSWER = timedelta(hours=12)
MOST_AN_HOUR = 20
"""Answers from one number that are acted on. STOP always is."""
RECEIVED = "received"
NOTHING_TO_READ = frozenset({"confirmed", "cancelled", "kept", "declined", "stopped", "started", "told_by_carrier"})
BY_SMS = {"process": "patient by SMS"}
"""What the trail names where it would name a person."""
LONGEST_KEPT = 2000


@dataclass
class Decided:
    """What a reply was taken for and what came of it."""

    meaning: str
    outcome: str
    visit: Appointment | None = None


@contextmanager
def patient_speaks() -> Iterator[None]:
    """Rows of the trail say that a patient did it by SMS, whoever carried the words here."""
    with acting_as(None, in_request=True, facts=BY_SMS):
        yield


@command()
def receive_reply(
    *, provider: str, provider_id: str, address: str, body: str, sent_to: str, received_at: datetime
) -> InboundMessage:
    """Keep what somebody wrote, once: the same id again gives the same row. `address` and `sent_to` are in E.164."""
    writer = correspondent_at(address, received_at)
    patient = writer.patient
    with transaction.atomic():
        message, new = InboundMessage.objects.get_or_create(
            provider=provider,
            provider_id=provider_id,
            defaults={
                "address": address,
                "body": body[:LONGEST_KEPT],
                "received_at": received_at,
                "outcome": RECEIVED,
                "clinic": clinic_for(writer, sent_to),
                "patient": patient,
                "answers": writer.message,
                "needs_person": True,
            },
        )
    if new:
        with patient_speaks():
            log_change(message, event="reply.received", by=None, action=Action.CREATE)
    return message


@command()
def answer_reply(*, message: InboundMessage, carrier_did: str = "") -> InboundMessage:
    """Act on a reply, once. `carrier_did` is STOP or START when the network has done that already by itself.

    Raises Busy: then it was not acted on, and waits for a person.
    """
    _one_at_a_time(message.address)
    related = ("clinic", "patient", "appointment__clinic")
    locked = InboundMessage.objects.select_related(*related).select_for_update(of=("self",))
    message = locked.get(pk=message.pk)
    if message.outcome != RECEIVED:
        return message

    with patient_speaks():
        decided = _decide(message, carrier_did)
        message.meaning, message.outcome = decided.meaning, decided.outcome
        message.appointment = decided.visit
        message.needs_person = decided.outcome not in NOTHING_TO_READ
        message.save(update_fields=["meaning", "outcome", "appointment", "needs_person"])
        changes = {"meaning": (None, decided.meaning), "outcome": (RECEIVED, decided.outcome)}
        log_change(message, event="reply.answered", by=None, changes=changes)
    return message


def _one_at_a_time(number: str) -> None:
    """Two answers from one number are taken one after the other, so that YES finds the question it answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('reply'), hashtext(%s))", [number])


def _decide(message: InboundMessage, carrier_did: str) -> Decided:
    now = timezone.now()
    writer = correspondent_at(message.address, now)
    if carrier_did in ("STOP", "START"):
        return _follow_carrier(message, writer, carrier_did)
    meaning = meaning_of(message.body, writer.language)
    if meaning in (Meaning.STOP, Meaning.START):
        return _stop_or_start(message, meaning)
    if _wrote_too_often(message):
        return Decided(meaning, "too_many")
    if writer.question:
        return _close_question(writer.question, answer_of(message.body, writer.language), meaning)
    if writer.offered and not writer.several:
        return _answer_offer(writer, writer.offered, meaning)
    if meaning == Meaning.UNCLEAR:
        return Decided(meaning, "not_understood" if writer.patients else "unknown_number", _only(writer))
    if trouble := _unclear_about_what(writer):
        return Decided(meaning, trouble)
    return _act(writer, meaning, now)


def _only(writer: Correspondent) -> Appointment | None:
    return writer.visits[0] if writer.visits else None


def _unclear_about_what(writer: Correspondent) -> str:
    """Why it can't be said which visit is meant; "" when it can."""
    if not writer.patients:
        return "unknown_number"
    if writer.several:
        return "several_patients"
    return "" if writer.visits else "no_visit"


def _wrote_too_often(message: InboundMessage) -> bool:
    lately = InboundMessage.objects.filter(
        address=message.address, received_at__gt=message.received_at - timedelta(hours=1), pk__lt=message.pk
    )
    return lately.count() >= MOST_AN_HOUR


# --- What is done ----------------------------------------------------------------------------------------------------


def _act(writer: Correspondent, meaning: Meaning, now: datetime) -> Decided:
    visit = writer.visits[0]
    if meaning == Meaning.CONFIRM:
        return Decided(meaning, _tried(lambda: _confirm(writer.visits), "confirmed"), visit)
    if meaning == Meaning.ANOTHER_TIME:
        return Decided(meaning, "another_time", visit)
    if len(writer.visits) > 1:
        return Decided(meaning, "several_visits", visit)
    return Decided(meaning, _tried(lambda: _ask(visit, writer, now), "asked"), visit)


def _answer_offer(writer: Correspondent, visit: Appointment, meaning: Meaning) -> Decided:
    """Yes takes the time, no leaves it; whatever else they say, and a yes that may be for another visit, is read."""
    offer = Offer.objects.open().filter(appointment=visit).first()
    if meaning not in (Meaning.CONFIRM, Meaning.NO) or offer is None:
        return Decided(meaning, "not_understood", visit)
    if meaning == Meaning.NO:
        return Decided(meaning, _tried(lambda: decline(offer=offer, by=None), "declined"), visit)
    if writer.may_mean_another:
        return Decided(meaning, "several_visits", visit)
    return Decided(meaning, _tried(lambda: accept(offer=offer, by=None), "confirmed"), visit)


def _confirm(visits: Sequence[Appointment]) -> None:
    for visit in visits:
        if visit.attendance_confirmed_at is None:
            confirm_appointment(appointment=visit, by=None, by_patient=True)


def _ask(visit: Appointment, writer: Correspondent, now: datetime) -> None:
    """Ask whether to cancel, unless it couldn't be done then anyway. Raises what cancelling would."""
    check_cancellable(visit, now=now, by=None, exception_reason="")
    assert writer.patient is not None  # noqa: S101 - whoever has a visit is somebody
    Conversation.objects.update_or_create(
        address=writer.patient.mobile,
        defaults={
            "question": Conversation.Question.CANCEL,
            "appointment": visit,
            "language": writer.language,
            "asked_at": now,
            "expires_at": min(now + WAIT_FOR_ANSWER, visit.starts_at),
        },
    )


def _close_question(question: Conversation, answer: Answer, meaning: Meaning) -> Decided:
    """Cancel only if they say so once more; whatever else they say leaves the visit as it is."""
    visit, address = question.appointment, question.address
    question.delete()
    asked = InboundMessage.objects.filter(address=address, outcome="asked", needs_person=True)
    if answer == Answer.UNCLEAR:
        return Decided(meaning, "unclear_answer", visit)
    if answer == Answer.NO:
        asked.update(needs_person=False)
        return Decided(Meaning.NO, "kept", visit)
    outcome = _tried(lambda: _cancel(visit), "cancelled")
    asked.update(needs_person=False)
    return Decided(Meaning.CANCEL, outcome, visit)


def _cancel(visit: Appointment) -> None:
    """Cancel, and let the answer be all that they are told of it."""
    cancel_appointment(appointment=visit, reason=patients_reason(), by=None)
    planning.withdraw(visit.pk, reasons.SAID_IN_ANSWER, kinds={Kind.CANCELLED})


def _tried(act: Callable[[], object], outcome: str) -> str:
    """The outcome, or why scheduling's rules forbid it: then a person sees to it."""
    try:
        with transaction.atomic():
            act()
    except Busy:
        raise
    except PolicyRefused as refused:
        return "too_late" if refused.code == "past_cutoff" else "not_possible"
    except DomainError:
        return "not_possible"
    return outcome


def _stop_or_start(message: InboundMessage, meaning: Meaning) -> Decided:
    if meaning == Meaning.STOP:
        block_address(medium=Medium.SMS, address=message.address, reason=Reason.STOPPED, by=None)
        Conversation.objects.filter(address=message.address).delete()
        return Decided(meaning, "stopped")
    lift_block(medium=Medium.SMS, address=message.address, reason=Reason.STOPPED, by=None)
    return Decided(meaning, "started")


def _follow_carrier(message: InboundMessage, writer: Correspondent, carrier_did: str) -> Decided:
    """The network stopped or restarted messages and has said so. Its words for stop include "cancel": a person asks."""
    meaning = meaning_of(message.body, writer.language)
    _stop_or_start(message, Meaning.STOP if carrier_did == "STOP" else Meaning.START)
    if meaning in (Meaning.STOP, Meaning.START):
        return Decided(meaning, "told_by_carrier")
    return Decided(meaning, "carrier_stopped", _only(writer))
