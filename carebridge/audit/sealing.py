"""Sealing: committed rows are chained by hash, a few seconds after they were written and off everyone's path.

A row's print is the SHA-256 of its columns as JSON: names sorted, empty ones left out (so that a column added later
changes no old print), times in UTC. A link's print is the SHA-256 of the previous link's, the position, the row's id
and the row's print. To change one row unseen, somebody would have to make every later link anew, and the anchors
written outside the database would still tell (`carebridge.audit.anchors`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from carebridge.audit.anchors import anchor
from carebridge.audit.models import LogEntry, Seal

logger = logging.getLogger(__name__)

START = bytes(32)
"""What the first link is bound to."""
BATCH = 5_000
_ONE_SEALER = 0x5EA1
COLUMNS = sorted(field.attname for field in LogEntry._meta.concrete_fields)

TAKE = """
DELETE FROM audit_unsealed WHERE entry_id IN (
    SELECT entry_id FROM audit_unsealed JOIN audit_logentry entry ON entry.id = entry_id ORDER BY entry_id LIMIT %s)
RETURNING entry_id
"""
"""A row deleted before it was sealed stays in the queue, where the verification finds it."""


def keep_sealing(every: float) -> NoReturn:
    """Seal again each so many seconds, in a process that has nothing else to do: no job may hold up the seals."""
    while True:
        try:
            seal_new()
        except DatabaseError as error:
            logger.error("not sealed", extra={"error": type(error).__name__})
            connection.close()
        time.sleep(every)


def seal_new() -> int:
    """Seal every committed row that has no seal yet, and anchor the head outside the database. How many were sealed."""
    total = 0
    while (count := _seal_batch()) == BATCH:
        total += count
    if head := Seal.objects.order_by("-position").first():
        anchor(head)
    return total + count


@transaction.atomic
def _seal_batch() -> int:
    """Append one batch to the chain; 0 when there is nothing to do, or another sealer is at it."""
    with connection.cursor() as cursor:
        # Held until the commit, so the head read below is the head that the next sealer finds.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_SEALER])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(TAKE, [BATCH])
        ids = sorted(row[0] for row in cursor.fetchall())
    if ids:
        Seal.objects.bulk_create(_links(ids))
    return len(ids)


def _links(ids: Iterable[int]) -> list[Seal]:
    head = Seal.objects.order_by("-position").first()
    position, previous = (head.position, bytes(head.chain_hash)) if head else (0, START)
    rows, now, links = prints_of(ids), timezone.now(), []
    for entry_id in ids:
        position += 1
        previous = link_hash(previous, position, entry_id, rows[entry_id])
        links.append(
            Seal(position=position, entry_id=entry_id, row_hash=rows[entry_id], chain_hash=previous, sealed_at=now)
        )
    return links


def prints_of(ids: Iterable[int]) -> dict[int, bytes]:
    """The prints of rows as they stand now, by id; a row that is gone has none."""
    rows = LogEntry.objects.filter(pk__in=list(ids)).order_by().values(*COLUMNS)
    return {row["id"]: row_hash(row) for row in rows}


def row_hash(row: Mapping[str, Any]) -> bytes:
    """The print of one row, given its columns by name."""
    known = {name: value for name, value in row.items() if value is not None}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).digest()


def link_hash(previous: bytes, position: int, entry_id: int, row: bytes) -> bytes:
    """The print of a link: everything before it, its place, and its row."""
    return hashlib.sha256(previous + position.to_bytes(8, "big") + entry_id.to_bytes(8, "big") + row).digest()


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
