"""What an appointment type asks its patients before the visit, and what they answered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from scheduling.models.appointment import Appointment
from scheduling.models.service import AppointmentType

LONGEST_ANSWER = 500


class Question(models.Model):
    """Asked of everybody who has a visit of this type. Editing one leaves the answers that were given as they are."""

    class Kind(models.TextChoices):
        TEXT = "text", "In their own words"
        YES_NO = "yes_no", "Yes or no"
        CHOICE = "choice", "One of these"

    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.CASCADE, related_name="questions")
    text = models.CharField(max_length=200, help_text="As the patient reads it")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    choices = models.TextField(blank=True, help_text="What there is to choose from; one line each")
    is_required = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True, help_text="Off: asked no more; answers stay")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="choice") & ~Q(choices="") | ~Q(kind="choice") & Q(choices=""),
                name="question_choices",
                violation_error_message="Give the choices of a question that has some, and of no other.",
            )
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def choice_lines(self) -> list[str]:
        """What there is to choose from."""
        return [line.strip() for line in self.choices.splitlines() if line.strip()]


class Answer(models.Model):
    """What a patient answered; `asked` is the question as it stood then. Health data: as private as a note."""

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    asked = models.CharField(max_length=200)
    text = models.CharField(max_length=LONGEST_ANSWER)
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["question__position", "question_id"]
        constraints = [models.UniqueConstraint(fields=["appointment", "question"], name="answer_once")]

    def __str__(self) -> str:
        return f"Answer of appointment {self.appointment_id}"
