"""Who wrote from a number, and which message of ours they answer. A number may be shared, by parent and child say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from reminders.contact_blocks import reached_by
from reminders.kinds import BEFORE_VISIT
from reminders.models import Conversation, Kind, Medium, Reminder, State
from scheduling.models import Appointment, Clinic, Patient, Status

ANSWERABLE = BEFORE_VISIT | {Kind.BOOKED, Kind.RESCHEDULED, Kind.OFFER}
"""Kinds that may be answered about their visit."""
STILL_OPEN = (Status.PENDING, Status.CONFIRMED)
LOOK_BACK = timedelta(days=30)
A_SHORT_WHILE = timedelta(hours=12)


@dataclass(frozen=True)
class Correspondent:
    """What is known of whoever wrote."""

    patients: Sequence[Patient]
    """Everybody who can be reached at the number."""
    message: Reminder | None
    """The message they answer, if only one of them has one."""
    several: bool
    """More than one of them has a message that could be meant."""
    question: Conversation | None
    """What we asked them last, if nothing was sent since."""

    @property
    def visits(self) -> Sequence[Appointment]:
        """The visits that the message told of: more than one where several were joined."""
        if self.message is None or self.message.appointment is None:
            return []
        joined = self.message.joined.filter(state=State.JOINED, appointment__status__in=STILL_OPEN)
        others = [each.appointment for each in joined.select_related(*RELATED) if each.appointment]
        return [self.message.appointment, *others]

    @property
    def offered(self) -> Appointment | None:
        """The time that they were offered, if that is what they answer."""
        return self.message.appointment if self.message and self.message.kind == Kind.OFFER else None

    @property
    def may_mean_another(self) -> bool:
        """A message about another visit of theirs went out a short while before the offer: YES may be for that one."""
        if self.message is None or self.message.sent_at is None:
            return False
        before = Reminder.objects.filter(
            patient=self.message.patient, medium=Medium.SMS, sent_at__gt=self.message.sent_at - A_SHORT_WHILE
        )
        others = before.filter(kind__in=ANSWERABLE - {Kind.OFFER}, appointment__status__in=STILL_OPEN)
        return others.filter(appointment__attendance_confirmed_at=None).exists()

    @property
    def patient(self) -> Patient | None:
        """Whom it is from, where that is clear."""
        if self.question:
            return self.question.appointment.patient
        if self.message:
            return self.message.patient
        return self.patients[0] if len(self.patients) == 1 else None

    @property
    def language(self) -> str:
        """The language of whoever wrote, or most likely wrote."""
        writer = self.patient or next(iter(self.patients), None)
        return writer.language if writer else "en"


RELATED = ("appointment__clinic", "appointment__patient", "appointment__appointment_type")


def correspondent_at(number: str, now: datetime) -> Correspondent:
    """Whoever wrote from this number (E.164)."""
    patients = list(reached_by(Medium.SMS, number))
    last: dict[object, Reminder] = {}
    for each in _answerable(patients, now):
        last.setdefault(each.patient_id, each)
    question = _question(number, patients, now)
    latest = max((each.sent_at for each in last.values() if each.sent_at), default=None)
    if question and latest and latest > question.asked_at:
        question = None  # they may be answering the newer message
    only = next(iter(last.values())) if len(last) == 1 else None
    return Correspondent(patients, only, len(last) > 1, question)


def _answerable(patients: Sequence[Patient], now: datetime) -> Iterable[Reminder]:
    """Messages by SMS about visits that are still to come at the time they named, the newest first."""
    sent = Reminder.objects.filter(patient__in=patients, medium=Medium.SMS, kind__in=ANSWERABLE)
    sent = sent.filter(state__in=(State.SENT, State.DELIVERED), sent_at__gte=now - LOOK_BACK)
    visits = sent.filter(appointment__status__in=STILL_OPEN, appointment__starts_at__gt=now)
    rows = visits.filter(starts_at=F("appointment__starts_at"), appointment__patient=F("patient"))
    return rows.select_related("patient", *RELATED).order_by("-sent_at", "-pk")


def _question(number: str, patients: Sequence[Patient], now: datetime) -> Conversation | None:
    asked = Conversation.objects.filter(address=number, expires_at__gt=now, appointment__patient__in=patients)
    return asked.select_related("appointment__clinic", "appointment__patient", "appointment__appointment_type").first()


def clinic_for(writer: Correspondent, sent_to: str) -> Clinic | None:
    """Whose people read the answer: where the visit is, or the next one, or the last; else whose number it came to."""
    if writer.question:
        return writer.question.appointment.clinic
    if writer.message and writer.message.appointment:
        return writer.message.appointment.clinic
    visits = Appointment.objects.filter(patient__in=writer.patients).select_related("clinic").order_by("-starts_at")
    if visit := visits.first():
        return visit.clinic
    clinics = Clinic.objects.active()
    known = clinics.filter(patients__patient__in=writer.patients).first()
    codes = [code for code, number in settings.SMS_SENDERS.items() if number == sent_to]
    return known or clinics.filter(code__in=codes).first() or clinics.first()
