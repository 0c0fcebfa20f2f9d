"""Time that somebody is booking right now, as the board draws it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from scheduling.queries.columns import HeldTime
from scheduling.queries.scope import Viewer
from scheduling.queries.spans import Span


def held_on(
    viewer: Viewer, resource_ids: Collection[int], span: Span, now: datetime
) -> Mapping[int, Sequence[tuple[Span, HeldTime]]]:
    """Live holds by resource."""
    return {}
