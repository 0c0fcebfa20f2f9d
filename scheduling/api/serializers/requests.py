"""Bodies that REST clients send about appointments and holds."""

from __future__ import annotations

from rest_framework import serializers

from scheduling.api.fields import IdField, InstantField


class WantedSlotSerializer(serializers.Serializer):
    """A time that somebody wants: a row of the answer of `slots`."""

    appointment_type = IdField()
    doctor = IdField()
    clinic = IdField()
    starts_at = InstantField(help_text="With offset, such as 2026-03-02T09:15:00+00:00")


class OverrideSerializer(serializers.Serializer):
    """Rules set aside by somebody who may."""

    reason = serializers.CharField(max_length=240, help_text="Kept and shown with the appointment for good")


class NewAppointmentSerializer(WantedSlotSerializer):
    """A booking."""

    patient = serializers.UUIDField()
    hold = serializers.CharField(max_length=120, required=False, allow_blank=True, help_text="Id of your hold")
    notes = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    referral = serializers.CharField(max_length=24, required=False, help_text="Number of a referral on file")
    override = OverrideSerializer(required=False, allow_null=True)


class MoveSerializer(serializers.Serializer):
    """Another time, and another doctor or clinic where given."""

    starts_at = InstantField()
    doctor = IdField(required=False)
    clinic = IdField(required=False)
    hold = serializers.CharField(max_length=120, required=False, allow_blank=True)
    override = OverrideSerializer(required=False, allow_null=True)
    exception_reason = serializers.CharField(
        max_length=240, required=False, allow_blank=True, help_text="Needed after the cut-off"
    )


class CancelSerializer(serializers.Serializer):
    """Why it is cancelled."""

    reason = serializers.SlugField(max_length=32, help_text="Code of a cancellation reason")
    note = serializers.CharField(max_length=240, required=False, allow_blank=True)
    exception_reason = serializers.CharField(
        max_length=240, required=False, allow_blank=True, help_text="Needed after the cut-off"
    )


class NotesSerializer(serializers.Serializer):
    """The note for the team."""

    notes = serializers.CharField(max_length=2000, allow_blank=True)


class NoBodySerializer(serializers.Serializer):
    """Nothing needs to be sent."""
