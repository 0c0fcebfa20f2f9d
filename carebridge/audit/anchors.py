"""Anchors: the head of the chain, written where somebody who owns the database can't reach.

One line of JSON for each time the chain grew, appended to the file that AUDIT_ANCHOR_FILE names; mount it from another
machine, or ship it away. The same goes to the log. A chain rewritten from the start contradicts them.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from carebridge.audit.models import Seal

logger = logging.getLogger(__name__)

LONGEST_LINE = 400


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the head was at some moment: `chain_hash` in hexadecimal."""

    position: int
    chain_hash: str


def anchor(head: Seal) -> None:
    """Note the head outside the database unless it is noted already; a file that can't be written is an error logged.

    Sealing goes on without it: the next head is bound to this one, so anchoring it later proves as much.
    """
    path = Path(settings.AUDIT_ANCHOR_FILE)
    note = {"at": timezone.now().isoformat(), "position": head.position, "hash": bytes(head.chain_hash).hex()}
    try:
        if (last := _last(path)) and last.position >= head.position:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(note) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        logger.error("audit anchor not written", extra={"error": type(error).__name__})
    logger.info("audit anchor", extra=note)


def anchors() -> Iterator[Anchor]:
    """Every anchor in the file, oldest first; a line cut short by a crash counts as none."""
    path = Path(settings.AUDIT_ANCHOR_FILE)
    if path.exists():
        with path.open() as file:
            for line in file:
                if found := _read(line):
                    yield found


def _last(path: Path) -> Anchor | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_LINE))
        lines = file.read().decode(errors="replace").splitlines()
    return next((found for line in reversed(lines) if (found := _read(line))), None)


def _read(line: str) -> Anchor | None:
    try:
        note = json.loads(line)
        return Anchor(int(note["position"]), str(note["hash"]))
    except (ValueError, KeyError, TypeError):
        return None
