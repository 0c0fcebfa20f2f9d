"""The site served by processes forked from this one, as the running product does it: they answer at once."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection, connections


@contextlib.contextmanager
def fork_site(*, workers: int = 2, prepare: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Serve the current database until the block ends; each process calls `prepare` first. Yields the address."""
    connection.close()  # a forked copy of an open session would be two people on one line
    gc.collect()
    gc.freeze()
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=_serve, args=(listener, prepare)) for _ in range(workers)]
        for process in processes:
            process.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _wait_for(f"{address}/healthz")
            yield address
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.join(10)
                process.kill()


def _serve(listener: socket.socket, prepare: Callable[[], None]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with (settings.DATA_DIR / "forked-site.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    connections.settings["default"]["CONN_MAX_AGE"] = 600
    import uvicorn

    from carebridge.asgi import application

    prepare()
    config = uvicorn.Config(
        application, lifespan="off", timeout_graceful_shutdown=2, access_log=False, log_config=None, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10):
            return
        time.sleep(0.05)
    raise RuntimeError("The site did not start.")
