"""API tokens: hashed at rest, expiring, and known to the audit trail."""

from __future__ import annotations

from typing import Any

from auditlog.context import auditlog_value
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.request import Request


class AuditedTokenAuthentication(TokenAuthentication):
    """Token authentication that names the caller in audit rows.

    The audit middleware runs before REST authentication and would otherwise record nobody.
    """

    def authenticate(self, request: Request) -> Any:
        """The (user, token) pair, or None when the request carries no token. Raises AuthenticationFailed."""
        result = super().authenticate(request)
        context = auditlog_value.get(None)
        if result and context is not None:
            context["actor"] = result[0]
        return result


class AuditedTokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI schema describes the token header."""

    target_class = AuditedTokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The security scheme object of the schema."""
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token …`"}
