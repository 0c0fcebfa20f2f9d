"""The whole site as a process of its own on the test database: for browsers, sockets and races over HTTP."""

import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from tests.database import environment


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    """Serve the test database and return the site's address, without the slash at the end."""
    with serve() as address:
        yield address


@contextlib.contextmanager
def serve(application: str = "carebridge.asgi:application") -> Iterator[str]:
    """Serve the current test database by a process that was just begun, until the block ends; yields the address."""
    with _ready_site(application, str(connection.settings_dict["NAME"])).running() as address:
        yield address


class ReadySite:
    """A process that has the site imported, in which a test's own copy starts within a moment."""

    def __init__(self, application: str, database: str) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._log = settings.DATA_DIR / f"site-{port}.log"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ready_site", str(self._listener.fileno()), application, self._log],
            cwd=settings.BASE_DIR,
            env=self._environment(database, port),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
        )
        self._expect_answer()

    def _environment(self, database: str, port: int) -> dict[str, str]:
        env = {**environment(database), "PORT": str(port), "DB_CONN_MAX_AGE": "60", "CAREBRIDGE_DEMO": "0"}
        env.pop("PROMETHEUS_MULTIPROC_DIR", None)
        return env | {"DEMO_SKIPS_SECOND_FACTOR": "1"}

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        self._tell("start")
        try:
            self._wait_until_ready()
            yield self.address
        finally:
            self._tell("stop")

    def _tell(self, word: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{word}\n".encode())
        self._process.stdin.flush()
        self._expect_answer()

    def _expect_answer(self) -> None:
        assert self._process.stdout
        if not self._process.stdout.readline():
            raise RuntimeError("The site's process has ended.")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/readyz", timeout=5):
                return
            time.sleep(0.05)
        raise RuntimeError(f"The site did not start:\n{self._log.read_text()}")


@functools.cache
def _ready_site(application: str, database: str) -> ReadySite:
    return ReadySite(application, database)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium, or skip the test where there is none (in CI, where it is required, fail)."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    for name in filter(None, names):
        if path := shutil.which(name):
            return path
    if os.environ.get("BROWSER_TESTS") == "required":
        pytest.fail("Chromium is required here and was not found; set CHROMIUM to its path.")
    pytest.skip("No Chromium; set CHROMIUM to its path.")
