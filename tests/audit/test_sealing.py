"""Many sessions write at once, some commit late, two sealers quarrel: one chain, with every row in it once."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
import uuid
from pathlib import Path

import pytest
from django.db import connection, transaction

from carebridge.audit.models import LogEntry, Seal, Unsealed
from carebridge.audit.sealing import seal_new
from tests.audit.conftest import rules_broken

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
