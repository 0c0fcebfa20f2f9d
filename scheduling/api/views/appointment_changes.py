"""What changes one appointment over REST: each address is one command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request

from carebridge.accounts.tokens import Scope
from carebridge.errors import InvalidInput
from scheduling.api.base import Repeatable, answer_tagged, read_version
from scheduling.api.hold_ids import owner_of
from scheduling.api.schema import REFUSED, TAKEN, changes
from scheduling.api.serializers.appointments import AppointmentDetailSerializer
from scheduling.api.serializers.requests import CancelSerializer, MoveSerializer
from scheduling.api.views.appointment_rows import appointments_of, live_appointment, shown_appointments
from scheduling.booking import confirm_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.models import Appointment, CancellationReason, Clinic, Doctor
from scheduling.rescheduling import reschedule_appointment
from scheduling.visits import check_in_patient, complete_visit, mark_no_show, start_visit


def _step(name: str, summary: str) -> Any:
    return changes(f"{name}_appointment", None, AppointmentDetailSerializer, summary, matches=True)


class AppointmentChanges(Repeatable):
    """The verbs. An old reference changes the live appointment, as it names it."""

    read_scope, write_scope = Scope.APPOINTMENTS_READ, Scope.APPOINTMENTS_WRITE
    lookup_field = "reference"
    lookup_value_regex = r"[0-9A-Za-z-]{8,16}"

    @_step("confirm", "Make a pending one firm")
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, reference: str) -> HttpResponse:
        """A pending appointment becomes firm; on a confirmed one, the patient's word is recorded."""
        return self._step(reference, confirm_appointment)

    @_step("check_in", "The patient is here")
    @action(detail=True, methods=["post"], url_path="check-in")
    def check_in(self, request: Request, reference: str) -> HttpResponse:
        """Check the patient in."""
        return self._step(reference, check_in_patient)

    @_step("start", "The visit begins")
    @action(detail=True, methods=["post"])
    def start(self, request: Request, reference: str) -> HttpResponse:
        """Start the visit."""
        return self._step(reference, start_visit)

    @_step("complete", "The visit is over")
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, reference: str) -> HttpResponse:
        """Complete the visit."""
        return self._step(reference, complete_visit)

    @_step("no_show", "The patient did not come")
    @action(detail=True, methods=["post"], url_path="no-show")
    def no_show(self, request: Request, reference: str) -> HttpResponse:
        """Record that the patient did not come."""
        return self._step(reference, mark_no_show)

    @changes("cancel_appointment", CancelSerializer, AppointmentDetailSerializer, "Cancel", matches=True)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, reference: str) -> HttpResponse:
        """Cancel and give the time back. After the cut-off, staff say why they make an exception."""
        asked = self.read(CancelSerializer)
        reason = CancellationReason.objects.filter(code=asked.pop("reason"), is_active=True).first()
        if reason is None:
            raise InvalidInput(fields={"reason": "Use the code of one of the cancellation reasons."})
        found, version = self.found(reference)

        def command() -> str:
            cancel_appointment(appointment=found, reason=reason, by=self.user, version=version, **asked)
            return found.reference

        return self._answer(command)

    @changes(
        "reschedule_appointment",
        MoveSerializer,
        AppointmentDetailSerializer,
        "Move to another time",
        matches=True,
        examples=[TAKEN, REFUSED],
    )
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, reference: str) -> HttpResponse:
        """Move it. The answer is the new appointment; the old time is given up only once the new one is sure."""
        asked = self.read(MoveSerializer)
        found, version = self.found(reference)
        wanted = {
            "starts_at": asked["starts_at"],
            "doctor": self._other(Doctor, "doctor", asked),
            "clinic": self._other(Clinic, "clinic", asked),
            "hold": owner_of(asked.get("hold", "")),
            "override_reason": (asked.get("override") or {}).get("reason", ""),
            "exception_reason": asked.get("exception_reason", ""),
        }
        return self._answer(lambda: reschedule_appointment(appointment=found, by=self.user, version=version, **wanted))

    def found(self, reference: str) -> tuple[Appointment, int | None]:
        """The live appointment of that reference, and the version the caller has seen. Raises NotFound."""
        found = live_appointment(appointments_of(self.user), reference)
        return found, read_version(self.request, found.reference)

    def read(self, serializer: Any) -> dict[str, Any]:
        """The validated body. Raises ValidationError."""
        body = serializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def shown(self, row: Appointment, *, status: int = 200) -> HttpResponse:
        """The appointment as this caller sees it, with its entity tag."""
        context = {"request": self.request, "requested": self.kwargs.get("reference", "").upper()}
        body = AppointmentDetailSerializer(row, context=context).data
        return answer_tagged(self.request, body, name=row.reference, version=row.version, status=status)

    def shown_by_reference(self, reference: str, *, status: int = 200) -> HttpResponse:
        """The same, read afresh; it may have moved since a repeated request was first answered."""
        return self.shown(live_appointment(shown_appointments(self.user), reference), status=status)

    def _step(self, reference: str, command: Callable[..., Any]) -> HttpResponse:
        found, version = self.found(reference)
        return self._answer(lambda: command(appointment=found, by=self.user, version=version))

    def _answer(self, command: Callable[[], Any]) -> HttpResponse:
        done = self.once(command)
        return self.shown_by_reference(done.target, status=done.status_code)

    def _other(self, model: Any, field: str, asked: dict[str, Any]) -> Any:
        if field not in asked:
            return None
        return self.seen(model.objects.visible_to(self.user), field, asked[field])
