"""On which terms a clinic offers times that come free."""

from __future__ import annotations

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from scheduling.models import AppointmentType, Clinic

POINTS = ("urgency", "waiting", "service", "location", "doctor", "times")
"""The factors of a score, in the order in which they are shown; a clinic's points for them add up to 100."""


class Grouping(models.TextChoices):
    """By what those who wait are told apart, to see whether all are asked as often."""

    CLINIC = "clinic", "Clinic"
    SERVICE = "service", "Service"
    LANGUAGE = "language", "Language"
    SEX = "sex", "Sex"
    AGE = "age", "Age"
    ACCESS = "access", "Needs of access"


def usual_groupings() -> list[str]:
    """What is compared unless a clinic chooses otherwise."""
    return [Grouping.LANGUAGE, Grouping.SEX, Grouping.AGE]


class ClinicTerms(models.Model):
    """How a clinic ranks those who wait, and how it asks them. Quiet hours are on its own clocks."""

    clinic = models.OneToOneField(Clinic, on_delete=models.CASCADE, related_name="waitlist_terms")
    urgency_points = models.PositiveSmallIntegerField(default=40)
    waiting_points = models.PositiveSmallIntegerField(default=30)
    service_points = models.PositiveSmallIntegerField(default=10)
    location_points = models.PositiveSmallIntegerField(default=10)
    doctor_points = models.PositiveSmallIntegerField(default=5)
    times_points = models.PositiveSmallIntegerField(default=5)
    offers_at_once = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1)], help_text="The most that one person is asked about at a time"
    )
    shortest_answer_minutes = models.PositiveSmallIntegerField(default=15, help_text="Somebody has at least so long")
    longest_answer_minutes = models.PositiveSmallIntegerField(default=24 * 60, help_text="And never longer")
    too_close_minutes = models.PositiveSmallIntegerField(
        default=60, help_text="So long before its start a time is offered by telephone only"
    )
    quiet_from = models.TimeField(default=time(21))
    quiet_until = models.TimeField(default=time(8))
    approve_urgent = models.BooleanField(default=True, help_text="A person agrees before urgent patients are asked")
    approve_under_age = models.PositiveSmallIntegerField(default=16, help_text="And before patients younger than this")
    approve_types = models.ManyToManyField(
        AppointmentType,
        blank=True,
        related_name="+",
        verbose_name="visits",
        help_text="And before any of these visits.",
    )
    compared = ArrayField(
        models.CharField(max_length=10, choices=Grouping.choices),
        default=usual_groupings,
        db_default=["language", "sex", "age"],
        blank=True,
        help_text="Between which groups it is looked at whether all are asked as often",
    )

    class Meta:
        verbose_name = "terms of the waitlist"
        verbose_name_plural = "terms of the waitlist"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    urgency_points=100
                    - F("waiting_points")
                    - F("service_points")
                    - F("location_points")
                    - F("doctor_points")
                    - F("times_points")
                ),
                name="waitlist_points_make_100",
                violation_error_message="The points of the six factors must add up to 100.",
            ),
            models.CheckConstraint(
                condition=Q(shortest_answer_minutes__gte=1)
                & Q(longest_answer_minutes__gte=F("shortest_answer_minutes")),
                name="waitlist_answer_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"Waitlist at {self.clinic}"

    @property
    def points(self) -> dict[str, int]:
        """The points of each factor."""
        return {name: getattr(self, f"{name}_points") for name in POINTS}


def terms_of(clinic: Clinic) -> ClinicTerms:
    """A clinic's terms, or the usual ones, unsaved."""
    return ClinicTerms.objects.filter(clinic=clinic).first() or ClinicTerms(clinic=clinic)
