"""The waitlist as REST clients see it: who waits for what, putting a patient on it, and what was offered to whom."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.accounts.tokens import Scope
from scheduling.api.base import Repeatable, SchedulingView
from scheduling.api.fields import IdField
from scheduling.api.filters import IdsFilter, visible
from scheduling.api.schema import changes, reads
from scheduling.api.serializers.appointments import LocalInstantField
from scheduling.api.serializers.directories import NamedSerializer
from scheduling.models import Appointment, AppointmentType, Channel, Clinic, Doctor, Patient
from scheduling.patient_search import note_looked_through
from waitlist.entries import join
from waitlist.models import Contact, Entry, EntryStatus, Offer, OfferState, Urgency

URGENCIES = [(each.name.lower(), each.label) for each in Urgency]
A_YEAR_IN_MINUTES = 366 * 24 * 60


class UrgencyField(serializers.ChoiceField):
    """routine, soon or urgent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=URGENCIES, **kwargs)

    def to_representation(self, value: int) -> str:
        """The word for it."""
        return Urgency(value).name.lower()

    def to_internal_value(self, data: Any) -> Urgency:
        """The urgency that a word names."""
        return Urgency[super().to_internal_value(data).upper()]


class EntrySerializer(serializers.ModelSerializer):
    patient = serializers.UUIDField(source="patient_id")
    clinic = NamedSerializer()
    other_clinics = serializers.ListField(
        child=serializers.IntegerField(), source="other_clinic_ids", help_text="Further choices, the second one first"
    )
    appointment_type = NamedSerializer()
    doctor = serializers.IntegerField(source="doctor_id", allow_null=True)
    urgency = UrgencyField()
    visit = serializers.CharField(
        source="visit.reference", default=None, allow_null=True, help_text="What they would give up for an earlier one"
    )
    waiting_since = LocalInstantField()
    closed_at = LocalInstantField(allow_null=True)

    class Meta:
        model = Entry
        fields = [
            "id",
            "patient",
            "clinic",
            "other_clinics",
            "appointment_type",
            "doctor",
            "doctor_is_must",
            "urgency",
            "urgency_reason",
            "earliest_day",
            "latest_day",
            "weekdays",
            "from_time",
            "until_time",
            "notice_minutes",
            "is_sensitive",
            "contact",
            "visit",
            "status",
            "paused_until",
            "outcome",
            "waiting_since",
            "closed_at",
        ]
        read_only_fields = fields


class WaitSerializer(serializers.Serializer):
    """What is waited for, where, with whom and when. Days and times are local to the clinic."""

    clinic = IdField()
    other_clinics = serializers.ListField(child=IdField(), max_length=20, default=list)
    appointment_type = IdField()
    doctor = IdField(required=False, allow_null=True)
    doctor_is_must = serializers.BooleanField(default=False)
    earliest_day = serializers.DateField(required=False, allow_null=True)
    latest_day = serializers.DateField(required=False, allow_null=True)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, default=list
    )
    from_time = serializers.TimeField(required=False, allow_null=True)
    until_time = serializers.TimeField(required=False, allow_null=True)
    notice_minutes = serializers.IntegerField(min_value=0, max_value=A_YEAR_IN_MINUTES, default=0)
    contact = serializers.ChoiceField(
        choices=Contact.choices, default=Contact.AS_USUAL, allow_blank=True, help_text="How they would be asked"
    )

    def wait_of(self, view: SchedulingView) -> dict[str, Any]:
        """What was sent, ids replaced by the rows that the caller may see. Raises ValidationError, NotFound."""
        self.is_valid(raise_exception=True)
        asked = dict(self.validated_data)
        clinics, types = Clinic.objects.visible_to(view.user), AppointmentType.objects.visible_to(view.user).bookable()
        doctors = Doctor.objects.visible_to(view.user)
        return asked | {
            "clinic": view.seen(clinics, "clinic", asked["clinic"]),
            "other_clinics": [view.seen(clinics, "other_clinics", each) for each in asked["other_clinics"]],
            "appointment_type": view.seen(types, "appointment_type", asked["appointment_type"]),
            "doctor": view.seen(doctors, "doctor", asked["doctor"]) if asked.get("doctor") else None,
        }


