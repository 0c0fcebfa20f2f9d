"""Timing a function, and printing what was found as a table and as JSON."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings


@dataclass(frozen=True)
class Figure:
    """One measurement beside the floor it is compared with, and the goal, where there is one.

    `p10`, `p95` and `p99` are in the same unit: on a machine that others use as well, the fastest tenth says what the
    work itself takes. The floor is the least that the machine could do in the same minute.
    """

    what: str
    value: float
    unit: str = "ms"
    p10: float | None = None
    p95: float | None = None
    p99: float | None = None
    floor: float | None = None
    floor_is: str = ""
    goal: str = ""

    def cells(self) -> tuple[str, ...]:
        ratio = f"{self.value / self.floor:.2f}×" if self.floor else ""
        return (
            self.what,
            f"{self.value:.2f} {self.unit}",
            "" if self.p10 is None else f"{self.p10:.1f}",
            "" if self.p95 is None else f"{self.p95:.1f}",
            "" if self.p99 is None else f"{self.p99:.1f}",
            "" if self.floor is None else f"{self.floor:.2f}",
            ratio,
            self.goal,
            self.floor_is,
        )


class Spread(NamedTuple):
    """Median and percentiles in milliseconds."""

    median: float
    p10: float
    p95: float
    p99: float


def timed(function: Callable[[], object], *, times: int = 30, warm_up: int = 3) -> Spread:
    """How long a call takes."""
    for _ in range(warm_up):
        function()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return spread(seconds)


def spread(seconds: Sequence[float]) -> Spread:
    """How seconds that were measured are spread."""
    ordered = sorted(seconds)
    tails = (1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.1, 0.95, 0.99))
    return Spread(1000 * statistics.median(ordered), *tails)


def figure(what: str, took: Spread, **more: Any) -> Figure:
    """How long something took, as a figure."""
    return Figure(what, took.median, p10=took.p10, p95=took.p95, p99=took.p99, **more)


def per_second(function: Callable[[int], object], times: int) -> float:
    """Calls a second, each given its number."""
    started = time.perf_counter()
    for number in range(times):
        function(number)
    return times / (time.perf_counter() - started)


def report(name: str, figures: Sequence[Figure]) -> None:
    """Print the table and how loaded the machine was, and keep both as JSON in the data folder."""
    load, cores = os.getloadavg()[0], os.cpu_count()
    rows = [("what", "found", "p10", "p95", "p99", "floor", "ratio", "goal", "floor is")]
    rows += [figure.cells() for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"load {load:.1f} on {cores} cores")
    path = Path(settings.DATA_DIR) / f"bench-{name}.json"
    found = {"load": load, "cores": cores, "figures": [asdict(each) for each in figures]}
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False))
    print(f"as JSON: {path}", file=sys.stderr)
