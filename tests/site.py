"""The whole site as a process of its own on the test database: for browsers, sockets and races over HTTP."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection

from tests.database import environment
from tests.ports import free_port


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    """Serve the test database and return the site's address, without the slash at the end."""
    with serve() as address:
        yield address


@contextlib.contextmanager
def serve(*, workers: int = 1, application: str = "carebridge.asgi:application", **settings_: str) -> Iterator[str]:
    """Run uvicorn on the current test database until the block ends; keyword arguments become environment variables."""
    port = free_port()
    name = connection.settings_dict["NAME"]
    env = {**environment(name), "PORT": str(port), "DB_CONN_MAX_AGE": "60", "CAREBRIDGE_DEMO": "0"}
    env |= {"DEMO_SKIPS_SECOND_FACTOR": "1", **settings_}
    env.pop("PROMETHEUS_MULTIPROC_DIR", None)
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--lifespan", "off"]
    command += ["--workers", str(workers), "--timeout-graceful-shutdown", "2", "--no-access-log"]
    log = settings.DATA_DIR / f"site-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=output, stderr=output)
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz", process, log.read_text)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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


def _wait_for(url: str, process: subprocess.Popen, log: Callable[[], str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError(f"The site did not start:\n{log()}")
