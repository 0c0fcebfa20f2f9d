"""What patients of the demo clinics wrote back: most of it acted on, some for a person to read, a question open."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle

from django.db.models import F

from reminders.conversation import NOTHING_TO_READ, WAIT_FOR_ANSWER
from reminders.kinds import BEFORE_VISIT
from reminders.models import Conversation, InboundMessage, Medium, Reminder, State
from reminders.models.reminder import ReminderQuerySet
from reminders.replies import Meaning
from scheduling.models import Status

PROVIDER = "outbox"
TO_READ = (
    (Meaning.UNCLEAR, "not_understood", "Can my daughter come in with me? I need her on the stairs."),
    (Meaning.ANOTHER_TIME, "another_time", "Can we do later that week instead please"),
    (Meaning.UNCLEAR, "not_understood", "Do I still take my tablets in the morning?"),
    (Meaning.UNCLEAR, "not_understood", "I may be 10 min late, the bus is on diversion"),
    (Meaning.ANOTHER_TIME, "another_time", "Another time please, mornings are difficult"),
)
YES = ("YES", "Yes", "yes thank you", "Yes I will be there", "OK")
CANCEL = "I have to cancel"
WRONG_PERSON = "Who is this? I have no appointment"
NOT_ON_FILE = "+12025550143"
"""No patient has it, and nobody else: a number kept for stories."""
TO_READ_BY_CLINIC = 2
A_WHILE = timedelta(minutes=5)
MOST_CONFIRMED = 400


def load_replies(now: datetime, rng: random.Random) -> None:
    """Let patients answer messages that reached them, until `now`. A few at each clinic wait for a person."""
    replies, questions = list(_confirmations(rng)), []
    words = cycle(TO_READ)
    for latest in _latest_by_clinic(now):
        to_read, asked = latest[:TO_READ_BY_CLINIC], latest[TO_READ_BY_CLINIC:]
        for message, (meaning, outcome, body) in zip(to_read, words, strict=False):
            replies.append(_reply(message, meaning, outcome, body, _lately(message, now, rng), rng))
        for message in asked:
            reply = _reply(message, Meaning.CANCEL, "asked", CANCEL, _lately(message, now, rng), rng)
            replies.append(reply)
            questions.append(_question(message, reply))
    if questions:
        replies.append(_from_a_stranger(replies[-1], rng))
    InboundMessage.objects.bulk_create(replies)
    # Numbers for stories are few, and one number is asked one thing at a time.
    Conversation.objects.bulk_create(questions, ignore_conflicts=True)


def _confirmations(rng: random.Random) -> Iterator[InboundMessage]:
    """The patients' own word that they come, where a message had reached them before."""
    heard = _delivered().filter(appointment__attendance_confirmed_at__gt=F("delivered_at"))
    for message in heard.order_by("appointment_id", "-due_at").distinct("appointment_id")[:MOST_CONFIRMED]:
        assert message.appointment  # noqa: S101 - it was asked for
        assert message.appointment.attendance_confirmed_at  # noqa: S101
        at = message.appointment.attendance_confirmed_at
        yield _reply(message, Meaning.CONFIRM, "confirmed", rng.choice(YES), at, rng)


def _latest_by_clinic(now: datetime) -> Iterator[list[Reminder]]:
    """The last messages of each clinic that somebody may still answer, one for each visit."""
    recent = _delivered().filter(
        kind__in=BEFORE_VISIT,
        delivered_at__lt=now - A_WHILE,
        starts_at__gt=now + WAIT_FOR_ANSWER,
        appointment__status=Status.CONFIRMED,
        appointment__attendance_confirmed_at=None,
    )
    by_clinic: dict[int, dict[int | None, Reminder]] = defaultdict(dict)
    for message in recent.order_by("clinic_id", "-due_at", "pk"):
        by_clinic[message.clinic_id].setdefault(message.appointment_id, message)
    for messages in by_clinic.values():
        yield list(messages.values())[: TO_READ_BY_CLINIC + 1]


def _delivered() -> ReminderQuerySet:
    sms = Reminder.objects.filter(state=State.DELIVERED, medium=Medium.SMS, patient__merged_into=None)
    return sms.select_related("appointment", "patient")


def _lately(message: Reminder, now: datetime, rng: random.Random) -> datetime:
    """A moment of the last hours, but after the message has arrived."""
    assert message.delivered_at  # noqa: S101 - it was asked for
    return max(now - timedelta(minutes=rng.uniform(5, 170)), message.delivered_at + timedelta(minutes=1))


def _reply(
    message: Reminder, meaning: Meaning, outcome: str, body: str, received_at: datetime, rng: random.Random
) -> InboundMessage:
    assert message.patient  # noqa: S101 - no messages to staff are answered
    return InboundMessage(
        provider=PROVIDER,
        provider_id=uuid.UUID(int=rng.getrandbits(128)).hex,
        address=message.patient.mobile,
        body=body,
        received_at=received_at,
        meaning=meaning,
        outcome=outcome,
        clinic_id=message.clinic_id,
        patient_id=message.patient_id,
        appointment_id=message.appointment_id,
        answers=message,
        needs_person=outcome not in NOTHING_TO_READ,
    )


def _question(message: Reminder, reply: InboundMessage) -> Conversation:
    return Conversation(
        address=reply.address,
        question=Conversation.Question.CANCEL,
        appointment_id=message.appointment_id,
        language="en",
        asked_at=reply.received_at,
        expires_at=reply.received_at + WAIT_FOR_ANSWER,
    )


def _from_a_stranger(like: InboundMessage, rng: random.Random) -> InboundMessage:
    """A reply that came to the same clinic at the same time, from a number that no patient has."""
    return InboundMessage(
        provider=PROVIDER,
        provider_id=uuid.UUID(int=rng.getrandbits(128)).hex,
        address=NOT_ON_FILE,
        body=WRONG_PERSON,
        received_at=like.received_at,
        meaning=Meaning.UNCLEAR,
        outcome="unknown_number",
        clinic_id=like.clinic_id,
        needs_person=True,
    )
