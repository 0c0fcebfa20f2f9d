"""Free times as JSON. Search answers in milliseconds, so rendering must not cost more than searching.

There is no serializer per row and no statement: what a slot refers to is named by its plan, and every text is made
once and then only joined.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from scheduling.availability import Slot

_text = json.JSONEncoder(ensure_ascii=False).encode


def render_slots(slots: Iterable[Slot]) -> str:
    """The slots as the text of a JSON array, times on each clinic's own clock."""
    clocks: dict[tuple[datetime, str], str] = {}
    times: dict[tuple[datetime, int, str], str] = {}
    places: dict[tuple[int, tuple[int, ...]], str] = {}
    rows = []
    for slot in slots:
        plan = slot.plan
        if (time := times.get(when := (slot.starts_at, plan.duration_minutes, plan.zone.key))) is None:
            time = times[when] = _time(slot, clocks)
        # By identity: a plan has no value to compare, and a search has one of it for each doctor and clinic.
        if (place := places.get(where := (id(plan), slot.resource_ids))) is None:
            place = places[where] = _place(slot)
        rows.append(f"{{{time},{place}}}")
    return f"[{','.join(rows)}]"


def present_slots(slots: Iterable[Slot]) -> list[dict[str, Any]]:
    """The same as plain values, for the few nearest times of a refusal or an explanation."""
    return json.loads(render_slots(slots))


def _time(slot: Slot, clocks: dict[tuple[datetime, str], str]) -> str:
    zone = slot.plan.zone
    for key in (begin := (slot.starts_at, zone.key), end := (slot.ends_at, zone.key)):
        if key not in clocks:
            clocks[key] = local(key[0], zone)
    return f'"starts_at":"{clocks[begin]}","ends_at":"{clocks[end]}"'


def _place(slot: Slot) -> str:
    plan = slot.plan
    used = [plan.resources[each] for each in slot.resource_ids]
    resources = ",".join(f'{{"id":{each.id},"name":{_text(each.name)},"kind":{_text(each.kind)}}}' for each in used)
    return (
        f'"clinic":{{"id":{plan.clinic_id},"name":{_text(plan.clinic_name)}}},'
        f'"doctor":{{"id":{plan.doctor_id},"name":{_text(plan.doctor_full_name)}}},"resources":[{resources}]'
    )


def local(moment: datetime, zone: ZoneInfo) -> str:
    """A UTC instant as ISO 8601 with the offset that the zone has then."""
    return moment.astimezone(zone).isoformat()
