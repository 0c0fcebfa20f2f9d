"""When a country changes its clocks' law: promised wall-clock times stay, instants move, through the ledger."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

from django.db import transaction

from carebridge.db import command
from scheduling import ledger
from scheduling.availability import Allotment
from scheduling.booking import WORDS
from scheduling.errors import SlotTaken
from scheduling.history import record_appointment
from scheduling.locking import lock_appointments, save_changes
from scheduling.models import Allocation, Appointment
from scheduling.models.appointment import OCCUPYING
from scheduling.periods import Period
from scheduling.reviews import require_review
from scheduling.roster.wording import COLLIDES


def promised_start(appointment: Appointment) -> datetime:
    """The instant (UTC) that the promised local time means under the law that this machine knows now."""
    wall_clock = datetime.combine(appointment.local_date, appointment.local_time)
    zone = zoneinfo.ZoneInfo(appointment.time_zone)
    return wall_clock.replace(fold=int(appointment.local_fold), tzinfo=zone).astimezone(UTC)


def rederive_starts(*, now: datetime) -> int:
    """Move every future visit whose instant no longer is its promised local time. How many moved."""
    future = Appointment.objects.filter(starts_at__gt=now, status__in=OCCUPYING).order_by("pk")
    wrong = [visit.pk for visit in future.iterator(chunk_size=2000) if promised_start(visit) != visit.starts_at]
    return sum(_rederive(appointment_id=pk, now=now) for pk in wrong)


@command(WORDS)
def _rederive(*, appointment_id: int, now: datetime) -> bool:
    (appointment,) = lock_appointments([appointment_id])
    ledger.lock_resources(ledger.resource_ids_of([appointment_id]))
    start = promised_start(appointment)
    shift = start - appointment.starts_at
    if not shift or not appointment.occupies:
        return False

    allotments = [_shifted(row, shift) for row in ledger.live_rows(appointment)]
    before = appointment.starts_at
    ledger.release(appointment, at=now)
    appointment.starts_at, appointment.ends_at = start, appointment.ends_at + shift
    appointment.calendar_sequence += 1
    save_changes(appointment, "starts_at", "ends_at", "calendar_sequence")
    _occupy_or_review(appointment, allotments, now)

    record_appointment(
        "appointment.rederived",
        appointment,
        by=None,
        at=now,
        changes={"starts_at": (before.isoformat(), start.isoformat())},
    )
    return True


def _occupy_or_review(appointment: Appointment, allotments: list[Allotment], now: datetime) -> None:
    try:
        with transaction.atomic():
            ledger.occupy(appointment, allotments)
    except SlotTaken:
        ledger.occupy(appointment, allotments, may_overbook=True)
        require_review(appointment, reason=COLLIDES, by=None, at=now)


def _shifted(row: Allocation, shift: timedelta) -> Allotment:
    return Allotment(
        resource_id=row.resource_id,
        requirement_id=row.requirement_id,
        core=Period(row.core.lower + shift, row.core.upper + shift),
        during=Period(row.during.lower + shift, row.during.upper + shift),
    )
