"""Messages as REST clients see them: which, about which visit, and what became of them. No address and no words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import django_filters
from django.db.models import DateField, F, Func, QuerySet
from django.db.models.functions import Cast
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.accounts.tokens import Scope
from reminders.models import Kind, Medium, Reminder, State
from scheduling.api.base import SchedulingView
from scheduling.api.filters import AboutVisits, DayFilter, IdsFilter, midnight, visible
from scheduling.api.schema import reads
from scheduling.api.serializers.appointments import LocalInstantField
from scheduling.api.serializers.directories import NamedSerializer
from scheduling.models import Clinic
from scheduling.patient_search import note_looked_through

A_DAY = timedelta(days=1)


class ReminderSerializer(serializers.ModelSerializer):
    clinic = NamedSerializer()
    appointment = serializers.CharField(source="appointment.reference", default=None, allow_null=True)
    patient = serializers.UUIDField(
        source="patient_id", allow_null=True, help_text="Null for a message to somebody who works there"
    )
    medium = serializers.CharField(help_text="sms, email or letter; empty until one is chosen")
    reason = serializers.CharField(help_text="Why it was not sent, or failed: a code; empty otherwise")
    joined_to = serializers.IntegerField(
        source="joined_to_id", allow_null=True, help_text="The message that tells of this visit as well"
    )
    due_at = LocalInstantField()
    next_try_at = LocalInstantField(allow_null=True, help_text="Null once nothing more is to happen")
    sent_at = LocalInstantField(allow_null=True)
    delivered_at = LocalInstantField(allow_null=True)

    class Meta:
        model = Reminder
        fields = [
            "id",
            "kind",
            "state",
            "reason",
            "clinic",
            "appointment",
            "patient",
            "medium",
            "language",
            "joined_to",
            "due_at",
            "tries",
            "next_try_at",
            "sent_at",
            "delivered_at",
        ]
        read_only_fields = fields

    def to_representation(self, row: Reminder) -> dict[str, Any]:
        """The row; when the next try was to be says nothing of one that is over."""
        shown = super().to_representation(row)
        return shown if row.state == State.PLANNED else {**shown, "next_try_at": None}


class ReminderFilters(AboutVisits):
    clinic = IdsFilter(field_name="clinic", rows=visible(Clinic))
    appointment = django_filters.CharFilter(
        field_name="appointment__reference", lookup_expr="iexact", max_length=16, label="Reference of a visit"
    )
    kind = django_filters.MultipleChoiceFilter(choices=Kind.choices, label="One or several kinds")
    state = django_filters.MultipleChoiceFilter(choices=State.choices, label="One or several states")
    medium = django_filters.MultipleChoiceFilter(choices=Medium.choices, label="One or several media")


def _due_on() -> Cast:
    """The day on the clinic's calendar on which a message is due."""
    return Cast(Func(F("clinic__time_zone"), F("due_at"), function="timezone"), DateField())


def _from_day(rows: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
    # The clinic's calendar decides; the instant beside it lets an index be used.
    return rows.alias(due_on=_due_on()).filter(due_on__gte=day, due_at__gte=midnight(day - A_DAY))


def _to_day(rows: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
    return rows.alias(due_on=_due_on()).filter(due_on__lte=day, due_at__lt=midnight(day + 2 * A_DAY))


# `from` is a word of Python's own, so the two can't be written as attributes above.
ReminderFilters.base_filters["from"] = DayFilter(method=_from_day, label="First local day on which it is due")
ReminderFilters.base_filters["to"] = DayFilter(method=_to_day, label="Last local day on which it is due")


class ReminderView(ListModelMixin, SchedulingView):
    read_scope = Scope.REMINDERS_READ
    queryset = Reminder.objects.none()
    serializer_class = ReminderSerializer
    filterset_class = ReminderFilters
    filter_backends = [DjangoFilterBackend]

    def get_queryset(self) -> QuerySet[Reminder]:
        """Messages the caller may see."""
        return Reminder.objects.visible_to(self.user).select_related("clinic", "appointment")

    @reads("list_reminders", ReminderSerializer(many=True), "Messages in the order they were planned", 404, 422)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of messages: planned, sent, delivered, failed, or not sent and why; every filter narrows further.

        Neither addresses nor words are in it. Asking for a patient is a look-up and is recorded.
        """
        answer = super().list(request, *args, **kwargs)
        if request.query_params.get("patient"):
            shown = {row["patient"] for row in answer.data["results"] if row["patient"]}
            note_looked_through(shown, by=self.user, event="reminder.listed")
        return answer
