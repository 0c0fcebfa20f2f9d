"""A server of our own that speaks as much of Twilio's Messages API as we use, and fails in the ways that it does."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FORMS = {"To": "to", "From": "from_", "Body": "body", "StatusCallback": "callback"}


@dataclass
class Taken:
    """A message that the provider has, and when the request for it arrived (Unix time)."""

    sid: str
    to: str
    body: str
    callback: str
    key: str
    at: float
    from_: str = ""
    service: str = ""

    def as_twilio(self) -> dict[str, Any]:
        made = format_datetime(datetime.fromtimestamp(self.at, UTC))
        return {"sid": self.sid, "to": self.to, "from": self.from_, "body": self.body, "status": "queued"} | {
            "date_created": made,
            "date_updated": made,
            "date_sent": None,
            "direction": "outbound-api",
            "messaging_service_sid": self.service or None,
        }


@dataclass
class Behaviour:
    """How the provider is today. `failures` answer the next requests, one each: (status, code), "drop" or "vanish".

    "drop" takes the message and hangs up without an answer; "vanish" hangs up before it takes anything.
    """

    delay: float = 0.0
    honours_keys: bool = False
    down: bool = False
    gate: threading.Event | None = None
    """Nothing is answered before it opens."""
    failures: deque[tuple[int, int] | str] = field(default_factory=deque)
    refuses: dict[str, int] = field(default_factory=dict)
    """Twilio's code by number."""


class StandIn(ThreadingHTTPServer):
    """The provider: listens on a port of its own, in a thread of its own."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, **behaviour: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = Behaviour(**behaviour)
        self.taken: list[Taken] = []
        self.handed = self.asked = 0
        self.by_key: dict[str, Taken] = {}
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, form: dict[str, str], key: str, at: float) -> Taken:
        with self.lock:
            if self.behaviour.honours_keys and key and key in self.by_key:
                return self.by_key[key]
            wanted = {name: form.get(field, "") for field, name in FORMS.items()}
            sid = f"SM{next(self.numbers):032x}"
            taken = Taken(sid, key=key, at=at, service=form.get("MessagingServiceSid", ""), **wanted)
            self.taken.append(taken)
            self.by_key[key] = taken
            return taken

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed isn't worth a traceback."""


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open as Twilio keeps it."""

    server: StandIn
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        form = {name: values[0] for name, values in parse_qs(self._body()).items()}
        behaviour, at = self.server.behaviour, time.time()
        self.server.handed += 1
        if behaviour.gate:
            behaviour.gate.wait(60)
        if behaviour.delay:
            time.sleep(behaviour.delay)
        failure: Any = "vanish" if behaviour.down else (behaviour.failures.popleft() if behaviour.failures else None)
        if failure is None and (code := behaviour.refuses.get(form.get("To", ""))):
            failure = (400, code)
        if failure == "vanish":
            self._hang_up()
        elif failure == "drop":
            self.server.take(form, self.headers.get("Idempotency-Key", ""), at)
            self._hang_up()
        elif failure:
            status, code = failure
            self._answer(status, {"code": code, "message": f"No: {form.get('To')}", "status": status})
        else:
            self._answer(201, self.server.take(form, self.headers.get("Idempotency-Key", ""), at).as_twilio())

    def do_GET(self) -> None:
        if self.path == "/taken":
            self._answer(200, [vars(each) for each in self.server.taken])
            return
        self.server.asked += 1
        if self.server.behaviour.down:
            self._hang_up()
            return
        wanted = parse_qs(urlsplit(self.path).query).get("To", [""])[0]
        with self.server.lock:
            found = [each.as_twilio() for each in reversed(self.server.taken) if each.to == wanted]
        self._answer(200, {"messages": found, "next_page_uri": None, "uri": self.path, "page": 0, "page_size": 100})

    def _body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Numbers are nobody's business, not even here."""


@contextmanager
def stand_in(**behaviour: Any) -> Iterator[StandIn]:
    """The provider in a thread of this process, until the block ends."""
    with StandIn(**behaviour) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def stand_in_process(**behaviour: Any) -> Iterator[str]:
    """The provider in a process of its own; yields its address. What it took is at /taken."""
    server = StandIn(**behaviour)
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever, args=(0.05,), daemon=True)
    process.start()
    server.server_close()
    try:
        yield server.address
    finally:
        process.kill()
        process.join()
