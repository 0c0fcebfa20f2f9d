"""Public booking inside a clinic's own site: what can be had and when. It goes on in a tab of its own.

Browsers keep cookies from pages that another site shows, and people should see where they type their details. So what
is framed asks for nothing, sets no cookie and has no form to send: a picked time leads to our own page.
"""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from scheduling.models import Clinic, OnlineBooking
from scheduling.views.self_service.public import offer_times, services
from scheduling.views.self_service.public_choice import read_choice
from scheduling.views.self_service.public_door import Guest, framed_page, show


@require_safe
@framed_page
def framed(request: HttpRequest, guest: Guest, clinic: Clinic) -> HttpResponse:
    """The visits that one clinic offers; of one, its free times, or whom to call."""
    if "type" not in request.GET:
        return services(request, guest, clinic)
    choice = read_choice(request, clinic)
    if set(choice.leads_to.values()) == {OnlineBooking.Mode.SEE}:
        return show(request, guest, "public_call", {"choice": choice, "clinic": clinic})
    return offer_times(request, guest, choice, clinic)


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """What a clinic's site loads to show the frame. Its address never changes, unlike that of our own files."""
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(_script(), content_type="text/javascript; charset=utf-8", headers=headers)


@cache
def _script() -> bytes:
    return (settings.BASE_DIR / "static" / "js" / "embed.js").read_bytes()
