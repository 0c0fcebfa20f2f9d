"""How the messages about offers fare: an app above, which sends them, says it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """What became of the message about an offer, in words, and whether somebody has to call instead."""

    words: str
    failed: bool = False


Source = Callable[[Collection[int]], Mapping[int, Told]]
_of_apps_above: list[Source] = []


def say_how_told(source: Source) -> None:
    """Let an app above say it; it is asked with the ids of the visits that are offered."""
    _of_apps_above.append(source)


def how_told(visit_ids: Collection[int]) -> dict[int, Told]:
    """What is known of the messages about offered visits, by visit."""
    return {visit: told for source in _of_apps_above for visit, told in source(visit_ids).items()}
