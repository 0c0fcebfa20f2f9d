"""What was tried and not allowed. Written after the refused transaction is over, so its rollback can't take it along,
and only so often, so that nobody can fill the trail by trying."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from typing import Any, TypeGuard

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, models, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.directory import directory
from carebridge.audit.models import LogEntry
from carebridge.audit.origin import origin
from carebridge.errors import DomainError

logger = logging.getLogger(__name__)

WINDOW = timedelta(minutes=1)
PER_PERSON = 30
"""Refusals of one person, or of one address where nobody is known, that are listed one by one within the window."""
ALTOGETHER = 600
PER_REQUEST = 10
NOBODYS_ADDRESS = ("rest", "url")
"""Arguments of the routes that catch what no page serves."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What somebody tried, on what; `facts` hold codes and ids."""

    event: str
    by: User | None
    instance: models.Model | None = None
    clinic_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def log_refused(
    *,
    event: str,
    by: User | None,
    instance: models.Model | None = None,
    clinic_id: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Record that `by` tried `event` on `instance` and was refused; by None is somebody who is not signed in.

    Inside a request the row is written when the answer is ready, otherwise at once: call it outside of transactions
    there. `facts` hold codes, ids and our own sentences, never what was typed.
    """
    refusal = Refusal(event, by, instance, clinic_id, dict(facts or {}))
    noted = origin().get("refused")
    if noted is None:
        _write(refusal)
    elif len(noted) < PER_REQUEST:
        noted.append(refusal)


def log_refused_command(error: DomainError, name: str, arguments: Mapping[str, Any]) -> None:
    """Called by every command that somebody was not allowed, with what it was to be done to."""
    by = arguments.get("by")
    if not isinstance(by, User):
        return
    concerned = [each for each in _rows_of(arguments.values()) if each is not by]
    clinics = (directory().clinic_of(each) for each in concerned)
    needed: dict[str, Any] = {key: error.detail[key] for key in ("permission", "role") if key in error.detail}
    log_refused(
        event=f"{name}.refused",
        by=by,
        instance=concerned[0] if concerned else None,
        clinic_id=next((each for each in clinics if each), None),
        facts={"code": error.code, "why": error.message, **needed},
    )


def _rows_of(values: Iterable[Any]) -> Iterator[models.Model]:
    """The rows among a command's arguments, also those inside of a wish that bundles them."""
    for value in values:
        if isinstance(value, models.Model):
            yield value
        elif is_dataclass(value):
            yield from _rows_of(getattr(value, each.name) for each in fields(value))


def write_refusals(request: HttpRequest, response: HttpResponse, context: dict[str, Any]) -> None:
    """Write what this request was refused: what its commands said, else that the page itself said 403 or 404."""
    noted, match, actor = context["refused"], request.resolver_match, context["actor"]
    if response.status_code in (403, 404) and not noted and actor is not None and _is_served(match):
        # Looked up and written whether or not it exists, so that the time an answer takes tells nothing.
        facts = {"status": response.status_code, "route": f"{request.method} /{match.route}"}
        noted.append(Refusal("access.refused", actor, directory().asked_for(match), facts=facts))
    for refusal in noted:
        _write(refusal)


def _is_served(match: ResolverMatch | None) -> TypeGuard[ResolverMatch]:
    return match is not None and not any(name in match.kwargs for name in NOBODYS_ADDRESS)


def _write(refusal: Refusal) -> None:
    try:
        with transaction.atomic():
            lately = LogEntry.objects.filter(refused=True, timestamp__gt=timezone.now() - WINDOW)
            theirs = Q(actor=refusal.by) if refusal.by else Q(actor=None, remote_addr=origin().get("remote_addr"))
            already = lately.filter(theirs).count()
            if already > PER_PERSON or lately.count() > ALTOGETHER:
                logger.warning("refused attempt not listed: %s, %s lately", refusal.event, already)
            elif already == PER_PERSON:
                _create(Refusal("refusals.not_listed", refusal.by, facts={"window_seconds": WINDOW.seconds}))
            else:
                _create(refusal)
    except DatabaseError:
        # Whatever it was has been refused already; the answer stands.
        logger.exception("refused attempt not recorded: %s", refusal.event)


def _create(refusal: Refusal) -> None:
    subject = refusal.instance or refusal.by
    # Somebody unknown, on nothing in particular: a user that no row of the table is.
    nobody = {"content_type": ContentType.objects.get_for_model(User), "object_pk": "", "object_repr": "nobody"}
    LogEntry.objects.log_create(
        subject or User(),
        force_log=True,
        action=LogEntry.Action.ACCESS,
        changes={},
        actor=refusal.by,
        actor_email=None,
        event=refusal.event[:64],
        refused=True,
        clinic_id=refusal.clinic_id,
        additional_data=dict(refusal.facts),
        serialized_data=None,
        **({} if subject else nobody),
    )
