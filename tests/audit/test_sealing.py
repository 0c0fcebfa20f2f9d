"""Many sessions write at once, some commit late, two sealers quarrel: one chain, with every row in it once."""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django_rq import get_queue

from carebridge.audit.models import LogEntry, Seal, Unsealed
from carebridge.audit.sealing import seal_new
from tests.audit.conftest import rules_broken
from tests.database import environment

pytestmark = pytest.mark.django_db(transaction=True)

WRITE = """
INSERT INTO audit_logentry (object_pk, object_id, object_repr, action, changes_text, changes, timestamp, event, role,
                            content_type_id, refused)
SELECT n::text, n, 'Row', 1, '', '{"number": [null, 1]}', clock_timestamp(), 'race.written', '',
       (SELECT min(id) FROM django_content_type), false
FROM generate_series(1, %s) n
"""


def write(session: int, rows: int) -> None:
    """Rows in transactions of all sizes, each committed a moment after its ids were taken; some are rolled back."""
    connection.close()
    chosen, left = random.Random(session), rows
    with connection.cursor() as cursor:
        while left:
            size = min(left, chosen.choice((1, 1, 3, 20, 100)))
            undone = chosen.random() < 0.1
            with transaction.atomic():
                cursor.execute(WRITE, [size])
                time.sleep(chosen.random() / 200)
                transaction.set_rollback(undone)
            left -= 0 if undone else size
    connection.close()
    os._exit(0)


def seal(until: Path) -> None:
    """Seal without pause until the writers are done."""
    connection.close()
    while not until.exists():
        seal_new()
    connection.close()
    os._exit(0)


def race(rows: int, sessions: int, done: Path) -> float:
    """Write that many rows from that many sessions while two sealers work; seconds until the last was sealed."""
    connection.close()
    fork, started = multiprocessing.get_context("fork"), time.monotonic()
    writers = [fork.Process(target=write, args=(each, rows // sessions)) for each in range(sessions)]
    sealers = [fork.Process(target=seal, args=(done,)) for _ in range(2)]
    for process in (*sealers, *writers):
        process.start()
    for process in writers:
        process.join()
    done.touch()
    for process in sealers:
        process.join()
    seal_new()
    return time.monotonic() - started


@pytest.mark.race
@pytest.mark.parametrize(
    ("rows", "sessions"), [(2_000, 8), pytest.param(100_000, 40, marks=pytest.mark.full, id="100000-40")]
)
def test_rows_written_at_once_are_sealed_once_each_in_one_chain(harbour, tmp_path, rows, sessions):
    seconds = race(rows, sessions, tmp_path / f"done-{uuid.uuid4().hex}")

    written = LogEntry.objects.filter(event="race.written").count()
    chain = Seal.objects.count()
    print(f"\n{written} rows by {sessions} sessions, {chain} seals, no fork, in {seconds:.1f} s")
    assert written == rows
    assert chain == LogEntry.objects.count() == Seal.objects.order_by("-position").first().position
    assert Unsealed.objects.count() == 0
    assert rules_broken() == set()


def test_a_row_committed_after_a_younger_one_was_sealed_is_sealed_too(write_rows, sessions_apart):
    begun, go_on = sessions_apart(lambda: write_rows(1, event="clinic.late"))
    begun.wait(10)
    (younger,) = write_rows(1)
    seal_new()
    go_on()

    seal_new()

    late = LogEntry.objects.get(event="clinic.late")
    places = dict(Seal.objects.values_list("entry_id", "position"))
    assert late.pk < younger.pk
    assert places[late.pk] > places[younger.pk]
    assert rules_broken() == set()


def test_a_row_that_was_rolled_back_leaves_no_gap(write_rows):
    with transaction.atomic():
        write_rows(3)
        transaction.set_rollback(True)
    write_rows(1)

    seal_new()

    assert rules_broken() == set()


@contextmanager
def running(*command: str) -> Iterator[None]:
    """A management command as a process of its own on the test database, as the supervisor runs it."""
    database = connection.settings_dict["NAME"]
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=configured.BASE_DIR, env=environment(database)
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def until(happened) -> bool:
    """Whether it happened within a minute."""
    return any(happened() or time.sleep(0.1) for _ in range(600))


def test_a_worker_busy_with_a_long_job_holds_up_no_seal(write_rows):
    jobs = [get_queue(name, commit_mode="auto").enqueue(time.sleep, 200) for name in ("high", "default")]
    worker = ("rqworker", "high", "default", "--worker-class", "rq.SimpleWorker")  # forks nothing that outlives it
    with running(*worker), running("seal_audit", "--every", "2"):
        assert until(lambda: jobs[0].get_status(refresh=True) == "started")
        (row,) = write_rows(1)

        assert until(Seal.objects.filter(entry_id=row.pk).exists)
        assert [job.get_status(refresh=True) for job in jobs] == ["started", "queued"]
    assert rules_broken() == set()


def test_the_sealer_goes_on_after_the_database_was_away(write_rows):
    with running("seal_audit", "--every", "1"):
        (before,) = write_rows(1)
        assert until(Seal.objects.filter(entry_id=before.pk).exists)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        (after,) = write_rows(1)

        assert until(Seal.objects.filter(entry_id=after.pk).exists)
