"""What the public may do by itself on a clinic's pages, without an invitation."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models.appointment import Appointment
from scheduling.models.clinic import Clinic
from scheduling.models.fields import in_order
from scheduling.models.patient import Patient
from scheduling.models.referrer import ReferrerLink
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

    @property
    def leads_to(self) -> str:
        """How far the page leads: a visit that needs a referral is asked for, as somebody has to look at that."""
        needs_look = self.mode == self.Mode.BOOK and self.appointment_type.requires_referral
        return self.Mode.REQUEST if needs_look else self.mode


class SelfBookingQuerySet(models.QuerySet["SelfBooking"]):
    def visible_to(self, user: User) -> Self:
        """Those verified, at clinics where the user may book: before, nobody knows whether there is anybody."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.BOOK), verified_at__isnull=False)

    def requests(self) -> Self:
        """Those that ask for a visit and were not dealt with."""
        return self.filter(is_request=True, handled_at=None)

    def unverified(self) -> Self:
        return self.filter(verified_at=None)


class SelfBooking(models.Model):
    """Somebody books a visit on the public pages, or asks for one; a code sent to them shows that they can be reached.

    Until the code is entered the patient is a record that no clinic knows, made for this booking alone. Where
    `referrer_link` is set a practice did it for them, and no code is asked for.
    """

    class Medium(models.TextChoices):
        SMS = "sms", "SMS"
        EMAIL = "email", "Email"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="self_bookings")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="self_bookings")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.PROTECT, related_name="+")
    appointment = models.OneToOneField(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="self_booking"
    )
    referrer_link = models.ForeignKey(
        ReferrerLink, on_delete=models.PROTECT, null=True, blank=True, related_name="bookings"
    )
    is_request = models.BooleanField(default=False)
    wishes = models.CharField(max_length=300, blank=True, help_text="What a request says, in the person's words")
    medium = models.CharField(max_length=8, choices=Medium.choices, help_text="By which the code goes out")
    code_number = models.PositiveSmallIntegerField(default=1, help_text="Each code sent again is another one")
    code_sent_at = models.DateTimeField(null=True, blank=True)
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(help_text="Until when the code is taken")
    verified_at = models.DateTimeField(null=True, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True, help_text="When somebody dealt with a request")
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = SelfBookingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_request=True, appointment__isnull=True)
                | Q(is_request=False, appointment__isnull=False, wishes=""),
                name="self_booking_visit_or_request",
            ),
            in_order("self_booking_in_order", "created_at", "expires_at"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(verified_at__isnull=True), name="self_booking_unverified")
        ]

    def __str__(self) -> str:
        return f"Self-booking {self.pk.hex[:8]}"
