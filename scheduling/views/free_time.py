"""A free time of the board: what can be made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from carebridge.accounts.models import User
from carebridge.http import StaffRequest
from scheduling.models import Clinic, Doctor
from scheduling.permissions import clinic_ids_with
from scheduling.queries.free_time import FreeTime
from scheduling.roles import Permission
from scheduling.views.board import board_clinics, board_page, place_at


@dataclass(frozen=True)
class Use:
    """Something that can be made of a free time: an icon, words, and where it goes on."""

    icon: str
    words: str
    url: str


Uses = Callable[[User, FreeTime], list[Use]]
_of_apps_above: list[Uses] = []


def offer_uses(uses: Uses) -> None:
    """Let an app above make something of a free time; called once, when that app is ready."""
    _of_apps_above.append(uses)


def read_free_time(request: StaffRequest, permission: Permission) -> tuple[FreeTime, Clinic, Doctor]:
    """The time that the address names, where the user has the permission. Raises Http404 for any other."""
    free = FreeTime.of(request.GET.dict())
    if free is None or free.clinic_id not in clinic_ids_with(request.user, permission):
        raise Http404
    clinic = Clinic.objects.visible_to(request.user).filter(pk=free.clinic_id).first()
    doctor = Doctor.objects.visible_to(request.user).filter(pk=free.doctor_id, places__clinic=free.clinic_id).first()
    if clinic is None or doctor is None:
        raise Http404
    return free, clinic, doctor


@login_required
@require_safe
def free_time(request: StaffRequest) -> HttpResponse:
    """The drawer about it; as a page of its own, the board of that day with the drawer open."""
    free, clinic, doctor = read_free_time(request, Permission.BOOK)
    day = free.starts_at.astimezone(clinic.zone).date()
    wanted = {"clinic": clinic.pk, "doctor": doctor.pk, "from": day, "to": day}
    context: dict[str, Any] = {
        "free": free,
        "clinic": clinic,
        "doctor": doctor,
        "find_url": f"{reverse('scheduling:find')}?{urlencode(wanted)}",
        "uses": [use for uses in _of_apps_above for use in uses(request.user, free)],
    }
    if request.htmx:  # type: ignore[attr-defined]
        with timezone.override(clinic.zone):
            return render(request, "scheduling/free_time.html", context)
    return board_page(
        request, place_at(request.user, clinic.pk, day), board_clinics(request.user), timezone.now(), **context
    )
