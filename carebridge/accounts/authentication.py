"""Who a request is from, by the token it carries: staff and service accounts, or one patient. Never either.

Tokens are looked up with every request and cached nowhere, so a revoked one is refused by the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from auditlog.context import auditlog_value
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from carebridge.accounts.models import User
from carebridge.accounts.scopes import scope_of
from carebridge.accounts.throttles import slow_down_guessing
from carebridge.accounts.tokens import ApiToken, PatientToken, Scope, digest_of

KEYWORD = "Token"
REFUSED = "This token is unknown, has ended or is not for this address."


@dataclass(frozen=True, slots=True)
class PatientPrincipal:
    """One patient, through a portal. Not a user: holds no role, and whatever expects a user fails with it."""

    patient_id: UUID
    portal: User
    """The service account that vouches, with no more of its rights than a patient needs."""
    token_id: UUID
    is_authenticated = True


class HeaderToken(BaseAuthentication):
    """Reads `Authorization: Token …`; what it opens is said by `principal`."""

    def authenticate(self, request: Request) -> Any:
        """The (principal, token) pair, or None when the request carries no token.

        Raises AuthenticationFailed, or Throttled for an address that goes on guessing.
        """
        keyword, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        found = self.principal(secret.strip())
        if found is None:
            slow_down_guessing(request)
            raise AuthenticationFailed(REFUSED)
        return found

    def authenticate_header(self, request: Request) -> str:
        """What to send instead of nothing."""
        return KEYWORD

    def principal(self, secret: str) -> tuple[Any, Any] | None:
        """Who holds the token, and its row; None for one that opens nothing here."""
        raise NotImplementedError


class AuditedTokenAuthentication(HeaderToken):
    """The token of a person or a service account. The user that is answered carries the token's limits.

    The audit middleware runs before REST authentication and would otherwise record nobody.
    """

    def principal(self, secret: str) -> tuple[User, ApiToken] | None:
        """The user and the token's row."""
        token = ApiToken.objects.alive().select_related("user").filter(digest=digest_of(secret)).first()
        if token is None or not token.user.is_active:
            return None
        token.note_use(timezone.now())
        if token.clinic_ids is not None:
            token.user.only_clinics = frozenset(token.clinic_ids)
        _tell_the_trail(token.user, token=str(token.pk))
        return token.user, token


class PatientTokenAuthentication(HeaderToken):
    """The token of one patient. Only addresses made for patients accept it, and they accept no other."""

    def principal(self, secret: str) -> tuple[PatientPrincipal, PatientToken] | None:
        """The patient and the token's row."""
        rows = PatientToken.objects.alive().select_related("issued_with__user")
        token = rows.filter(digest=digest_of(secret)).first()
        if token is None or not _still_vouches(token.issued_with):
            return None
        portal = token.issued_with.user
        portal.only_clinics = frozenset(token.clinic_ids).intersection(token.issued_with.clinic_ids or token.clinic_ids)
        portal.acts_for_patient = True
        # Whatever is recorded from here on was done by the patient: the portal only carried it.
        _tell_the_trail(portal, role="patient", token=str(token.issued_with_id), patient_token=str(token.pk))
        return PatientPrincipal(token.patient_id, portal, token.pk), token


def _still_vouches(token: ApiToken) -> bool:
    return token.user.is_active and token.user.is_service and Scope.PATIENTS_EXCHANGE in (token.scopes or ())


def _tell_the_trail(actor: User, *, role: str = "", **facts: str) -> None:
    context = auditlog_value.get(None)
    if context is not None:
        context.update(actor=actor, facts=facts, role=role)


class AuditedTokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI schema describes the token header, and the scope that each operation needs."""

    target_class = AuditedTokenAuthentication
    name = "token"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """The scheme with the scope of the operation."""
        needed = scope_of(auto_schema.view, auto_schema.method)
        return {"token": [needed.value] if needed else []}

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The security scheme object of the schema."""
        scopes = "; ".join(f"`{scope.value}`: {scope.label.lower()}" for scope in Scope)
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`Token …`. A token made by signing in has every scope but the last. {scopes}.",
        }


class PatientTokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI schema describes a patient's token."""

    target_class = PatientTokenAuthentication
    name = "patientToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The security scheme object of the schema."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, exchanged for one verified patient at `auth/patient-token/`; lasts 15 minutes.",
        }
