"""What the providers have, compared with what they should have."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

UNDER_WAY_SECONDS = 1.0
"""A message that was checked this long before its visit was called off may have been on its way already."""


class Arrival(NamedTuple):
    """A message that a provider took: the reminder's key, and when (Unix time)."""

    key: str
    at: float


@dataclass(frozen=True)
class Judgement:
    """Keys that never arrived, messages too many, messages to visits called off before, and how late each was."""

    missing: int
    duplicates: int
    in_vain: int
    late: list[float]

    def in_time(self, seconds: float) -> float:
        """The share of messages that came within so many seconds of their time, or of the end of the trouble."""
        return sum(each <= seconds for each in self.late) / max(1, len(self.late))


def taken_by(address: str) -> list[Arrival]:
    """What the stand-in for Twilio at the address took, in order."""
    with urllib.request.urlopen(f"{address}/taken", timeout=60) as answer:
        return [Arrival(each["key"], each["at"]) for each in json.load(answer)]


def judge(
    taken: Sequence[Arrival], due: Mapping[str, float], called_off: Mapping[str, float], *, trouble_ended: float
) -> Judgement:
    """Compare what was taken with what should have been. `due` and `called_off` are Unix times by key."""
    first: dict[str, float] = {}
    for each in taken:
        first[each.key] = min(each.at, first.get(each.key, each.at))
    wanted: Collection[str] = due.keys() - called_off.keys()
    return Judgement(
        missing=len(wanted - first.keys()),
        duplicates=too_many(taken),
        in_vain=sum(each.at > called_off.get(each.key, float("inf")) + UNDER_WAY_SECONDS for each in taken),
        late=[first[key] - max(due[key], trouble_ended) for key in wanted & first.keys()],
    )


def too_many(taken: Sequence[Arrival]) -> int:
    """How many messages were taken of which there was one already."""
    return sum(number - 1 for number in Counter(each.key for each in taken).values())
