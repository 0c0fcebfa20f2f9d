"""What every answer tells the browser and every cache on the way, and how large a request may be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from carebridge.http import plain_problem

SWITCHED_OFF = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb", "serial", "midi", "hid")
PERMISSIONS_POLICY = ", ".join(
    [
        *(f"{name}=()" for name in SWITCHED_OFF),
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
    ]
)
"""Passkeys are all that a page of ours asks of the device."""
MAY_ASK_WHERE = PERMISSIONS_POLICY.replace("geolocation=()", "geolocation=(self)")
"""For the public pages, which put clinics in order by how near they are, in the browser alone."""
SORRY = "Something went wrong here. Nothing was saved: try again in a moment."
TOO_LARGE = "This is larger than anything we ask for. Nothing was saved."


class GuardMiddleware:
    """Refuse large bodies unread, and keep pages out of caches, other sites' pages and the device's sensors."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request. Nearly every page shows a patient, so none but the static files may be kept anywhere."""
        response = too_large(request) if _length(request) > _most(request) else self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(settings.STATIC_URL):
            response["Cache-Control"] = "private, no-store"
        return response


def too_large(request: HttpRequest) -> HttpResponse:
    """413, as a page or for programs as a problem document."""
    if request.path.startswith("/api/"):
        return plain_problem(413, "too_large", TOO_LARGE)
    return HttpResponse(render_to_string("413.html"), status=413)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """500 without a word about what went wrong inside: that is in the log, under the request's id."""
    if request.path.startswith("/api/"):
        return plain_problem(500, "server_error", SORRY)
    return HttpResponse(render_to_string("500.html"), status=500)


def _most(request: HttpRequest) -> int:
    return max(settings.MAX_BODY_BYTES, settings.UPLOADED_BYTES.get(request.path, 0))


def _length(request: HttpRequest) -> int:
    # Django reads exactly as many bytes as the request announces, so what isn't announced is never read.
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return sys.maxsize
