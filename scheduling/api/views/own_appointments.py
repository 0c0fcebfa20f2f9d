"""A patient's own visits: reading, booking, moving and cancelling, as far as patients may by themselves."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.errors import InvalidInput
from scheduling.api.base import answer_tagged, read_version
from scheduling.api.hold_ids import owner_of
from scheduling.api.schema import TAKEN, changes, reads
from scheduling.api.serializers import own as rows
from scheduling.api.views.appointment_rows import live_appointment
from scheduling.api.views.own import OwnView, bookable_clinics
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, patients_reason
from scheduling.models import (
    Appointment,
    AppointmentType,
    Cancellation,
    Channel,
    Clinic,
    Doctor,
    Patient,
    Referral,
    Status,
)
from scheduling.rescheduling import reschedule_appointment


class OwnAppointmentView(ListModelMixin, OwnView):
    queryset = Appointment.objects.none()
    serializer_class = rows.OwnAppointmentSerializer
    page_order: tuple[str, ...] = ("starts_at", "id")
    lookup_field = "reference"
    lookup_value_regex = r"[0-9A-Za-z-]{8,16}"

    def get_queryset(self) -> QuerySet[Appointment]:
        """The patient's own visits at the clinics that the portal serves."""
        theirs = Appointment.objects.filter(patient=self.patient.patient_id, clinic__in=bookable_clinics(self.patient))
        in_force = Cancellation.objects.filter(undone_at=None).select_related("reason")
        related = ("clinic", "doctor__resource", "patient", "appointment_type__service", "referral")
        return theirs.select_related(*related).prefetch_related(Prefetch("cancellations", in_force))

    @reads("list_own_appointments", rows.OwnAppointmentSerializer(many=True), "My visits by start", 422)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Visits past and to come; of one that was moved only where it is now."""
        live = self.get_queryset().exclude(status__in=(Status.RESCHEDULED, Status.EXPIRED))
        page = self.paginate_queryset(live)
        return self.get_paginated_response(rows.OwnAppointmentSerializer(page, many=True).data)

    @reads("get_own_appointment", rows.OwnAppointmentSerializer, "One of my visits", 304, 404)
    def retrieve(self, request: Request, reference: str) -> HttpResponse:
        """One visit. The reference of one that was moved answers with the live one."""
        return self._shown(reference)

    @changes(
        "book_own_appointment",
        rows.OwnBookingSerializer,
        rows.OwnAppointmentSerializer,
        "Book for myself",
        success=201,
        examples=[TAKEN],
    )
    def create(self, request: Request) -> HttpResponse:
        """Book a time for yourself. A lost race answers 409 with the three nearest free times."""
        asked = self.read(rows.OwnBookingSerializer(data=request.data))
        types = AppointmentType.objects.visible_to(self.user).select_related("service")
        wanted = {
            "patient": Patient(pk=self.patient.patient_id),
            "appointment_type": self.seen(types, "appointment_type", asked["appointment_type"]),
            "doctor": self.seen(Doctor.objects.visible_to(self.user), "doctor", asked["doctor"]),
            "clinic": self._clinic(asked["clinic"]),
            "starts_at": asked["starts_at"],
            "hold": owner_of(asked.get("hold", "")),
            "referral": self._referral(asked.get("referral")),
        }
        done = self.once(lambda: book_appointment(**wanted, by=None, channel=Channel.WEB).reference, status=201)
        return self._shown(done.target, status=done.status_code)

    @changes(
        "cancel_own_appointment",
        rows.OwnCancelSerializer,
        rows.OwnAppointmentSerializer,
        "Cancel my visit",
        matches=True,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, reference: str) -> HttpResponse:
        """Cancel until the clinic's cut-off; afterwards please call (`past_cutoff`)."""
        asked = self.read(rows.OwnCancelSerializer(data=request.data))
        reason = patients_reason(asked["reason"])
        found, version = self._found(reference)

        def command() -> str:
            cancel_appointment(appointment=found, reason=reason, by=None, version=version)
            return found.reference

        return self._shown(self.once(command).target)

    @changes(
        "reschedule_own_appointment",
        rows.OwnMoveSerializer,
        rows.OwnAppointmentSerializer,
        "Move my visit",
        matches=True,
        examples=[TAKEN],
    )
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, reference: str) -> HttpResponse:
        """Move until the clinic's cut-off. The old time is given up only once the new one is sure."""
        asked = self.read(rows.OwnMoveSerializer(data=request.data))
        doctors = Doctor.objects.visible_to(self.user)
        wanted = {
            "starts_at": asked["starts_at"],
            "doctor": self.seen(doctors, "doctor", asked["doctor"]) if "doctor" in asked else None,
            "clinic": self._clinic(asked["clinic"]) if "clinic" in asked else None,
            "hold": owner_of(asked.get("hold", "")),
        }
        found, version = self._found(reference)

        def command() -> str:
            moved = reschedule_appointment(appointment=found, by=None, channel=Channel.WEB, version=version, **wanted)
            return moved.reference

        return self._shown(self.once(command).target)

    def _found(self, reference: str) -> tuple[Appointment, int | None]:
        found = live_appointment(self.get_queryset(), reference)
        return found, read_version(self.request, found.reference)

    def _shown(self, reference: str, *, status: int = 200) -> HttpResponse:
        row = live_appointment(self.get_queryset(), reference)
        body = rows.OwnAppointmentSerializer(row).data
        return answer_tagged(self.request, body, name=row.reference, version=row.version, status=status)

    def _clinic(self, clinic_id: int) -> Clinic:
        return self.seen(Clinic.objects.visible_to(self.user), "clinic", clinic_id)

    def _referral(self, number: str | None) -> Referral | None:
        if not number:
            return None
        found = Referral.objects.filter(patient=self.patient.patient_id, number=number).first()
        if found is None:
            raise InvalidInput(fields={"referral": "You have no referral of this number on file."})
        return found
