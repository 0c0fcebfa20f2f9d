"""Links that let a patient in without an account: to one visit, or to book one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from scheduling.models.appointment import Appointment
from scheduling.models.clinic import Clinic
from scheduling.models.fields import in_order
from scheduling.models.patient import Patient, Referral
from scheduling.models.resource import Doctor
from scheduling.models.service import AppointmentType

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class BookingInvitationQuerySet(models.QuerySet["BookingInvitation"]):
    def visible_to(self, user: User) -> Self:
        """Invitations of clinics whose schedule the user may see."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.SEE_SCHEDULE))

    def open(self, now: datetime) -> Self:
        """Those by which somebody may still book."""
        return self.filter(appointment=None, withdrawn_at=None, expires_at__gt=now)


class BookingInvitation(models.Model):
    """Staff ask a patient to choose a time by themselves: what for, and within which limits.

    `doctor` None means any. Days are local to the clinic, both included.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="booking_invitations")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="booking_invitations")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    appointment = models.OneToOneField(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="booked_by_invitation"
    )

    objects = BookingInvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="booking_invitation_days_in_order"),
            models.CheckConstraint(
                condition=Q(appointment__isnull=True) | Q(withdrawn_at__isnull=True),
                name="booking_invitation_used_or_withdrawn",
            ),
            in_order("booking_invitation_in_order", "created_at", "expires_at"),
        ]

    def __str__(self) -> str:
        return f"Invitation {self.pk}"


class PatientLink(models.Model):
    """What a link in a message opens: one visit, or an invitation to book one. Its address is signed, see `links`.

    It belongs to the patient it was made for: once the visit is another person's it opens nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="links")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, null=True, blank=True, related_name="links", db_index=False
    )
    invitation = models.OneToOneField(
        BookingInvitation, on_delete=models.CASCADE, null=True, blank=True, related_name="link"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When the birth date was first given")
    revoked_at = models.DateTimeField(null=True, blank=True)
    wrong_tries = models.PositiveSmallIntegerField(default=0, help_text="Birth dates that were not the patient's")
    wait_until = models.DateTimeField(null=True, blank=True, help_text="No birth date is tried before")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(appointment__isnull=False, invitation__isnull=True)
                | Q(appointment__isnull=True, invitation__isnull=False),
                name="patient_link_to_one_thing",
            ),
            models.UniqueConstraint(
                fields=["appointment", "patient"], condition=Q(revoked_at__isnull=True), name="patient_link_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Link {self.pk.hex[:8]}"

    @property
    def visit_id(self) -> int | None:
        """The visit that it opens: the one it was made for, or the one booked by it; None while none is."""
        return self.invitation.appointment_id if self.invitation else self.appointment_id

    @property
    def clinic(self) -> Clinic:
        """Who sent it."""
        made_for = self.appointment or self.invitation
        assert made_for is not None  # noqa: S101 - patient_link_to_one_thing
        return made_for.clinic
