"""Everything that can be busy: doctors, rooms, equipment, clinical staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from scheduling.models.clinic import Clinic

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class ResourceKind(models.TextChoices):
    DOCTOR = "doctor", "Doctor"
    ROOM = "room", "Room"
    EQUIPMENT = "equipment", "Equipment"
    STAFF = "staff", "Clinical staff"


class ResourceCategory(models.Model):
    """What a requirement asks for: "Consulting room", "Ultrasound machine", "Nurse"."""

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=12, choices=ResourceKind.choices)

    class Meta:
        ordering = ["kind", "name"]
        verbose_name_plural = "resource categories"

    def __str__(self) -> str:
        return self.name


class ResourceQuerySet(models.QuerySet["Resource"]):
    def visible_to(self, user: User) -> Self:
        """Resources of clinics whose directory the user may see; a doctor counts for each clinic served."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        clinics = clinic_ids_with(user, Permission.SEE_DIRECTORY)
        return self.filter(
            Q(clinic__in=clinics) | Q(pk__in=DoctorClinic.objects.filter(clinic__in=clinics).values("doctor__resource"))
        )

    def rooms(self) -> Self:
        return self.filter(kind=ResourceKind.ROOM)


class Resource(models.Model):
    """Something that serves one visit at a time.

    A doctor's resource has no clinic of its own: the working hours say where the doctor is. Anything else belongs
    to one clinic. `keeps_own_hours` False means: there whenever the clinic is open.
    """

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=ResourceKind.choices)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="resources")
    categories = models.ManyToManyField(ResourceCategory, blank=True, related_name="resources")
    fixed_in = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fixtures",
        limit_choices_to={"kind": ResourceKind.ROOM},
        help_text="The room this equipment cannot leave",
    )
    keeps_own_hours = models.BooleanField(default=False, help_text="Off: available whenever its clinic is open")
    is_active = models.BooleanField(default=True)
    schedule_version = models.PositiveBigIntegerField(default=0, editable=False, help_text="Raised by roster changes")

    objects = ResourceQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=ResourceKind.DOCTOR, clinic__isnull=True, keeps_own_hours=True)
                | (~Q(kind=ResourceKind.DOCTOR) & Q(clinic__isnull=False)),
                name="resource_place",
                violation_error_message="A doctor works by working hours; anything else belongs to one clinic.",
            ),
            models.CheckConstraint(
                condition=Q(fixed_in__isnull=True) | Q(kind=ResourceKind.EQUIPMENT),
                name="resource_fixed_equipment",
                violation_error_message="Only equipment can be fixed in a room.",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "kind"], name="resource_clinic_kind")]

    def __str__(self) -> str:
        return self.name


class Speciality(models.Model):
    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "specialities"

    def __str__(self) -> str:
        return self.name


class Sex(models.TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Not recorded"


class DoctorQuerySet(models.QuerySet["Doctor"]):
    def visible_to(self, user: User) -> Self:
        """Doctors who serve a clinic whose directory the user may see."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        clinics = clinic_ids_with(user, Permission.SEE_DIRECTORY)
        return self.filter(pk__in=DoctorClinic.objects.filter(clinic__in=clinics).values("doctor"))

    def active(self) -> Self:
        return self.filter(is_active=True)


class Doctor(models.Model):
    """Any practitioner who holds a list: doctor, physiotherapist, nurse, sonographer; `profession` says which."""

    class Profession(models.TextChoices):
        DOCTOR = "doctor", "Doctor"
        PHYSIOTHERAPIST = "physiotherapist", "Physiotherapist"
        NURSE = "nurse", "Nurse"
        SONOGRAPHER = "sonographer", "Sonographer"
        AUDIOLOGIST = "audiologist", "Audiologist"
        PSYCHOLOGIST = "psychologist", "Psychologist"
        DIETITIAN = "dietitian", "Dietitian"

    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="doctor")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="doctor"
    )
    title = models.CharField(max_length=12, blank=True)
    given_name = models.CharField(max_length=60)
    family_name = models.CharField(max_length=60)
    profession = models.CharField(max_length=20, choices=Profession.choices, default=Profession.DOCTOR)
    specialities = models.ManyToManyField(Speciality, blank=True, related_name="doctors")
    languages = ArrayField(models.CharField(max_length=8), default=list, blank=True, help_text="ISO codes: en, fr")
    sex = models.CharField(max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    clinics = models.ManyToManyField(Clinic, through="DoctorClinic", related_name="doctors")
    is_active = models.BooleanField(default=True)

    objects = DoctorQuerySet.as_manager()

    class Meta:
        ordering = ["family_name", "given_name"]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """Dr Amara Osei."""
        return " ".join(filter(None, (self.title, self.given_name, self.family_name)))

    @property
    def short_name(self) -> str:
        """Dr Osei, or L. Carter for somebody without a title."""
        return f"{self.title or self.given_name[:1] + '.'} {self.family_name}"


class DoctorClinic(models.Model):
    """A clinic that a doctor serves, and the room they usually sit in there."""

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="places")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="doctor_places")
    usual_room = models.ForeignKey(
        Resource,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"kind": ResourceKind.ROOM},
    )

    class Meta:
        ordering = ["clinic__position"]
        constraints = [models.UniqueConstraint(fields=["doctor", "clinic"], name="doctor_clinic_once")]

    def __str__(self) -> str:
        return f"Doctor {self.doctor_id} at clinic {self.clinic_id}"
