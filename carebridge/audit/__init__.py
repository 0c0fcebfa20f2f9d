"""Accountability: who did, saw or tried what. Set up once here, used by every app."""

from __future__ import annotations

from typing import Any


def mask_all(value: Any) -> str:
    """What the trail shows instead of a personal value: that it changed, never what it was."""
    return "•••"


def request_id() -> str:
    """The id of the request being served, so that its rows can be found together; a job or command has one too."""
    from structlog.contextvars import get_contextvars

    from carebridge.audit.origin import outside

    return get_contextvars().get("request_id") or outside().run
