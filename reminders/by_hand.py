"""What a person may do about a message: try again, send now, block, or say that a failure or a letter is dealt with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import log_change
from carebridge.db import command
from carebridge.errors import Conflict, DomainError, NotFound
from reminders import jobs, planning, reasons, timing
from reminders.models import Medium, Reminder, State
from scheduling.permissions import require
from scheduling.roles import Permission


class WrongState(Conflict):
    """The message isn't, or is no longer, where this can be done to it."""

    code = "reminder_state"
    message = "This message has moved on: it may have been sent meanwhile. Look at it again."


class TooLate(DomainError):
    """Its last moment is over."""

    code = "reminder_too_late"
    message = "It is too late for this message: the visit is about to begin, or over. Call the patient instead."


class QuietHours(DomainError):
    """Nobody is to be disturbed now."""

    code = "reminder_quiet_hours"


class PlannedAlready(Conflict):
    """Another message of the same rule waits for the same visit."""

    code = "reminder_planned_already"
    message = "The same message is planned again already. Send that one."


WORDS = {"reminder_open_once": PlannedAlready}


@command(WORDS)
def retry_reminder(*, reminder: Reminder, by: User) -> None:
    """Try a failed message again from the beginning: by the best medium, with as many tries as a new one.

    Raises WrongState unless it has failed, TooLate, PlannedAlready, NotAllowed.
    """
    row = _locked(reminder, by, {State.FAILED})
    _check_time(row)

    afresh = {"state": State.PLANNED, "reason": "", "medium": "", "next_try_at": timezone.now()}
    _change(row, by, "reminder.retried", **afresh, handled_at=None, handled_by=None)
    jobs.nudge()


def retry_reminders(*, reminders: Iterable[Reminder], by: User) -> int:
    """Try failed messages again, each by itself; how many there are to be tried. Others are left as they are."""
    retried = 0
    for reminder in reminders:
        try:
            retry_reminder(reminder=reminder, by=by)
        except DomainError:
            continue
        retried += 1
    return retried


@command(WORDS)
def send_now(*, reminder: Reminder, by: User) -> None:
    """Send a planned message without waiting for its time.

    Raises WrongState unless it is planned, QuietHours, TooLate, NotAllowed.
    """
    row = _locked(reminder, by, {State.PLANNED})
    _check_time(row)
    zone = row.clinic.zone
    if row.version and (until := timing.quiet_ends(row.version, timezone.now(), zone)):
        raise QuietHours(f"These are quiet hours. The message can go out from {until.astimezone(zone):%H:%M}.")

    _change(row, by, "reminder.sent_by_hand", next_try_at=timezone.now())
    jobs.nudge()


@command(WORDS)
def block_reminder(*, reminder: Reminder, by: User) -> None:
    """Keep a planned message from being sent. Raises WrongState unless it is planned, NotAllowed."""
    row = _locked(reminder, by, {State.PLANNED})

    _change(row, by, "reminder.blocked", state=State.SUPPRESSED, reason=reasons.BLOCKED_BY_HAND)
    planning.release_joined(Reminder.objects.filter(pk=row.pk))


@command(WORDS)
def unblock_reminder(*, reminder: Reminder, by: User) -> None:
    """Let a message that was blocked by hand go out at its time, or now if that is over.

    Raises WrongState unless it was blocked, TooLate, PlannedAlready, NotAllowed.
    """
    row = _locked(reminder, by, {State.SUPPRESSED})
    if row.reason != reasons.BLOCKED_BY_HAND:
        raise WrongState
    _check_time(row)

    next_try_at = max(row.due_at, timezone.now())
    _change(row, by, "reminder.unblocked", state=State.PLANNED, reason="", next_try_at=next_try_at)


@command()
def settle_failure(*, reminder: Reminder, by: User) -> None:
    """Say that a failed message has been dealt with otherwise, such as by a call. Raises WrongState, NotAllowed."""
    row = _locked(reminder, by, {State.FAILED})
    if row.handled_at:
        raise WrongState

    _change(row, by, "reminder.failure_settled", handled_at=timezone.now(), handled_by=by)


@command()
def mark_posted(*, reminder: Reminder, by: User) -> None:
    """Say that a letter has been printed and posted. Raises WrongState unless it waits for that, NotAllowed."""
    row = _locked(reminder, by, {State.SENT})
    if row.medium != Medium.LETTER or row.handled_at:
        raise WrongState

    _change(row, by, "letter.posted", handled_at=timezone.now(), handled_by=by)


def _locked(reminder: Reminder, by: User, states: set[State]) -> Reminder:
    """The message as it is now, held until the command is over. Raises NotFound, NotAllowed, WrongState."""
    rows = Reminder.objects.select_for_update(of=("self",)).select_related("clinic", "version")
    row = rows.filter(pk=reminder.pk).first()
    if row is None:
        raise NotFound
    require(by, Permission.SEND_REMINDERS, row.clinic_id)
    if row.state not in states:
        raise WrongState
    return row


def _check_time(row: Reminder) -> None:
    if timezone.now() > row.not_after:
        raise TooLate


def _change(row: Reminder, by: User, event: str, **values: Any) -> None:
    changes = {name: (getattr(row, name), value) for name, value in values.items() if name in ("state", "reason")}
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    facts = {"kind": row.kind, "appointment": row.appointment_id}
    log_change(row, event=event, by=by, changes=changes, facts=facts)
