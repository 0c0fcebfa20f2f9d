"""Appointments: who sees whom, where and when, in which status."""

from __future__ import annotations

import secrets
import uuid
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from scheduling.models.clinic import Clinic
from scheduling.models.fields import in_order
from scheduling.models.patient import Patient, Referral
from scheduling.models.resource import Doctor
from scheduling.models.service import AppointmentType, Modality
from scheduling.periods import wall_clock

if TYPE_CHECKING:
    from carebridge.accounts.models import User

CHECK_OCCUPATION = "PERFORM scheduling_check_occupation({}); RETURN NULL;"
"""Body of the deferred triggers that keep status and ledger in step; the function is in the first migration."""

REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which people confuse on the phone."""


def new_reference() -> str:
    """A fresh public name such as CB-9R4W-6XTK. A name only: knowing it opens nothing."""
    letters = [secrets.choice(REFERENCE_ALPHABET) for _ in range(8)]
    return f"CB-{''.join(letters[:4])}-{''.join(letters[4:])}"


class Status(models.TextChoices):
    PENDING = "pending", "Pending"
    CONFIRMED = "confirmed", "Confirmed"
    CHECKED_IN = "checked_in", "Checked in"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    NO_SHOW = "no_show", "No-show"
    CANCELLED = "cancelled", "Cancelled"
    RESCHEDULED = "rescheduled", "Rescheduled"
    REQUIRES_REVIEW = "requires_review", "Requires review"
    EXPIRED = "expired", "Expired"


RELEASING = frozenset({Status.CANCELLED, Status.RESCHEDULED, Status.EXPIRED})
"""Statuses that give their time back; every other one occupies it."""
OCCUPYING = frozenset(Status) - RELEASING
UPCOMING = frozenset({Status.PENDING, Status.CONFIRMED, Status.REQUIRES_REVIEW})
"""Statuses of a visit that is still to come and may be moved or cancelled."""


class Channel(models.TextChoices):
    PHONE = "phone", "Phone"
    DESK = "desk", "Desk"
    EMAIL = "email", "E-mail"
    WEB = "web", "Web"
    LINK = "link", "Patient link"
    API = "api", "API"
    WAITLIST = "waitlist", "Waitlist"
    IMPORT = "import", "Import"


class AppointmentGroup(models.Model):
    """Visits that belong together: a series, parts of one day, or several people seen at once."""

    class Kind(models.TextChoices):
        SERIES = "series", "Series"
        CHAINED = "chained", "Chained visit"
        JOINT = "joint", "Joint visit"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def visible_to(self, user: User) -> Self:
        """Appointments at clinics whose schedule the user may see, and those on a doctor's own list.

        Also what the user booked at a clinic where they hold no role, and every one of a patient whose history they
        hold open in an emergency.
        """
        from scheduling.permissions import clinic_ids_with, emergencies_of, on_own_list, own_bookings
        from scheduling.roles import Permission

        seen = Q(clinic__in=clinic_ids_with(user, Permission.SEE_SCHEDULE)) | on_own_list(user) | own_bookings(user)
        if opened := emergencies_of(user):
            seen |= Q(patient__in=[each.patient_id for each in opened])
        return self.filter(seen)

    def on_day(self, clinic: Clinic, day: date) -> Self:
        """Appointments that start on a local day of the clinic."""
        start, end = (datetime.combine(each, time(), tzinfo=clinic.zone) for each in (day, day + timedelta(days=1)))
        return self.filter(clinic=clinic, starts_at__gte=start, starts_at__lt=end)

    def occupying(self) -> Self:
        return self.filter(status__in=OCCUPYING)


class Appointment(models.Model):
    """A patient sees a doctor at a clinic, from `starts_at` (UTC instant) for `duration_minutes`.

    Length and buffers are copied from the type when booked, so a later change of the type moves nobody. The local
    start is kept beside the instant: should the law of a zone change, the wall-clock time is what was promised.
    """

    reference = models.CharField(max_length=16, unique=True, default=new_reference, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments", db_index=False)
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.PROTECT, related_name="appointments")
    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, related_name="appointments", db_index=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="appointments", db_index=False)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.CONFIRMED)

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    duration_minutes = models.PositiveSmallIntegerField()
    buffer_before_minutes = models.PositiveSmallIntegerField(default=0)
    buffer_after_minutes = models.PositiveSmallIntegerField(default=0)
    local_date = models.DateField(help_text="The promised day at the clinic")
    local_time = models.TimeField(help_text="The promised wall-clock time at the clinic")
    local_fold = models.BooleanField(default=False, help_text="The second of two equal times when clocks go back")
    time_zone = models.CharField(max_length=64)

    modality = models.CharField(max_length=12, choices=Modality.choices, default=Modality.IN_PERSON)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.DESK)
    notes = models.TextField(blank=True, help_text="Seen by staff only")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments")
    group = models.ForeignKey(AppointmentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="parts")
    group_position = models.PositiveSmallIntegerField(default=0)
    moved_from = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="moved_to")

    expires_at = models.DateTimeField(null=True, blank=True, help_text="When a pending one lapses")
    attendance_confirmed_at = models.DateTimeField(null=True, blank=True, help_text="The patient's own word")
    checked_in_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    review_reason = models.CharField(max_length=160, blank=True)
    status_before_review = models.CharField(max_length=16, choices=Status.choices, blank=True)
    overrides = ArrayField(models.CharField(max_length=32), default=list, blank=True, help_text="Rules set aside")
    override_reason = models.CharField(max_length=240, blank=True)
    overridden_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    calendar_uid = models.UUIDField(default=uuid.uuid4, editable=False)
    calendar_sequence = models.PositiveIntegerField(default=0, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = AppointmentQuerySet.as_manager()

    # Foreign keys whose column leads one of the indexes below have none of their own: each costs every booking.
    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            in_order("appointment_in_order", "starts_at", "ends_at"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="appointment_known_status"),
            models.CheckConstraint(
                condition=Q(status=Status.PENDING, expires_at__isnull=False) | ~Q(status=Status.PENDING),
                name="appointment_pending_expires",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.REQUIRES_REVIEW) | ~Q(review_reason="") & ~Q(status_before_review=""),
                name="appointment_review_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(overrides=[]) | ~Q(override_reason=""), name="appointment_override_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "starts_at"], name="appointment_clinic_start"),
            models.Index(fields=["doctor", "starts_at"], name="appointment_doctor_start"),
            models.Index(fields=["patient", "starts_at"], name="appointment_patient_start"),
            models.Index(fields=["expires_at"], condition=Q(status="pending"), name="appointment_pending_until"),
            models.Index(
                fields=["clinic", "starts_at"], condition=Q(status="requires_review"), name="appointment_review"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="occupies_or_releases",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                timing=pgtrigger.Deferred,
                func=CHECK_OCCUPATION.format("NEW.id"),
            )
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def occupies(self) -> bool:
        """Whether this status holds its time."""
        return self.status in OCCUPYING

    @property
    def local_start(self) -> datetime:
        """The start on the clinic's wall clock, aware."""
        return wall_clock(self.starts_at, self.clinic.zone)

    @property
    def local_end(self) -> datetime:
        return wall_clock(self.ends_at, self.clinic.zone)


class ExternalReference(models.Model):
    """What another system calls this appointment."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="external_references")
    system = models.CharField(max_length=40)
    value = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "value"], name="external_reference_once"),
            models.UniqueConstraint(fields=["appointment", "system"], name="external_reference_per_system"),
        ]

    def __str__(self) -> str:
        return f"{self.system} reference of appointment {self.appointment_id}"
