"""The Redis cache, patient with a Redis that is gone: a miss, not an error, so that every screen still answers."""

from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from prometheus_client import Counter
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
CACHE_FAILURES = Counter(
    "carebridge_cache_failures_total", "Cache operations that Redis did not answer.", ["operation"]
)


def _or(name: str, fallback: Any) -> Any:
    """Build the cache operation `name` that answers `fallback` (or what it makes of the arguments) without Redis."""

    def operation(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(RedisCache, name)(self, *args, **kwargs)
        except RedisError as error:
            CACHE_FAILURES.labels(name).inc()
            log.warning("cache_unavailable", operation=name, error=type(error).__name__)
            return fallback(*args, **kwargs) if callable(fallback) else fallback

    return operation


class PatientRedisCache(RedisCache):
    """RedisCache whose reads miss and whose writes are dropped while Redis is away; nothing in it is ever needed."""

    get = _or("get", lambda key, default=None, version=None: default)
    get_many = _or("get_many", lambda keys, version=None: {})
    set = _or("set", None)
    set_many = _or("set_many", lambda data, timeout=None, version=None: list(data))
    add = _or("add", False)
    touch = _or("touch", False)
    has_key = _or("has_key", False)
    incr = _or("incr", lambda key, delta=1, version=None: delta)
    delete = _or("delete", False)
    delete_many = _or("delete_many", None)
    clear = _or("clear", False)

    def count(self, key: str, seconds: int) -> int:
        """Add one to a counter that ends `seconds` after it began, and return it; 0 while Redis is away."""
        name = self.make_and_validate_key(key)
        try:
            steps = self._cache.get_client(name, write=True).pipeline()
            steps.set(name, 0, ex=seconds, nx=True)
            steps.incr(name)
            return int(steps.execute()[-1])
        except RedisError as error:
            CACHE_FAILURES.labels("count").inc()
            log.warning("cache_unavailable", operation="count", error=type(error).__name__)
            return 0
