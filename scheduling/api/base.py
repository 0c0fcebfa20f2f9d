"""What every REST view of scheduling shares: who asks, entity tags, repeated requests, refusals with facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from carebridge.accounts.models import User
from carebridge.accounts.tokens import Scope
from carebridge.errors import DomainError, NotFound
from carebridge.http import fragment_tag, tagged, unchanged
from scheduling.api.pagination import Pages
from scheduling.api.slot_json import present_slots
from scheduling.errors import StaleVersion
from scheduling.idempotency import Answer, idempotent, request_hash

UNSEEN = "We know nothing by this id, or it belongs to a clinic you don't work for."


class SchedulingView(GenericViewSet):
    """A view that answers for one signed-in person.

    A token may be limited to scopes: `read_scope` is what a GET needs, `write_scope` everything else. A view that
    names none is closed to such tokens.
    """

    read_scope: Scope | None = None
    write_scope: Scope | None = None
    pagination_class: type[Pages] | None = Pages
    page_order: tuple[str, ...] = ("id",)
    filter_backends: list[Any] = []

    @property
    def user(self) -> User:
        """Who asks."""
        return self.request.user  # type: ignore[return-value]

    def handle_exception(self, exc: Exception) -> Response:
        """Put the facts of a refusal, such as the nearest free times, into plain JSON before it is rendered."""
        if isinstance(exc, DomainError) and exc.detail:
            exc.detail = {name: self._plain(name, value) for name, value in exc.detail.items()}
        return super().handle_exception(exc)

    def _plain(self, name: str, value: Any) -> Any:
        if name == "nearest":
            return present_slots(value)
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain("", each) for each in value]
        if hasattr(value, "as_dict"):
            return value.as_dict()
        return str(value) if is_dataclass(value) or isinstance(value, Model) else value

    def seen(self, rows: QuerySet[Any], field: str, value: Any, **lookup: Any) -> Any:
        """The one row with that primary key (or `lookup`) among those the caller may see.

        Raises NotFound naming the input.
        """
        try:
            return rows.get(**(lookup or {"pk": value}))
        except rows.model.DoesNotExist as error:
            raise NotFound(fields={field: UNSEEN}) from error


class Repeatable(SchedulingView):
    """For views whose POSTs create or change: `Idempotency-Key` makes a repetition answer as the first one did."""

    def once(self, command: Callable[[], Any], *, status: int = 200) -> Answer:
        """Run the command, which returns the reference or id of what it touched, at most once per key."""
        run = lambda: Answer(status, str(command()))  # noqa: E731 - a name for the two calls below
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return run()
        body = json.dumps(self.request.data, sort_keys=True, separators=(",", ":")).encode()
        same = request_hash(str(self.request.method), self.request.path, body)
        return idempotent(user=self.user, key=self.key_of_caller(key), request_hash=same, command=run)

    def key_of_caller(self, key: str) -> str:
        """The key as it is kept for the user who asks."""
        return key


def read_version(request: Request, name: str) -> int | None:
    """The version that the caller has seen, from If-Match; None when any will do.

    Accepts the tag that a GET answered, or a bare version such as "3". `name` is the id or reference of the row: a
    tag of another row (an appointment since moved) is stale. Raises StaleVersion.
    """
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    opaque = header.removeprefix("W/").strip('"')
    owner, _, version = opaque.rpartition("/")[0].rpartition("/") if "/" in opaque else (name, "", opaque)
    if owner != name or not (version.isascii() and version.isdigit() and len(version) < 10):
        raise StaleVersion
    return int(version)


def tag_of(name: str, version: int, body: Mapping[str, Any]) -> str:
    """The weak entity tag of a row as this caller sees it: its name, its version, and a print of the answer.

    If-Match compares name and version only; the print notices what else the answer shows, such as a new phone
    number of the patient, or another set of permissions.
    """
    fingerprint = fragment_tag(json.dumps(body, sort_keys=True, default=str)).strip('W/"')[:10]
    return f'W/"{name}/{version}/{fingerprint}"'


def answer_tagged(
    request: Request, body: Mapping[str, Any], *, name: str, version: int, status: int = 200
) -> HttpResponse:
    """The body with its entity tag, or 304 when the caller of a GET has it already."""
    tag = tag_of(name, version, body)
    if request.method in ("GET", "HEAD") and (same := unchanged(request, tag)):
        return same
    return tagged(Response(body, status=status), tag)
