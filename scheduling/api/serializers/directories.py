"""Clinics, doctors, rooms, services, appointment types and cancellation reasons."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.models import (
    AppointmentType,
    CancellationReason,
    Clinic,
    Doctor,
    DoctorClinic,
    Requirement,
    Resource,
    Service,
)


class NamedSerializer(serializers.Serializer):
    """A row of a directory, in short."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class ResourceSerializer(NamedSerializer):
    """Something that a visit uses."""

    kind = serializers.CharField(help_text="room, equipment or staff")


class ClinicSerializer(serializers.ModelSerializer):
    email = serializers.CharField(help_text="Empty when there is none")

    class Meta:
        model = Clinic
        fields = [
            "id",
            "name",
            "code",
            "time_zone",
            "address",
            "city",
            "postcode",
            "floor",
            "phone",
            "email",
            "directions",
            "latitude",
            "longitude",
            "step_free_access",
            "min_notice_minutes",
            "max_advance_days",
            "cancel_cutoff_minutes",
            "reschedule_cutoff_minutes",
            "is_active",
        ]
        read_only_fields = fields


class DoctorPlaceSerializer(serializers.ModelSerializer):
    """A clinic that the doctor serves, and the room they usually sit in there."""

    id = serializers.IntegerField(source="clinic_id")
    name = serializers.CharField(source="clinic.name")
    usual_room = NamedSerializer(allow_null=True)

    class Meta:
        model = DoctorClinic
        fields = ["id", "name", "usual_room"]


class DoctorSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="full_name")
    specialities = NamedSerializer(many=True)
    languages = serializers.ListField(child=serializers.CharField(), help_text="ISO codes: en, fr")
    clinics = DoctorPlaceSerializer(many=True, source="places", help_text="Those that you may see")

    class Meta:
        model = Doctor
        fields = [
            "id",
            "name",
            "title",
            "given_name",
            "family_name",
            "profession",
            "specialities",
            "languages",
            "sex",
            "clinics",
            "is_active",
        ]
        read_only_fields = fields


class RoomSerializer(serializers.ModelSerializer):
    clinic = NamedSerializer()
    categories = NamedSerializer(many=True)

    class Meta:
        model = Resource
        fields = ["id", "name", "clinic", "categories", "is_active"]
        read_only_fields = fields


class ServiceSerializer(serializers.ModelSerializer):
    speciality = NamedSerializer(allow_null=True)

    class Meta:
        model = Service
        fields = ["id", "name", "speciality", "description", "is_active"]
        read_only_fields = fields


class RequirementSerializer(serializers.ModelSerializer):
    """What a visit needs beside the doctor, from minute to minute of the visit."""

    category = NamedSerializer(allow_null=True)
    resource = NamedSerializer(allow_null=True)

    class Meta:
        model = Requirement
        fields = ["category", "resource", "quantity", "from_minute", "to_minute"]


class AppointmentTypeSerializer(serializers.ModelSerializer):
    service = NamedSerializer()
    requirements = RequirementSerializer(many=True)
    sex = serializers.CharField(help_text="female or male; empty: any")
    preparation = serializers.SerializerMethodField()

    class Meta:
        model = AppointmentType
        fields = [
            "id",
            "name",
            "code",
            "service",
            "modality",
            "duration_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "start_step_minutes",
            "min_notice_minutes",
            "max_advance_days",
            "cancel_cutoff_minutes",
            "reschedule_cutoff_minutes",
            "min_age",
            "max_age",
            "sex",
            "patient_kind",
            "requires_referral",
            "preparation",
            "requirements",
            "is_active",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_preparation(self, row: AppointmentType) -> list[Any]:
        """What the patient should do before, one instruction each."""
        return row.preparation_lines


class CancellationReasonSerializer(serializers.ModelSerializer):
    class Meta:
        model = CancellationReason
        fields = ["id", "code", "label", "by_patient"]
        read_only_fields = fields
