"""Holds as Redis keeps them: short, owned, all cells or none. `scheduling.holds` has the verbs.

A hold claims every five-minute cell of every resource of a slot in one Lua script, so two people can't each hold
half of it. Nothing personal is kept: ids of resources, type, doctor, clinic and of the member of staff.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from scheduling import timeline
from scheduling.timeline import Horizon

log = structlog.get_logger(__name__)

CLAIM = """
for i = 4, #ARGV do
  local taken = redis.call('GET', ARGV[i])
  if taken and string.sub(taken, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
end
local ttl = tonumber(ARGV[1])
for i = 4, #ARGV do redis.call('SET', ARGV[i], ARGV[2] .. KEYS[1], 'PX', ttl) end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ttl)
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[2], clock[1] * 1000 + math.floor(clock[2] / 1000) + ttl, KEYS[1])
return 1
"""
"""KEYS: hold, index. ARGV: ttl in ms, owner prefix of the cell values, record, cells…"""

PROLONG = """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
local ttl = redis.call('PTTL', KEYS[1]) + tonumber(ARGV[1])
for i = 4, #ARGV do redis.call('PEXPIRE', ARGV[i], ttl) end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ttl)
redis.call('ZINCRBY', KEYS[2], tonumber(ARGV[1]), KEYS[1])
return 1
"""
"""KEYS: hold, index. ARGV: more ms, record as it was, record as it becomes, cells…"""

DROP = """
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
for i = 2, #ARGV do
  if redis.call('GET', ARGV[i]) == ARGV[1] .. KEYS[1] then redis.call('DEL', ARGV[i]) end
end
redis.call('ZREM', KEYS[2], KEYS[1])
return 1
"""
"""KEYS: hold, index. ARGV: owner prefix, cells…"""

ALIVE = """
local clock = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', clock[1] * 1000 + math.floor(clock[2] / 1000))
local names = redis.call('ZRANGE', KEYS[1], 0, -1)
if #names == 0 then return {} end
return redis.call('MGET', unpack(names))
"""


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """A hold as stored. `cells` are (resource id, first and last absolute step); `expires` a Unix time."""

    id: str
    owner: str
    user_id: str | None
    appointment_type_id: int
    doctor_id: int
    clinic_id: int
    starts: int
    ends: int
    cells: tuple[tuple[int, int, int], ...]
    expires: float
    extended: bool = False

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.expires, UTC)

    def encoded(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)


def claim(record: HoldRecord, ttl_ms: int) -> bool:
    """Hold every cell of the record or none; the owner's own earlier cells don't stand in the way."""
    keys = [_hold_key(record.id), _index_key()]
    return bool(_script(CLAIM)(keys, [ttl_ms, f"{record.owner}|", record.encoded(), *_cell_keys(record)]))


def prolong(record: HoldRecord, becomes: HoldRecord, more_ms: int) -> bool:
    """Let a hold live longer, unless it ended or changed meanwhile."""
    keys = [_hold_key(record.id), _index_key()]
    return bool(_script(PROLONG)(keys, [more_ms, record.encoded(), becomes.encoded(), *_cell_keys(record)]))


def drop(record: HoldRecord) -> bool:
    """End a hold and free those of its cells that are still its own."""
    return bool(_script(DROP)([_hold_key(record.id), _index_key()], [f"{record.owner}|", *_cell_keys(record)]))


def read(hold_id: str) -> HoldRecord | None:
    """The live hold of that id."""
    return _decoded(_client().get(_hold_key(hold_id)))


def alive() -> list[HoldRecord]:
    """Every live hold. Raises RedisError when Redis is away."""
    return [record for value in _script(ALIVE)([_index_key()]) if (record := _decoded(value))]


def held_masks(resource_ids: Iterable[int], horizon: Horizon, except_owner: str = "") -> dict[int, int]:
    """What others hold of these resources, read live. Redis away: nothing, for then nobody can hold."""
    try:
        records = alive()
    except RedisError as error:
        log.warning("holds_unavailable", error=type(error).__name__)
        return {}
    wanted = set(resource_ids)
    masks: dict[int, int] = {}
    for record in records:
        if except_owner and record.owner == except_owner:
            continue
        for resource_id, first, last in record.cells:
            if resource_id in wanted:
                taken = timeline.span(first - horizon.origin, last - horizon.origin) & horizon.full
                masks[resource_id] = masks.get(resource_id, 0) | taken
    return {resource_id: mask for resource_id, mask in masks.items() if mask}


def _decoded(value: bytes | str | None) -> HoldRecord | None:
    if value is None:
        return None
    facts: dict[str, Any] = json.loads(value)
    return HoldRecord(**{**facts, "cells": tuple(tuple(cell) for cell in facts["cells"])})


def _client() -> redis.Redis:
    return _client_at(settings.REDIS_URL)


@cache
def _client_at(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **settings.REDIS_CLIENT_OPTIONS)


@cache
def _script_at(url: str, text: str) -> Any:
    return _client_at(url).register_script(text)


def _script(text: str) -> Any:
    return _script_at(settings.REDIS_URL, text)


def _hold_key(hold_id: str) -> str:
    return f"{settings.REDIS_PREFIX}:hold:{hold_id}"


def _index_key() -> str:
    return f"{settings.REDIS_PREFIX}:holds"


def _cell_keys(record: HoldRecord) -> list[str]:
    prefix = settings.REDIS_PREFIX
    return [f"{prefix}:cell:{resource}:{step}" for resource, first, last in record.cells for step in range(first, last)]
