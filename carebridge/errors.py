"""The one way the domain says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """A refusal: a stable `code` for programs and a sentence that the person in front of it can act on.

    `fields` names the inputs at fault (field → sentence); `detail` carries facts a screen or client may show,
    such as the nearest free times. `status` is the HTTP status every door answers with.
    """

    code = "refused"
    status = 422
    message = "This can't be done."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        fields: Mapping[str, str] | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code or self.code
        self.message = message or self.message
        self.fields = dict(fields or {})
        self.detail = dict(detail or {})
        super().__init__(self.message)


class NotFound(DomainError):
    """The thing does not exist for this caller: unseen and unknown are the same answer."""

    code = "not_found"
    status = 404
    message = "We couldn't find that. It may have been removed, or belong to a clinic you don't work for."


class NotAllowed(DomainError):
    """The caller may see the thing but not do this to it."""

    code = "not_allowed"
    status = 403
    message = "Your role doesn't allow this. Ask a clinic administrator."


class Conflict(DomainError):
    """Somebody else was first; trying again with fresh facts may work."""

    code = "conflict"
    status = 409
    message = "Someone else changed this a moment ago. Nothing was saved: look again and retry."


class InvalidInput(DomainError):
    """A value can't be understood or is outside its limits."""

    code = "invalid"
    message = "Some values need another look."
