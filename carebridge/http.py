"""What every door shares over HTTP: the typed request, refusals as fragments or problem documents, entity tags."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags, quote_etag
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from carebridge.db import as_domain_error
from carebridge.errors import DomainError, InvalidInput, NotAllowed, NotFound

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from carebridge.accounts.models import User

PROBLEM_JSON = "application/problem+json"
_RESERVED = {"type", "title", "status", "code", "detail", "errors"}


class StaffRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


# --- Fragments -------------------------------------------------------------------------------------------------------


def refusal(
    request: HttpRequest, template: str, error: DomainError, context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """The fragment that shows why something was refused, with the refusal's own status.

    The template finds the DomainError as `error`: its `code`, `message`, `fields` (field → sentence) and `detail`.
    """
    return render(request, template, {**(context or {}), "error": error}, status=error.status)


def fragment_tag(*parts: object) -> str:
    """A weak entity tag of whatever decides how a fragment looks: versions, ids, the viewer, the day."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()
    return f'W/"{digest}"'


def unchanged(request: HttpRequest, tag: str) -> HttpResponse | None:
    """A 304 answer when the caller already has the version `tag` (If-None-Match), otherwise None."""
    if not matches(request.headers.get("If-None-Match", ""), tag):
        return None
    return tagged(HttpResponseNotModified(), tag)


def tagged(response: HttpResponse, tag: str) -> HttpResponse:
    """Put the entity tag on an answer, and have it asked for again each time: it may show personal data."""
    response["ETag"] = quote_etag(tag)
    patch_cache_control(response, private=True, no_cache=True)
    return response


def matches(header: str, tag: str) -> bool:
    """Whether an If-None-Match header names the tag, compared weakly as RFC 9110 asks for GET."""
    known = [each.removeprefix("W/") for each in parse_etags(header)]
    return known == ["*"] or tag.removeprefix("W/") in known


# --- Problem documents (RFC 9457) ------------------------------------------------------------------------------------


def problem_details(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler: every error as application/problem+json with a code and a sentence.

    Returns None for what has no meaning for a caller, which then is a plain 500.
    """
    if isinstance(error, DatabaseError):
        error = as_domain_error(error, {}) or error
    if isinstance(error, Http404 | exceptions.NotFound):
        error = NotFound()
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        error = NotAllowed(str(error) if isinstance(error, exceptions.PermissionDenied) and _is_csrf(error) else None)
    if isinstance(error, DomainError):
        answer = _from_domain(error)
    elif isinstance(error, exceptions.ValidationError):
        answer = problem(InvalidInput.status, InvalidInput.code, InvalidInput.message, errors=_sentences(error.detail))
    elif isinstance(error, exceptions.APIException):
        answer = _from_framework(error)
    else:
        return None
    set_rollback()
    return answer


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Mapping[str, list[str]] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """A problem document. `errors` maps an input to its sentences; `extra` adds facts such as the nearest times."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = dict(errors)
    body.update({name: value for name, value in (extra or {}).items() if name not in _RESERVED})
    return Response(body, status=status, content_type=PROBLEM_JSON)


class ReasonSerializer(serializers.Serializer):
    """A rule that says no, for the schema."""

    code = serializers.CharField()
    message = serializers.CharField()
    overridable = serializers.BooleanField(help_text="Whether an authorised person may set the rule aside")


class ProblemSerializer(serializers.Serializer):
    """A refusal (RFC 9457). Programs read `code`; `detail` is a sentence for the person in front."""

    type = serializers.CharField(help_text="about:blank")
    title = serializers.CharField(help_text="The status in words")
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Sentences about single inputs, by name",
    )
    reasons = ReasonSerializer(many=True, required=False, help_text="Every rule that excludes the time")


def plain_problem(status: int, code: str, detail: str) -> JsonResponse:
    """The same document where REST framework is not in charge, such as an address that doesn't exist."""
    return JsonResponse(problem(status, code, detail).data, status=status, content_type=PROBLEM_JSON)


def _from_domain(error: DomainError) -> Response:
    errors = {field: [sentence] for field, sentence in error.fields.items()}
    return problem(error.status, error.code, error.message, errors=errors, extra=error.detail)


def _from_framework(error: exceptions.APIException) -> Response:
    """Not signed in, throttled, not JSON, wrong method: the framework's own refusals."""
    codes, sentence = error.get_codes(), str(error.detail)
    sentence = sentence if sentence.endswith(".") else f"{sentence}."
    answer = problem(error.status_code, codes if isinstance(codes, str) else "invalid", sentence)
    if challenge := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(max(1, round(wait)))
    return answer


def _is_csrf(error: exceptions.PermissionDenied) -> bool:
    return str(error.detail).startswith("CSRF")


def _sentences(detail: Any, name: str = "") -> dict[str, list[str]]:
    """Flatten REST framework's nested validation detail to dotted input name → sentences."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in detail.items():
            inner = name if key == "non_field_errors" else f"{name}.{key}".strip(".")
            for field, sentences in _sentences(value, inner).items():
                found.setdefault(field, []).extend(sentences)
        return found
    if isinstance(detail, list) and any(isinstance(each, Mapping | list) for each in detail):
        return _sentences({str(index): each for index, each in enumerate(detail) if each}, name)
    return {name or "body": [str(each) for each in (detail if isinstance(detail, list) else [detail])]}