class NewEntrySerializer(WaitSerializer):
    """Who waits, how urgently, and for what."""

    patient = serializers.UUIDField()
    urgency = UrgencyField(default=Urgency.ROUTINE)
    urgency_reason = serializers.CharField(max_length=160, default="", allow_blank=True)
    is_sensitive = serializers.BooleanField(default=False)


class EntryFilters(FilterSet):
    clinic = IdsFilter(field_name="clinic", rows=visible(Clinic))
    appointment_type = IdsFilter(field_name="appointment_type", rows=visible(AppointmentType))
    urgency = django_filters.MultipleChoiceFilter(
        choices=URGENCIES, method="filter_urgency", label="One or several urgencies"
    )
    status = django_filters.MultipleChoiceFilter(choices=EntryStatus.choices, label="One or several statuses")

    def filter_urgency(self, rows: QuerySet[Entry], name: str, values: list[str]) -> QuerySet[Entry]:
        """Entries of any of these urgencies."""
        return rows.filter(urgency__in=[Urgency[each.upper()] for each in values]) if values else rows


class EntryView(ListModelMixin, Repeatable):
    read_scope, write_scope = Scope.WAITLIST_READ, Scope.WAITLIST_WRITE
    queryset = Entry.objects.none()
    serializer_class = EntrySerializer
    filterset_class = EntryFilters
    filter_backends = [DjangoFilterBackend]

    def get_queryset(self) -> QuerySet[Entry]:
        """Entries the caller may see."""
        about = Entry.objects.visible_to(self.user).select_related("clinic", "appointment_type")
        return about.prefetch_related("other_clinics", Prefetch("visit", Appointment.objects.visible_to(self.user)))

    @reads("list_waitlist_entries", EntrySerializer(many=True), "Who waits, in the order they were put down", 404, 422)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of entries; that their patients were looked through is recorded."""
        answer = super().list(request, *args, **kwargs)
        note_looked_through({row["patient"] for row in answer.data["results"]}, by=self.user, event="waitlist.listed")
        return answer

    @changes("create_waitlist_entry", NewEntrySerializer, EntrySerializer, "Put a patient on the waitlist", success=201)
    def create(self, request: Request) -> HttpResponse:
        """Let a patient wait from now on."""
        asked = NewEntrySerializer(data=request.data).wait_of(self)
        asked["patient"] = self.seen(Patient.objects.visible_to(self.user), "patient", asked["patient"])
        done = self.once(lambda: join(by=self.user, channel=Channel.API, **asked).pk, status=201)
        entry = self.get_queryset().get(pk=done.target)
        return Response(EntrySerializer(entry).data, status=done.status_code)


class OfferSerializer(serializers.ModelSerializer):
    entry = serializers.IntegerField(source="entry_id")
    appointment = serializers.CharField(source="appointment.reference", help_text="Pending while the offer stands")
    patient = serializers.UUIDField(source="appointment.patient_id")
    clinic = NamedSerializer(source="appointment.clinic")
    needs = serializers.CharField(help_text="Why a person agrees before anybody is asked: a code; empty otherwise")
    starts_at = serializers.DateTimeField(source="appointment.local_start")
    expires_at = serializers.DateTimeField(source="appointment.expires_at", allow_null=True, help_text="Null once over")
    made_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Offer
        fields = [
            "id",
            "entry",
            "patient",
            "clinic",
            "appointment",
            "starts_at",
            "state",
            "needs",
            "expires_at",
            "made_at",
            "ended_at",
        ]
        read_only_fields = fields


class OfferFilters(FilterSet):
    clinic = IdsFilter(field_name="slot__clinic", rows=visible(Clinic))
    state = django_filters.MultipleChoiceFilter(choices=OfferState.choices, label="One or several states")


class OfferView(ListModelMixin, SchedulingView):
    read_scope = Scope.WAITLIST_READ
    queryset = Offer.objects.none()
    serializer_class = OfferSerializer
    filterset_class = OfferFilters
    filter_backends = [DjangoFilterBackend]

    def get_queryset(self) -> QuerySet[Offer]:
        """Offers the caller may see."""
        return Offer.objects.visible_to(self.user).select_related("appointment__clinic")

    @reads("list_waitlist_offers", OfferSerializer(many=True), "What was offered to whom", 404, 422)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of offers in the order they were made; that their patients were looked through is recorded."""
        answer = super().list(request, *args, **kwargs)
        note_looked_through({row["patient"] for row in answer.data["results"]}, by=self.user, event="waitlist.listed")
        return answer
