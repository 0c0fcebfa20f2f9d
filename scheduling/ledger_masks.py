"""The ledger as masks: a row per resource and UTC day, written by commands under the resource's lock.

Derived data: what a mask says can always be told again from the allocations, and the nightly check compares them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from scheduling import timeline
from scheduling.models import Allocation, ResourceDay

Taken = tuple[int, tuple[datetime, datetime]]
"""A resource and a half-open time (aware) that it is occupied."""
ResourceOnDay = tuple[int, date]

MARK = """
    INSERT INTO scheduling_resourceday AS kept (resource_id, day, busy, version)
    SELECT resource, day, mask, 1 FROM unnest(%s::bigint[], %s::date[], %s::bytea[]) AS v (resource, day, mask)
    ON CONFLICT ON CONSTRAINT resource_day_once DO UPDATE
    SET busy = scheduling_combine_masks(kept.busy, EXCLUDED.busy), version = kept.version + 1
"""
_REPLACE = MARK.replace("scheduling_combine_masks(kept.busy, EXCLUDED.busy)", "EXCLUDED.busy")


@dataclass(frozen=True, slots=True)
class Difference:
    """A day on which the mask and the ledger disagree, as masks."""

    resource_id: int
    day: date
    mask: int
    ledger: int


def masks_of(rows: Iterable[Taken]) -> dict[ResourceOnDay, int]:
    """Occupied times as one mask per resource and UTC day, rounded outward to the grid. Pure."""
    masks: dict[ResourceOnDay, int] = defaultdict(int)
    for resource_id, (start, end) in rows:
        first, last = timeline.step_floor(start), timeline.step_ceil(end)
        day = timeline.instant_of(first).date()
        while (origin := timeline.day_step(day)) < last:
            masks[resource_id, day] |= timeline.span(first - origin, min(last - origin, timeline.DAY_STEPS))
            day += timedelta(days=1)
    return dict(masks)


def unmark(rows: Collection[Taken]) -> None:
    """Tell the days of what was just released again from the ledger: an overbooked row may still be there.

    The caller holds the resources' locks.
    """
    touched = masks_of(rows)
    _write(_REPLACE, dict.fromkeys(touched, 0) | _only(touched, _from_ledger(touched)))


def rebuild(first_day: date, last_day: date, resource_ids: Collection[int] | None = None) -> int:
    """Write the masks of UTC days (both included) anew from the ledger. How many days were written."""
    stored = dict.fromkeys(_stored(first_day, last_day, resource_ids), 0)
    masks = stored | masks_of(_live(first_day, last_day, resource_ids))
    within = {key: mask for key, mask in masks.items() if first_day <= key[1] <= last_day}
    _write(_REPLACE, within)
    return len(within)


def verify(first_day: date, last_day: date) -> list[Difference]:
    """Where masks and ledger disagree on UTC days (both included); empty when all is well."""
    stored = _stored(first_day, last_day)
    ledger = masks_of(_live(first_day, last_day))
    return [
        Difference(*key, stored.get(key, 0), ledger.get(key, 0))
        for key in sorted(stored.keys() | ledger.keys())
        if first_day <= key[1] <= last_day and stored.get(key, 0) != ledger.get(key, 0)
    ]


def _only(keys: Collection[ResourceOnDay], masks: Mapping[ResourceOnDay, int]) -> dict[ResourceOnDay, int]:
    return {key: mask for key, mask in masks.items() if key in keys}


def _from_ledger(touched: Collection[ResourceOnDay]) -> dict[ResourceOnDay, int]:
    if not touched:
        return {}
    days = [day for _, day in touched]
    return masks_of(_live(min(days), max(days), {resource for resource, _ in touched}))


def _live(first_day: date, last_day: date, resource_ids: Collection[int] | None = None) -> Iterable[Taken]:
    bounds = (
        timeline.instant_of(timeline.day_step(first_day)),
        timeline.instant_of(timeline.day_step(last_day) + timeline.DAY_STEPS),
    )
    rows = Allocation.objects.filter(released_at=None, during__overlap=bounds).order_by()
    if resource_ids is not None:
        rows = rows.filter(resource__in=resource_ids)
    return ((resource, (during.lower, during.upper)) for resource, during in rows.values_list("resource_id", "during"))


def _stored(first_day: date, last_day: date, resource_ids: Collection[int] | None = None) -> dict[ResourceOnDay, int]:
    rows = ResourceDay.objects.filter(day__range=(first_day, last_day))
    if resource_ids is not None:
        rows = rows.filter(resource__in=resource_ids)
    return {
        (resource, day): int.from_bytes(bytes(busy), "little")
        for resource, day, busy in rows.values_list("resource_id", "day", "busy")
    }


def _write(statement: str, masks: Mapping[ResourceOnDay, int]) -> None:
    if not masks:
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, packed(masks))


def packed(masks: Mapping[ResourceOnDay, int]) -> list[list]:
    """The values of MARK: resources, days and masks, in one order so that two commands can't meet crosswise."""
    keys = sorted(masks)
    return [
        [resource for resource, _ in keys],
        [day for _, day in keys],
        [masks[key].to_bytes(timeline.DAY_BYTES, "little") for key in keys],
    ]
