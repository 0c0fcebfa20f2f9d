"""The visit itself: arriving, starting, finishing, not coming; and taking such a step back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit import mask_all
from carebridge.db import command
from scheduling.errors import PolicyRefused, UndoTooLate, WrongStatus
from scheduling.history import record_appointment
from scheduling.locking import check_version, lock_appointments, save_changes
from scheduling.models import Appointment, Modality, Status
from scheduling.permissions import require_with
from scheduling.roles import Permission

EARLIEST_CHECK_IN = timedelta(hours=12)
"""A check-in long before the visit is a slip: somebody picked the wrong day."""

OWN_CHECK_IN = timedelta(hours=1)
"""How long before the visit patients may say by themselves that they are here."""

STEPS: Mapping[Status, frozenset[Status]] = {
    Status.CHECKED_IN: frozenset({Status.CONFIRMED, Status.NO_SHOW}),
    Status.IN_PROGRESS: frozenset({Status.CONFIRMED, Status.CHECKED_IN}),
    Status.COMPLETED: frozenset({Status.IN_PROGRESS}),
    Status.NO_SHOW: frozenset({Status.CONFIRMED, Status.CHECKED_IN}),
}
"""The transition table of the day: to each status, from which others. The rest are booking, moving, cancelling."""

UNDOABLE: Mapping[str, str] = {
    "appointment.checked_in": "checked_in_at",
    "appointment.started": "started_at",
    "appointment.completed": "finished_at",
    "appointment.no_show": "",
}
"""Steps that can be taken back, each with the time stamp it set."""


def check_in_patient(*, appointment: Appointment, by: User | None, version: int | None = None) -> Appointment:
    """The patient is here; also puts right a no-show recorded too early.

    Raises WrongStatus (also more than 12 hours before the visit), StaleVersion, NotAllowed.
    """
    return _step(appointment, Status.CHECKED_IN, Permission.CHECK_IN, "checked_in", by=by, version=version)


def announce_arrival(*, appointment: Appointment) -> Appointment:
    """The patient says by their own link that they are here.

    Raises PolicyRefused (too_early) more than an hour before the visit, and WrongStatus for one that is over or
    takes place elsewhere, also for a no-show: that one is put right at the desk.
    """
    now = timezone.now()
    if now < appointment.starts_at - OWN_CHECK_IN:
        raise PolicyRefused("You can say that you are here from one hour before your visit.", code="too_early")
    if not may_announce_arrival(appointment, now):
        raise WrongStatus
    return check_in_patient(appointment=appointment, by=None, version=appointment.version)


def may_announce_arrival(appointment: Appointment, now: datetime) -> bool:
    """Whether patients may say that they are here: for a visit in person, from an hour before until it ends."""
    in_time = appointment.starts_at - OWN_CHECK_IN <= now <= appointment.ends_at
    return in_time and appointment.status == Status.CONFIRMED and appointment.modality == Modality.IN_PERSON


def start_visit(*, appointment: Appointment, by: User | None, version: int | None = None) -> Appointment:
    """The visit begins. Raises WrongStatus, StaleVersion, NotAllowed."""
    return _step(appointment, Status.IN_PROGRESS, Permission.RUN_VISIT, "started", by=by, version=version)


def complete_visit(*, appointment: Appointment, by: User | None, version: int | None = None) -> Appointment:
    """The visit is over; its time stays in the ledger. Raises WrongStatus, StaleVersion, NotAllowed."""
    return _step(appointment, Status.COMPLETED, Permission.RUN_VISIT, "completed", by=by, version=version)


def mark_no_show(*, appointment: Appointment, by: User | None, version: int | None = None) -> Appointment:
    """The patient did not come. Only once the visit should have begun. Raises WrongStatus, StaleVersion, NotAllowed."""
    return _step(appointment, Status.NO_SHOW, Permission.CHECK_IN, "no_show", by=by, version=version)


@command()
def _step(
    appointment: Appointment,
    to: Status,
    permission: Permission,
    word: str,
    *,
    by: User | None,
    version: int | None,
) -> Appointment:
    now = timezone.now()
    (appointment,) = lock_appointments([appointment.pk])

    require_with(by, permission, appointment)
    check_version(appointment, version)
    check_step(appointment, to, now)

    before = appointment.status
    appointment.status = to
    stamp = UNDOABLE[f"appointment.{word}"]
    if stamp:
        setattr(appointment, stamp, now)
    save_changes(appointment, "status", *filter(None, [stamp]))

    record_appointment(f"appointment.{word}", appointment, by=by, at=now, changes={"status": (before, to)})
    return appointment


def check_step(appointment: Appointment, to: Status, now: datetime) -> None:
    """Raise WrongStatus unless the transition table and the clock allow this step."""
    if appointment.status not in STEPS[to]:
        raise WrongStatus(
            f"{appointment} is {appointment.get_status_display().lower()}: it can't become {to.label.lower()}."
        )
    if to == Status.NO_SHOW and now < appointment.starts_at:
        raise WrongStatus("The visit has not begun yet, so nobody has missed it.")
    if to in (Status.CHECKED_IN, Status.IN_PROGRESS) and now < appointment.starts_at - EARLIEST_CHECK_IN:
        raise WrongStatus("This visit is on another day. Check the date.")


@command()
def undo_status(*, appointment: Appointment, by: User | None, version: int | None = None) -> Appointment:
    """Take back the last step of the visit (check-in, start, completion, no-show).

    Raises UndoTooLate when the last thing that happened is not such a step, StaleVersion, NotAllowed.
    """
    now = timezone.now()
    (appointment,) = lock_appointments([appointment.pk])

    require_with(by, Permission.CHECK_IN, appointment)
    check_version(appointment, version)
    last = appointment.events.filter(payload__has_key="status").order_by("-id").first()
    if last is None or last.kind not in UNDOABLE or last.payload["status"][1] != appointment.status:
        raise UndoTooLate

    undone = appointment.status
    appointment.status = Status(last.payload["status"][0])
    stamp = UNDOABLE[last.kind]
    if stamp:
        setattr(appointment, stamp, None)
    save_changes(appointment, "status", *filter(None, [stamp]))

    record_appointment(
        "appointment.status_undone",
        appointment,
        by=by,
        at=now,
        changes={"status": (undone, appointment.status)},
    )
    return appointment


@command()
def change_notes(*, appointment: Appointment, notes: str, by: User, version: int | None = None) -> Appointment:
    """Replace the note for the team; history says that it changed, never what it says.

    Raises StaleVersion, NotAllowed.
    """
    now = timezone.now()
    (appointment,) = lock_appointments([appointment.pk])

    require_with(by, Permission.SEE_NOTES, appointment)
    check_version(appointment, version)

    appointment.notes = notes.strip()
    save_changes(appointment, "notes")

    changed = {"notes": (mask_all(None), mask_all(None))}
    record_appointment("appointment.notes_changed", appointment, by=by, at=now, changes=changed)
    return appointment
