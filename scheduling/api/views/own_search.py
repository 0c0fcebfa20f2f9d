"""What there is to book and when it is free, for patients: what their portal would be told, and nothing personal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view

from scheduling.api.views import directories
from scheduling.api.views.holds import HoldView
from scheduling.api.views.own import OwnView
from scheduling.api.views.slots import USUAL_LIMIT, SlotView
from scheduling.availability import SlotSearch
from scheduling.models import CancellationReason
from scheduling.withheld import withheld_by_doctor


def _named(**operations: str) -> Any:
    """The schema's names for what these views share with those of the staff."""
    return extend_schema_view(**{action: extend_schema(operation_id=name) for action, name in operations.items()})


@_named(list="list_own_slots", days="count_own_slot_days", first="first_own_slot")
class OwnSlotView(OwnView, SlotView):
    """Free times at the clinics that the portal serves. Why a time is not free is told to staff only."""

    explain = None  # type: ignore[assignment]

    def _search(self, limit: int = USUAL_LIMIT) -> SlotSearch:
        """The search that the query asks for, without the times that are being offered to those who wait."""
        search = super()._search(limit)
        return replace(search, without=withheld_by_doctor(search.clinic_ids, search.now))


@_named(create="hold_own_slot", extend="extend_own_hold", destroy="release_own_hold")
class OwnHoldView(OwnView, HoldView):
    """Holding a time while deciding."""

    by_patient = True


class OwnDirectory(OwnView):
    """Short lists that need no narrowing."""

    filter_backends: list[Any] = []
    filterset_class = None


@_named(list="list_own_clinics", retrieve="get_own_clinic")
class OwnClinicView(OwnDirectory, directories.ClinicView):
    """Clinics that the portal serves."""


@_named(list="list_own_doctors", retrieve="get_own_doctor")
class OwnDoctorView(OwnDirectory, directories.DoctorView):
    """Who holds lists there."""


@_named(list="list_own_appointment_types", retrieve="get_own_appointment_type")
class OwnAppointmentTypeView(OwnDirectory, directories.AppointmentTypeView):
    """What can be booked."""


@_named(list="list_own_cancellation_reasons", retrieve="get_own_cancellation_reason")
class OwnCancellationReasonView(OwnDirectory, directories.CancellationReasonView):
    """Reasons to cancel, of those for patients."""

    def rows(self) -> QuerySet[CancellationReason]:
        """Those that a patient may give."""
        return super().rows().filter(by_patient=True)
