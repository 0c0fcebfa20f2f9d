"""Appointments: listing, reading, booking, and what happened to them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.audit.trail import log_access
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.api.hold_ids import owner_of
from scheduling.api.schema import REFUSED, TAKEN, changes, reads
from scheduling.api.serializers.appointments import (
    AppointmentDetailSerializer,
    AppointmentSerializer,
    HistorySerializer,
)
from scheduling.api.serializers.requests import NewAppointmentSerializer, NotesSerializer
from scheduling.api.views.appointment_changes import AppointmentChanges
from scheduling.api.views.appointment_rows import (
    AppointmentFilters,
    as_shown,
    live_appointment,
    shown_appointments,
)
from scheduling.booking import book_appointment
from scheduling.duplicates import current_id
from scheduling.models import (
    Appointment,
    AppointmentType,
    Channel,
    Clinic,
    Doctor,
    Patient,
    Referral,
    ScheduleEvent,
)
from scheduling.patient_search import note_looked_through, note_opened_visit
from scheduling.permissions import may_read
from scheduling.roles import Permission
from scheduling.visits import change_notes


class AppointmentView(ListModelMixin, AppointmentChanges):
    queryset = Appointment.objects.none()
    serializer_class = AppointmentSerializer
    filterset_class = AppointmentFilters
    filter_backends = [DjangoFilterBackend]
    page_order: tuple[str, ...] = ("starts_at", "id")

    def get_queryset(self) -> QuerySet[Appointment]:
        """Appointments the caller may see."""
        return shown_appointments(self.user)

    @reads("list_appointments", AppointmentSerializer(many=True), "Appointments by start", 404, 422)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of appointments; every filter narrows further, `clinic`, `doctor` and `status` are repeatable.

        Asking for a patient, or for a name, is a look-up and is recorded.
        """
        answer = super().list(request, *args, **kwargs)
        if request.query_params.get("patient") or request.query_params.get("search"):
            shown = (row["patient"]["id"] for row in answer.data["results"])
            note_looked_through(shown, by=self.user, event="appointment.listed")
        return answer

    @reads("get_appointment", AppointmentDetailSerializer, "One appointment", 304, 404)
    def retrieve(self, request: Request, reference: str) -> HttpResponse:
        """One appointment. The reference of one that was moved answers with the live one, and says so. Recorded."""
        found = live_appointment(self.get_queryset(), reference)
        note_opened_visit(found, by=self.user)
        return self.shown(found)

    @changes(
        "book_appointment",
        NewAppointmentSerializer,
        AppointmentDetailSerializer,
        "Book",
        success=201,
        examples=[TAKEN, REFUSED],
    )
    def create(self, request: Request) -> HttpResponse:
        """Book a time. A lost race answers 409 `slot_taken` with the three nearest free times."""
        asked = self.read(NewAppointmentSerializer)
        wanted = self._wanted(asked)
        booked: list[Appointment] = []

        def command() -> str:
            booked.append(book_appointment(**wanted, by=self.user, channel=Channel.API))
            return booked[0].reference

        done = self.once(command, status=201)
        # Whoever may book may see. A repeated request books nothing: what it answers is read.
        if booked:
            return self.shown(as_shown(booked[0], wanted["appointment_type"].service), status=done.status_code)
        return self.shown_by_reference(done.target, status=done.status_code)

    @changes(
        "change_appointment_notes",
        NotesSerializer,
        AppointmentDetailSerializer,
        "Change the notes",
        matches=True,
        repeatable=False,
    )
    def partial_update(self, request: Request, reference: str) -> HttpResponse:
        """Replace the note for the team. Times change by `reschedule`, statuses by their own addresses."""
        asked = self.read(NotesSerializer)
        found, version = self.found(reference)
        change_notes(appointment=found, notes=asked["notes"], by=self.user, version=version)
        return self.shown_by_reference(found.reference)

    @reads("get_appointment_history", HistorySerializer(many=True), "What happened to it", 403, 404, 422)
    @action(detail=True, methods=["get"], filter_backends=[])
    def history(self, request: Request, reference: str) -> Response:
        """Everything that happened, moves included, in order. Reading it is recorded."""
        found, _ = self.found(reference)
        if not may_read(self.user, Permission.SEE_HISTORY, found):
            raise NotAllowed(detail={"permission": Permission.SEE_HISTORY.value})
        log_access(found, event="appointment.history_viewed", by=self.user, clinic_id=found.clinic_id)
        # A moved visit keeps its calendar identity, which ties its appointments together.
        visit = Appointment.objects.filter(patient=found.patient_id, calendar_uid=found.calendar_uid)
        events = ScheduleEvent.objects.visible_to(self.user).filter(appointment__in=visit.values("pk"))
        self.page_order = ("id",)
        page = self.paginate_queryset(events.select_related("actor", "appointment"))
        return self.get_paginated_response(HistorySerializer(page, many=True, context={"zone": found.clinic.zone}).data)

    def _wanted(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What `book_appointment` needs, each thing loaded as far as the caller may see it."""
        patient = self.seen(Patient.objects.visible_to(self.user), "patient", current_id(asked["patient"]))
        types = AppointmentType.objects.visible_to(self.user).select_related("service")
        return {
            "patient": patient,
            "appointment_type": self.seen(types, "appointment_type", asked["appointment_type"]),
            "doctor": self.seen(Doctor.objects.visible_to(self.user), "doctor", asked["doctor"]),
            "clinic": self.seen(Clinic.objects.visible_to(self.user), "clinic", asked["clinic"]),
            "starts_at": asked["starts_at"],
            "hold": owner_of(asked.get("hold", "")),
            "notes": asked.get("notes", ""),
            "referral": _referral(patient, asked.get("referral")),
            "override_reason": (asked.get("override") or {}).get("reason", ""),
        }


def _referral(patient: Patient, number: str | None) -> Referral | None:
    """The patient's own referral of that number. Raises InvalidInput."""
    if not number:
        return None
    found = Referral.objects.filter(patient=patient, number=number).first()
    if found is None:
        raise InvalidInput(fields={"referral": "This patient has no referral of this number on file."})
    return found
