"""Whether a message is still true of its visit: asked when it is claimed, and again just before it goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Exists, OuterRef

from reminders import reasons
from reminders.kinds import TO_BOOK
from reminders.models import Kind, Reminder
from scheduling.models import Appointment, Status

TO_COME = frozenset({Status.PENDING, Status.CONFIRMED})

AFTERWARDS: Mapping[str, frozenset[str]] = {
    Kind.OFFER: frozenset({Status.PENDING}),
    Kind.CANCELLED: frozenset({Status.CANCELLED}),
    Kind.NO_SHOW: frozenset({Status.NO_SHOW}),
    Kind.THANKS: frozenset({Status.COMPLETED}),
    Kind.FOLLOW_UP: frozenset({Status.COMPLETED}),
    Kind.RECALL: frozenset({Status.COMPLETED}),
    Kind.FEEDBACK: frozenset({Status.COMPLETED}),
    # Colleagues hear of a visit whatever became of it, and their list is made when it is sent.
    Kind.STAFF_CHANGE: frozenset(Status),
    Kind.STAFF_TOMORROW: frozenset(Status),
}
"""The statuses of which a kind of message speaks; every other kind speaks of a visit that is still to come."""

WHY: Mapping[str, str] = {
    Status.CANCELLED: reasons.CANCELLED,
    Status.RESCHEDULED: reasons.MOVED,
    Status.EXPIRED: reasons.EXPIRED,
    Status.COMPLETED: reasons.COMPLETED,
    Status.CHECKED_IN: reasons.ARRIVED,
    Status.IN_PROGRESS: reasons.ARRIVED,
    Status.NO_SHOW: reasons.VISIT_OVER,
    Status.REQUIRES_REVIEW: reasons.IN_REVIEW,
}


STANDS = (Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED, Status.REQUIRES_REVIEW)


def booked_again(reminders: Iterable[Reminder]) -> frozenset[int]:
    """Those messages, by id, that ask a patient to book what they have booked. One statement, where any ask."""
    asking = [each.pk for each in reminders if each.kind in TO_BOOK]
    if not asking:
        return frozenset()
    later = Appointment.objects.filter(
        patient=OuterRef("patient"),
        appointment_type__service=OuterRef("appointment__appointment_type__service"),
        starts_at__gt=OuterRef("appointment__starts_at"),
        status__in=STANDS,
    )
    return frozenset(Reminder.objects.filter(Exists(later), pk__in=asking).values_list("pk", flat=True))


def why_not_invite(withdrawn_at: datetime | None, appointment_id: int | None) -> str:
    """The same for an invitation to book, which is over once it was withdrawn or a visit booked by it."""
    return reasons.INVITATION_OVER if withdrawn_at or appointment_id else ""


def why_not(kind: str, planned_start: datetime | None, status: str, starts_at: datetime) -> str:
    """The code of why a message of this kind isn't true any more, or an empty string if it is.

    `planned_start` is the start that it was planned for, the rest is the visit as it is now.
    """
    if kind == Kind.OFFER and status == Status.CONFIRMED:
        return reasons.ALREADY_CONFIRMED
    if status not in AFTERWARDS.get(kind, TO_COME):
        # Still to come, though the message says it was cancelled, missed or over: that was taken back.
        return WHY.get(status, reasons.UNDONE)
    if kind not in AFTERWARDS and planned_start is not None and planned_start != starts_at:
        return reasons.MOVED
    return ""
