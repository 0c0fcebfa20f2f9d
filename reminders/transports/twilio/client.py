"""Twilio's client over a connection of ours: it logs no numbers, gives up in time and can be pointed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

TIMEOUT_SECONDS = (5, 10)
"""To connect, and to be answered."""
CONNECTIONS = 64
API = "https://api.twilio.com"

_key: ContextVar[str] = ContextVar("idempotency_key", default="")


class PointedClient(HttpClient):
    """Sends what Twilio's client asks to another address, if one is given, with the message's key in a header.

    Twilio ignores the header; something in between, or another provider that speaks the same language, may honour it.
    Twilio's own HTTP client logs each request with its number.
    """

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.session = requests.Session()
        adapter = HTTPAdapter(pool_maxsize=CONNECTIONS)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make the request. Raises requests.RequestException when there is no answer."""
        if self.base:
            uri = uri.replace(API, self.base, 1)
        if _key.get():
            headers = {**(headers or {}), "Idempotency-Key": _key.get()}
        given: dict[str, Any] = {"params": params, "data": data, "headers": headers, "auth": auth}
        answer = self.session.request(method, uri, timeout=TIMEOUT_SECONDS, allow_redirects=allow_redirects, **given)
        return Response(answer.status_code, answer.text, answer.headers)


def make_client(account: str, token: str, base: str) -> Client:
    """A client of the account; `base` is empty for Twilio itself."""
    return Client(account, token, http_client=PointedClient(base))


@contextmanager
def named(key: str) -> Iterator[None]:
    """Requests of the block carry the message's key."""
    before = _key.set(key)
    try:
        yield
    finally:
        _key.reset(before)


def reached_them(error: requests.RequestException) -> bool:
    """Whether a request without an answer may have arrived all the same: not if there was never a connection."""
    if isinstance(error, requests.ConnectTimeout):
        return False
    cause = error.args[0] if error.args else None
    return not isinstance(getattr(cause, "reason", None), NewConnectionError)
