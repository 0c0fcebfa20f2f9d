"""Patients of the caller's clinics: finding, registering, correcting. Every look is accounted for."""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.accounts.tokens import Scope
from scheduling.api.base import Repeatable, answer_tagged, read_version
from scheduling.api.filters import IdsFilter, visible
from scheduling.api.schema import changes, reads
from scheduling.api.serializers.patients import NewPatientSerializer, PatientChangesSerializer, PatientSerializer
from scheduling.duplicates import current_id
from scheduling.models import Clinic, Patient, PatientClinic
from scheduling.patient_search import note_looked_through, note_opened, patients_matching
from scheduling.patients import register_patient, update_patient
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


class PatientFilters(FilterSet):
    clinic = IdsFilter(field_name="clinics__clinic", rows=visible(Clinic), distinct=True)
    search = django_filters.CharFilter(
        method="filter_search",
        max_length=80,
        label="Parts of the name, birth date, PMS number or end of a phone number",
    )

    def filter_search(self, patients: QuerySet[Patient], name: str, value: str) -> QuerySet[Patient]:
        """As the search box on the screens finds people."""
        return patients.filter(pk__in=patients_matching(self.request.user, value).values("pk"))


class PatientView(ListModelMixin, Repeatable):
    read_scope, write_scope = Scope.PATIENTS_READ, Scope.PATIENTS_WRITE
    serializer_class = PatientSerializer
    filterset_class = PatientFilters
    filter_backends = [DjangoFilterBackend]
    page_order = ("family_name", "given_name", "id")
    lookup_value_regex = r"[0-9a-fA-F-]{36}"

    def get_queryset(self) -> QuerySet[Patient]:
        """Patients the caller may see, with whether their contacts may be shown."""
        theirs = PatientClinic.objects.filter(patient=OuterRef("pk"))
        shown = theirs.filter(clinic__in=clinic_ids_with(self.user, Permission.SEE_CONTACTS))
        own = Q(clinics__clinic__in=clinic_ids_with(self.user, Permission.SEE_PATIENTS))
        return Patient.objects.visible_to(self.user).annotate(
            shows_contacts=Exists(shown),
            seen_clinics=ArrayAgg("clinics__clinic", filter=own, distinct=True, default=[]),
        )

    def get_object(self) -> Patient:
        """The patient of that id, or of the record that it was merged into."""
        try:
            return super().get_object()
        except Http404:
            self.kwargs["pk"] = current_id(self.kwargs["pk"])
            return super().get_object()

    @reads("list_patients", PatientSerializer(many=True), "Patients of your clinics", 404, 422)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of patients; that they were looked through is recorded."""
        answer = super().list(request, *args, **kwargs)
        shown = (row["id"] for row in answer.data["results"])
        note_looked_through(shown, by=self.user, event="patient.listed")
        return answer

    @reads("get_patient", PatientSerializer, "One patient", 304, 404)
    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        """One patient; that the record was opened is recorded."""
        patient = self.get_object()
        note_opened(patient, by=self.user, event="patient.viewed")
        return self._answer(patient)

    @changes("register_patient", NewPatientSerializer, PatientSerializer, "Register a patient", success=201)
    def create(self, request: Request) -> HttpResponse:
        """Put a new person on file at one of your clinics."""
        asked = self._read(NewPatientSerializer(data=request.data))
        clinic = self.seen(Clinic.objects.visible_to(self.user), "clinic", asked.pop("clinic"))
        done = self.once(lambda: register_patient(clinic=clinic, by=self.user, **asked).pk, status=201)
        return self._answer(self.get_queryset().get(pk=done.target), status=done.status_code)

    @changes(
        "update_patient", PatientChangesSerializer, PatientSerializer, "Correct details", matches=True, repeatable=False
    )
    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        """Correct some details; what is left out stays as it is."""
        patient = self.get_object()
        asked = self._read(PatientChangesSerializer(data=request.data, partial=True))
        update_patient(patient=patient, by=self.user, version=read_version(request, str(patient.pk)), **asked)
        return self._answer(self.get_object())

    def _read(self, body: Any) -> dict[str, Any]:
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def _answer(self, patient: Patient, status: int = 200) -> HttpResponse:
        body = PatientSerializer(patient).data
        return answer_tagged(self.request, body, name=str(patient.pk), version=patient.version, status=status)
