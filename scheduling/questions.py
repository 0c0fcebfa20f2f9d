"""Questions before a visit: which are asked, and a patient's answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from carebridge.audit import mask_all
from carebridge.audit.trail import log_change
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling.errors import WrongStatus
from scheduling.locking import lock_appointments
from scheduling.models import Answer, Appointment, Question
from scheduling.models.appointment import UPCOMING
from scheduling.models.question import LONGEST_ANSWER

YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the answer given so far, or ""."""

    question: Question
    answer: str


def asked_of(appointment: Appointment) -> list[Asked]:
    """What the patient of a visit is asked, in order. One statement where nothing is, else two."""
    questions = list(Question.objects.filter(appointment_type=appointment.appointment_type_id, is_active=True))
    given = dict(appointment.answers.values_list("question", "text")) if questions else {}
    return [Asked(question, given.get(question.pk, "")) for question in questions]


def unanswered(asked: Sequence[Asked]) -> int:
    """How many of them have no answer yet."""
    return sum(not each.answer for each in asked)


@command()
def answer_questions(*, appointment: Appointment, answers: Mapping[int, str]) -> None:
    """Keep what the patient of a visit to come answers, by question id; "" takes an answer back.

    Raises WrongStatus, and InvalidInput naming `question-<id>` for each answer that is missing or can't be one.
    """
    now = timezone.now()
    (appointment,) = lock_appointments([appointment.pk])
    if appointment.status not in UPCOMING or now >= appointment.starts_at:
        raise WrongStatus
    asked = [each.question for each in asked_of(appointment)]
    given = {question: answers.get(question.pk, "").strip() for question in asked}
    _check(given)

    appointment.answers.filter(question__in=asked).delete()
    Answer.objects.bulk_create(
        Answer(appointment=appointment, question=question, asked=question.text, text=text, answered_at=now)
        for question, text in given.items()
        if text
    )
    log_change(
        appointment,
        event="appointment.questions_answered",
        by=None,
        changes={"answers": (mask_all(None), mask_all(None))},
        clinic_id=appointment.clinic_id,
    )


def _check(given: Mapping[Question, str]) -> None:
    wrong = {f"question-{question.pk}": why for question, text in given.items() if (why := _wrong(question, text))}
    if wrong:
        raise InvalidInput(fields=wrong)


def _wrong(question: Question, text: str) -> str:
    if not text:
        return "Please answer this." if question.is_required else ""
    if (offered := choices_of(question)) and text not in offered:
        return "Choose one of the answers."
    return f"Use at most {LONGEST_ANSWER} letters." if len(text) > LONGEST_ANSWER else ""


def choices_of(question: Question) -> Sequence[str]:
    """What can be answered, or nothing where patients use their own words."""
    return YES_NO if question.kind == Question.Kind.YES_NO else question.choice_lines
