"""That two records turned out to be one person: what moved, so that it can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from scheduling.models.patient import Patient

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class PatientMergeQuerySet(models.QuerySet["PatientMerge"]):
    def visible_to(self, user: User) -> Self:
        """Merges into patients whom the user may see."""
        return self.filter(kept__in=Patient.objects.visible_to(user))

    def in_force(self) -> Self:
        return self.filter(undone_at=None)


class PatientMerge(models.Model):
    """One record was merged into another. Holds ids and names of fields; the values stay on the two records.

    Details that were `exchanged` changed places, so the removed record keeps what the kept one had, and undoing
    exchanges them again.
    """

    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    removed = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="removals")
    exchanged = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    appointments = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="Ids of those moved")
    referrals = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="Ids of those moved")
    clinics_moved = ArrayField(models.BigIntegerField(), default=list, blank=True)
    clinics_shared = models.JSONField(
        default=dict, blank=True, help_text="Clinics that knew both, by id: since when they knew the removed one"
    )
    kept_version = models.PositiveIntegerField(help_text="Version of the kept record once merged")
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = PatientMergeQuerySet.as_manager()

    class Meta:
        ordering = ["-merged_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["removed"], condition=Q(undone_at__isnull=True), name="patient_merged_once"
            ),
            models.CheckConstraint(condition=~Q(kept=F("removed")), name="patient_merge_of_two"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="patient_merge_undone_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Merge {self.pk}"
