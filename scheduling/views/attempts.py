"""Attempts to book, kept in the session. What owns a hold never reaches the page, which knows the attempt by name."""

from __future__ import annotations

import secrets

from carebridge.http import StaffRequest
from scheduling import holds
from scheduling.errors import HoldGone, HoldsUnavailable

REMEMBERED_ATTEMPTS = 8


def new_owner() -> str:
    """A secret nobody can guess."""
    return secrets.token_urlsafe(24)


def owner_of(request: StaffRequest, attempt: str) -> str:
    """The secret that owns an attempt's hold. It never leaves the session."""
    return _attempts(request).get(attempt, {}).get("owner", "")


def hold_id_of(request: StaffRequest, attempt: str) -> str:
    """The id of an attempt's hold, empty when it has none."""
    return _attempts(request).get(attempt, {}).get("hold", "")


def _attempts(request: StaffRequest) -> dict[str, dict[str, str]]:
    return request.session.get("booking_attempts", {})


def remember_attempt(request: StaffRequest, owner: str, hold_id: str) -> str:
    """Keep what owns a hold in the session, and return the name by which the page may speak of it."""
    name = secrets.token_urlsafe(9)
    kept = dict(list(_attempts(request).items())[-REMEMBERED_ATTEMPTS + 1 :])
    request.session["booking_attempts"] = {**kept, name: {"owner": owner, "hold": hold_id}}
    return name


def release(request: StaffRequest, attempt: str) -> None:
    """Give back what an attempt holds; when that is gone already, all the better."""
    hold_id, owner = hold_id_of(request, attempt), owner_of(request, attempt)
    if not hold_id:
        return
    try:
        holds.release_hold(hold_id, owner)
    except (HoldGone, HoldsUnavailable):
        pass
