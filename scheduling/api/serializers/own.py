"""What patients see and send about themselves. Listed field by field: nothing of the staff's rows shows by default."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling import policies
from scheduling.api.fields import IdField, InstantField
from scheduling.api.serializers.appointments import LocalInstantField
from scheduling.api.serializers.directories import NamedSerializer
from scheduling.api.serializers.requests import WantedSlotSerializer
from scheduling.cancelling import UNSAID
from scheduling.models import Appointment, Patient
from scheduling.patient_access import OWN_CONTACTS


class OwnDetailsSerializer(serializers.ModelSerializer):
    """Who you are, and how you are reached."""

    name = serializers.CharField(source="full_name")
    email = serializers.CharField(help_text="Empty when there is none")

    class Meta:
        model = Patient
        fields = ["id", "name", "given_name", "family_name", "birth_date", "pms_number", *OWN_CONTACTS, "version"]
        read_only_fields = fields


class OwnContactsSerializer(serializers.ModelSerializer):
    """What you may change yourself; what is left out stays as it is."""

    preferred_times = serializers.ListField(child=serializers.CharField(max_length=12), max_length=8, required=False)
    access_needs = serializers.ListField(child=serializers.CharField(max_length=24), max_length=12, required=False)

    class Meta:
        model = Patient
        fields = list(OWN_CONTACTS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Say no to a name or a number instead of leaving it unheard."""
        beyond = sorted(set(self.initial_data) - set(self.fields))
        if beyond:
            raise serializers.ValidationError(dict.fromkeys(beyond, "Please ask the clinic to change this."))
        return attrs


class OwnCancellationSerializer(serializers.Serializer):
    """That it was cancelled, and the reason on record."""

    reason = serializers.CharField(source="reason.code")
    label = serializers.CharField(source="reason.label")  # type: ignore[assignment]
    cancelled_at = serializers.DateTimeField()


class OwnAppointmentSerializer(serializers.ModelSerializer):
    """One of your visits."""

    starts_at = LocalInstantField()
    ends_at = LocalInstantField()
    clinic = NamedSerializer()
    doctor = serializers.SerializerMethodField()
    service = NamedSerializer(source="appointment_type.service")
    appointment_type = NamedSerializer()
    preparation = serializers.ListField(child=serializers.CharField(), source="appointment_type.preparation_lines")
    cancel_until = serializers.SerializerMethodField(help_text="Last moment at which you may cancel yourself")
    move_until = serializers.SerializerMethodField(help_text="Last moment at which you may move it yourself")
    cancellation = serializers.SerializerMethodField()

    class Meta:
        model = Appointment
        fields = [
            "reference",
            "status",
            "starts_at",
            "ends_at",
            "duration_minutes",
            "clinic",
            "doctor",
            "service",
            "appointment_type",
            "modality",
            "preparation",
            "cancel_until",
            "move_until",
            "cancellation",
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(NamedSerializer)
    def get_doctor(self, row: Appointment) -> dict[str, Any]:
        return {"id": row.doctor_id, "name": row.doctor.full_name}

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_cancel_until(self, row: Appointment) -> str:
        return (
            policies.cancel_cutoff(row.appointment_type, row.clinic, row.starts_at)
            .astimezone(row.clinic.zone)
            .isoformat()
        )

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_move_until(self, row: Appointment) -> str:
        return (
            policies.reschedule_cutoff(row.appointment_type, row.clinic, row.starts_at)
            .astimezone(row.clinic.zone)
            .isoformat()
        )

    @extend_schema_field(OwnCancellationSerializer(allow_null=True))
    def get_cancellation(self, row: Appointment) -> dict[str, Any] | None:
        in_force = next(iter(row.cancellations.all()), None)
        return OwnCancellationSerializer(in_force).data if in_force else None


class OwnBookingSerializer(WantedSlotSerializer):
    """A booking for yourself."""

    hold = serializers.CharField(max_length=120, required=False, allow_blank=True, help_text="Id of your hold")
    referral = serializers.CharField(max_length=24, required=False, help_text="Number of a referral on file")


class OwnMoveSerializer(serializers.Serializer):
    """Another time, and another doctor or clinic where given."""

    starts_at = InstantField()
    doctor = IdField(required=False)
    clinic = IdField(required=False)
    hold = serializers.CharField(max_length=120, required=False, allow_blank=True)


class OwnCancelSerializer(serializers.Serializer):
    """Why you cancel."""

    reason = serializers.SlugField(max_length=32, default=UNSAID, help_text="Code of a cancellation reason")


class PatientExchangeSerializer(serializers.Serializer):
    """Whom a portal has verified: the birth date, and the record's id or the PMS number."""

    birth_date = serializers.DateField()
    patient = serializers.UUIDField(source="patient_id", required=False, help_text="Id of the record")
    pms_number = serializers.CharField(max_length=16, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two names the record."""
        if ("patient_id" in attrs) == ("pms_number" in attrs):
            raise serializers.ValidationError({"patient": "Send either the record's id or its PMS number."})
        return attrs


class PatientTokenSerializer(serializers.Serializer):
    """Send it as `Authorization: Token …` to the addresses under `me/` until it expires."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField()
