"""The waitlist as patients' own portals see it: what I wait for, waiting, and waiting no more."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from scheduling.api.schema import changes, reads
from scheduling.api.views.own import OwnView, bookable_clinics
from scheduling.models import Appointment, Channel, Patient
from waitlist.api import EntrySerializer, WaitSerializer
from waitlist.entries import join
from waitlist.errors import NotWaiting
from waitlist.models import Entry, Outcome
from waitlist.offers import take_off

OF_STAFF = {"patient", "urgency", "urgency_reason", "is_sensitive"}
"""What staff set, and who it is about, which the token says."""


class OwnEntrySerializer(EntrySerializer):
    """Something that you wait for."""

    class Meta(EntrySerializer.Meta):
        fields = [name for name in EntrySerializer.Meta.fields if name not in OF_STAFF]
        read_only_fields = fields


class OwnNewEntrySerializer(WaitSerializer):
    """What you would wait for."""

    visit = serializers.CharField(
        max_length=16,
        required=False,
        help_text="Reference of a visit of yours that you would give up for an earlier one",
    )


class OwnEntryView(ListModelMixin, OwnView):
    queryset = Entry.objects.none()
    serializer_class = OwnEntrySerializer

    def get_queryset(self) -> QuerySet[Entry]:
        """The patient's own entries at the clinics that the portal serves."""
        theirs = Entry.objects.filter(patient=self.patient.patient_id, clinic__in=bookable_clinics(self.patient))
        return theirs.select_related("clinic", "appointment_type", "visit").prefetch_related("other_clinics")

    @reads("list_own_waitlist_entries", OwnEntrySerializer(many=True), "What I wait for, and waited for", 422)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Your entries in the order you were put down."""
        return super().list(request, *args, **kwargs)

    @changes("create_own_waitlist_entry", OwnNewEntrySerializer, OwnEntrySerializer, "Wait for a time", success=201)
    def create(self, request: Request) -> HttpResponse:
        """Wait from now on: when a time comes free that suits you, you are asked by a message."""
        asked = OwnNewEntrySerializer(data=request.data).wait_of(self)
        asked |= {"patient": Patient(pk=self.patient.patient_id), "visit": self._visit(asked.pop("visit", None))}
        done = self.once(lambda: join(by=None, channel=Channel.WEB, **asked).pk, status=201)
        return Response(OwnEntrySerializer(self.get_queryset().get(pk=done.target)).data, status=done.status_code)

    @changes("leave_own_waitlist", None, None, "Wait no more", success=204, repeatable=False)
    def destroy(self, request: Request, pk: int) -> Response:
        """Wait no more. What has ended already has ended."""
        entry = self.seen(self.get_queryset(), "id", pk)
        with suppress(NotWaiting):
            take_off(entry=entry, outcome=Outcome.WITHDREW, by=None)
        return Response(status=204)

    def _visit(self, reference: str | None) -> Appointment | None:
        theirs = Appointment.objects.filter(patient=self.patient.patient_id, clinic__in=bookable_clinics(self.patient))
        return self.seen(theirs, "visit", reference, reference=reference) if reference else None
