"""What a search asks for: the finder's form as posted or linked, whom it is for, and what is being moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.http import StaffRequest
from scheduling.models import Appointment, AppointmentType, Clinic, Patient
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.views.find_form import DEFAULT_HORIZON, PARTS, FindForm
from scheduling.views.reach import reachable_patients, visible_appointment

LINKABLE = ("service", "type", "doctor", "clinic", "from", "to", "part", "step_free", "sort", "move")
"""What a link may carry: nothing that says who."""


@dataclass(frozen=True, slots=True)
class Question:
    """A search as somebody asks it now."""

    form: FindForm
    patient: Patient | None
    moving: Appointment | None
    now: datetime


def question_of(request: StaffRequest) -> Question:
    """Read the search from the request. Raises PermissionDenied for somebody who may book nowhere."""
    clinics, now = bookable_clinics(request.user), timezone.now()
    moving = visible_appointment(request.user, given(request).get("move", ""))
    today = now.astimezone(clinics[0].zone).date()
    data = _search_data(request, moving, clinics, today)
    form = FindForm(data, user=request.user, clinics=clinics, today=today)
    return Question(form, moving.patient if moving else _patient(request, form), moving, now)


def bookable_clinics(user: User) -> list[Clinic]:
    """Clinics the user may book at, in their usual order. Raises PermissionDenied when there is none."""
    ids = clinic_ids_with(user, Permission.BOOK)
    clinics = list(Clinic.objects.visible_to(user).active().filter(pk__in=ids))
    if not clinics:
        raise PermissionDenied
    return clinics


def given(request: StaffRequest) -> QueryDict:
    """What came with the request, by either method."""
    return request.POST if request.method == "POST" else request.GET


def _start_with_everything(data: QueryDict, clinics: Sequence[Clinic], today: date) -> None:
    """What a link leaves open: every clinic, every part of the day, the next weeks."""
    if not data.getlist("clinic"):
        data.setlist("clinic", [str(clinic.pk) for clinic in clinics])
    if not data.getlist("part"):
        data.setlist("part", list(PARTS))
    data["from"] = data.get("from") or today.isoformat()
    if not data.get("to"):
        data["to"] = (max(today, _day(str(data["from"]), today)) + DEFAULT_HORIZON).isoformat()


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _search_data(
    request: StaffRequest, moving: Appointment | None, clinics: Sequence[Clinic], today: date
) -> QueryDict:
    """The search as posted or linked; a link's search starts with every part of the day and, when moving, the type."""
    sent = given(request)
    data = sent.copy()
    if request.method != "POST" or "from" not in sent:
        data = QueryDict(mutable=True)
        for name in sent.keys() & set(LINKABLE):
            data.setlist(name, sent.getlist(name))
        data["patient"] = sent.get("patient", "") if request.method == "POST" else ""
        _start_with_everything(data, clinics, today)
    chosen_type = moving.appointment_type_id if moving else data.get("type")
    if moving:
        data["type"] = str(chosen_type)
        data["service"] = str(moving.appointment_type.service_id)
        if request.method != "POST":
            data.setdefault("doctor", str(moving.doctor_id))
            data["doctor"] = str(data["doctor"] or moving.doctor_id)
    elif not data.get("service") and str(chosen_type or "").isdecimal():
        found = AppointmentType.objects.visible_to(request.user).filter(pk=chosen_type).first()
        data["service"] = str(found.service_id) if found else ""
    return data


def _patient(request: StaffRequest, form: FindForm) -> Patient | None:
    form.is_valid()
    wanted = form.cleaned_data.get("patient")
    return reachable_patients(request).filter(pk=wanted).first() if wanted else None
