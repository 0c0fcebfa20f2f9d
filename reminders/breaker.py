"""A provider that fails again and again is left alone for a while: a row that all processes share says until when."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from reminders.models import ProviderHealth

FAILURES_IN_A_ROW = 5
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)
FRESH_SECONDS = 1.0
NOTE_OK_EVERY = timedelta(seconds=10)


class Breaker:
    """What one process knows of the providers, never older than a second."""

    def __init__(self) -> None:
        self._known: dict[str, ProviderHealth] = {}
        self._read_at = 0.0

    def resting_until(self, provider: str, now: datetime) -> datetime | None:
        """When the provider may be tried again, or None if it may be now."""
        health = self._of(provider)
        return health.open_until if health and health.open_until and health.open_until > now else None

    def on_trial(self, provider: str, now: datetime) -> bool:
        """Whether it has rested and is to prove itself: one message at a time."""
        health = self._of(provider)
        return bool(health and health.openings and self.resting_until(provider, now) is None)

    def note_ok(self, provider: str, now: datetime) -> None:
        """It took a message."""
        health = self._of(provider)
        recently = health and health.last_ok_at and now - health.last_ok_at < NOTE_OK_EVERY
        if health and recently and not health.failures and not health.openings:
            return
        well = {"failures": 0, "openings": 0, "open_until": None, "last_ok_at": now}
        self._known[provider], _ = ProviderHealth.objects.update_or_create(provider=provider, defaults=well)

    def note_failure(self, provider: str, code: str, now: datetime) -> None:
        """It failed, and not because of the message."""
        self._known[provider] = _failed(provider, code, now)

    def _of(self, provider: str) -> ProviderHealth | None:
        if time.monotonic() - self._read_at > FRESH_SECONDS:
            self._known = {row.provider: row for row in ProviderHealth.objects.all()}
            self._read_at = time.monotonic()
        return self._known.get(provider)


@transaction.atomic
def _failed(provider: str, code: str, now: datetime) -> ProviderHealth:
    ProviderHealth.objects.get_or_create(provider=provider)
    health = ProviderHealth.objects.select_for_update().get(provider=provider)
    health.failures += 1
    health.last_failure_at, health.last_code = now, code
    resting = health.open_until is not None and health.open_until > now
    # One that fails its trial rests again at once. Those who were under way when it was closed say nothing new.
    if not resting and (health.failures >= FAILURES_IN_A_ROW or health.openings):
        health.open_until = now + min(FIRST_REST * 2 ** min(health.openings, 10), LONGEST_REST)
        health.openings, health.failures = health.openings + 1, 0
    health.save()
    return health
