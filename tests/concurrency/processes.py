"""The same instant in several processes: forked from the test, each with a database session of its own."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from django.db import DatabaseError, connection

from carebridge.errors import DomainError

Turn = Callable[[], object]
PATIENCE_SECONDS = 120


class Failed(AssertionError):
    """A process met something that is not a refusal; says what."""


def together(
    work: Sequence[Sequence[Turn]],
    *,
    in_step: bool = False,
    forgiving: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Counter:
    """Do each list of turns in a process of its own, all beginning at once; count how the turns ended.

    A turn ends as "done" or with the code of its refusal. `in_step`: every turn waits until all are ready for it.
    Raises Failed when a process met anything else, unless `forgiving` counts that as "broken".
    """
    connection.close()  # a forked copy of an open session would be two people on one line
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(work))
    lines, processes = [], []
    for turns in work:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(turns, barrier, theirs, in_step, forgiving), daemon=True)
        process.start()
        lines.append(ours)
        processes.append(process)
    answers = [line.recv() if line.poll(patience_seconds) else "no answer" for line in lines]
    for process in processes:
        process.join(5)
        process.kill()
    failures = [answer for answer in answers if isinstance(answer, str)]
    if failures:
        # Those who only waited for the one that failed have nothing to tell.
        raise Failed(min(failures, key=lambda text: "BrokenBarrierError" in text))
    return sum(answers, Counter())


def _work(turns: Sequence[Turn], barrier: Any, line: Connection, in_step: bool, forgiving: bool) -> None:
    ended: Counter = Counter()
    try:
        barrier.wait(PATIENCE_SECONDS)
        for number, turn in enumerate(turns):
            if in_step and number:
                barrier.wait(PATIENCE_SECONDS)
            ended[_end_of(turn, forgiving)] += 1
        connection.close()
        line.send(ended)
    except BaseException:
        barrier.abort()
        connection.close()
        line.send(traceback.format_exc())


def _end_of(turn: Turn, forgiving: bool) -> str:
    try:
        turn()
    except DomainError as refusal:
        if refusal.status >= 500:
            raise
        return refusal.code
    except DatabaseError:
        if not forgiving:
            raise
        return "broken"
    return "done"
