"""Processes with everything they start, to be killed with SIGKILL and begun again: workers, sweeps."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

from django.conf import settings as site
from django.db import connection


class Group:
    """A process with everything it starts, and what it runs, so that it can be killed and begun again."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run
        self.process: BaseProcess | None = None

    def start(self) -> None:
        connection.close()  # a forked copy of an open session would be two people on one line
        self.process = multiprocessing.get_context("fork").Process(target=self._child, daemon=False)
        self.process.start()

    def kill(self) -> None:
        if self.process and self.process.pid:
            pid = self.process.pid
            # The child that carries out a job is in a group of its own and would outlive its parent.
            with contextlib.suppress(FileNotFoundError):
                for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                    _kill(int(child))
            _kill(pid)
            self.process.join()

    def _child(self) -> None:
        os.setsid()
        with (site.DATA_DIR / "chaos.log").open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        self.run()


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpgid(pid), signal.SIGKILL)


@contextlib.contextmanager
def running(*runs: Callable[[], None]) -> Iterator[list[Group]]:
    groups = [Group(run) for run in runs]
    try:
        for group in groups:
            group.start()
        yield groups
    finally:
        for group in groups:
            group.kill()
