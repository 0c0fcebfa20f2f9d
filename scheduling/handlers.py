"""What scheduling itself does about events: keep the reactions that failed, so that a sweep can run them again."""

from __future__ import annotations

from django.utils import timezone

from carebridge.events import DomainEvent, on_handler_failure
from scheduling.models import HandlerFailure


@on_handler_failure
def keep_for_sweep(event: DomainEvent, handler: str, error: Exception) -> None:
    """Store which handler failed on which event; only the error's type, because messages may hold personal data."""
    HandlerFailure.objects.create(
        event_id=event.event_id, handler=handler, error=type(error).__name__, failed_at=timezone.now()
    )
