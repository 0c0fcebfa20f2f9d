"""The whole site, imported once and then started afresh for each test that asks, at one address.

`python -m tests.ready_site LISTENER APPLICATION LOG`, the first being the number of an inherited listening socket.
"start" on standard input forks a copy that serves, "stop" ends it; each is answered by a line. A copy begins with
nothing but what importing made, so nothing is remembered from one test to the next. The end of the input ends it all.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.importer import import_from_string

GRACE_SECONDS = 1


def main(listener: socket.socket, application: Any, log: Path) -> None:
    from django.urls import get_resolver

    _ = get_resolver().reverse_dict  # imports every view
    gc.collect()
    gc.freeze()
    serving = 0
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "start\n":
            serving = os.fork()
            if not serving:
                serve(listener, application, log)
        else:
            end(serving)
            serving = 0
        print("done", flush=True)
    if serving:
        end(serving)


def serve(listener: socket.socket, application: Any, log: Path) -> None:
    """Serve in this process until it is told to end."""
    os.close(0)
    with log.open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    config = uvicorn.Config(application, lifespan="off", timeout_graceful_shutdown=GRACE_SECONDS, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
    os._exit(0)


def end(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 5 * GRACE_SECONDS
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


if __name__ == "__main__":
    number, name, path = sys.argv[1:]
    main(socket.socket(fileno=int(number)), import_from_string(name), Path(path))
