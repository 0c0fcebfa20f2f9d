"""Sending what is due: claim → check again → compose → hand over → record.

One thread does all work with the database; lanes of threads talk to the providers. Whatever goes wrong belongs to one
message or one provider, and nobody else waits for it. A process that is killed leaves claimed rows with a started try,
which `reminders.uncertain` settles.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from carebridge.errors import DomainError
from reminders import claiming, messages, outcomes, reasons, throughput
from reminders.breaker import Breaker
from reminders.claiming import Claim, Wait
from reminders.lanes import Answer, Lane, Results
from reminders.models import Medium
from reminders.transports.base import Accepted, PermanentFailure, TemporaryFailure

log = structlog.get_logger(__name__)

BATCH = 64
MOST_WAITING = 128
LEASE = timedelta(seconds=60)
"""So long after its claim a message that is still being sent counts as left behind by a process that died."""
LATEST_START = timedelta(seconds=20)
"""A claim this old isn't handed over any more: the provider's longest answer must fit into the lease."""
PATIENCE_SECONDS = 25.0
SPREAD_OVER_SECONDS = 120
AWAY = "The provider is away; it is tried again from time to time"


def deliver_due(*, seconds: float = 20.0) -> Counter:
    """Send what is due until nothing is left, for so long at most. Counts by what became of the messages."""
    run = Run()
    try:
        run.go(time.monotonic() + seconds)
    finally:
        run.close()
    return run.counts


class Run:
    """One pass over what is due, by one process."""

    def __init__(self) -> None:
        self.counts: Counter = Counter()
        self.breaker = Breaker()
        self._ends = 0.0
        self._results: Results = SimpleQueue()
        self._lanes: dict[str, Lane] = {}
        self._turned_away: Counter = Counter()

    def go(self, until: float) -> None:
        """Work until everything due is on its way and answered, or until that monotonic time."""
        more, self._ends = True, until + PATIENCE_SECONDS
        while more or self._under_way():
            more = time.monotonic() < until and (not self._wants_more() or self._claim())
            if time.monotonic() >= until:
                self._return_waiting()
            if not self._dispatch() and self._under_way():
                self._record(wait=0.05)
            else:
                self._record(wait=0.0)
            if time.monotonic() > self._ends:
                break

    def close(self) -> None:
        """Keep what was answered and end the threads.

        After a failure, as when the database restarts, the answers to what is under way are waited for: what was sent
        without being recorded might be sent again.
        """
        self._record(wait=0.0)
        while any(lane.busy for lane in self._lanes.values()) and time.monotonic() < self._ends:
            self._record(wait=0.05)
        for lane in self._lanes.values():
            lane.close()

    # --- What is due --------------------------------------------------------------------------------------------

    def _wants_more(self) -> bool:
        """Whether to claim: not while a lane that moves has enough, whatever a slow one has."""
        return all(len(lane.waiting) < lane.width or lane.holds_up for lane in self._lanes.values())

    def _claim(self) -> bool:
        taken: Counter = Counter()

        def admit(provider: str, now: datetime) -> Wait | None:
            wait = self._wait_for(provider, now, taken[provider])
            taken[provider] += wait is None
            return wait

        found = claiming.claim(BATCH, now=timezone.now(), admit=admit)
        _find_pages(found.claims)
        for each in found.claims:
            self._lane(each.transport.name).waiting.append(each)
        self.counts["looked_at"] += found.looked_at
        return found.looked_at > 0

    def _wait_for(self, provider: str, now: datetime, taken: int) -> Wait | None:
        """Whether the provider's lane has no room for one more, and when it will."""
        if until := self.breaker.resting_until(provider, now):
            return Wait(until + timedelta(seconds=random.uniform(0, 5)), AWAY)  # noqa: S311 - only spread
        rate = throughput.rate_of(provider)
        room = min(MOST_WAITING, 5 * rate) if rate else MOST_WAITING
        if self.breaker.on_trial(provider, now):
            room, rate = 1, 1
        lane = self._lanes.get(provider)
        if taken + (len(lane.waiting) if lane else 0) < room:
            return None
        # Each is put off to about when its turn will come, so that they aren't all looked at again at once.
        self._turned_away[provider] += 1
        return Wait(now + timedelta(seconds=min(SPREAD_OVER_SECONDS, 1 + self._turned_away[provider] / (rate or 200))))

    def _lane(self, provider: str) -> Lane:
        if provider not in self._lanes:
            self._lanes[provider] = Lane(provider, self._results, settings.REMINDER_SENDERS)
        return self._lanes[provider]

    # --- What goes out ------------------------------------------------------------------------------------------

    def _dispatch(self) -> bool:
        """Hand over as many as there are free threads; whether anything moved."""
        now = timezone.now()
        ready = [claim for lane in self._lanes.values() for claim in self._next_of(lane, now)]
        finished = [claim for claim in ready if self._compose(claim)]
        against = claiming.still_right(finished) if finished else {}
        for claim in finished:
            reason = against[claim.reminder.pk]
            if not reason:
                self._lane(claim.transport.name).hand_over(claim)
            elif reason != "lost":
                claiming.withdraw(claim, reason)
                self.counts["suppressed"] += 1
        return bool(ready)

    def _next_of(self, lane: Lane, now: datetime) -> list[Claim]:
        if not lane.waiting:
            return []
        if until := self.breaker.resting_until(lane.provider, now):
            self._give_back(lane, len(lane.waiting), until, AWAY)
            return []
        stale = sum(now - each.claimed_at > LATEST_START for each in lane.waiting)
        self._give_back(lane, stale, now + timedelta(seconds=1))
        wanted = min(len(lane.waiting), lane.free)
        if self.breaker.on_trial(lane.provider, now):
            wanted = min(wanted, 1 - lane.busy)
        granted = throughput.take(lane.provider, max(0, wanted))
        lane.throttled = granted < wanted
        return [lane.waiting.popleft() for _ in range(granted)]

    def _compose(self, claim: Claim) -> bool:
        """Make the message; a text that can't be made is this message's failure."""
        try:
            claim.outgoing = messages.compose(claim.reminder, Medium(claim.medium), claim.pages)
        except DomainError as error:
            log.warning("reminder_wording", reminder=claim.reminder.pk, code=error.code)
            self._write([(claim, PermanentFailure(reasons.WORDING_ERROR, error.message))])
        except Exception:
            log.exception("reminder_fault", reminder=claim.reminder.pk)
            fault = TemporaryFailure("fault", "Something went wrong here", provider_down=False)
            self._write([(claim, fault)])
        return claim.outgoing is not None

    def _give_back(self, lane: Lane, number: int, until: datetime, because: str = "") -> None:
        given = [lane.waiting.popleft() for _ in range(number)]
        if given:
            claiming.give_back(given, until, because)

    def _return_waiting(self) -> None:
        for lane in self._lanes.values():
            self._give_back(lane, len(lane.waiting), timezone.now())

    # --- What comes back ----------------------------------------------------------------------------------------

    def _under_way(self) -> bool:
        return any(lane.busy or lane.waiting for lane in self._lanes.values())

    def _record(self, *, wait: float) -> None:
        """Write down the answers there are; with none, wait so many seconds for the first."""
        answers: list[tuple[Claim, Answer]] = []
        try:
            answers.append(self._results.get(timeout=wait) if wait else self._results.get_nowait())
            while True:
                answers.append(self._results.get_nowait())
        except Empty:
            pass
        if not answers:
            return
        for claim, _ in answers:
            self._lanes[claim.transport.name].answered()
        self._write(answers)
        _durably(lambda: self._tell_breaker(answers))

    def _write(self, answers: Sequence[tuple[Claim, Answer]]) -> None:
        _durably(lambda: outcomes.record(answers))
        self.counts.update("sent" if isinstance(answer, Accepted) else "failed" for _, answer in answers)

    def _tell_breaker(self, answers: Sequence[tuple[Claim, Answer]]) -> None:
        now = timezone.now()
        for provider in {claim.transport.name for claim, answer in answers if isinstance(answer, Accepted)}:
            self.breaker.note_ok(provider, now)
        for claim, answer in answers:
            if isinstance(answer, TemporaryFailure) and answer.provider_down:
                self.breaker.note_failure(claim.transport.name, answer.code, now)


def _find_pages(claims: Sequence[Claim]) -> None:
    """Find the visits' pages for all at once; where that fails, each message looks for its own."""
    wanted = [claim for claim in claims if claim.medium != Medium.LETTER]
    try:
        pages = messages.pages_of(claim.reminder for claim in wanted)
    except Exception:
        log.exception("reminder_pages_fault")
        return
    for claim in wanted:
        claim.pages = pages


def _durably(write: Callable[[], None]) -> None:
    """Write what a provider has said even if the database restarts meanwhile: they can't be asked everything again."""
    for pause in (0.1, 0.5, 1, 2, 4, 8, 16, None):
        try:
            write()
        except (OperationalError, InterfaceError):
            if pause is None or connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(pause)
        else:
            return
