"""How many requests a minute: of one token, of one address, and of addresses that try tokens.

Counted in Redis, which adds up exactly however many processes answer. Without Redis nothing is limited here; the
lockout after failed sign-ins (`lockout.py`) counts in the database.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from carebridge.accounts.tokens import ApiToken, PatientToken

MINUTE = 60


class PerMinute(BaseThrottle):
    """So many requests in each minute of the clock."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; whether it is still within the limit of whoever it counts for."""
        if not settings.RATE_LIMITS:
            return True
        counted = self.counted(request)
        return counted is None or within(*counted)

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return _seconds_left()

    def counted(self, request: Request) -> tuple[str, str] | None:
        """Which limit counts, and for whom; None when this one doesn't concern the request."""
        raise NotImplementedError


class TokenThrottle(PerMinute):
    """Per token, and per user for those who are signed in to the site."""

    def counted(self, request: Request) -> tuple[str, str] | None:
        """A patient's token has a limit of its own."""
        if isinstance(request.auth, PatientToken):
            return "patient", str(request.auth.pk)
        if isinstance(request.auth, ApiToken):
            return "token", str(request.auth.pk)
        return ("token", str(request.user.pk)) if request.user and request.user.is_authenticated else None


class AddressThrottle(PerMinute):
    """Per address; far fewer for those who show no token."""

    def counted(self, request: Request) -> tuple[str, str] | None:
        """Everybody comes from somewhere."""
        known = request.user and request.user.is_authenticated
        return "address" if known else "stranger", address_of(request)


def slow_down_guessing(request: Request, whom: str = "") -> None:
    """Count a token that opened nothing, or what else `whom` guessed wrong. Raises Throttled for who keeps trying.

    Tokens that are right go on working from the same address: others may share it.
    """
    if not within("stranger", f"guess-{whom or address_of(request)}"):
        raise Throttled(wait=_seconds_left())


def refuse_guesser(whom: str) -> None:
    """Raises Throttled for who has guessed wrong too often this minute: then not even the right guess is answered."""
    if settings.RATE_LIMITS and cache.get(_counter("stranger", f"guess-{whom}"), 0) >= settings.API_RATES["stranger"]:
        raise Throttled(wait=_seconds_left())


def address_of(request: Request | HttpRequest) -> str:
    """Where a request comes from. Of an IPv6 address the half that its network can't change at will."""
    told = BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]  # it reads META only
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return told
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if address.version == 6 else str(address)


def within(limit: str, whom: str, *, seconds: int = MINUTE) -> bool:
    """Count one more for somebody; whether it is within `API_RATES[limit]` for each such stretch of the clock."""
    if not settings.RATE_LIMITS:
        return True
    spent: int = cache.count(_counter(limit, whom, seconds), seconds + 5)  # type: ignore[attr-defined]
    return spent <= settings.API_RATES[limit]


def _counter(limit: str, whom: str, seconds: int = MINUTE) -> str:
    return f"rate:{limit}:{whom}:{int(time.time()) // seconds}"


def _seconds_left() -> float:
    return MINUTE - time.time() % MINUTE
