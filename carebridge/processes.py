"""Servers as processes: start one detached, wait until it answers, find it again by its pid file, end it."""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SERVER_USER = "carebridge_pg"


class ServersUnavailable(RuntimeError):
    """An embedded server could not be started; the message says which and where its log is."""


def server_account() -> pwd.struct_passwd | None:
    """Return the account PostgreSQL runs under: ours, or a lesser one when we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVER_USER)
    with contextlib.suppress(OSError):
        subprocess.run(["useradd", "--system", "--no-create-home", SERVER_USER], capture_output=True)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVER_USER)
    return pwd.getpwnam("nobody")


def as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the arguments that make subprocess run a program under `account` (None: under ours)."""
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def launch(command: list, log: Path, account: pwd.struct_passwd | None) -> subprocess.Popen:
    """Start a server in a session of its own: Ctrl-C in the terminal must reach it only through us."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            **as_account(account),
        )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen, name: str, log: Path, seconds: float = 60) -> None:
    """Wait until a server that was just started answers. Raises ServersUnavailable when it dies or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServersUnavailable(f"{name} did not start; see {log}")
        time.sleep(0.03)


def live_pid(pid_file: Path, *, mentions: str) -> int | None:
    """Return the pid in the file if that process lives and its command line `mentions` the text.

    After a crash or a reboot the same number may be someone else's process, even another copy's server.
    """
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
        return None
    with contextlib.suppress(OSError):
        # A process that has died but that nobody has looked after yet has an empty command line.
        return pid if mentions.encode() in Path(f"/proc/{pid}/cmdline").read_bytes() else None
    return pid


def end(pid: int, how: signal.Signals, *, seconds: float) -> None:
    """Ask a process to end and wait for it; after `seconds` it is killed."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if _has_ended(pid):
                return
            time.sleep(0.03)
        os.kill(pid, signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except ProcessLookupError:
        return True
    except OSError:
        return False


def let_pass(path: Path) -> None:
    """Let the lesser account walk through the folders above `path`: it may pass, not list or read."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            print(f"  letting PostgreSQL's account pass through {folder} (chmod o+x)", flush=True)
            folder.chmod(mode | 0o001)
