"""Telling open screens that something changed. A message says that, never what: screens ask again over HTTP.

Nothing here may hurt a booking: sending gives Redis 200 ms and tries once, and a message that is lost costs seconds,
because screens check by themselves every 30 s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import redis
import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from prometheus_client import Counter, Gauge, Histogram

log = structlog.get_logger(__name__)

DAY = 24 * 60 * 60
NOTED_EVERY = 20
"""Seconds between two notes that somebody has a screen open."""

SENT = Counter("carebridge_live_broadcasts_total", "Messages sent to groups of open screens.")
FAILED = Counter(
    "carebridge_live_broadcasts_failed_total", "Messages that could not be sent; screens learn by polling."
)
LAST_FAILURE = Gauge("carebridge_live_last_failure_timestamp_seconds", "When a message last could not be sent.")
SCREENS = Gauge("carebridge_live_screens", "Open live connections.", multiprocess_mode="livesum")
DROPPED = Counter("carebridge_live_dropped_total", "Connections closed because access had ended.")
DELAY = Histogram(
    "carebridge_live_delay_seconds",
    "From a change to its message leaving for the screen: how stale a connected screen was.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed at a clinic on a local day (None: on several days), perhaps on these doctors' lists."""

    clinic_id: int
    day: date | None
    doctor_ids: tuple[int, ...] = ()

    @property
    def groups(self) -> list[str]:
        return [clinic_group(self.clinic_id), *(doctor_group(each) for each in self.doctor_ids)]

    @property
    def message(self) -> dict[str, object]:
        return {
            "type": "schedule.changed",
            "clinic": self.clinic_id,
            "day": self.day.isoformat() if self.day else None,
            "at": timezone.now().timestamp(),
        }


def clinic_group(clinic_id: int) -> str:
    """Screens that show a whole clinic."""
    return f"clinic.{clinic_id}"


def doctor_group(doctor_id: int) -> str:
    """Screens that show one doctor's own list."""
    return f"doctor.{doctor_id}"


def announce(changes: Iterable[Change]) -> None:
    """Tell every screen concerned. Call it after the commit; it never raises and never waits long."""
    wanted = list(changes)
    try:
        _send(wanted)
    except Exception as error:  # A screen that learns later is better than a booking that fails
        FAILED.inc(len(wanted))
        LAST_FAILURE.set_to_current_time()
        count("failed", len(wanted))
        log.warning("live_broadcast_failed", error=type(error).__name__)
    else:
        SENT.inc(len(wanted))


def _send(changes: list[Change]) -> None:
    """Publish as channels_redis does, in one round trip. Its own `group_send` needs an event loop, and starting one
    for every commit took a sixth of a whole booking.
    """
    layer = get_channel_layer()
    config: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    with _publisher(config["hosts"][0]["address"]).pipeline(transaction=False) as line:
        for change in changes:
            message = layer.serialize(change.message)
            for group in change.groups:
                line.publish(f"{config['prefix']}__group__{group}", message)
        line.execute()


@lru_cache
def _publisher(address: str) -> redis.Redis:
    return redis.Redis.from_url(address, **settings.REDIS_CLIENT_OPTIONS)


def note_open(user_id: object) -> None:
    """Remember that this person has a live screen open now. Without a next note it is forgotten in three quarters of a
    minute, so a wiped Redis or a killed process needs no clearing up.
    """
    cache.set(f"live:open:{user_id}", 1, 2 * NOTED_EVERY + 5)


def has_open_screen(user_id: object) -> bool:
    """Whether this person has a live screen open, as far as is known: not without Redis."""
    return bool(cache.get(f"live:open:{user_id}"))


def count(name: str, by: int = 1) -> None:
    """Add to today's counter, which the operations screen reads; Prometheus counts per process, this for all."""
    key = counter_key(name)
    cache.add(key, 0, 2 * DAY)
    cache.incr(key, by)


def counter_key(name: str) -> str:
    return f"live:{name}:{timezone.now():%Y-%m-%d}"


def todays_counters() -> dict[str, int]:
    """Failed broadcasts, connections and drops since midnight UTC, over all processes; zero without Redis."""
    keys = {counter_key(name): name for name in ("failed", "connections", "dropped")}
    found = cache.get_many(keys)
    return {name: found.get(key, 0) for key, name in keys.items()}
