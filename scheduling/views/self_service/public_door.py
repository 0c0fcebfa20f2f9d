"""The public pages' door: anybody comes in, in their language; too many at once from one address wait.

Unlike a patient's link, the address is no secret here, so Django's own check of where a form comes from applies.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from carebridge.accounts.throttles import address_of, within
from carebridge.errors import DomainError
from carebridge.guard import MAY_ASK_WHERE
from scheduling.errors import TooManyBookings
from scheduling.languages import LANGUAGES, Language
from scheduling.page_texts import texts_of
from scheduling.views.self_service.door import LANGUAGE_COOKIE, NAMES, YEAR_SECONDS, language_of, set_cookie
from scheduling.views.self_service.words import sentence

BROWSER_COOKIE = "patient_browser"
PREFIX, LONGEST_OWNER = "web-", 60
HOUR, QUARTER = 60 * 60, 15 * 60


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever looks: reading which language, at what time. `owner` is whose holds are theirs."""

    language: Language
    owner: str
    now: datetime


def public_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Serve a view, which gets a Guest, to anybody. A refusal becomes a page with its sentence."""

    @wraps(view)
    def run(request: HttpRequest, **named: Any) -> HttpResponse:
        owner = _owner_in(request) or f"{PREFIX}{secrets.token_urlsafe(16)}"
        guest = Guest(language_of(request, None), owner, timezone.now())
        with translation.override(guest.language.code):
            try:
                if request.method == "POST" and not within("public", address_of(request), seconds=QUARTER):
                    raise TooManyBookings
                response = view(request, guest, **named)
            except DomainError as error:
                response = public_refused(request, guest, error)
        if request.method == "POST":
            set_cookie(response, BROWSER_COOKIE, owner, HOUR)
        response["Permissions-Policy"] = MAY_ASK_WHERE
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        return response

    return run


def _owner_in(request: HttpRequest) -> str:
    """Whose holds the browser says are its own: never those of somebody who came by a link, or of a colleague."""
    told = request.COOKIES.get(BROWSER_COOKIE, "")
    return told if told.startswith(PREFIX) and len(told) < LONGEST_OWNER else ""


def show(
    request: HttpRequest, guest: Guest, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """A page of `templates/scheduling/self_service/` in the guest's language."""
    clinic = context.get("clinic")
    own = texts_of(clinic, guest.language.code) if clinic else {}
    about = {"guest": guest, "language": guest.language, "languages": NAMES, "own": own}
    return render(request, f"scheduling/self_service/{template}.html", {**about, **context}, status=status)


def public_refused(request: HttpRequest, guest: Guest, error: DomainError, back: str = "") -> HttpResponse:
    """A page that says calmly why something isn't possible, and where to begin anew."""
    context = {"sentence": sentence(error), "back": back or reverse("scheduling:public")}
    return show(request, guest, "public_refused", context, status=error.status)


@require_POST
def choose_public_language(request: HttpRequest) -> HttpResponse:
    """Read on in another language, on this device from now on."""
    back = request.POST.get("next", "")
    safe = back.startswith("/p/book/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = HttpResponseRedirect(back if safe else reverse("scheduling:public"))
    if (code := request.POST.get("language", "")) in LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, code, YEAR_SECONDS)
    return response
