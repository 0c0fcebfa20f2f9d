"""A hold's id towards clients carries its owner's token, so that only the client that held can book or release.

One sign-in may serve many clients at once (a portal), so the user alone doesn't say whose hold it is.
"""

from __future__ import annotations

import re
import secrets

_ID = re.compile(r"([0-9A-Za-z-]{1,40})\.([0-9A-Za-z_-]{8,40})")


def new_owner() -> str:
    """A fresh token that nobody can guess."""
    return f"api-{secrets.token_urlsafe(12)}"


def public_id(hold_id: str, owner: str) -> str:
    """The id that the client gets."""
    return f"{hold_id}.{owner}"


def split_id(public: str) -> tuple[str, str] | None:
    """Hold id and owner of a public id, or None when no hold was ever called so."""
    match = _ID.fullmatch(public)
    return (match[1], match[2]) if match else None


def owner_of(public: str) -> str:
    """The owner's token of a public id; what is no id owns nothing."""
    parts = split_id(public)
    return parts[1] if parts else ""
