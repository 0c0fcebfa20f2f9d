"""Writing to the audit trail from commands: explicit, in the command's own transaction, failing closed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from auditlog.context import disable_auditlog
from django.db import models

from carebridge.accounts.models import User
from carebridge.audit.models import LogEntry
from carebridge.audit.origin import acting_as
from carebridge.audit.refusals import log_refused

Action = LogEntry.Action


def log_change(
    instance: models.Model,
    *,
    event: str,
    by: User | None,
    action: int = Action.UPDATE,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    clinic_id: int | None = None,
    role: str = "",
    facts: Mapping[str, Any] | None = None,
) -> LogEntry:
    """Record that `by` did `event` to `instance`; by None is the system itself.

    `changes` maps a field to its (old, new) values: scheduling facts only, personal fields by name with masked
    values. `facts` are further things worth knowing, such as a reason; nothing personal either. Clinic and role are
    found from the instance when not given. Raises what the database raises, so that a change that can't be accounted
    for does not happen.
    """
    entry = LogEntry.objects.log_create(
        instance,
        force_log=True,
        action=action,
        changes={field: [_plain(old), _plain(new)] for field, (old, new) in (changes or {}).items()},
        actor=by,
        actor_email=None,
        event=event,
        clinic_id=clinic_id,
        role=role,
        serialized_data=None,
        additional_data=dict(facts) if facts else None,
    )
    assert entry is not None  # noqa: S101 - forced
    return entry


def log_access(
    instance: models.Model,
    *,
    event: str,
    by: User | None,
    clinic_id: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> LogEntry:
    """Record that `by` looked at `instance`, such as a patient's history."""
    return log_change(instance, event=event, by=by, action=Action.ACCESS, clinic_id=clinic_id, facts=facts)


def accounted_for() -> AbstractContextManager[None]:
    """Around a save that the command itself records: django-auditlog, the safety net, writes no second row."""
    return disable_auditlog()


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | bool) else str(value)


__all__ = ["Action", "accounted_for", "acting_as", "log_access", "log_change", "log_refused"]
