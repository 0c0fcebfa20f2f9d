"""The processes of a running CareBridge: web, workers, cron and sealer, forked from one process that has loaded Django.

Loading Django takes seconds; forking takes none, and the copies share their memory. Nothing may hold a connection or
run a thread before the fork.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

QUIET_AFTER = 60  # a part that ran this many seconds is well again
WEB_STATEMENT_TIMEOUT = "20s"  # no one waits longer for a page; jobs may
SEAL_EVERY = 2  # seconds; an audit row is to be sealed within five


class Part:
    """One supervised process: what it runs, its log file, when to start it next."""

    def __init__(self, name: str, run: Callable[[], None], log: Path) -> None:
        self.name = name
        self.run = run
        self.log = log
        self.process: multiprocessing.process.BaseProcess | None = None
        self.failures = 0
        self.started_at = self.due_at = 0.0

    def start(self) -> None:
        """Fork the process, in a group of its own, ended by the system if we are killed."""
        self.process = multiprocessing.get_context("fork").Process(target=self._child, name=self.name)
        self.process.start()
        self.started_at = time.monotonic()

    def look_after(self) -> str | None:
        """Start the process again if it has died, and say so; one that keeps dying waits longer each time."""
        now, news = time.monotonic(), None
        if self.process and not self.process.is_alive():
            self.failures = 1 if now - self.started_at > QUIET_AFTER else self.failures + 1
            self.due_at = now + min(30, 2 ** (self.failures - 1) - 1)
            news = f"{self.name} ended (code {self.process.exitcode}); starting it again. Its log: {self.log}"
            self.process = None
        if self.process is None and now >= self.due_at:
            self.start()
        return news

    def alive(self) -> bool:
        """Say whether the process runs."""
        return self.process is not None and self.process.is_alive()

    def signal(self, how: signal.Signals) -> None:
        """Signal the process and, for a kill, everything it started."""
        if self.process and self.process.pid and self.process.is_alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                (os.killpg if how == signal.SIGKILL else os.kill)(self.process.pid, how)

    def _child(self) -> None:
        os.setsid()
        _die_with_parent()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with self.log.open("ab") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        self.run()


def make_parts(listener: socket.socket, logs: Path) -> list[Part]:
    """Return web (WEB_WORKERS processes, 2 by default) and the rest, not yet started, with fresh logs."""
    workers = max(1, int(os.environ.get("WEB_WORKERS") or 2))
    web = [
        Part(f"web-{number}", lambda: serve_web(listener), logs / f"web-{number}.log")
        for number in range(1, workers + 1)
    ]
    senders = max(1, int(os.environ.get("REMINDER_WORKERS") or 1))
    sending = [
        Part(f"reminders-{number}", run_reminders, logs / f"reminders-{number}.log") for number in range(1, senders + 1)
    ]
    others = {"worker": run_worker, "cron": run_cron, "sealer": run_sealer}
    parts = [*web, *sending, *(Part(name, run, logs / f"{name}.log") for name, run in others.items())]
    for part in parts:
        with contextlib.suppress(FileNotFoundError):
            part.log.replace(part.log.with_suffix(".log.1"))
    return parts


def serve_web(listener: socket.socket) -> None:
    """Serve pages, API and sockets until told to end."""
    import uvicorn
    from django.db import connections

    options = connections.settings["default"]["OPTIONS"]
    options["options"] += f" -c statement_timeout={WEB_STATEMENT_TIMEOUT}"
    from carebridge.asgi import application

    config = uvicorn.Config(
        application,
        lifespan="off",
        timeout_graceful_shutdown=5,
        access_log=False,
        log_config=None,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def run_worker() -> None:
    """Work through the job queues."""
    from django.core.management import call_command

    # A worker that was killed a moment ago still holds its name in Redis.
    call_command("rqworker", "high", "default", with_scheduler=True, name=f"worker-{os.getpid()}-{int(time.time())}")


def run_reminders() -> None:
    """Send messages to patients: a worker of its own, so that no other job holds them up."""
    from django.core.management import call_command

    from reminders import jobs

    jobs.warm_up()
    call_command("rqworker", jobs.QUEUE, name=f"reminders-{os.getpid()}-{int(time.time())}")


def run_cron() -> None:
    """Enqueue the regular jobs."""
    from django.core.management import call_command

    call_command("rqcron", "carebridge.cron")


def run_sealer() -> None:
    """Seal the audit trail."""
    from django.core.management import call_command

    call_command("seal_audit", every=SEAL_EVERY)


def run_once(run: Callable[[], None]) -> None:
    """Run something in a fork of its own, so that this process keeps no connection. Raises SystemExit if it fails."""

    def child() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        run()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    try:
        process.join()
    finally:
        # Asked to stop half-way: the database must not go before the one who is writing to it.
        process.terminate()
        process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


def _die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG; Linux only
