"""How many messages a second each provider is given, by all processes together: a bucket of tokens in Redis."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local rate, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(rate, (tonumber(kept[1]) or rate) + (now - (tonumber(kept[2]) or now)) * rate)
local given = math.min(wanted, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - given), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], 10)
return given
"""
"""KEYS: bucket. ARGV: tokens a second, tokens wanted. A second's worth may go at once."""

PROCESSES = 4
"""Without Redis nobody knows what the others send, so each takes this share of the rate."""
LEAVE_REDIS_ALONE_SECONDS = 2.0


@dataclass
class Bucket:
    """This process's own tokens, for the time in which Redis is away."""

    tokens: float = 1.0
    at: float = field(default_factory=time.monotonic)

    def take(self, rate: float, wanted: int) -> int:
        """As many of the tokens wanted as there are; `rate` is tokens a second."""
        now = time.monotonic()
        self.tokens = min(max(1.0, rate), self.tokens + (now - self.at) * rate)
        self.at = now
        given = min(wanted, int(self.tokens))
        self.tokens -= given
        return given


_own: dict[str, Bucket] = {}
_redis_away_until = 0.0


def rate_of(provider: str) -> int:
    """Messages a second that this provider takes; 0 for as many as there are."""
    return int(settings.REMINDER_RATES.get(provider, 0))


def take(provider: str, wanted: int) -> int:
    """How many of the messages wanted may be handed to the provider now."""
    global _redis_away_until
    rate = rate_of(provider)
    if not rate or not wanted:
        return wanted
    if time.monotonic() >= _redis_away_until:
        try:
            return int(_script(settings.REDIS_URL)([f"{settings.REDIS_PREFIX}:rate:{provider}"], [rate, wanted]))
        except RedisError as error:
            log.warning("throughput_by_ourselves", error=type(error).__name__)
            _redis_away_until = time.monotonic() + LEAVE_REDIS_ALONE_SECONDS
    return _own.setdefault(provider, Bucket()).take(rate / PROCESSES, wanted)


@cache
def _script(url: str) -> Any:
    return redis.Redis.from_url(url, **settings.REDIS_CLIENT_OPTIONS).register_script(TAKE)
