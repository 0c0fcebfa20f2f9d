"""The public pages' door: anybody comes in, in their language; too many at once from one address wait.

Unlike a patient's link, the address is no secret here, so Django's own check of where a form comes from applies.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from carebridge.accounts.throttles import address_of, within
from carebridge.errors import DomainError
from carebridge.guard import MAY_ASK_WHERE
from scheduling.errors import TooManyBookings
from scheduling.languages import LANGUAGES, Language, language_in
from scheduling.models import Clinic, ReferrerLink
from scheduling.page_texts import texts_of
from scheduling.referrer_links import find_referrer_link, token_of
from scheduling.translations import speaking
from scheduling.views.self_service.door import (
    LANGUAGE_COOKIE,
    NAMES,
    YEAR_SECONDS,
    discreet,
    language_of,
    set_cookie,
)
from scheduling.views.self_service.words import sentence

BROWSER_COOKIE = "patient_browser"
PREFIX, LONGEST_OWNER = "web-", 60
HOUR, QUARTER = 60 * 60, 15 * 60


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever looks: reading which language, at what time. `owner` is whose holds are theirs.

    Inside a clinic's own site, `outside` is the address at which they go on in a tab of its own. `referrer` is the link
    by which a practice books for its patients.
    """

    language: Language
    owner: str
    now: datetime
    outside: str = ""
    referrer: ReferrerLink | None = None

    @property
    def token(self) -> str:
        """What stands in the address of a practice's pages."""
        return token_of(self.referrer) if self.referrer else ""

    @property
    def steps(self) -> int:
        """How many there are to a booking: nobody asks a practice for a code."""
        return 2 if self.referrer else 3


def public_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Serve a view, which gets a Guest, to anybody. A refusal becomes a page with its sentence."""

    @wraps(view)
    def run(request: HttpRequest, **named: Any) -> HttpResponse:
        told = request.GET.get("language", "")
        owner = _owner_in(request) or f"{PREFIX}{secrets.token_urlsafe(16)}"
        guest = Guest(_language(request, told), owner, timezone.now())
        response = _served(request, view, guest, named)
        if request.method == "POST":
            set_cookie(response, BROWSER_COOKIE, owner, HOUR)
            if told in LANGUAGES:  # the pages that follow have addresses of their own
                set_cookie(response, LANGUAGE_COOKIE, told, YEAR_SECONDS)
        response["Permissions-Policy"] = MAY_ASK_WHERE
        return response

    return run


def framed_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Serve a view, which gets a Guest and a clinic, inside pages of the sites that the clinic lists, and of no other.

    It has to do without cookies. The language is in the address, for want of one; else it is the browser's.
    """

    @wraps(view)
    def run(request: HttpRequest, code: str, language: str = "") -> HttpResponse:
        clinic = get_object_or_404(Clinic.objects.active().exclude(framed_by=[]), code=code)
        outside = reverse("scheduling:public-clinic", args=[code])
        guest = Guest(_language(request, language), "", timezone.now(), outside)
        allowed: Any = csp_replace({"frame-ancestors": clinic.framed_by})
        response: HttpResponse = allowed(xframe_options_exempt(_served))(request, view, guest, {"clinic": clinic})
        return response

    return run


def referrer_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Serve a view, which gets a Guest, to the practice that holds a referrer's link.

    The address is a secret, which no other site knows: as on a patient's page it takes the place of Django's check.
    """

    @csrf_exempt
    @wraps(view)
    def run(request: HttpRequest, token: str, **named: Any) -> HttpResponse:
        def let_in(request: HttpRequest, guest: Guest) -> HttpResponse:
            link = find_referrer_link(token, now=guest.now)
            return view(request, replace(guest, owner=f"refer-{link.pk.hex}", referrer=link), link, **named)

        guest = Guest(language_of(request, None), "", timezone.now())
        return discreet(_served(request, let_in, guest, {}))

    return run


def _language(request: HttpRequest, told: str) -> Language:
    """As the address says; else as chosen on this device; else as the browser says."""
    return language_in(told) if told in LANGUAGES else language_of(request, None)


def _served(
    request: HttpRequest, view: Callable[..., HttpResponse], guest: Guest, named: Mapping[str, Any]
) -> HttpResponse:
    with speaking(guest.language.code):
        try:
            if request.method == "POST" and not within("public", address_of(request), seconds=QUARTER):
                raise TooManyBookings
            response = view(request, guest, **named)
        except DomainError as error:
            response = public_refused(request, guest, error, clinic=named.get("clinic"))
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


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


def public_refused(
    request: HttpRequest, guest: Guest, error: DomainError, back: str = "", clinic: Clinic | None = None
) -> HttpResponse:
    """A page that says calmly why something isn't possible, and where to begin anew."""
    begin = request.path if guest.outside else reverse("scheduling:public")
    context = {"sentence": sentence(error), "back": back or begin, "clinic": clinic}
    return show(request, guest, "public_refused", context, status=error.status)


@require_POST
def choose_public_language(request: HttpRequest) -> HttpResponse:
    """Read on in another language, on this device from now on."""
    back = request.POST.get("next", "")
    safe = back.startswith("/p/book/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = HttpResponseRedirect(_without_language(back) if safe else reverse("scheduling:public"))
    if (code := request.POST.get("language", "")) in LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, code, YEAR_SECONDS)
    return response


def _without_language(address: str) -> str:
    """The same address, which no longer says a language."""
    path, _, query = address.partition("?")
    kept = QueryDict(query, mutable=True)
    kept.pop("language", None)
    return f"{path}?{kept.urlencode()}" if kept else path
