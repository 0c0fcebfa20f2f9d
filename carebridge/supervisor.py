"""Everything CareBridge needs, in the foreground of one terminal: servers, web, worker, cron.

A part that dies or stops answering is started again. Ctrl-C or SIGTERM ends everything in order; the data stays.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from carebridge import embedded
from carebridge.env import BASE_DIR, copy_name, data_dir
from carebridge.processes import ServersUnavailable

DEMO_LOGINS = "reception, doctor, clinicadmin, manager, support, sysadmin"
DEMO_PASSWORD = "carebridge-demo"  # noqa: S105 - printed for everyone to see
QUIET_AFTER = 60  # a part that ran this many seconds is well again
STRIKES = 3


class Stop(Exception):
    """Someone asked us to end."""


class Part:
    """One supervised process: its command, its log file, when to start it next."""

    def __init__(self, name: str, command: list[str], env: dict[str, str]) -> None:
        self.name = name
        self.command = command
        self.env = env
        self.log = data_dir() / "logs" / f"{name}.log"
        self.process: subprocess.Popen | None = None
        self.failures = 0
        self.started_at = self.due_at = 0.0

    def start(self) -> None:
        """Start the process in a group of its own, ended by the system if we are killed."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=BASE_DIR,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # safe: we run no threads
            )
        self.started_at = time.monotonic()

    def look_after(self) -> None:
        """Start the process again if it has died; one that keeps dying waits longer each time."""
        now = time.monotonic()
        if self.process and self.process.poll() is not None:
            self.failures = 1 if now - self.started_at > QUIET_AFTER else self.failures + 1
            self.due_at = now + min(30, 2 ** (self.failures - 1) - 1)
            say(f"{self.name} ended (code {self.process.returncode}); starting it again. Its log: {self.log}")
            self.process = None
        if self.process is None and now >= self.due_at:
            self.start()

    def signal(self, how: signal.Signals) -> None:
        """Signal the process and, for a kill, everything it started."""
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                if how == signal.SIGKILL:
                    os.killpg(self.process.pid, how)
                else:
                    self.process.send_signal(how)


def main() -> int:
    """Run until asked to stop. Returns the exit status."""
    signal.signal(signal.SIGTERM, _on_signal)
    signal.signal(signal.SIGINT, _on_signal)
    signal.signal(signal.SIGHUP, _on_signal)
    started, port, data = time.monotonic(), int(os.environ.get("PORT") or 8000), data_dir()
    parts: list[Part] = []
    data.mkdir(parents=True, exist_ok=True)
    try:
        with _only_supervisor(data):
            _refuse_taken_port(port)
            try:
                _serve(parts, port, data, started)
            except Stop:
                say("stopping …")
            finally:
                _stop(parts, data)
    except Stop:
        pass
    except (ServersUnavailable, subprocess.CalledProcessError) as problem:
        print(f"CareBridge could not start: {problem}", file=sys.stderr, flush=True)
        return 1
    print("CareBridge has stopped; its data is kept.", flush=True)
    return 0


def _serve(parts: list[Part], port: int, data: Path, started: float) -> None:
    say(f"servers: PostgreSQL and Redis in {data}")
    embedded.ensure_running(data)
    subprocess.run([sys.executable, "-m", "carebridge.prepare"], cwd=BASE_DIR, check=True)
    parts += make_parts(port, data)
    for part in parts:
        part.start()
    _wait_until_ready(parts, port)
    print(f"\nCareBridge is ready at http://127.0.0.1:{port}/   ({time.monotonic() - started:.0f} s)", flush=True)
    if os.environ.get("CAREBRIDGE_DEMO", "1").lower() not in ("0", "false", "off", "no"):
        print(f"  demo logins: {DEMO_LOGINS}\n  password:    {DEMO_PASSWORD}", flush=True)
    print(f"  logs in {data / 'logs'}; Ctrl-C stops everything and keeps the data\n", flush=True)
    _watch(parts, port, data)


def make_parts(port: int, data: Path) -> list[Part]:
    """Return web, worker and cron, not yet started, with a fresh log and metrics folder."""
    (data / "logs").mkdir(exist_ok=True)
    metrics = data / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    (data / "static").mkdir(exist_ok=True)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "carebridge.settings", "PYTHONUNBUFFERED": "1"}
    web_env = {"DB_POOL": "10", "DB_STATEMENT_TIMEOUT_MS": "20000", "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    # Explicit settings win over these defaults.
    web_env = {name: value for name, value in web_env.items() if name not in os.environ}
    python, manage = sys.executable, str(BASE_DIR / "manage.py")
    web = [python, "-m", "uvicorn", "carebridge.asgi:application", "--host", os.environ.get("BIND") or "127.0.0.1"]
    web += ["--port", str(port), "--workers", os.environ.get("WEB_WORKERS") or "2", "--lifespan", "off"]
    web += ["--timeout-graceful-shutdown", "5", "--no-access-log", "--log-level", "warning"]
    parts = [
        Part("web", web, env | web_env),
        Part("worker", [python, manage, "rqworker", "high", "default", "--with-scheduler", "--name", _unique()], env),
        Part("cron", [python, manage, "rqcron", "carebridge.cron"], env),
    ]
    for part in parts:
        with contextlib.suppress(FileNotFoundError):
            part.log.replace(part.log.with_suffix(".log.1"))
    return parts


def _wait_until_ready(parts: list[Part], port: int) -> None:
    while not _answers(f"http://127.0.0.1:{port}/readyz", timeout=5):
        for part in parts:
            part.look_after()
        time.sleep(0.1)


def _watch(parts: list[Part], port: int, data: Path) -> None:
    strikes, round_ = 0, 0
    while True:
        time.sleep(1)
        round_ += 1
        _look_after_servers(data)
        for part in parts:
            part.look_after()
        if round_ % 5 == 0:
            strikes = 0 if _answers(f"http://127.0.0.1:{port}/healthz", timeout=5) else strikes + 1
        if strikes >= STRIKES:
            say("web does not answer; starting it again")
            parts[0].signal(signal.SIGKILL)
            strikes = 0


def _look_after_servers(data: Path) -> None:
    running = embedded.status(data)
    for name, own in zip(("postgresql", "redis"), embedded.ours(data), strict=True):
        if own and running[name] is None:
            say(f"{name} has ended; starting it again")
            with contextlib.suppress(ServersUnavailable):
                embedded.ensure_running(data)


def _stop(parts: list[Part], data: Path) -> None:
    # Once we are stopping, impatience must not leave half of it running.
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(how, signal.SIG_IGN)
    for part in parts:
        part.signal(signal.SIGTERM)
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and any(part.process and part.process.poll() is None for part in parts):
        time.sleep(0.05)
    for part in parts:
        part.signal(signal.SIGKILL)
    embedded.stop(data)


def _answers(url: str, *, timeout: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ServersUnavailable(f"port {port} is taken. Choose another: PORT=8001 bin/up") from None


@contextlib.contextmanager
def _only_supervisor(data: Path) -> Iterator[None]:
    with (data / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "For a second copy: PORT=8001 CAREBRIDGE_DATA=.data-2 bin/up"
            raise ServersUnavailable(f"another bin/up is using {data}. {hint}") from None
        yield


def _unique() -> str:
    """Return a worker name that a worker killed a moment ago cannot still hold in Redis."""
    return f"{copy_name()}-{os.getpid()}-{int(time.time())}"


def _die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG; Linux only


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise Stop


def say(line: str) -> None:
    """Tell the person at the terminal what happens."""
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
