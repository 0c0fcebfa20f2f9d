"""The day board: a clinic's day by doctor, by room or as a list, kept fresh by entity tags."""

from __future__ import annotations

from calendar import day_name
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.views.decorators.http import require_safe

from carebridge.accounts.models import User
from carebridge.http import fragment_tag, tagged, unchanged
from scheduling.models import Clinic
from scheduling.queries.board import VIEWS, Board, board_day
from scheduling.queries.held import held_version
from scheduling.queries.panel import Attention
from scheduling.queries.scope import Viewer
from scheduling.queries.versions import clinics_with_version, minute_of
from scheduling.views.steps import offered_steps

CLINIC_KEY = "clinic"
"""Where the session remembers the clinic that was looked at last."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the address asks for: a clinic, one of its local days, a way of looking at it."""

    viewer: Viewer
    day: date
    by: str
    version: str

    @property
    def clinic(self) -> Clinic:
        return self.viewer.clinic

    def address(self, **other: object) -> str:
        """The board's address here, or with another clinic, day or view."""
        chosen = {"clinic": self.clinic.pk, "day": self.day, "by": self.by} | other
        return reverse("scheduling:board") + "?" + "&".join(f"{key}={value}" for key, value in chosen.items())

    def tag(self, now: datetime) -> str:
        """Changes whenever the live part would look different to this person."""
        minute = minute_of(now, self.day, self.clinic)
        held = held_version(self.clinic, self.day)
        return fragment_tag(self.viewer.fingerprint, self.clinic.pk, self.day, self.by, self.version, held, minute)


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The board as a page; for htmx its live part, or 304 when nothing on it changed."""
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    if request.htmx:  # type: ignore[attr-defined]
        return live_part(request, place_of(request, clinic_named(user, request.GET.get("clinic", "")), now), now)
    clinics = board_clinics(user)
    if not clinics and request.GET.get("clinic"):
        raise Http404
    if not clinics:
        return render(request, "scheduling/board_none.html", {"nav": "board"})
    place = place_of(request, chosen_clinic(request, clinics), now)
    return board_page(request, place, clinics, now, misread=bool(request.GET.get("day")) and asked_day(request) is None)


def live_part(request: HttpRequest, place: Place, now: datetime) -> HttpResponse:
    """Columns or list, with the figures around them, if they differ from what the caller has."""
    tag = place.tag(now)
    if (same := unchanged(request, tag)) is not None:
        return same
    drawn = board_day(place.viewer, place.day, place.by, now=now)
    context = {**live_context(request, place, drawn, now), "live_tag": tag, "refreshing": True}
    with timezone.override(place.clinic.zone):
        response = tagged(render(request, "scheduling/board.html#live", context), tag)
    patch_vary_headers(response, ["HX-Request"])
    return response


def board_page(
    request: HttpRequest, place: Place, clinics: list[Clinic], now: datetime, *, misread: bool = False, **more: Any
) -> HttpResponse:
    """The whole page, perhaps with an appointment open beside the board."""
    drawn = board_day(place.viewer, place.day, place.by, now=now)
    context = {**live_context(request, place, drawn, now), **page_context(place, clinics, now)}
    context |= {"misread": misread, **more}
    context.setdefault("lit", request.GET.get("flash", ""))
    status = 422 if misread else 200
    with timezone.override(place.clinic.zone):
        response = render(request, "scheduling/board.html", context, status=more.get("status", status))
    add_never_cache_headers(response)
    return response


def live_context(request: HttpRequest, place: Place, drawn: Board, now: datetime) -> dict[str, Any]:
    """What the live part shows, addresses included."""
    user: User = request.user  # type: ignore[assignment]
    today = now.astimezone(place.clinic.zone).date()
    panel = drawn.panel
    return {
        "place": place,
        "board": drawn,
        "today": today,
        "month": {
            "letters": [(name[0], name) for name in day_name],
            "weeks": [[day and (day, place.address(day=day.day)) for day in week] for week in panel.weeks],
            "previous": place.address(day=panel.previous),
            "following": place.address(day=panel.following),
        },
        "attention": [(line, attention_url(line, place)) for line in panel.attention],
        "list_rows": [(card, next(iter(offered_steps(card.appointment, user, now)), None)) for card in drawn.rows]
        if place.by == "list"
        else [],
    }


def attention_url(line: Attention, place: Place) -> str:
    """The appointment to begin with, or the list of the day to look at."""
    if line.reference:
        return reverse("scheduling:appointment", args=[line.reference])
    return place.address(day=line.day, by="list")


def page_context(place: Place, clinics: list[Clinic], now: datetime) -> dict[str, Any]:
    """What the page shows around the live part."""
    today = now.astimezone(place.clinic.zone).date()
    near = {"today": today, "previous": place.day - timedelta(days=1), "following": place.day + timedelta(days=1)}
    return {
        "nav": "board",
        "live_tag": place.tag(now),
        "near": near | {f"{name}_url": place.address(day=day) for name, day in near.items()},
        "clinic": place.clinic,
        "clinic_zone": place.clinic.time_zone,
        "clinic_links": [(clinic, place.address(clinic=clinic.pk)) for clinic in clinics],
        "view_links": [(key, label, place.address(by=key)) for key, label in VIEWS.items()],
        "ws_url": f"/ws/schedule/{place.clinic.pk}/",
        "printed_at": now,
    }


def board_clinics(user: User) -> list[Clinic]:
    """Clinics with a board for this user, in their usual order."""
    clinics = Clinic.objects.visible_to(user).active()
    return [clinic for clinic in clinics if Viewer(user, clinic).may_open]


def chosen_clinic(request: HttpRequest, clinics: list[Clinic]) -> Clinic:
    """The clinic of the address, else the one looked at last, else the first. Raises Http404 for an unseen one."""
    asked = request.GET.get("clinic", "")
    wanted = asked or str(request.session.get(CLINIC_KEY, ""))
    found = next((clinic for clinic in clinics if str(clinic.pk) == wanted), None)
    if asked and found is None:
        raise Http404
    found = found or clinics[0]
    if asked and request.session.get(CLINIC_KEY) != found.pk:
        request.session[CLINIC_KEY] = found.pk
    return found


def clinic_named(user: User, asked: str) -> Clinic | int:
    """The id of the clinic an htmx request asks for; whether it may be seen is decided when it is loaded."""
    if not asked.isdecimal() or len(asked) > 18:
        raise Http404
    return int(asked)


def place_of(request: HttpRequest, clinic: Clinic | int, now: datetime) -> Place:
    """Load what the address asks for, with its version, in one statement. Raises Http404 for what is not visible."""
    user: User = request.user  # type: ignore[assignment]
    day = asked_day(request)
    if day is None:
        if isinstance(clinic, int):
            raise Http404
        day = now.astimezone(clinic.zone).date()
    return place_at(user, clinic if isinstance(clinic, int) else clinic.pk, day, request.GET.get("by", ""))


def place_at(user: User, clinic_id: int, day: date, by: str = "") -> Place:
    """A clinic's day with its version. Raises Http404 when the user has no board there."""
    clinic = clinics_with_version(user, day).filter(pk=clinic_id).first()
    if clinic is None or not Viewer(user, clinic).may_open:
        raise Http404
    version = clinic.version  # type: ignore[attr-defined]
    return Place(Viewer(user, clinic), day, by if by in VIEWS else "doctor", version)


def asked_day(request: HttpRequest) -> date | None:
    """The day of the address, None when there is none or it is no date of the calendar."""
    try:
        asked = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None
    return asked if 2000 <= asked.year <= 2100 else None
