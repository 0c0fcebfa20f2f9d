"""The directories: what there is to book, where, with whom. Read only; the admin writes them."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.utils import extend_schema_view
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from carebridge.accounts.tokens import Scope
from scheduling.api.base import SchedulingView
from scheduling.api.filters import IdsFilter, search_filter, search_words, visible
from scheduling.api.pagination import Pages
from scheduling.api.schema import reads
from scheduling.api.serializers import directories as rows
from scheduling.models import AppointmentType, CancellationReason, Clinic, Doctor, DoctorClinic, Resource, Service
from scheduling.models.resource import ResourceKind


class DirectoryPages(Pages):
    """Directories are short: most fit one page."""

    page_size = 500
    max_page_size = 1000
    page_size_query_description = "Rows to a page: 1 to 1,000, by default 500."


class Directory(ListModelMixin, RetrieveModelMixin, SchedulingView):
    """Rows that are in use are listed; one row is found even when it is no longer in use."""

    read_scope = Scope.DIRECTORY_READ
    pagination_class = DirectoryPages
    page_order: tuple[str, ...] = ("name", "id")
    filter_backends = [DjangoFilterBackend]
    lookup_value_regex = r"\d{1,18}"

    def rows(self) -> QuerySet[Any]:
        """What the caller may see, with what a row shows."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        """Active rows for the list, every row for one."""
        return self.rows().filter(is_active=True) if self.action == "list" else self.rows()


def _described(name: str, serializer: Any, plural: str) -> Any:
    return extend_schema_view(
        list=reads(f"list_{name}", serializer(many=True), f"{plural} in use", 404, 422),
        retrieve=reads(f"get_{name}", serializer, "One of them, in use or not", 404),
    )


@_described("clinics", rows.ClinicSerializer, "Clinics")
class ClinicView(Directory):
    serializer_class = rows.ClinicSerializer
    page_order = ("position", "id")

    def rows(self) -> QuerySet[Clinic]:
        """Clinics where the caller works."""
        return Clinic.objects.visible_to(self.user)


class DoctorFilters(FilterSet):
    clinic = IdsFilter(field_name="clinics", rows=visible(Clinic), distinct=True)
    appointment_type = IdsFilter(field_name="offerings__appointment_type", rows=visible(AppointmentType), distinct=True)
    search = search_filter()

    def filter_search(self, doctors: QuerySet[Doctor], name: str, value: str) -> QuerySet[Doctor]:
        """Words of the name or the speciality."""
        found = search_words(doctors, value, "given_name", "family_name", "specialities__name")
        return found.distinct()


@_described("doctors", rows.DoctorSerializer, "Doctors and others who hold lists")
class DoctorView(Directory):
    serializer_class = rows.DoctorSerializer
    filterset_class = DoctorFilters
    page_order = ("family_name", "id")

    def rows(self) -> QuerySet[Doctor]:
        """Doctors of the caller's clinics, and of their clinics only those."""
        theirs = DoctorClinic.objects.filter(clinic__in=Clinic.objects.visible_to(self.user))
        places = Prefetch("places", theirs.select_related("clinic", "usual_room"))
        return Doctor.objects.visible_to(self.user).prefetch_related("specialities", places)


class RoomFilters(FilterSet):
    clinic = IdsFilter(field_name="clinic", rows=visible(Clinic))


@_described("rooms", rows.RoomSerializer, "Rooms")
class RoomView(Directory):
    serializer_class = rows.RoomSerializer
    filterset_class = RoomFilters

    def rows(self) -> QuerySet[Resource]:
        """Rooms of the caller's clinics."""
        rooms = Resource.objects.visible_to(self.user).filter(kind=ResourceKind.ROOM)
        return rooms.select_related("clinic").prefetch_related("categories")


class ServiceFilters(FilterSet):
    clinic = IdsFilter(field_name="appointment_types__offerings__clinic", rows=visible(Clinic), distinct=True)
    search = search_filter()

    def filter_search(self, services: QuerySet[Service], name: str, value: str) -> QuerySet[Service]:
        """Words of the name or the speciality."""
        return search_words(services, value, "name", "speciality__name")


@_described("services", rows.ServiceSerializer, "Services")
class ServiceView(Directory):
    serializer_class = rows.ServiceSerializer
    filterset_class = ServiceFilters

    def rows(self) -> QuerySet[Service]:
        """The services that the caller's catalogue has something bookable of."""
        return services_of(self.user)


def services_of(user: Any) -> QuerySet[Service]:
    """Services behind the appointment types that a person may see."""
    types = AppointmentType.objects.visible_to(user)
    return Service.objects.filter(pk__in=types.values("service")).select_related("speciality")


class AppointmentTypeFilters(FilterSet):
    service = IdsFilter(field_name="service", rows=services_of)
    clinic = IdsFilter(field_name="offerings__clinic", rows=visible(Clinic), distinct=True)
    doctor = IdsFilter(field_name="offerings__doctor", rows=visible(Doctor), distinct=True)
    search = search_filter()

    def filter_search(self, types: QuerySet[AppointmentType], name: str, value: str) -> QuerySet[AppointmentType]:
        """Words of the type or its service."""
        return search_words(types, value, "name", "service__name")


@_described("appointment_types", rows.AppointmentTypeSerializer, "Bookable variants of services")
class AppointmentTypeView(Directory):
    serializer_class = rows.AppointmentTypeSerializer
    filterset_class = AppointmentTypeFilters
    page_order = ("service__name", "name", "id")

    def rows(self) -> QuerySet[AppointmentType]:
        """The common catalogue."""
        types = AppointmentType.objects.visible_to(self.user).select_related("service")
        return types.prefetch_related("requirements__category", "requirements__resource")


@_described("cancellation_reasons", rows.CancellationReasonSerializer, "Reasons to cancel")
class CancellationReasonView(Directory):
    serializer_class = rows.CancellationReasonSerializer
    page_order = ("position", "id")

    def rows(self) -> QuerySet[CancellationReason]:
        """One list for everybody: nothing in it is anyone's secret."""
        return CancellationReason.objects.all()
