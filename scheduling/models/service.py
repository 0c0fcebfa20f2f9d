"""What can be booked: services, their bookable variants, what each needs and who performs it where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from scheduling.models.clinic import Clinic
from scheduling.models.fields import minutes_field, on_grid, validate_grid
from scheduling.models.resource import Doctor, Resource, ResourceCategory, Sex, Speciality

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class Service(models.Model):
    """Something the clinics do for patients, such as cardiology consultations."""

    name = models.CharField(max_length=80, unique=True)
    speciality = models.ForeignKey(Speciality, on_delete=models.PROTECT, null=True, blank=True, related_name="services")
    description = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Modality(models.TextChoices):
    IN_PERSON = "in_person", "In person"
    TELEPHONE = "telephone", "Telephone"
    VIDEO = "video", "Video"
    HOME = "home", "Home visit"


class AppointmentTypeQuerySet(models.QuerySet["AppointmentType"]):
    def visible_to(self, user: User) -> Self:
        """Types are the group's common catalogue: everyone who works at some clinic sees them."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self if clinic_ids_with(user, Permission.SEE_DIRECTORY) else self.none()

    def bookable(self) -> Self:
        return self.filter(is_active=True, service__is_active=True)


class AppointmentType(models.Model):
    """A bookable variant of a service: new, follow-up, urgent, each with its own length and needs.

    The doctor is needed from `doctor_from_minute` to `doctor_to_minute` of the visit (None: to its end); the
    buffers lie around that phase and occupy the doctor only.
    """

    class PatientKind(models.TextChoices):
        ANY = "any", "Any patient"
        NEW = "new", "New patients only"
        RETURNING = "returning", "Returning patients only"

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="appointment_types")
    name = models.CharField(max_length=60, help_text="New, Follow-up, Urgent…")
    code = models.SlugField(max_length=40, unique=True)
    is_active = models.BooleanField(default=True)
    modality = models.CharField(max_length=12, choices=Modality.choices, default=Modality.IN_PERSON)

    duration_minutes = minutes_field(maximum=12 * 60)
    buffer_before_minutes = minutes_field(default=0, maximum=120)
    buffer_after_minutes = minutes_field(default=0, maximum=120)
    doctor_from_minute = minutes_field(default=0)
    doctor_to_minute = minutes_field(null=True, blank=True)
    start_step_minutes = minutes_field(default=15, maximum=240, help_text="Starts are offered this far apart")

    min_notice_minutes = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: as the clinic")
    max_advance_days = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(1095)])
    cancel_cutoff_minutes = models.PositiveIntegerField(null=True, blank=True)
    reschedule_cutoff_minutes = models.PositiveIntegerField(null=True, blank=True)

    min_age = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Full years on the day of the visit")
    max_age = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Last age accepted, in full years")
    sex = models.CharField(max_length=8, choices=[("", "Any"), *Sex.choices[:2]], blank=True)
    patient_kind = models.CharField(max_length=12, choices=PatientKind.choices, default=PatientKind.ANY)
    requires_referral = models.BooleanField(default=False)
    preparation = models.TextField(blank=True, help_text="What the patient should do before; one line each")

    objects = AppointmentTypeQuerySet.as_manager()

    class Meta:
        ordering = ["service__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["service", "name"], name="appointment_type_once"),
            models.CheckConstraint(
                condition=Q(duration_minutes__gt=0, start_step_minutes__gt=0), name="appointment_type_lasts"
            ),
            on_grid("appointment_type_duration_grid", "duration_minutes"),
            on_grid("appointment_type_before_grid", "buffer_before_minutes"),
            on_grid("appointment_type_after_grid", "buffer_after_minutes"),
            on_grid("appointment_type_step_grid", "start_step_minutes"),
            models.CheckConstraint(
                condition=Q(doctor_to_minute__isnull=True, doctor_from_minute__lt=F("duration_minutes"))
                | Q(doctor_to_minute__gt=F("doctor_from_minute"), doctor_to_minute__lte=F("duration_minutes")),
                name="appointment_type_doctor_phase",
                violation_error_message="The doctor's part must lie within the visit.",
            ),
            models.CheckConstraint(
                condition=Q(min_age__isnull=True) | Q(max_age__isnull=True) | Q(max_age__gte=F("min_age")),
                name="appointment_type_ages",
                violation_error_message="The highest age must not be below the lowest.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id and self.service.name}: {self.name}"

    @property
    def preparation_lines(self) -> list[str]:
        """The preparation text, one instruction each."""
        return [line.strip() for line in self.preparation.splitlines() if line.strip()]


class Requirement(models.Model):
    """What a visit needs beside the doctor: so many of a category, or one named resource, for part of the visit.

    Minutes count from the visit's start; negative means before it, past the duration means after it (cleaning).
    `to_minute` None means to the end of the visit. Minutes outside the visit may pass closing time, like a buffer.
    """

    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.CASCADE, related_name="requirements")
    category = models.ForeignKey(
        ResourceCategory, on_delete=models.PROTECT, null=True, blank=True, related_name="requirements"
    )
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    quantity = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(8)])
    from_minute = models.SmallIntegerField(default=0, validators=[validate_grid])
    to_minute = models.SmallIntegerField(null=True, blank=True, validators=[validate_grid])

    class Meta:
        ordering = ["appointment_type", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(category__isnull=False, resource__isnull=True)
                | Q(category__isnull=True, resource__isnull=False, quantity=1),
                name="requirement_category_or_resource",
                violation_error_message="Ask for a category, or for one named resource.",
            ),
            models.CheckConstraint(
                condition=Q(to_minute__isnull=True) | Q(to_minute__gt=F("from_minute")), name="requirement_in_order"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="requirement_quantity"),
            on_grid("requirement_from_grid", "from_minute"),
            on_grid("requirement_to_grid", "to_minute"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.category or self.resource}"


class Offering(models.Model):
    """A doctor performs a type at a clinic, possibly faster or slower than its usual length."""

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="offerings")
    appointment_type = models.ForeignKey(AppointmentType, on_delete=models.CASCADE, related_name="offerings")
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="offerings")
    duration_minutes = minutes_field(null=True, blank=True, maximum=12 * 60)
    buffer_before_minutes = minutes_field(null=True, blank=True, maximum=120)
    buffer_after_minutes = minutes_field(null=True, blank=True, maximum=120)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["appointment_type", "clinic", "doctor"]
        constraints = [
            models.UniqueConstraint(fields=["doctor", "appointment_type", "clinic"], name="offering_once"),
            models.CheckConstraint(
                condition=Q(duration_minutes__isnull=True) | Q(duration_minutes__gt=0), name="offering_lasts"
            ),
            on_grid("offering_duration_grid", "duration_minutes"),
            on_grid("offering_before_grid", "buffer_before_minutes"),
            on_grid("offering_after_grid", "buffer_after_minutes"),
        ]
        indexes = [models.Index(fields=["appointment_type", "clinic"], name="offering_type_clinic")]

    def __str__(self) -> str:
        return f"Doctor {self.doctor_id}, type {self.appointment_type_id}, clinic {self.clinic_id}"
