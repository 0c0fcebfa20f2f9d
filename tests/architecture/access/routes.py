"""Every route there is, from the URL resolver and the websocket router themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver, resolve

from carebridge.routing import websocket_urlpatterns


def http_routes() -> set[str]:
    """The routes of the whole site, as the resolver writes them."""
    return set(_walk(get_resolver().url_patterns))


def socket_routes() -> set[str]:
    return set(_walk(websocket_urlpatterns))


def route_of(path: str) -> str:
    """The route that serves an address."""
    return resolve(f"/{path.partition('?')[0]}").route


def socket_route_of(path: str) -> str | None:
    return next((str(each.pattern) for each in websocket_urlpatterns if each.pattern.match(path)), None)


def _walk(patterns: Any, before: str = "") -> Iterator[str]:
    for each in patterns:
        route = before + (str(each.pattern).removeprefix("^") if before else str(each.pattern))
        if isinstance(each, URLPattern):
            yield route
        else:
            yield from _walk(each.url_patterns, route)
