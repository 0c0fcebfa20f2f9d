"""What some appointment types ask before the visit, and what patients answered so far."""

from __future__ import annotations

import random
from datetime import timedelta

from scheduling.demo.world import World
from scheduling.models import Answer, Appointment, AppointmentType, Question, Status

Kind = Question.Kind
NEW_PATIENTS = (
    (Kind.YES_NO, "Are you allergic to any medicine?", "", True),
    (Kind.TEXT, "Which medicines do you take?", "", False),
    (Kind.CHOICE, "How shall we speak with you?", "English\nWith an interpreter\nIn sign language", False),
)
MEDICINES = ("None", "Ramipril 5 mg", "Metformin twice a day", "Only paracetamol now and then")
ANSWERED = 0.3


def ask_new_patients(world: World) -> None:
    """Types for new patients ask, on the page of the visit's link."""
    Question.objects.bulk_create(
        Question(
            appointment_type=kind, kind=how, text=text, choices=choices, is_required=is_required, position=position
        )
        for kind in world.types.values()
        if kind.patient_kind == AppointmentType.PatientKind.NEW
        for position, (how, text, choices, is_required) in enumerate(NEW_PATIENTS)
    )


def answer_some(world: World) -> None:
    """Some of those who come in the next weeks have answered."""
    now = world.horizon.now
    asked: dict[int, list[Question]] = {}
    for question in Question.objects.all():
        asked.setdefault(question.appointment_type_id, []).append(question)
    coming = Appointment.objects.filter(appointment_type__in=asked, status=Status.CONFIRMED, starts_at__gt=now)
    rows = coming.order_by("pk").values_list("pk", "appointment_type", "created_at")
    Answer.objects.bulk_create(
        Answer(
            appointment_id=visit,
            question=question,
            asked=question.text,
            text=_answer(question, world.rng),
            answered_at=min(now, booked_at + timedelta(hours=2)),
        )
        for visit, kind, booked_at in rows
        if world.rng.random() < ANSWERED
        for question in asked[kind]
    )


def _answer(question: Question, rng: random.Random) -> str:
    if question.kind == Kind.YES_NO:
        return rng.choice(("no", "no", "no", "yes"))
    return rng.choice(question.choice_lines or MEDICINES)
