"""Free times and explanations, for the schema only: the views write them without a serializer per row."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from carebridge.http import ReasonSerializer
from scheduling.api.serializers.directories import NamedSerializer, ResourceSerializer


class SlotSerializer(serializers.Serializer):
    """A time that booking accepts, on the clinic's own clock."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    clinic = NamedSerializer()
    doctor = NamedSerializer()
    resources = ResourceSerializer(many=True, help_text="Rooms and so on that would be chosen now")


@extend_schema_serializer(many=False)
class SlotListSerializer(serializers.Serializer):
    """Free times by start. `truncated`: there are more than `limit`; ask from a later day."""

    next = serializers.CharField(allow_null=True, help_text="Always null: ask from a later day")
    previous = serializers.CharField(allow_null=True, help_text="Always null")
    truncated = serializers.BooleanField()
    results = SlotSerializer(many=True)


class DayCountSerializer(serializers.Serializer):
    """How many starts a local day has."""

    day = serializers.DateField()
    count = serializers.IntegerField()


@extend_schema_serializer(many=False)
class DayCountListSerializer(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = DayCountSerializer(many=True)


class FirstSlotSerializer(serializers.Serializer):
    """The first free time, or null when the booking window has none."""

    slot = SlotSerializer(allow_null=True)


class CheckSerializer(serializers.Serializer):
    ok = serializers.BooleanField()
    message = serializers.CharField()


class ExplanationSerializer(serializers.Serializer):
    """Whether a time can be booked, every rule that says no, and the nearest times that can."""

    bookable = serializers.BooleanField()
    reasons = ReasonSerializer(many=True)
    checks = CheckSerializer(many=True)
    nearest = SlotSerializer(many=True)


class HoldSerializer(serializers.Serializer):
    """A time held for you. Send `id` with the booking."""

    id = serializers.CharField()
    expires_at = serializers.DateTimeField()
