"""Domain events: facts in the past tense that travel upward, from a command to the apps above it.

Imports go down, so an app that is acted upon can't call the apps that care. It emits; they subscribe in their
`handlers.py`, which the composition imports at start.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """What happened. Ids and scheduling facts only, never personal data.

    `event_id` is the id of the stored history row, so that a failed handler can be run again from it.
    """

    event_id: int


Handler = Callable[[Any], None]
FailureSink = Callable[[DomainEvent, str, Exception], None]

_in_transaction: dict[type[DomainEvent], list[Handler]] = defaultdict(list)
_after_commit: dict[type[DomainEvent], list[Handler]] = defaultdict(list)
_failure_sinks: list[FailureSink] = []


def handles(*event_types: type[DomainEvent]) -> Callable[[Handler], Handler]:
    """Subscribe a function that runs inside the command's transaction and writes only its own app's rows."""

    def subscribe(handler: Handler) -> Handler:
        for event_type in event_types:
            _in_transaction[event_type].append(handler)
        return handler

    return subscribe


def handles_after_commit(*event_types: type[DomainEvent]) -> Callable[[Handler], Handler]:
    """Subscribe a function that runs once the change is durable and only touches the outside (sockets, queues)."""

    def subscribe(handler: Handler) -> Handler:
        for event_type in event_types:
            _after_commit[event_type].append(handler)
        return handler

    return subscribe


def on_handler_failure(sink: FailureSink) -> FailureSink:
    """Register who records a handler that failed, in the same transaction, so that a sweep can run it again."""
    _failure_sinks.append(sink)
    return sink


def handler_name(handler: Handler) -> str:
    """Stable dotted name of a handler, stored with its failures."""
    return f"{handler.__module__}.{handler.__qualname__}"


def handler_named(event_type: type[DomainEvent], name: str) -> Handler | None:
    """The in-transaction handler of that name, or None when it has since been removed."""
    return next((h for h in _in_transaction[event_type] if handler_name(h) == name), None)


def emit(event: DomainEvent) -> None:
    """Tell everyone who subscribed. Must be called inside the command's transaction.

    A handler that fails loses its own writes only: a bug in reminders must not stop a booking. Its failure is
    recorded in this same transaction; if not even that can be written, the command fails, because otherwise the
    reaction would be lost without a trace.
    """
    for handler in _in_transaction[type(event)]:
        try:
            with transaction.atomic():
                handler(event)
        except Exception as error:
            logger.exception("event handler failed", extra={"handler": handler_name(handler)})
            for sink in _failure_sinks:
                sink(event, handler_name(handler), error)
    for handler in _after_commit[type(event)]:
        transaction.on_commit(lambda handler=handler: handler(event), robust=True)
