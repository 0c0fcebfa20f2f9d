"""What is still going on among the demo's messages: visits told of together, tries that go on, and given-up ones."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from reminders import reasons, timing
from reminders.kinds import BEFORE_VISIT
from reminders.models import Attempt, Medium, State
from reminders.outcomes import FIRST_PAUSE, LONGEST_PAUSE, MOST_TRIES
from scheduling.models import Status

Row = dict[str, Any]
"""A message by its columns; beside them `_visit` (facts), `_version`, `_zone`, and `_code` of a failure."""

TROUBLES = (
    ("30008", "The carrier did not say why"),
    ("30003", "Handset switched off"),
    ("timeout", "The provider did not answer in time"),
)
RETRYING, GIVEN_UP = 2, 1
"""How many at each clinic."""
PAUSES = [min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE) for tries in range(MOST_TRIES)]
NEVER_SENT: Row = {"medium": "", "provider": "", "language": "", "provider_id": "", "tries": 0}


def tell_together(rows: Iterable[Row]) -> None:
    """Let one message tell of all visits of a patient's day at a clinic, as it does when they are sent. Needs ids."""
    days: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] in BEFORE_VISIT and row["tries"]:
            day = row["starts_at"].astimezone(row["_zone"]).date()
            days[row["kind"], row["patient_id"], row["clinic_id"], day].append(row)
    for told in days.values():
        first, *others = sorted(told, key=lambda row: (row["starts_at"], row["id"]))
        for row in others:
            if row["created_at"] <= first["due_at"] <= row["due_at"]:
                joined = {"state": State.JOINED, "reason": "", "provider_words": "", "joined_to_id": first["id"]}
                row |= NEVER_SENT | joined | dict.fromkeys(("sent_at", "delivered_at", "handled_at"))


def leave_unsettled(rows: Iterable[Row], now: datetime, rng: random.Random) -> None:
    """Of each clinic's latest SMS about visits to come, let some be tried again and some have been tried too often.

    Those tried again go out within half an hour of `now`, or when quiet hours are over.
    """
    stuck: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row.get("medium") == Medium.SMS and row["state"] in (State.SENT, State.DELIVERED) and _to_come(row, now):
            stuck[row["clinic_id"]].append(row)
    for clinic in sorted(stuck):
        latest = sorted(stuck[clinic], key=lambda row: (row["due_at"], row["id"]), reverse=True)
        for row in latest[:RETRYING]:
            _try_again(row, now, rng)
        for row in latest[RETRYING:][:GIVEN_UP]:
            _stumble(row, rng, tries=MOST_TRIES, state=State.FAILED, reason=reasons.TOO_MANY_TRIES)


def _to_come(row: Row, now: datetime) -> bool:
    """Whether the visit is firm, all tries had their time, and the message will make sense for another hour."""
    tried_out = row["due_at"] + sum(PAUSES, timedelta()) < now
    return (
        tried_out
        and row["not_after"] > now + 2 * LONGEST_PAUSE
        and row["kind"] in BEFORE_VISIT
        and row["_visit"]["status"] == Status.CONFIRMED
    )


def _try_again(row: Row, now: datetime, rng: random.Random) -> None:
    wanted = now + timedelta(minutes=rng.uniform(6, 30))
    again = timing.fit(row["_version"], wanted, zone=row["_zone"], earliest=now, not_after=row["not_after"])
    if again is not None:
        _stumble(row, rng, tries=rng.randint(2, 5), state=State.PLANNED, next_try_at=again)


def _stumble(row: Row, rng: random.Random, **became: object) -> None:
    code, words = rng.choice(TROUBLES)
    row |= {"sent_at": None, "delivered_at": None, "provider_id": "", "provider_words": words, "_code": code} | became


def tries_of(row: Row) -> Iterator[Row]:
    """Every try of a message, each after a longer pause than the one before."""
    at = row.get("sent_at") or row["due_at"]
    for number in range(1, row["tries"] + 1):
        yield {
            "reminder_id": row["id"],
            "number": number,
            "medium": row["medium"],
            "provider": row["provider"],
            "started_at": at,
            "ended_at": at,
            "outcome": _outcome_of(row),
            "provider_id": row.get("provider_id", ""),
            "code": row.get("_code", ""),
            "words": row.get("provider_words", ""),
        }
        at += PAUSES[number - 1]


def _outcome_of(row: Row) -> Attempt.Outcome:
    if row["state"] == State.PLANNED or row["reason"] == reasons.TOO_MANY_TRIES:
        return Attempt.Outcome.TEMPORARY
    return Attempt.Outcome.PERMANENT if row["state"] == State.FAILED else Attempt.Outcome.ACCEPTED
