"""Signing in and out over REST: a password for a token that expires."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from carebridge.accounts import factors, lockout
from carebridge.accounts.models import User
from carebridge.accounts.tokens import ApiToken
from carebridge.errors import DomainError
from carebridge.http import PROBLEM_JSON, ProblemSerializer

TOKENS_PER_USER = 500
"""One sign-in may serve many machines; beyond this the oldest token ends, so that a leak can't grow for ever."""


class WrongCredentials(DomainError):
    """The name or the password is wrong, or the account is closed: the answer doesn't say which."""

    code = "wrong_credentials"
    status = 401
    message = "The user name or the password is wrong."


class LockedOut(DomainError):
    """Too many failed attempts; the right password waits as well."""

    code = "locked_out"
    status = 429
    message = "Too many attempts failed. Wait a quarter of an hour, or ask an administrator to unlock the account."


class CodeNeeded(DomainError):
    """The password is right; the account has a second factor, and its code is missing."""

    code = "code_needed"
    status = 401
    message = "Send the code of the second factor, or a recovery code, as otp."


class FactorMissing(DomainError):
    """The password is right; nobody gets a token with that alone."""

    code = "second_factor_missing"
    status = 403
    message = "Sign in on the site first and set up a second factor."


class CredentialsSerializer(serializers.Serializer):
    """What somebody signs in with."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=256, trim_whitespace=False, style={"input_type": "password"})
    otp = serializers.CharField(
        max_length=16, required=False, allow_blank=True, help_text="Code of the second factor, for accounts with one"
    )


class TokenSerializer(serializers.Serializer):
    """Send it as `Authorization: Token …` until it expires."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField()


def _refusals(*statuses: int) -> dict[Any, Any]:
    return {(status, PROBLEM_JSON): ProblemSerializer for status in statuses}


class LoginView(APIView):
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    @extend_schema(
        operation_id="login",
        summary="Sign in",
        request=CredentialsSerializer,
        responses={200: TokenSerializer, **_refusals(400, 401, 403, 422, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """A token for user name, password and, for accounts with a second factor, its code.

        Ten failed attempts lock the account for a quarter of an hour.
        """
        asked = CredentialsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = _authenticated(request, **asked.validated_data)
        with transaction.atomic():  # no token without its row in the trail
            _end_surplus(user)
            record, token = ApiToken.objects.issue(user=user)
            # Notes the sign-in on the user and in the trail, and forgets the failed attempts before it.
            user_logged_in.send(sender=User, request=request._request, user=user)
        return Response({"token": token, "expiry": record.expires_at.isoformat()})


class LogoutView(APIView):
    permission_classes: list[Any] = [IsAuthenticated]  # whatever a token's scopes: it may always end itself

    @extend_schema(
        operation_id="logout", summary="Sign out", request=None, responses={204: None, **_refusals(401, 429)}
    )
    def post(self, request: Request) -> Response:
        """End the token that this request carries."""
        if isinstance(request.auth, ApiToken):
            with transaction.atomic():
                request.auth.delete()
                user_logged_out.send(sender=User, request=request._request, user=request.user)
        return Response(status=204)


def _authenticated(request: Request, *, username: str, password: str, otp: str = "") -> User:
    """The user of these credentials. Raises WrongCredentials, CodeNeeded, FactorMissing or LockedOut."""
    http = request._request
    user = lockout.check_password(http, username=username, password=password)
    if isinstance(user, User):
        _check_factor(http, user, otp)
    if lockout.locked_out(http):
        # Its middleware would answer with a page; here a program is waiting for a problem document.
        http.axes_locked_out = False  # type: ignore[attr-defined]
        raise LockedOut
    if not isinstance(user, User):
        raise WrongCredentials
    return user


def _check_factor(http: HttpRequest, user: User, otp: str) -> None:
    if not factors.has_factor(user):
        if factors.needs_factor(user):
            raise FactorMissing
        return
    if not otp:
        raise CodeNeeded
    if factors.accept_code(user, otp) is None:
        lockout.count_failure(http, user.username)
        if not lockout.locked_out(http):
            raise WrongCredentials


def _end_surplus(user: User) -> None:
    signed_in = ApiToken.objects.filter(user=user, name="").order_by("-created_at")
    surplus = signed_in.values_list("pk", flat=True)[TOKENS_PER_USER - 1 :]
    ApiToken.objects.filter(pk__in=list(surplus)).delete()
