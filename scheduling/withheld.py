"""Free times that patients may not choose yet: apps above say which. To staff they are as any other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduling.availability import Slot, VisitPlan
from scheduling.errors import SlotTaken
from scheduling.periods import Period


@dataclass(frozen=True)
class Withheld:
    """A doctor's time from one instant (UTC) up to another."""

    doctor_id: int
    starts_at: datetime
    ends_at: datetime


Source = Callable[[Collection[int], datetime], Iterable[Withheld]]
_of_apps_above: list[Source] = []


def withhold(source: Source) -> None:
    """Let an app above keep times of clinics from patients; it is asked with the clinics' ids and the present."""
    _of_apps_above.append(source)


def not_withheld(slots: Sequence[Slot], clinic_ids: Collection[int], now: datetime) -> list[Slot]:
    """Those of the free times that patients may choose."""
    kept = [each for source in _of_apps_above for each in source(clinic_ids, now)]
    return [slot for slot in slots if not any(_meets(each, slot) for each in kept)]


def withheld_by_doctor(clinic_ids: Collection[int], now: datetime) -> dict[int, list[Period]]:
    """What is kept from patients at clinics: the doctors' ids and times."""
    kept: dict[int, list[Period]] = {}
    for each in (each for source in _of_apps_above for each in source(clinic_ids, now)):
        kept.setdefault(each.doctor_id, []).append(Period(each.starts_at, each.ends_at))
    return kept


def refuse_withheld(plan: VisitPlan, starts_at: datetime, now: datetime) -> None:
    """Raise SlotTaken if the visit, begun at that instant, would meet a time that is kept from patients."""
    visit = Period(starts_at, starts_at + plan.duration)
    kept = withheld_by_doctor([plan.clinic_id], now).get(plan.doctor_id, ())
    if any(each.overlaps(visit) for each in kept):
        raise SlotTaken


def _meets(kept: Withheld, slot: Slot) -> bool:
    return kept.doctor_id == slot.doctor_id and kept.starts_at < slot.ends_at and slot.starts_at < kept.ends_at
