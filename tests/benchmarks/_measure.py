"""Timing a function, and printing what was found as a table and as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Figure:
    """Milliseconds a call, beside the floor they are compared with and the goal, where there is one."""

    what: str
    median: float
    p99: float
    floor: float | None = None
    goal: str = ""
    note: str = ""

    @property
    def ratio(self) -> str:
        return f"{self.median / self.floor:.1f}×" if self.floor else ""


def timed(function: Callable[[], object], *, times: int = 30, warm_up: int = 3) -> tuple[float, float]:
    """Median and 99th percentile of a call in milliseconds."""
    for _ in range(warm_up):
        function()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return median_and_p99(seconds)


def median_and_p99(seconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile of seconds, in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * statistics.median(ordered), 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def report(name: str, figures: list[Figure]) -> None:
    """Print the table, and keep it as JSON in the data folder."""
    rows = [("what", "median ms", "p99 ms", "floor ms", "ratio", "goal", "note")]
    rows += [
        (
            each.what,
            f"{each.median:.2f}",
            f"{each.p99:.2f}",
            "" if each.floor is None else f"{each.floor:.2f}",
            each.ratio,
            each.goal,
            each.note,
        )
        for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    path = Path(settings.DATA_DIR) / f"bench-{name}.json"
    path.write_text(json.dumps([asdict(each) for each in figures], indent=2))
    print(f"as JSON: {path}", file=sys.stderr)
