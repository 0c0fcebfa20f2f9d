"""What the public may do by itself on a clinic's pages, without an invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from scheduling.models.clinic import Clinic
from scheduling.models.service import AppointmentType

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class OnlineBookingQuerySet(models.QuerySet["OnlineBooking"]):
    def visible_to(self, user: User) -> Self:
        """Switches of clinics whose directory the user may see."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.SEE_DIRECTORY))

    def public(self) -> Self:
        """Those that anybody finds: of clinics, types and services in use."""
        in_use = {"appointment_type__is_active": True, "appointment_type__service__is_active": True}
        return self.filter(clinic__is_active=True, **in_use)


class OnlineBooking(models.Model):
    """How far anybody gets with a type at a clinic on the public pages. No row: it isn't shown there."""

    class Mode(models.TextChoices):
        SEE = "see", "See free times, and call"
        REQUEST = "request", "Ask for a time"
        BOOK = "book", "Book"

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="online_booking")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.CASCADE, related_name="online_booking")
    mode = models.CharField(max_length=8, choices=Mode.choices)

    objects = OnlineBookingQuerySet.as_manager()

    class Meta:
        ordering = ["clinic", "appointment_type"]
        verbose_name_plural = "online booking"
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "appointment_type"],
                name="online_booking_once",
                violation_error_message="This clinic has a switch for this type already.",
            )
        ]

    def __str__(self) -> str:
        return f"Type {self.appointment_type_id} at clinic {self.clinic_id}: {self.get_mode_display()}"
