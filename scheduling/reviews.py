"""Visits that need somebody's attention: hit by a block, or waiting for agreement to an override."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command, lock_for_share
from carebridge.errors import InvalidInput, NotAllowed
from scheduling import ledger
from scheduling.booking import AWAITS_SIGN_OFF, OVERRIDE_REFUSED
from scheduling.errors import WrongStatus
from scheduling.history import record_appointment
from scheduling.locking import lock_appointments, save_changes
from scheduling.models import Appointment, Clinic, Status
from scheduling.permissions import require, require_with
from scheduling.roles import Permission
from scheduling.roster.wording import still_against


def require_review(appointment: Appointment, *, reason: str, by: User | None, at: datetime) -> None:
    """Put a visit on the worklist, keeping the status it returns to. Part of a command: the caller holds the locks.

    `reason` names the cause in words for staff, without personal details. A visit already in review keeps its first
    reason for as long as that stands (`restate_review`).
    """
    if appointment.status == Status.REQUIRES_REVIEW:
        return
    before = appointment.status
    appointment.status_before_review, appointment.status = before, Status.REQUIRES_REVIEW
    appointment.review_reason = reason[:160]
    save_changes(appointment, "status", "status_before_review", "review_reason")
    record_appointment(
        "appointment.review_required",
        appointment,
        by=by,
        at=at,
        changes={"status": (before, Status.REQUIRES_REVIEW), "review_reason": (None, appointment.review_reason)},
    )


def settle_review(appointment: Appointment, *, by: User | None, at: datetime) -> None:
    """Give a reviewed visit its earlier status back. Part of a command: the caller holds the locks."""
    before, appointment.status = appointment.status, Status(appointment.status_before_review)
    appointment.review_reason = appointment.status_before_review = ""
    save_changes(appointment, "status", "status_before_review", "review_reason")
    record_appointment(
        "appointment.review_resolved",
        appointment,
        by=by,
        at=at,
        changes={"status": (before, appointment.status)},
    )


def restate_review(appointment: Appointment, *, reasons: Sequence[str], by: User | None, at: datetime) -> None:
    """Give a visit that stays in review the weightiest of the reasons left, unless its own is still among them.

    Part of a command: the caller holds the locks.
    """
    if appointment.review_reason not in (each[:160] for each in reasons):
        _give_reason("appointment.review_reason_changed", appointment, reasons[0], by=by, at=at)


def reconsider_review(appointment: Appointment, *, by: User | None, at: datetime) -> None:
    """Let a visit leave review that stands on other resources now, unless something speaks against those as well.

    An override still waits for its second person. Part of a command: the caller holds the locks.
    """
    if appointment.status != Status.REQUIRES_REVIEW or concerns_override(appointment):
        return
    if reasons := still_against([appointment.pk]).get(appointment.pk):
        restate_review(appointment, reasons=reasons, by=by, at=at)
    else:
        settle_review(appointment, by=by, at=at)


@command()
def resolve_review(*, appointment: Appointment, by: User) -> Appointment:
    """Somebody looked and keeps the visit as it stands. An override waiting for agreement needs `sign_off_override`,
    a refused one another time.

    Raises WrongStatus, NotAllowed.
    """
    (appointment,) = lock_appointments([appointment.pk])
    require_with(by, Permission.BOOK, appointment)
    if appointment.status != Status.REQUIRES_REVIEW or concerns_override(appointment):
        raise WrongStatus

    settle_review(appointment, by=by, at=timezone.now())
    return appointment


@command()
def sign_off_override(*, appointment: Appointment, by: User) -> Appointment:
    """A second person agrees to an override; a visit that no longer fits meanwhile stays in review for that.

    Raises WrongStatus, NotAllowed (also for the one who overrode).
    """
    (appointment,) = lock_appointments([appointment.pk])
    lock_for_share((Clinic, appointment.clinic_id))
    ledger.lock_resources(ledger.resource_ids_of([appointment.pk]))
    _require_second_person(appointment, by)

    now = timezone.now()
    settle_review(appointment, by=by, at=now)
    if reasons := still_against([appointment.pk]).get(appointment.pk):
        require_review(appointment, reason=reasons[0], by=by, at=now)
    return appointment


@command()
def refuse_override(*, appointment: Appointment, reason: str, by: User) -> Appointment:
    """A second person refuses an override, saying why; the visit keeps its time until it is moved or cancelled.

    Raises InvalidInput without a reason, WrongStatus, NotAllowed (also for the one who overrode).
    """
    (appointment,) = lock_appointments([appointment.pk])
    _require_second_person(appointment, by)
    if not reason.strip():
        raise InvalidInput("Say why, so that whoever asked knows what to do.", fields={"reason": "Say why."})

    words = OVERRIDE_REFUSED + reason.strip()
    _give_reason("appointment.override_refused", appointment, words, by=by, at=timezone.now())
    return appointment


def concerns_override(appointment: Appointment) -> bool:
    """Whether it is in review because of an override: one that waits for agreement, or one that was refused."""
    return appointment.review_reason == AWAITS_SIGN_OFF or appointment.review_reason.startswith(OVERRIDE_REFUSED)


def _give_reason(kind: str, appointment: Appointment, reason: str, *, by: User | None, at: datetime) -> None:
    before, appointment.review_reason = appointment.review_reason, reason[:160]
    save_changes(appointment, "review_reason")
    changes = {"review_reason": (before, appointment.review_reason)}
    record_appointment(kind, appointment, by=by, at=at, changes=changes)


def _require_second_person(appointment: Appointment, by: User) -> None:
    """Raise unless the override waits and somebody else than the one who asked, and who may, decides on it."""
    require(by, Permission.SIGN_OFF, appointment.clinic_id)
    if appointment.status != Status.REQUIRES_REVIEW or appointment.review_reason != AWAITS_SIGN_OFF:
        raise WrongStatus
    if appointment.overridden_by_id == by.pk:
        raise NotAllowed("Somebody else has to decide on your override.")
