"""Emergency access: one patient's history opened for an hour, with a reason, and looked at by somebody else after."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from scheduling.models.clinic import Clinic
from scheduling.models.patient import Patient

if TYPE_CHECKING:
    from carebridge.accounts.models import User

OPEN_FOR = timedelta(hours=1)


class EmergencyAccessQuerySet(models.QuerySet["EmergencyAccess"]):
    def visible_to(self, user: User) -> Self:
        """Openings made under a role at a clinic whose openings the user reviews, and their own."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(Q(clinic__in=clinic_ids_with(user, Permission.REVIEW_ACCESS)) | Q(opened_by=user))

    def open_at(self, now: datetime) -> Self:
        """Those that open something at this instant; exactly at the hour none does."""
        return self.filter(closed_at=None, expires_at__gt=now)

    def unreviewed(self) -> Self:
        return self.filter(reviewed_at=None)


class EmergencyAccess(models.Model):
    """Somebody opened one patient's history although no role of theirs shows it. Rows stay for good."""

    class Outcome(models.TextChoices):
        JUSTIFIED = "justified", "Justified"
        NOT_JUSTIFIED = "not_justified", "Not justified"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="emergency_openings")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    clinic = models.ForeignKey(
        Clinic, on_delete=models.PROTECT, related_name="+", help_text="Where they work in the role that may do this"
    )
    reason = models.CharField(max_length=240)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    review_note = models.CharField(max_length=240, blank=True)

    objects = EmergencyAccessQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        verbose_name_plural = "emergency access"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at"), expires_at__lte=F("opened_at") + OPEN_FOR),
                name="emergency_access_an_hour_at_most",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="emergency_access_has_reason"),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True, outcome="")
                | (Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & ~Q(outcome="")),
                name="emergency_access_reviewed_in_full",
            ),
            models.CheckConstraint(condition=~Q(reviewed_by=F("opened_by")), name="emergency_access_second_person"),
        ]
        indexes = [
            models.Index(fields=["opened_by", "expires_at"], name="emergency_access_open"),
            models.Index(
                fields=["opened_at"], condition=Q(reviewed_at__isnull=True), name="emergency_access_to_review"
            ),
        ]

    def __str__(self) -> str:
        return f"Emergency access {self.pk}"

    def is_open_at(self, now: datetime) -> bool:
        """Whether it opens the history at this instant."""
        return self.closed_at is None and now < self.expires_at
