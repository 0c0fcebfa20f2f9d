"""Who comes first, and why: a pure ranking, the same for everybody and for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

FULL_WAIT = timedelta(days=60)
"""After so long a wait its factor is full; whoever has waited longer still comes first among equals."""
URGENCY_SHARES = (250, 600, 1000)
"""What routine, soon and urgent get of the points for urgency, in thousandths."""
URGENCY_POINTS, WAITING_POINTS = 60, 40


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of somebody who waits: `urgency` from 0 (routine) to 2, `waited` without pauses."""

    entry_id: int
    urgency: int
    waited: timedelta


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for a score, in tenths of a point so that nothing is lost to rounding."""

    name: str
    tenths: int
    most: int

    @property
    def points(self) -> str:
        return f"{self.tenths / 10:.0f}"

    @property
    def percent(self) -> int:
        return self.tenths * 10 // self.most


@dataclass(frozen=True, slots=True)
class Ranked:
    candidate: Candidate
    factors: tuple[Factor, ...]

    @property
    def tenths(self) -> int:
        return sum(factor.tenths for factor in self.factors)

    @property
    def score(self) -> str:
        return f"{self.tenths / 10:.0f}"


def rank(candidates: Iterable[Candidate], *, seed: str) -> list[Ranked]:
    """The order in which they are asked: by score, then by waiting time, then by a draw that the seed settles."""
    scored = [Ranked(each, factors_of(each)) for each in candidates]
    return sorted(scored, key=lambda each: (-each.tenths, -each.candidate.waited, draw(seed, each.candidate.entry_id)))


def factors_of(candidate: Candidate) -> tuple[Factor, ...]:
    """What the score is made of."""
    waited = max(timedelta(), min(candidate.waited, FULL_WAIT))
    return (
        Factor("Urgency", URGENCY_SHARES[candidate.urgency] * URGENCY_POINTS // 100, URGENCY_POINTS),
        Factor("Time waiting", waited * WAITING_POINTS * 10 // FULL_WAIT, WAITING_POINTS),
    )


def draw(seed: str, entry_id: int) -> bytes:
    """A lot that nobody chooses and anybody can draw again."""
    return hashlib.sha256(f"{seed}:{entry_id}".encode()).digest()
