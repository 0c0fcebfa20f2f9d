"""Whom the clinics see. Identity, contacts, wishes and consent; the medical record stays in the PMS."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from scheduling.models.clinic import Clinic
from scheduling.models.resource import Sex
from scheduling.models.service import Service

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, user: User) -> Self:
        """Patients registered at a clinic whose patients the user may see.

        Others are found only by an exact, audited look-up: `scheduling.patients.identify_patient`.
        """
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        clinics = clinic_ids_with(user, Permission.SEE_PATIENTS)
        return self.filter(pk__in=PatientClinic.objects.filter(clinic__in=clinics).values("patient"))

    def active(self) -> Self:
        return self.filter(merged_into=None, is_active=True)


class Patient(models.Model):
    """A person who is or was treated. Ids are random, so they say nothing about anyone."""

    class ContactChannel(models.TextChoices):
        SMS = "sms", "SMS"
        EMAIL = "email", "Email"
        PHONE = "phone", "Phone call"
        LETTER = "letter", "Letter"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    search_name = models.CharField(max_length=200, editable=False, help_text="Both names, unaccented, lower case")
    birth_date = models.DateField()
    sex = models.CharField(max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    pms_number = models.CharField(max_length=16, null=True, blank=True, help_text="Number in the patient record system")

    mobile = models.CharField(max_length=20, blank=True, help_text="In E.164 form: +447700900461")
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    address = models.CharField(max_length=160, blank=True)
    postcode = models.CharField(max_length=12, blank=True)
    language = models.CharField(max_length=8, default="en")
    preferred_channel = models.CharField(max_length=8, choices=ContactChannel.choices, default=ContactChannel.SMS)
    preferred_times = ArrayField(
        models.CharField(max_length=12), default=list, blank=True, help_text="morning, afternoon, late"
    )
    consents_to_sms = models.BooleanField(default=True)
    consents_to_email = models.BooleanField(default=True)
    access_needs = ArrayField(
        models.CharField(max_length=24), default=list, blank=True, help_text="wheelchair, interpreter, hearing, vision"
    )
    contact_note = models.CharField(max_length=160, blank=True, help_text="How best to reach and address the person")

    is_active = models.BooleanField(default=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Nothing personal is left")
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["family_name", "given_name", "birth_date"]
        constraints = [
            models.UniqueConstraint(
                fields=["pms_number"],
                name="patient_pms_number_once",
                violation_error_message="Another patient has this PMS number.",
            ),
            models.CheckConstraint(condition=~Q(pms_number=""), name="patient_pms_number_not_blank"),
            models.CheckConstraint(condition=~Q(pk=F("merged_into")), name="patient_not_merged_into_itself"),
            models.CheckConstraint(
                condition=Q(anonymised_at__isnull=True) | Q(is_active=False, pms_number__isnull=True, search_name=""),
                name="patient_anonymised_not_in_use",
            ),
        ]
        indexes = [
            GinIndex(OpClass(F("search_name"), name="gin_trgm_ops"), name="patient_search_name"),
            models.Index(fields=["birth_date"], name="patient_birth_date"),
            models.Index(fields=["mobile"], name="patient_mobile"),
            models.Index(Upper("email"), name="patient_email"),
        ]

    def __str__(self) -> str:
        # Never a name: this string ends up in logs, audit rows and error reports.
        return f"Patient {self.pk.hex[:8]}"

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def age_on(self, day: date) -> int:
        """Full years of age on a day; somebody born on 29 February turns a year older on 1 March."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not had_birthday)


class PatientClinic(models.Model):
    """The patient is known at this clinic, by registration or by a booking there."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="clinics")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "patient"], name="patient_clinic_once")]
        indexes = [models.Index(fields=["patient"], name="patient_clinic_patient")]

    def __str__(self) -> str:
        return f"{self.patient_id} at clinic {self.clinic_id}"


class Referral(models.Model):
    """Somebody's request that a patient be seen: valid for a service, a time and a number of visits."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="referrals")
    number = models.CharField(max_length=24, unique=True)
    referrer = models.CharField(max_length=120)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="referrals")
    valid_from = models.DateField()
    valid_until = models.DateField()
    visits_allowed = models.PositiveSmallIntegerField(default=1)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["valid_until"]
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="referral_in_order"),
            models.CheckConstraint(condition=Q(visits_allowed__gte=1), name="referral_allows_visits"),
        ]

    def __str__(self) -> str:
        # Not its number, which would outlive the patient's data in the audit trail.
        return f"Referral {self.pk}"
