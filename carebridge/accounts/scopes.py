"""The one place where a token's scopes are enforced: every REST view asks it, and one that names no scope is closed."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from carebridge.accounts.tokens import ApiToken, Scope
from carebridge.errors import NotAllowed


class ScopeMissing(NotAllowed):
    """The user may, but the token was made for less."""

    code = "insufficient_scope"
    message = "This token was not made for that. Ask for one with the scope that is missing."


def scope_of(view: Any, method: str | None) -> Scope | None:
    """The scope a view needs: its `read_scope`, or its `write_scope` for whatever is not a GET."""
    return getattr(view, "read_scope" if method in SAFE_METHODS else "write_scope", None)


class WithinScopes(BasePermission):
    """Sessions and tokens made by signing in may do all that their user may; other tokens what their scopes say."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raise ScopeMissing for a token without the view's scope; no token but a user's gets past here at all."""
        token = request.auth
        if token is None:
            return True
        if not isinstance(token, ApiToken):
            return False
        needed = scope_of(view, request.method)
        if token.scopes is None:
            return needed != Scope.PATIENTS_EXCHANGE
        if needed is None or needed not in token.scopes:
            raise ScopeMissing(detail={"scope": needed.value} if needed else None)
        return True
