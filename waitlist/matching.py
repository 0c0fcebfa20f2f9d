"""Who comes first, and why: a pure ranking, the same for everybody and for ever.

Each factor is a share of the points that the clinic gives to it. What somebody said or did not say to an earlier
offer is no factor: declining and not answering cost nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

FULL_WAIT = timedelta(days=60)
"""After so long a wait its factor is full; whoever has waited longer still comes first among equals."""
USUAL_POINTS: Mapping[str, int] = MappingProxyType(
    {"urgency": 40, "waiting": 30, "service": 10, "location": 10, "doctor": 5, "times": 5}
)
URGENCY_SHARES = (250, 600, 1000)
"""What routine, soon and urgent get of the points for urgency, in thousandths."""
PLACE_SHARES = (1000, 600, 300)
"""The same for a time at somebody's first, second and any further choice of clinic."""
SERVICE_SHARES = {"same": 1000, "service": 700, "other": 400}
"""For exactly the visit that was to be there, for another one of the same service, and for any other that fits."""
DOCTOR_SHARES = {"wished": 1000, "any": 500, "other": 0}
TIMES_SHARES = {"given": 1000, "any": 500}
"""Who can come at few times only has fewer chances than who can always come."""
LABELS = {
    "urgency": "Urgency",
    "waiting": "Time waiting",
    "service": "Service match",
    "location": "Location",
    "doctor": "Doctor",
    "times": "Availability",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of somebody who waits, seen from one time that came free.

    `urgency` from 0 (routine) to 2; `waited` without pauses; `place` 1 for the first choice of clinic; the words are
    keys of the shares.
    """

    entry_id: int
    urgency: int
    waited: timedelta
    service: str = "same"
    place: int = 1
    doctor: str = "any"
    times: str = "any"


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for a score, in tenths of a point so that nothing is lost to rounding."""

    name: str
    tenths: int
    most: int

    @property
    def label(self) -> str:
        return LABELS[self.name]

    @property
    def points(self) -> str:
        """27 or 2.5."""
        return f"{self.tenths / 10:g}"

    @property
    def percent(self) -> int:
        return self.tenths * 10 // self.most if self.most else 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with a score, in tenths of a point; what it is made of is worked out for those who are shown."""

    candidate: Candidate
    tenths: int
    points: Mapping[str, int]

    @property
    def factors(self) -> tuple[Factor, ...]:
        return factors_of(self.candidate, self.points)

    @property
    def score(self) -> str:
        return f"{self.tenths / 10:.0f}"


def rank(candidates: Iterable[Candidate], *, seed: str, points: Mapping[str, int] = USUAL_POINTS) -> list[Ranked]:
    """The order in which they are asked: by score, then by waiting time, then by a draw that the seed settles."""
    scored = [Ranked(each, tenths_of(each, points), points) for each in candidates]
    return sorted(scored, key=lambda each: (-each.tenths, -each.candidate.waited, draw(seed, each.candidate.entry_id)))


def tenths_of(candidate: Candidate, points: Mapping[str, int] = USUAL_POINTS) -> int:
    """The score: the sum of the factors, each rounded down to a tenth of a point."""
    return sum(share * points[name] // 100 for name, share in _thousandths(candidate))


def factors_of(candidate: Candidate, points: Mapping[str, int] = USUAL_POINTS) -> tuple[Factor, ...]:
    """What the score is made of."""
    return tuple(Factor(name, share * points[name] // 100, points[name]) for name, share in _thousandths(candidate))


def _thousandths(candidate: Candidate) -> tuple[tuple[str, int], ...]:
    """How much of the points for each factor a candidate gets."""
    waited = max(timedelta(), min(candidate.waited, FULL_WAIT))
    return (
        ("urgency", URGENCY_SHARES[candidate.urgency]),
        ("waiting", waited * 1000 // FULL_WAIT),
        ("service", SERVICE_SHARES[candidate.service]),
        ("location", PLACE_SHARES[min(candidate.place, len(PLACE_SHARES)) - 1]),
        ("doctor", DOCTOR_SHARES[candidate.doctor]),
        ("times", TIMES_SHARES[candidate.times]),
    )


def draw(seed: str, entry_id: int) -> bytes:
    """A lot that nobody chooses and anybody can draw again."""
    return hashlib.sha256(f"{seed}:{entry_id}".encode()).digest()


def stored(ranked: Sequence[Ranked]) -> list[list[object]]:
    """The candidates in their order, as a decision keeps them: facts, not scores."""
    return [
        [
            each.candidate.entry_id,
            each.candidate.urgency,
            each.candidate.waited // timedelta(seconds=1),
            each.candidate.service,
            each.candidate.place,
            each.candidate.doctor,
            each.candidate.times,
        ]
        for each in ranked
    ]


def restored(rows: Iterable[Sequence[object]]) -> list[Candidate]:
    """The candidates of a stored decision."""
    return [Candidate(row[0], row[1], timedelta(seconds=row[2]), *row[3:]) for row in rows]  # type: ignore[arg-type]
