"""Patients as REST clients see and send them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from scheduling.api.fields import IdField
from scheduling.models import Patient

CONTACTS = [
    "mobile",
    "phone",
    "email",
    "address",
    "postcode",
    "language",
    "preferred_channel",
    "preferred_times",
    "consents_to_sms",
    "consents_to_email",
    "access_needs",
    "contact_note",
]
"""Shown with the permission to see contacts only, and null without it."""


class PatientSerializer(serializers.ModelSerializer):
    """A patient. Contact fields are null for callers who may not see them at any of the patient's clinics."""

    name = serializers.CharField(source="full_name")
    email = serializers.CharField(allow_null=True, help_text="Empty when there is none")
    language = serializers.CharField(allow_null=True)
    preferred_channel = serializers.ChoiceField(choices=Patient.ContactChannel.choices, allow_null=True)
    preferred_times = serializers.ListField(child=serializers.CharField(), allow_null=True)
    access_needs = serializers.ListField(child=serializers.CharField(), allow_null=True)
    consents_to_sms = serializers.BooleanField(allow_null=True)
    consents_to_email = serializers.BooleanField(allow_null=True)
    clinics = serializers.ListField(
        child=serializers.IntegerField(), source="seen_clinics", help_text="Those of the patient's that you may see"
    )

    class Meta:
        model = Patient
        fields = ["id", "name", "given_name", "family_name", "birth_date", "sex", "pms_number"]
        fields += [*CONTACTS, "clinics", "is_active", "version"]
        read_only_fields = fields
        extra_kwargs = {name: {"allow_null": True} for name in ("mobile", "phone", "address", "postcode")}
        extra_kwargs["contact_note"] = {"allow_null": True}

    def to_representation(self, instance: Patient) -> dict[str, Any]:
        """The fields that this caller may see."""
        body = super().to_representation(instance)
        if not instance.shows_contacts:  # type: ignore[attr-defined]  # annotated by the view
            body.update(dict.fromkeys(CONTACTS))
        return body


class PatientChangesSerializer(serializers.ModelSerializer):
    """Details of a patient that may be corrected; what is left out stays as it is."""

    pms_number = serializers.CharField(max_length=16, required=False, allow_null=True, allow_blank=True)
    preferred_times = serializers.ListField(child=serializers.CharField(max_length=12), max_length=8, required=False)
    access_needs = serializers.ListField(child=serializers.CharField(max_length=24), max_length=12, required=False)

    class Meta:
        model = Patient
        fields = ["given_name", "family_name", "birth_date", "sex", "pms_number", *CONTACTS]

    def validate_pms_number(self, value: str | None) -> str:
        """Null and empty both mean none."""
        return value or ""


class NewPatientSerializer(PatientChangesSerializer):
    """Somebody new at a clinic."""

    clinic = IdField(help_text="Where the patient registers")
    allow_duplicate = serializers.BooleanField(
        default=False, help_text="Register although somebody of this name and birth date is on file"
    )

    class Meta(PatientChangesSerializer.Meta):
        fields = ["clinic", *PatientChangesSerializer.Meta.fields, "allow_duplicate"]
