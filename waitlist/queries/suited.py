"""Whom a free time of the board would suit, as staff read it before they offer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from scheduling.forms import slot_value
from scheduling.models import Clinic, Doctor
from scheduling.periods import Period
from waitlist.by_hand import whom_it_suits
from waitlist.matching import Ranked
from waitlist.models import Entry

SHOWN = 25


@dataclass(frozen=True)
class Suited:
    """One of them: their place among all, and when on the clinic's clock their visit would start."""

    place: int
    entry: Entry
    ranked: Ranked
    starts_at: datetime
    slot: str


def suited_by(
    free: Period, clinic: Clinic, doctor: Doctor, *, seen: QuerySet[Entry], now: datetime
) -> tuple[list[Suited], int]:
    """The first of those among the entries that may be seen, and how many it suits in all."""
    suited = whom_it_suits(clinic, doctor, free, now)
    entries = seen.select_related("patient", "appointment_type__service").in_bulk(
        [each.candidate.entry_id for each, _ in suited]
    )
    lines = [
        Suited(place, entry, each, at.astimezone(clinic.zone), slot_value(doctor.pk, clinic.pk, at))
        for place, (each, at) in enumerate(suited, start=1)
        if (entry := entries.get(each.candidate.entry_id))
    ]
    return lines[:SHOWN], len(suited)
