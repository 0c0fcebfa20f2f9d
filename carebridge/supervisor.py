"""Everything CareBridge needs, in the foreground of one terminal: servers, web, workers, cron, sealer.

A part that dies or stops answering is started again. Ctrl-C or SIGTERM ends everything in order; the data stays.
"""

import contextlib
import fcntl
import gc
import os
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from carebridge import embedded
from carebridge.env import data_dir
from carebridge.parts import Part, make_parts, run_once
from carebridge.processes import ServersUnavailable

DEMO_LOGINS = "reception, doctor, clinicadmin, manager, support, sysadmin"
DEMO_PASSWORD = "carebridge-demo"  # noqa: S105 - printed for everyone to see
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STRIKES = 3


class Stop(Exception):
    """Someone asked us to end."""


def main() -> int:
    """Run until asked to stop. Returns the exit status."""
    for number in STOPPING:
        signal.signal(number, _on_signal)
    data = data_dir()
    data.mkdir(parents=True, exist_ok=True)
    parts: list[Part] = []
    try:
        with _only_supervisor(data), _listener() as listener:
            try:
                _serve(parts, listener, data)
            except Stop:
                say("stopping …")
            finally:
                _stop(parts, data)
    except Stop:
        pass
    except ServersUnavailable as problem:
        print(f"CareBridge could not start: {problem}", file=sys.stderr, flush=True)
        return 1
    print("CareBridge has stopped; its data is kept.", flush=True)
    return 0


def _serve(parts: list[Part], listener: socket.socket, data: Path) -> None:
    started, port = time.monotonic(), listener.getsockname()[1]
    say(f"servers: PostgreSQL and Redis in {data}")
    embedded.ensure_running(data)
    _set_up(data)
    from carebridge import prepare

    run_once(prepare.main)
    parts += make_parts(listener, data / "logs")
    for part in parts:
        part.start()
    _wait_until_ready(parts, port)
    print(f"\nCareBridge is ready at http://127.0.0.1:{port}/   ({time.monotonic() - started:.0f} s)", flush=True)
    if _setting("DEMO"):
        print(f"  demo logins: {DEMO_LOGINS}\n  password:    {DEMO_PASSWORD}", flush=True)
    print(f"  logs in {data / 'logs'}; Ctrl-C stops everything and keeps the data\n", flush=True)
    _watch(parts, port, data)


def _set_up(data: Path) -> None:
    """Load Django once, for all parts; what they share has to be in the environment before."""
    metrics = data / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    for folder in (metrics, data / "logs", data / "static"):
        folder.mkdir(exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carebridge.settings")
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(metrics))
    os.environ.setdefault("DB_CONN_MAX_AGE", "600")
    import django

    django.setup()
    # What every part needs anyway is loaded here, before the fork.
    import uvicorn  # noqa: F401
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    # What is loaded stays: the collector need not walk it again in every copy, nor unshare its memory by doing so.
    gc.collect()
    gc.freeze()


def _wait_until_ready(parts: list[Part], port: int) -> None:
    while not _answers(f"http://127.0.0.1:{port}/readyz", timeout=5):
        _look_after(parts)
        time.sleep(0.1)


def _watch(parts: list[Part], port: int, data: Path) -> None:
    strikes = 0
    for second in range(1, sys.maxsize):
        time.sleep(1)
        _look_after_servers(data)
        _look_after(parts)
        if second % 5 == 0:
            strikes = 0 if _answers(f"http://127.0.0.1:{port}/healthz", timeout=5) else strikes + 1
        if strikes >= STRIKES:
            say("web does not answer; starting it again")
            for part in parts:
                if part.name.startswith("web"):
                    part.signal(signal.SIGKILL)
            strikes = 0


def _look_after(parts: list[Part]) -> None:
    for part in parts:
        if news := part.look_after():
            say(news)


def _look_after_servers(data: Path) -> None:
    running = embedded.status(data)
    for name, own in zip(("postgresql", "redis"), embedded.ours(data), strict=True):
        if own and running[name] is None:
            say(f"{name} has ended; starting it again")
            with contextlib.suppress(ServersUnavailable):
                embedded.ensure_running(data)


def _stop(parts: list[Part], data: Path) -> None:
    # Once we are stopping, impatience must not leave half of it running.
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    for part in parts:
        part.signal(signal.SIGTERM)
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and any(part.alive() for part in parts):
        time.sleep(0.05)
    for part in parts:
        part.signal(signal.SIGKILL)
    embedded.stop(data)


def _answers(url: str, *, timeout: float) -> bool:
    # The site answers to its own names only, and a probe of ours comes by the loopback address.
    names = [name.lstrip(".") for name in _setting("ALLOWED_HOSTS") if name != "*"]
    request = urllib.request.Request(url, headers={"Host": names[0]} if names else {})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _setting(name: str) -> Any:
    from django.conf import settings  # not before `_set_up`: what the settings read is put in the environment there

    return getattr(settings, name)


@contextlib.contextmanager
def _listener() -> Iterator[socket.socket]:
    """Take the port now: a port that is someone else's should be known before a minute of preparing."""
    port = int(os.environ.get("PORT") or 8000)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((os.environ.get("BIND") or "127.0.0.1", port))
        except OSError as problem:
            hint = "Choose another: PORT=8001 bin/up"
            raise ServersUnavailable(f"port {port} can't be used ({problem.strerror}). {hint}") from None
        listener.set_inheritable(True)
        yield listener


@contextlib.contextmanager
def _only_supervisor(data: Path) -> Iterator[None]:
    with (data / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "For a second copy: PORT=8001 CAREBRIDGE_DATA=.data-2 bin/up"
            raise ServersUnavailable(f"another bin/up is using {data}. {hint}") from None
        yield


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise Stop


def say(line: str) -> None:
    """Tell the person at the terminal what happens."""
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
