"""The shape of every refusal, for the schema: what `carebridge.http` writes."""

from __future__ import annotations

from rest_framework import serializers


class ReasonSerializer(serializers.Serializer):
    """A rule that says no."""

    code = serializers.CharField()
    message = serializers.CharField()
    overridable = serializers.BooleanField(help_text="Whether an authorised person may set the rule aside")


class ProblemSerializer(serializers.Serializer):
    """A refusal (RFC 9457). Programs read `code`; `detail` is a sentence for the person in front."""

    type = serializers.CharField(help_text="about:blank")
    title = serializers.CharField(help_text="The status in words")
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Sentences about single inputs, by name",
    )
    reasons = ReasonSerializer(many=True, required=False, help_text="Every rule that excludes the time")
