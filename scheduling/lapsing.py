"""Pending visits whose time has run out: let lapse by a sweep, or by the booking that meets one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import connection

from carebridge.accounts.models import User
from carebridge.db import command
from scheduling import availability, ledger
from scheduling.errors import SlotTaken, WrongStatus
from scheduling.history import record_appointment
from scheduling.locking import lock_appointments, save_changes
from scheduling.models import Appointment, Status
from scheduling.placement import Wish

Placed = TypeVar("Placed")


def expire_lapsed(*, now: datetime) -> int:
    """Let every pending appointment whose time has run out lapse, each in its own transaction. How many did."""
    with connection.cursor() as cursor:
        # As SQL, because everybody who loses a race asks it, and building the queryset took longer than the answer.
        cursor.execute(
            "SELECT id FROM scheduling_appointment WHERE status = 'pending' AND expires_at <= %s"
            " ORDER BY expires_at LIMIT 500",
            [now],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return sum(_expire(appointment_id=pk, now=now) for pk in ids)


@command()
def _expire(*, appointment_id: int, now: datetime) -> bool:
    (appointment,) = lock_appointments([appointment_id])
    if appointment.status != Status.PENDING or appointment.expires_at is None or appointment.expires_at > now:
        return False
    let_lapse(appointment, by=None, at=now)
    return True


def let_lapse(appointment: Appointment, *, by: User | None, at: datetime) -> None:
    """End a locked pending visit and give its time back, also before its time has run out. Part of a command.

    Raises WrongStatus when it isn't pending any more.
    """
    if appointment.status != Status.PENDING:
        raise WrongStatus
    ledger.lock_resources(ledger.resource_ids_of([appointment.pk]))
    appointment.status = Status.EXPIRED
    save_changes(appointment, "status")
    ledger.release(appointment, at=at)

    changes = {"status": (Status.PENDING, Status.EXPIRED)}
    record_appointment("appointment.expired", appointment, by=by, at=at, changes=changes)


def retaken(attempt: Callable[[], Placed], wish: Wish) -> Placed:
    """Run a placing command; when the time is taken by a lapsed pending visit, let that lapse and try once more.

    A SlotTaken that remains carries the three nearest free times.
    """
    try:
        return attempt()
    except SlotTaken as taken:
        if not expire_lapsed(now=wish.now):
            raise with_nearest(taken, wish) from None
    try:
        return attempt()
    except SlotTaken as taken:
        raise with_nearest(taken, wish) from None


def with_nearest(taken: SlotTaken, wish: Wish) -> SlotTaken:
    """The refusal with up to three free times close to the one wished for, looked up after the rollback."""
    nearest: Sequence[availability.Slot] = availability.nearest_slots(
        appointment_type_id=wish.appointment_type.pk,
        doctor_id=wish.doctor.pk,
        clinic_id=wish.clinic.pk,
        starts_at=wish.starts_at,
        now=wish.now,
        owner=wish.hold,
        ignoring=wish.ignoring,
    )
    taken.detail["nearest"] = nearest
    return taken
