"""That two records which look alike belong to two people, so that nobody suggests them as duplicates again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from scheduling.models.patient import Patient

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class DistinctPairQuerySet(models.QuerySet["DistinctPair"]):
    def visible_to(self, user: User) -> Self:
        """Pairs of which the user may see both."""
        seen = Patient.objects.visible_to(user)
        return self.filter(first__in=seen, second__in=seen)

    def in_force(self) -> Self:
        return self.filter(undone_at=None)


class DistinctPair(models.Model):
    """Somebody compared two records and found two people. The smaller id comes first, so a pair has one row."""

    first = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = DistinctPairQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], condition=Q(undone_at__isnull=True), name="distinct_pair_once"
            ),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="distinct_pair_in_order"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="distinct_pair_undone_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Distinct pair {self.pk}"
