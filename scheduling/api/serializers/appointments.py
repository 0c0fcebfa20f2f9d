"""Appointments as REST clients see them: what the caller may not see is null."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.api.fields import InstantField
from scheduling.api.serializers.directories import NamedSerializer, ResourceSerializer
from scheduling.models import Appointment, ScheduleEvent
from scheduling.permissions import may_read, may_read_override
from scheduling.roles import Permission


class LocalInstantField(InstantField):
    """An instant on the clock of the row's clinic."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> datetime | None:
        """The instant with the clinic's offset, or None."""
        moment = super().get_attribute(instance)
        return moment and moment.astimezone(instance.clinic.zone)


class AppointmentPatientSerializer(serializers.Serializer):
    """Whom the visit is for. Name and birth date are null without the permission to see patients."""

    id = serializers.UUIDField()
    name = serializers.CharField(source="full_name", allow_null=True)
    birth_date = serializers.DateField(allow_null=True)


class CancellationSerializer(serializers.Serializer):
    """That it was cancelled, why, and how late."""

    reason = serializers.CharField(source="reason.code")
    label = serializers.CharField(source="reason.label")  # type: ignore[assignment]
    note = serializers.CharField(allow_null=True)
    cancelled_at = serializers.DateTimeField()
    notice_minutes = serializers.IntegerField(help_text="Negative: after the start")
    is_late = serializers.BooleanField(help_text="After the cut-off")


class AppointmentSerializer(serializers.ModelSerializer):
    starts_at = LocalInstantField()
    ends_at = LocalInstantField()
    clinic = NamedSerializer()
    doctor = serializers.SerializerMethodField()
    patient = AppointmentPatientSerializer()
    service = NamedSerializer(source="appointment_type.service")
    appointment_type = NamedSerializer()
    resources = serializers.SerializerMethodField()
    notes = serializers.CharField(allow_null=True)
    cancellation = serializers.SerializerMethodField()
    referral = serializers.CharField(source="referral.number", default=None, allow_null=True)
    override_reason = serializers.CharField(allow_null=True)
    moved_from = serializers.CharField(source="moved_from_reference", allow_null=True)
    moved_to = serializers.CharField(source="moved_to_reference", allow_null=True)
    expires_at = LocalInstantField(allow_null=True)
    attendance_confirmed_at = LocalInstantField(allow_null=True)
    checked_in_at = LocalInstantField(allow_null=True)
    started_at = LocalInstantField(allow_null=True)
    finished_at = LocalInstantField(allow_null=True)
    created_at = LocalInstantField()

    class Meta:
        model = Appointment
        fields = [
            "reference",
            "status",
            "starts_at",
            "ends_at",
            "duration_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "clinic",
            "doctor",
            "patient",
            "service",
            "appointment_type",
            "resources",
            "modality",
            "channel",
            "notes",
            "referral",
            "cancellation",
            "review_reason",
            "overrides",
            "override_reason",
            "moved_from",
            "moved_to",
            "expires_at",
            "attendance_confirmed_at",
            "checked_in_at",
            "started_at",
            "finished_at",
            "created_at",
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(NamedSerializer)
    def get_doctor(self, row: Appointment) -> dict[str, Any]:
        return {"id": row.doctor_id, "name": row.doctor.full_name}

    @extend_schema_field(ResourceSerializer(many=True))
    def get_resources(self, row: Appointment) -> list[dict[str, Any]]:
        return [
            {"id": each.resource_id, "name": each.resource.name, "kind": each.resource.kind}
            for each in row.allocations.all()
            if each.resource_id != row.doctor.resource_id
        ]

    @extend_schema_field(CancellationSerializer(allow_null=True))
    def get_cancellation(self, row: Appointment) -> dict[str, Any] | None:
        in_force = next(iter(row.cancellations.all()), None)
        return CancellationSerializer(in_force).data if in_force else None

    def to_representation(self, instance: Appointment) -> dict[str, Any]:
        """The fields that this caller may see."""
        body = super().to_representation(instance)
        user = self.context["request"].user
        if not may_read(user, Permission.SEE_PATIENTS, instance):
            body["patient"].update(name=None, birth_date=None)
            body["referral"] = None
        if not may_read(user, Permission.SEE_NOTES, instance):
            body["notes"] = None
            if body["cancellation"]:
                body["cancellation"]["note"] = None
        if not may_read_override(user, instance):
            body["override_reason"] = None
        return body


class AppointmentDetailSerializer(AppointmentSerializer):
    """One appointment, asked for by reference. The reference of a moved one answers with the live one."""

    requested_reference = serializers.SerializerMethodField(help_text="The reference that was asked for")

    class Meta(AppointmentSerializer.Meta):
        fields = [*AppointmentSerializer.Meta.fields, "requested_reference"]

    def get_requested_reference(self, row: Appointment) -> str:
        return self.context.get("requested") or row.reference

    def to_representation(self, instance: Appointment) -> dict[str, Any]:
        """Say so when the live appointment is another than the one asked for."""
        body = super().to_representation(instance)
        if body["requested_reference"] != instance.reference:
            body["moved_to"] = instance.reference
        return body


class HistorySerializer(serializers.ModelSerializer):
    """One thing that happened: what, when, who, and the scheduling facts before and after."""

    at = serializers.SerializerMethodField()
    appointment = serializers.CharField(source="appointment.reference")
    actor = serializers.SerializerMethodField(help_text="Null: the system, or the patient through a link")
    changes = serializers.DictField(source="payload", child=serializers.ListField(), help_text="Field: [old, new]")

    class Meta:
        model = ScheduleEvent
        fields = ["id", "kind", "at", "appointment", "actor", "source", "changes"]
        read_only_fields = fields

    def get_at(self, row: ScheduleEvent) -> datetime:
        return row.at.astimezone(self.context["zone"])

    def get_actor(self, row: ScheduleEvent) -> str | None:
        return (row.actor.get_full_name() or row.actor.username) if row.actor else None
