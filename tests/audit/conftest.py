"""Rows to seal, and somebody who owns the database and tampers with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from django.db import connection, transaction

from carebridge.audit.models import LogEntry
from carebridge.audit.sealing import seal_new
from carebridge.audit.trail import log_change
from carebridge.audit.verification import verify


@pytest.fixture(autouse=True)
def anchor_file(settings, tmp_path: Path) -> Path:
    """Every test has anchors of its own."""
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    return tmp_path / "anchors.jsonl"


@pytest.fixture
def write_rows(harbour) -> Callable[..., list[LogEntry]]:
    """Writes rows about the clinic, as commands do."""

    def write(count: int, event: str = "clinic.noted") -> list[LogEntry]:
        return [log_change(harbour, event=event, by=None, changes={"number": (None, each)}) for each in range(count)]

    return write


@pytest.fixture
def sealed(write_rows) -> list[LogEntry]:
    """Nine rows in two batches, sealed and anchored."""
    rows = write_rows(5)
    seal_new()
    rows += write_rows(4)
    seal_new()
    return rows


@pytest.fixture
def owner(db: None) -> Callable[..., None]:
    """Executes a statement as somebody whom no trigger stops."""

    def execute(statement: str, arguments: Sequence[object] = ()) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(statement, arguments)
            cursor.execute("SET session_replication_role = origin")

    return execute


def rules_broken() -> set[str]:
    """What the verification finds, by rule."""
    return {each.rule for each in verify()}


@pytest.fixture
def sessions_apart() -> Iterator[Callable[..., tuple[Event, Callable[[], None]]]]:
    """Runs a function in a transaction of its own session, which commits when told to."""
    pool, released = ThreadPoolExecutor(2), Event()

    def start(function: Callable[[], object]) -> tuple[Event, Callable[[], None]]:
        begun = Event()

        def run() -> None:
            with transaction.atomic():
                function()
                begun.set()
                assert released.wait(30)
            connection.close()

        done = pool.submit(run)

        def commit() -> None:
            released.set()
            done.result(30)

        return begun, commit

    yield start
    released.set()
    pool.shutdown()
