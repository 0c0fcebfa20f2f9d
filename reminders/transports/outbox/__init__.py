"""The provider for development: a box in the database that shows every message, and sends none."""

from __future__ import annotations

from datetime import datetime

from django.db import DatabaseError

from reminders.models import OutboxMessage
from reminders.transports.base import Accepted, Outgoing, TemporaryFailure


class Outbox:
    """Keeps what it is given, the same key once. Shown at /dev/outbox/."""

    name = "outbox"
    honours_keys = True

    def send(self, message: Outgoing) -> Accepted:
        """Put the message in the box. Raises TemporaryFailure while the database is away."""
        row = OutboxMessage(
            key=message.key,
            medium=message.medium,
            sender=message.sender,
            to=message.to,
            subject=message.subject[:200],
            text=message.text,
            html=message.html,
            calendar=message.calendar,
        )
        try:
            OutboxMessage.objects.bulk_create([row], ignore_conflicts=True)
        except DatabaseError as error:
            raise TemporaryFailure("database", "The outbox can't be reached", may_have_arrived=True) from error
        return Accepted(message.key.hex)

    def find(self, message: Outgoing, since: datetime) -> Accepted | None:
        """Whether the box has it. `since` doesn't matter: keys are unique."""
        return Accepted(message.key.hex) if OutboxMessage.objects.filter(key=message.key).exists() else None
