"""Work done in a process of its own that is killed with SIGKILL at a chosen point: the worker that dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time as clock
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, connection, connections

from carebridge.errors import DomainError

Work = Callable[[], object]
Fatal = Callable[[int, str], bool]
"""Of a point, whether to die there: its number, and its statement or BEFORE_COMMIT or AFTER_COMMIT."""

BEFORE_COMMIT, AFTER_COMMIT = "before COMMIT", "after COMMIT"
REACHED, FAILED = 0, 1
PATIENCE_SECONDS = 60


def kill(work: Work, fatal: Fatal, *, torn: bool = False) -> int | None:
    """Let a process do the work until it dies at the first point that is fatal; the point's number.

    None when the work was done, or refused, before. `torn` takes the transaction away: each statement is for good, and
    the triggers that look once more before a commit are off.
    """
    connection.close()  # a forked copy of an open session would be two people on one line
    context = multiprocessing.get_context("fork")
    reached = context.Value("i", 0)
    process = context.Process(target=_live, args=(work, fatal, torn, reached), daemon=True)
    process.start()
    process.join(PATIENCE_SECONDS)
    assert process.exitcode in (0, -signal.SIGKILL), f"it ended with {process.exitcode}"
    _wait_until_its_session_is_gone()
    return reached.value if process.exitcode else None


def _live(work: Work, fatal: Fatal, torn: bool, reached: Any) -> None:
    refusals = (DomainError, DatabaseError) if torn else (DomainError,)
    session = connections["default"]
    commit = session._commit

    def at(point: str) -> None:
        if fatal(reached.value, point):
            os.kill(os.getpid(), signal.SIGKILL)
        reached.value += 1

    def execute_at_point(execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
        if torn and "SAVEPOINT" in sql:
            return None
        at(sql)
        answer = execute(sql, params, many, context)
        if torn:
            session.connection.commit()
        return answer

    def commit_at_point() -> None:
        at(BEFORE_COMMIT)
        commit()
        at(AFTER_COMMIT)

    session._commit = commit_at_point
    if torn:
        with session.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
    try:
        with suppress(*refusals), session.execute_wrapper(execute_at_point):
            work()
    except BaseException:
        traceback.print_exc()
        os._exit(FAILED)
    os._exit(REACHED)


def _wait_until_its_session_is_gone() -> None:
    deadline = clock.monotonic() + PATIENCE_SECONDS
    while clock.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            if not cursor.fetchone()[0]:
                return
        clock.sleep(0.01)
    raise AssertionError("the dead worker's session is still there")


def everything() -> str:
    """A short word for all rows of all tables, the same only as long as every row is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        each = (
            f"SELECT '{name}', count(*), sum(hashtextextended(t::text, 0)) FROM {name} t"
            for (name,) in cursor.fetchall()
        )
        cursor.execute(" UNION ALL ".join(each))
        return str(sorted(cursor.fetchall()))
