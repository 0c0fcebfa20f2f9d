"""Links by which a practice that refers patients books or asks for visits without an account."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models.clinic import Clinic
from scheduling.models.fields import in_order
from scheduling.models.service import AppointmentType

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class ReferrerLinkQuerySet(models.QuerySet["ReferrerLink"]):
    def visible_to(self, user: User) -> Self:
        """Links to clinics where the user may book."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.BOOK))


class ReferrerLink(models.Model):
    """Lets a practice book visits for the patients it refers, or ask for them: some types at a clinic, for a while."""

    class Mode(models.TextChoices):
        REQUEST = "request", "Ask: reception finds the time"
        BOOK = "book", "Book by themselves"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    referrer = models.CharField(max_length=120)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="referrer_links")
    appointment_types = models.ManyToManyField(AppointmentType, related_name="+")
    mode = models.CharField(max_length=8, choices=Mode.choices)
    most_patients = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ReferrerLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            in_order("referrer_link_in_order", "created_at", "expires_at"),
            models.CheckConstraint(condition=Q(most_patients__gte=1), name="referrer_link_for_somebody"),
        ]

    def __str__(self) -> str:
        return f"Referrer's link {self.pk.hex[:8]}"

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over or it was withdrawn."""
        return self.withdrawn_at is not None or now >= self.expires_at

    @property
    def is_used_up(self) -> bool:
        """Whether it was used for as many patients as it is for."""
        return self.bookings.count() >= self.most_patients
