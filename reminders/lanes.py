"""Threads that hand messages over, a lane of them for each provider, so that a slow one holds nobody else up."""

from __future__ import annotations

import threading
import time
from collections import deque
from queue import SimpleQueue

import structlog
from django.db import connections

from reminders.claiming import Claim
from reminders.transports.base import Accepted, DeliveryFailure, TemporaryFailure

log = structlog.get_logger(__name__)

STUCK_AFTER_SECONDS = 1.0

Answer = Accepted | DeliveryFailure
Results = SimpleQueue[tuple[Claim, Answer]]


class Lane:
    """The messages of one provider: those that wait, and threads that hand over the others.

    Only the thread that made the lane calls it; `threads` 0 hands over in that one.
    """

    def __init__(self, provider: str, results: Results, threads: int) -> None:
        self.provider, self.results, self.threads = provider, results, threads
        self.waiting: deque[Claim] = deque()
        self.busy = 0
        self.throttled = False
        self._answered_at = time.monotonic()
        self._work: SimpleQueue[Claim | None] = SimpleQueue()
        self._started: list[threading.Thread] = []

    @property
    def width(self) -> int:
        """How many messages can be under way at once."""
        return self.threads or 1

    @property
    def free(self) -> int:
        return self.width - self.busy

    @property
    def holds_up(self) -> bool:
        """Whether waiting for this lane would be waiting for a slow provider."""
        silent = time.monotonic() - self._answered_at > STUCK_AFTER_SECONDS
        return self.throttled or (not self.free and silent)

    def hand_over(self, claim: Claim) -> None:
        """Send a message that has been checked; its answer arrives in the results."""
        self.busy += 1
        if not self.threads:
            self.results.put((claim, answer_to(claim)))
            return
        if self.busy > len(self._started):
            thread = threading.Thread(target=self._hand_over_all, name=f"to-{self.provider}", daemon=True)
            thread.start()
            self._started.append(thread)
        self._work.put(claim)

    def answered(self) -> None:
        """An answer of this lane was taken from the results."""
        self.busy -= 1
        self._answered_at = time.monotonic()

    def close(self) -> None:
        """End the threads that have nothing under way, and don't wait for a provider that doesn't answer."""
        for _ in self._started:
            self._work.put(None)
        for thread in self._started:
            thread.join(5 if not self.busy else 0)

    def _hand_over_all(self) -> None:
        try:
            while claim := self._work.get():
                self.results.put((claim, answer_to(claim)))
        finally:
            connections.close_all()


def answer_to(claim: Claim) -> Answer:
    """What the provider says to a message. A fault of ours is an answer too: nobody else may suffer from it."""
    assert claim.outgoing is not None  # noqa: S101 - composed before it is handed over
    try:
        return claim.transport.send(claim.outgoing)
    except DeliveryFailure as failure:
        return failure
    except Exception:
        log.exception("transport_fault", provider=claim.transport.name, reminder=claim.reminder.pk)
        return TemporaryFailure("fault", "Something went wrong here", may_have_arrived=True, provider_down=False)
