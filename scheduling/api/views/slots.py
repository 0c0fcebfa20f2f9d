"""Free times: searched, counted, the first of them, or why there is none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.accounts.tokens import Scope
from carebridge.errors import NotFound
from scheduling.api.base import UNSEEN, SchedulingView
from scheduling.api.fields import Query, parse_clock, parse_day, parse_id, parse_instant
from scheduling.api.hold_ids import owner_of
from scheduling.api.pagination import read_limit
from scheduling.api.schema import reads
from scheduling.api.serializers import slots as rows
from scheduling.api.slot_json import present_slots, render_slots
from scheduling.availability import SlotSearch, count_days, explain_slot, find_slots, first_available
from scheduling.models import AppointmentType, Clinic, Doctor

USUAL_LIMIT, LARGEST_LIMIT = 200, 20_000
USUAL_SPAN = timedelta(days=13)
_ID: dict[str, Any] = {"type": "integer", "minimum": 1}


def _id(name: str, text: str, *, many: bool = False, required: bool = False) -> OpenApiParameter:
    kind = {"type": "array", "items": _ID} if many else _ID
    return OpenApiParameter(name, kind, required=required, description=text)


TYPE = _id("appointment_type", "What is to be booked", required=True)
WANTED = [
    TYPE,
    _id("clinic", "Only at these clinics", many=True),
    _id("doctor", "Only with these doctors", many=True),
    OpenApiParameter("from", OpenApiTypes.DATE, description="First local day; by default today"),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last local day, at most 93 days in all; by default 14 days"),
    OpenApiParameter("earliest", str, description="Not before this local time, HH:MM"),
    OpenApiParameter("latest", str, description="Not starting after this local time, HH:MM"),
    OpenApiParameter("hold", str, description="Id of your own hold, whose time is still offered to you"),
]
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": USUAL_LIMIT},
    description="How many at most",
)


class SlotView(SchedulingView):
    """Every answer comes from the code that booking asks as well: what is offered here, booking accepts."""

    read_scope = Scope.SLOTS_READ
    serializer_class = rows.SlotSerializer
    pagination_class = None

    @reads("list_slots", rows.SlotListSerializer, "Free times", 404, 422, parameters=[*WANTED, LIMIT])
    def list(self, request: Request) -> HttpResponse:
        """Free times by start, across clinics and doctors."""
        limit = read_limit(request, default=USUAL_LIMIT, maximum=LARGEST_LIMIT)
        found = find_slots(self._search(limit=limit))
        results = render_slots(found)
        truncated = "true" if len(found) >= limit else "false"
        body = f'{{"next":null,"previous":null,"truncated":{truncated},"results":{results}}}'
        return HttpResponse(body, content_type="application/json")

    @reads("count_slot_days", rows.DayCountListSerializer, "Free times a day", 404, 422, parameters=WANTED)
    @action(detail=False, methods=["get"])
    def days(self, request: Request) -> Response:
        """How many starts each local day has, for a month at a glance."""
        counts = count_days(self._search())
        days = [{"day": day.isoformat(), "count": count} for day, count in sorted(counts.items())]
        return Response({"next": None, "previous": None, "results": days})

    @reads("first_slot", rows.FirstSlotSerializer, "The first free time", 404, 422, parameters=WANTED)
    @action(detail=False, methods=["get"])
    def first(self, request: Request) -> Response:
        """The first free time from a day on, as far as the booking window reaches."""
        slot = first_available(self._search(limit=1))
        return Response({"slot": present_slots([slot])[0] if slot else None})

    @reads(
        "explain_slot",
        rows.ExplanationSerializer,
        "Why a time can or can't be booked",
        404,
        422,
        parameters=[
            TYPE,
            _id("doctor", "With whom", required=True),
            _id("clinic", "Where", required=True),
            OpenApiParameter("starts_at", OpenApiTypes.DATETIME, required=True, description="With offset"),
            WANTED[-1],
        ],
    )
    @action(detail=False, methods=["get"])
    def explain(self, request: Request) -> Response:
        """Every rule that blocks a time, and the nearest times that work."""
        query = Query(request.query_params)
        type_id = query.one("appointment_type", parse_id, required=True)
        doctor_id = query.one("doctor", parse_id, required=True)
        clinic_id = query.one("clinic", parse_id, required=True)
        starts_at: datetime = query.one("starts_at", parse_instant, required=True)
        owner = query.one("hold", owner_of, "")
        query.finish()
        self._check_type(type_id)
        self._check("doctor", Doctor.objects.visible_to(self.user), [doctor_id])
        self._check("clinic", Clinic.objects.visible_to(self.user), [clinic_id])
        why = explain_slot(
            appointment_type_id=type_id,
            doctor_id=doctor_id,
            clinic_id=clinic_id,
            starts_at=starts_at,
            now=timezone.now(),
            owner=owner,
        )
        return Response(
            {
                "bookable": why.bookable,
                "reasons": [reason.as_dict() for reason in why.reasons],
                "checks": [{"ok": check.ok, "message": check.message} for check in why.checks],
                "nearest": present_slots(why.nearest),
            }
        )

    def _search(self, limit: int = USUAL_LIMIT) -> SlotSearch:
        """The search that the query asks for. Raises InvalidInput for what is unreadable, NotFound for unseen ids."""
        query = Query(self.request.query_params)
        now = timezone.now()
        type_id = query.one("appointment_type", parse_id, required=True)
        clinic_ids = query.many("clinic", parse_id)
        doctor_ids = query.many("doctor", parse_id)
        first: date | None = query.one("from", parse_day)
        last: date | None = query.one("to", parse_day)
        earliest, latest = query.one("earliest", parse_clock), query.one("latest", parse_clock)
        owner = query.one("hold", owner_of, "")
        query.finish()
        places = self._places(type_id, clinic_ids)
        if doctor_ids:
            self._check("doctor", Doctor.objects.visible_to(self.user), doctor_ids)
        first = first or min((now.astimezone(each.zone).date() for each in places), default=now.date())
        return SlotSearch(
            appointment_type_id=type_id,
            clinic_ids=tuple(each.pk for each in places),
            doctor_ids=tuple(doctor_ids) or None,
            from_day=first,
            to_day=last or first + USUAL_SPAN,
            limit=limit,
            now=now,
            owner=owner,
            times_of_day=((earliest, latest),) if earliest or latest else (),
        )

    def _places(self, type_id: int, clinic_ids: Sequence[int]) -> Sequence[Clinic]:
        """The clinics to search: those asked for, or all of the caller's. Raises NotFound."""
        visible = Clinic.objects.visible_to(self.user)
        places = list(visible.filter(pk__in=clinic_ids) if clinic_ids else visible.active())
        if len(places) < len(clinic_ids):
            raise NotFound(fields={"clinic": UNSEEN})
        if not places:
            self._check_type(type_id)
        return places

    def _check_type(self, type_id: int) -> None:
        self._check("appointment_type", AppointmentType.objects.visible_to(self.user), [type_id])

    def _check(self, field: str, visible: QuerySet[Any], ids: Collection[int]) -> None:
        """Raise NotFound unless the caller may see every row."""
        if visible.filter(pk__in=ids).count() != len(ids):
            raise NotFound(fields={field: UNSEEN})
