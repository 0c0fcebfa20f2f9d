"""What the provider has, compared with what it should have."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

UNDER_WAY_SECONDS = 1.0
"""A message that was checked this long before its visit was called off may have been on its way already."""


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


def judge(
    address: str, due: Mapping[str, float], called_off: Mapping[str, float], *, trouble_ended: float
) -> Judgement:
    """Ask the stand-in at the address what it took. `due` and `called_off` are Unix times by key."""
    with urllib.request.urlopen(f"{address}/taken", timeout=60) as answer:
        taken = json.load(answer)
    times = Counter(each["key"] for each in taken)
    first: dict[str, float] = {}
    for each in taken:
        first.setdefault(each["key"], each["at"])
    wanted: Collection[str] = due.keys() - called_off.keys()
    return Judgement(
        missing=len(wanted - first.keys()),
        duplicates=sum(number - 1 for number in times.values()),
        in_vain=sum(each["at"] > called_off.get(each["key"], float("inf")) + UNDER_WAY_SECONDS for each in taken),
        late=[first[key] - max(due[key], trouble_ended) for key in wanted & first.keys()],
    )
