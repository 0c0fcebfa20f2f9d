"""Whether a call really comes from Twilio: checked on its own words, before anything else is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter
from twilio.request_validator import RequestValidator

LARGEST = 20_000
"""Bytes. The longest message has 1,600 characters; a call around it has a few hundred more."""
CALLS = Counter("carebridge_callbacks_total", "Calls of message providers.", ["provider", "kind", "outcome"])

View = Callable[..., HttpResponse]


def signed_by_twilio(kind: str) -> Callable[[View], View]:
    """Let only POSTs through that Twilio signed for this address: others get 403, or 413 if too large to be one."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @require_POST
        @wraps(view)
        def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
                CALLS.labels("twilio", kind, "too_large").inc()
                return HttpResponse(status=413)
            if not is_signed(request):
                CALLS.labels("twilio", kind, "forged").inc()
                return HttpResponse(status=403)
            return view(request, *args, **kwargs)

        return check

    return decorate


def is_signed(request: HttpRequest) -> bool:
    """Whether the signature fits our public address, whatever Host the request names, and everything it says.

    Without a token nothing can be checked, so nothing is believed.
    """
    signature = request.headers.get("X-Twilio-Signature", "")
    if not settings.TWILIO_AUTH_TOKEN or not signature.isascii():
        return False
    address = settings.PUBLIC_BASE_URL.rstrip("/") + request.get_full_path()
    try:
        return bool(RequestValidator(settings.TWILIO_AUTH_TOKEN).validate(address, request.POST, signature))
    except ValueError:
        return False  # an address that can't be parsed
