"""What can be done with an appointment now, by status and by whom: the buttons of the drawer and of the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from carebridge.accounts.models import User
from scheduling.booking import AWAITS_SIGN_OFF, confirm_appointment
from scheduling.cancelling import CANCELLABLE
from scheduling.models import Appointment, Status
from scheduling.models.appointment import UPCOMING
from scheduling.permissions import may, may_with
from scheduling.resizing import may_resize
from scheduling.reviews import concerns_override, resolve_review, sign_off_override
from scheduling.roles import Permission
from scheduling.visits import EARLIEST_CHECK_IN, check_in_patient, complete_visit, mark_no_show, start_visit


@dataclass(frozen=True, slots=True)
class Step:
    """One button: its name in addresses, its word, the toast after it, the key, the permission and its command."""

    slug: str
    label: str
    done: str
    icon: str
    key: str
    permission: Permission
    command: Callable[..., Appointment]
    takes_version: bool = True


@dataclass(frozen=True, slots=True)
class Offered:
    """A step on one appointment."""

    step: Step
    url: str

    @property
    def label(self) -> str:
        return self.step.label


STEPS = {
    step.slug: step
    for step in (
        Step(
            "sign-off",
            "Agree to override",
            "Override agreed",
            "check",
            "",
            Permission.SIGN_OFF,
            sign_off_override,
            False,
        ),
        Step("keep", "Keep as it is", "Kept as it is", "check", "", Permission.BOOK, resolve_review, False),
        Step("confirm", "Confirm", "Confirmed", "check", "", Permission.BOOK, confirm_appointment, False),
        Step("complete", "Complete", "Visit completed", "check", "c", Permission.RUN_VISIT, complete_visit),
        Step("check-in", "Check in", "Checked in", "check", "c", Permission.CHECK_IN, check_in_patient),
        Step("start", "Start visit", "Visit started", "steth", "s", Permission.RUN_VISIT, start_visit),
        Step("no-show", "Mark no-show", "Marked as no-show", "x", "", Permission.CHECK_IN, mark_no_show),
    )
}
"""In the order in which the first possible one becomes the main button."""


def offered_steps(appointment: Appointment, user: User, now: datetime) -> list[Offered]:
    """The steps that this user could take now; the command decides again."""
    return [
        Offered(step, reverse("scheduling:appointment-step", args=[appointment.reference, step.slug]))
        for step in STEPS.values()
        if fits(step.slug, appointment, user, now) and may_with(user, step.permission, appointment)
    ]


def fits(slug: str, appointment: Appointment, user: User, now: datetime) -> bool:
    """Whether status and clock suit a step."""
    status = appointment.status
    soon = now >= appointment.starts_at - EARLIEST_CHECK_IN
    awaits = appointment.review_reason == AWAITS_SIGN_OFF
    if slug == "sign-off":
        return status == Status.REQUIRES_REVIEW and awaits and appointment.overridden_by_id != user.pk
    if slug == "keep":
        return status == Status.REQUIRES_REVIEW and not concerns_override(appointment)
    if slug == "confirm":
        return status == Status.PENDING
    if slug == "complete":
        return status == Status.IN_PROGRESS
    if slug == "check-in":
        too_early = status == Status.NO_SHOW and now < appointment.ends_at
        return soon and (status == Status.CONFIRMED or too_early)
    if slug == "start":
        return soon and status == Status.CHECKED_IN
    return now >= appointment.starts_at and status in (Status.CONFIRMED, Status.CHECKED_IN)


def may_decide(appointment: Appointment, user: User) -> bool:
    """Whether an override waits for this user's word: never the word of whoever asked for it."""
    waits = appointment.status == Status.REQUIRES_REVIEW and appointment.review_reason == AWAITS_SIGN_OFF
    return waits and appointment.overridden_by_id != user.pk and may(user, Permission.SIGN_OFF, appointment.clinic_id)


def may_move(appointment: Appointment, user: User) -> bool:
    """Whether to offer another time."""
    return appointment.status in UPCOMING and may(user, Permission.BOOK, appointment.clinic_id)


def may_change_duration(appointment: Appointment, user: User, now: datetime) -> bool:
    """Whether to offer another length."""
    return may_resize(appointment, now) and may(user, Permission.BOOK, appointment.clinic_id)


def may_cancel(appointment: Appointment, user: User) -> bool:
    return appointment.status in CANCELLABLE and may(user, Permission.CANCEL, appointment.clinic_id)


def undo_label(appointment: Appointment, user: User, now: datetime) -> str:
    """What Undo would take back, or nothing."""
    stepped = {Status.CHECKED_IN: "check-in", Status.IN_PROGRESS: "start", Status.COMPLETED: "completion"}
    stepped[Status.NO_SHOW] = "no-show"
    if appointment.status == Status.CANCELLED:
        possible = appointment.starts_at > now and may(user, Permission.CANCEL, appointment.clinic_id)
        return "Undo cancellation" if possible else ""
    if appointment.status in stepped and may_with(user, Permission.CHECK_IN, appointment):
        return f"Undo {stepped[Status(appointment.status)]}"
    return ""
