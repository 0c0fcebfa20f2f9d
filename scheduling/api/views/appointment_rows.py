"""Which appointments a caller may see, how the list is narrowed, and where an old reference leads."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import django_filters
from django.db.models import F, Prefetch, Q, QuerySet, prefetch_related_objects

from carebridge.accounts.models import User
from carebridge.errors import NotFound
from scheduling.api.filters import AboutVisits, DayFilter, IdsFilter, midnight, visible
from scheduling.api.views.directories import services_of
from scheduling.models import (
    Allocation,
    Appointment,
    AppointmentType,
    Cancellation,
    Clinic,
    Doctor,
    Patient,
    Service,
    Status,
)
from scheduling.permissions import on_own_list
from scheduling.personal_details import search_form


def appointments_of(user: User) -> QuerySet[Appointment]:
    """Appointments the user may see, with what the commands read of them."""
    related = ("clinic", "doctor__resource", "patient", "appointment_type__service", "referral")
    return Appointment.objects.visible_to(user).select_related(*related)


def shown_appointments(user: User) -> QuerySet[Appointment]:
    """The same with everything that an answer shows: three statements, however many rows."""
    return (
        appointments_of(user)
        .annotate(moved_from_reference=F("moved_from__reference"), moved_to_reference=F("moved_to__reference"))
        .prefetch_related(
            _live_rows(),
            Prefetch("cancellations", Cancellation.objects.filter(undone_at=None).select_related("reason")),
        )
    )


def as_shown(booked: Appointment, service: Service) -> Appointment:
    """What `book_appointment` has just returned, completed with everything that an answer shows: one statement."""
    booked.appointment_type.service = service
    booked.moved_from_reference = booked.moved_to_reference = None  # type: ignore[attr-defined]
    prefetch_related_objects([booked], _live_rows(), Prefetch("cancellations", Cancellation.objects.none()))
    return booked


def _live_rows() -> Prefetch:
    rows = Allocation.objects.filter(released_at=None).select_related("resource").order_by("resource")
    return Prefetch("allocations", rows)


def live_appointment(rows: QuerySet[Appointment], reference: str) -> Appointment:
    """The appointment of that name, or the one it has been moved to, as far as the caller may follow.

    Raises NotFound.
    """
    found = rows.filter(reference=reference.upper()).first()
    if found is None:
        raise NotFound
    while found.status == Status.RESCHEDULED and (moved := rows.filter(moved_from=found.pk).first()):
        found = moved
    return found


class AppointmentFilters(AboutVisits):
    clinic = IdsFilter(field_name="clinic", rows=visible(Clinic))
    doctor = IdsFilter(field_name="doctor", rows=visible(Doctor))
    service = IdsFilter(field_name="appointment_type__service", rows=services_of)
    appointment_type = IdsFilter(field_name="appointment_type", rows=visible(AppointmentType))
    status = django_filters.MultipleChoiceFilter(choices=Status.choices, label="One or several statuses")
    search = django_filters.CharFilter(method="filter_search", max_length=80, label="Reference, or words of the name")

    def filter_search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """A reference, or a patient's name where the caller may see it: search must not tell what a row hides."""
        user = self.request.user
        named = Q(patient__in=Patient.objects.visible_to(user).values("pk")) | on_own_list(user)
        for word in search_form(value).split()[:8]:
            named &= Q(patient__search_name__contains=word)
        return rows.filter(Q(reference__iexact=value.strip()) | named)


def _from_day(rows: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
    # The promised local day decides; the instant beside it lets the index on starts be used.
    return rows.filter(local_date__gte=day, starts_at__gte=midnight(day - timedelta(days=1)))


def _to_day(rows: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
    return rows.filter(local_date__lte=day, starts_at__lt=midnight(day + timedelta(days=2)))


# `from` is a word of Python's own, so the two can't be written as attributes above.
AppointmentFilters.base_filters["from"] = DayFilter(method=_from_day, label="First local day of the visit")
AppointmentFilters.base_filters["to"] = DayFilter(method=_to_day, label="Last local day of the visit")
