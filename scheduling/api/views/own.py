"""Addresses for patients, under `me/`. None of them takes a patient's id: the token alone says whose data it is.

Everything personal starts from `self.patient`; what there is to book is asked of the directories in the name of the
portal, which while it carries a patient may see those and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from carebridge.accounts.authentication import PatientPrincipal, PatientTokenAuthentication
from carebridge.accounts.models import User
from carebridge.audit.trail import log_access
from carebridge.errors import DomainError, NotFound
from scheduling.api.base import Repeatable, answer_tagged, read_version
from scheduling.api.schema import changes, reads
from scheduling.api.serializers import own as rows
from scheduling.availability import Slot
from scheduling.errors import SlotHeld, SlotTaken, SlotUnavailable
from scheduling.idempotency import check_key
from scheduling.models import Patient
from scheduling.patient_access import update_own_contacts
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.withheld import not_withheld

NOT_FREE = "That time isn't free any more. Choose another one."


def bookable_clinics(patient: PatientPrincipal) -> list[int]:
    """Ids of the clinics that the token was made for and that the portal serves now."""
    return clinic_ids_with(patient.portal, Permission.BOOK)


class ForPatients(BasePermission):
    """Somebody with a patient's token, and nobody else."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request is a patient's, and the portal still books at a clinic that the token was made for."""
        return isinstance(request.user, PatientPrincipal) and bool(bookable_clinics(request.user))


class OwnView(Repeatable):
    """What every address for patients shares."""

    authentication_classes = [PatientTokenAuthentication]
    permission_classes = [ForPatients]

    @property
    def patient(self) -> PatientPrincipal:
        """Who asks."""
        principal = self.request.user
        assert isinstance(principal, PatientPrincipal)  # noqa: S101 - the permission above
        return principal

    @property
    def user(self) -> User:
        """The portal, of whose rights only the directories and booking are left."""
        return self.patient.portal

    def key_of_caller(self, key: str) -> str:
        """One portal serves many patients: the same key from two of them means two things."""
        check_key(key)
        return hashlib.sha256(f"{self.patient.patient_id}\0{key}".encode()).hexdigest()

    def handle_exception(self, exc: Exception) -> Response:
        """Why a doctor can't be booked (who is ill, what a colleague holds) is the clinic's business."""
        if isinstance(exc, DomainError):
            if isinstance(exc, SlotTaken | SlotHeld | SlotUnavailable):
                exc.message = NOT_FREE
            exc.detail = {name: self._open(slots) for name, slots in exc.detail.items() if name == "nearest"}
        return super().handle_exception(exc)

    def _open(self, slots: Sequence[Slot]) -> list[Slot]:
        return not_withheld(slots, bookable_clinics(self.patient), timezone.now())

    def read(self, serializer: Any) -> dict[str, Any]:
        """The validated body. Raises ValidationError."""
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class OwnDetailsView(OwnView):
    serializer_class = rows.OwnDetailsSerializer
    pagination_class = None

    @reads("get_own_details", rows.OwnDetailsSerializer, "Who I am", 304, 404)
    def show(self, request: Request) -> HttpResponse:
        """Your own record. Recorded."""
        patient = self._record()
        log_access(patient, event="patient.viewed_own", by=None)
        return self._answer(patient)

    @changes(
        "update_own_contacts",
        rows.OwnContactsSerializer,
        rows.OwnDetailsSerializer,
        "Change how I am reached",
        matches=True,
        repeatable=False,
    )
    def update(self, request: Request) -> HttpResponse:
        """Contact details, wishes and consent. Names and numbers are corrected by the clinic."""
        asked = self.read(rows.OwnContactsSerializer(self._record(), data=request.data, partial=True))
        version = read_version(request, str(self.patient.patient_id))
        return self._answer(update_own_contacts(patient_id=self.patient.patient_id, version=version, **asked))

    def _record(self) -> Patient:
        found = Patient.objects.active().filter(pk=self.patient.patient_id).first()
        if found is None:
            raise NotFound("Your record was changed meanwhile. Please call the clinic.")
        return found

    def _answer(self, patient: Patient) -> HttpResponse:
        body = rows.OwnDetailsSerializer(patient).data
        return answer_tagged(self.request, body, name=str(patient.pk), version=patient.version)
