"""Holding a free time for some minutes while the rest is asked for."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.accounts.tokens import Scope
from scheduling.api.base import Repeatable
from scheduling.api.hold_ids import new_owner, public_id, split_id
from scheduling.api.schema import REFUSED, TAKEN, changes
from scheduling.api.serializers.requests import WantedSlotSerializer
from scheduling.api.serializers.slots import HoldSerializer
from scheduling.errors import HoldGone
from scheduling.holds import extend_hold, find_hold, hold_slot, release_hold
from scheduling.models import AppointmentType, Clinic, Doctor


class HoldView(Repeatable):
    """Holds live in Redis and end by themselves; the ledger decides, always."""

    write_scope = Scope.APPOINTMENTS_WRITE
    serializer_class = HoldSerializer
    lookup_value_regex = r"[0-9A-Za-z._-]{1,90}"
    by_patient = False

    @changes(
        "hold_slot", WantedSlotSerializer, HoldSerializer, "Hold a time", 503, success=201, examples=[TAKEN, REFUSED]
    )
    def create(self, request: Request) -> Response:
        """Hold a time for five minutes. What is held (`slot_held`) or booked (`slot_taken`) by somebody else answers
        409 with the three nearest free times.
        """
        asked = WantedSlotSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        kind = self.seen(AppointmentType.objects.visible_to(self.user), "appointment_type", wanted["appointment_type"])
        doctor = self.seen(Doctor.objects.visible_to(self.user), "doctor", wanted["doctor"])
        clinic = self.seen(Clinic.objects.visible_to(self.user), "clinic", wanted["clinic"])

        def command() -> str:
            owner = new_owner()
            hold = hold_slot(
                appointment_type=kind,
                doctor=doctor,
                clinic=clinic,
                starts_at=wanted["starts_at"],
                owner=owner,
                by=self.user,
                by_patient=self.by_patient,
            )
            return public_id(hold.id, owner)

        done = self.once(command, status=201)
        return self._answer(done.target, status=done.status_code)

    @changes("extend_hold", None, HoldSerializer, "Hold it three minutes longer", 503)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Once per hold."""
        hold_id, owner = self._parts(pk)

        def command() -> str:
            extend_hold(hold_id, owner)
            return pk

        return self._answer(self.once(command).target)

    @changes("release_hold", None, None, "Give the time back", 503, success=204, repeatable=False)
    def destroy(self, request: Request, pk: str) -> Response:
        """Release it. What has ended already is released."""
        release_hold(*self._parts(pk))
        return Response(status=204)

    def _parts(self, public: str) -> tuple[str, str]:
        parts = split_id(public)
        if parts is None:
            raise HoldGone
        return parts

    def _answer(self, public: str, status: int = 200) -> Response:
        hold_id, owner = self._parts(public)
        hold = find_hold(hold_id, owner)
        expires_at = hold.expires_at.astimezone(timezone.get_current_timezone())
        return Response({"id": public, "expires_at": expires_at.isoformat()}, status=status)
