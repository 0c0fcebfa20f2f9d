"""A mail server of our own that keeps what it is given, over SMTP."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_port
from tests.reminders.judgement import Arrival


class Mailbox:
    """What the mail server was given, and what it says to the next messages, one reply each ("250 OK" if nothing)."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.arrivals: list[Arrival] = []
        self.sessions: set[Any] = set()
        self.replies: dict[str, list[str]] = {"RCPT": [], "DATA": []}

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.replies["RCPT"]:
            return self.replies["RCPT"].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        reply = self.replies["DATA"].pop(0) if self.replies["DATA"] else "250 OK"
        if reply.startswith("250") or reply == "hang up":
            self._keep(message_from_bytes(envelope.content, policy=policy.default))
            self.sessions.add(session)
        if reply == "hang up":
            server.transport.close()
        return reply

    def _keep(self, message: Any) -> None:
        self.messages.append(message)
        key = message["Message-ID"].strip().strip("<>").partition("@")[0]
        self.arrivals.append(Arrival(key, time.time()))


@contextmanager
def serve_mail() -> Iterator[tuple[Mailbox, int]]:
    """Run the server in a thread of this process until the block ends; its box and its port."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # it tells of every line
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()
