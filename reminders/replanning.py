"""Planning visits to come anew: after a rule was changed, or when what a plan was counted from has moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from reminders import planning, reasons
from reminders.kinds import BEFORE_VISIT
from reminders.models import Reminder, State
from scheduling.models import Appointment

MAY_BE_PLANNED_AGAIN = frozenset(
    {
        reasons.CONFIRMATION_SAYS_IT,
        reasons.NO_TIME_LEFT,
        reasons.RULE_OFF,
        reasons.RULE_CHANGED,
        reasons.MOVED,
    }
)
"""Suppressed for these, a message may be needed after all; every other reason stands."""


def replan(appointment_ids: Sequence[int], *, now: datetime) -> int:
    """Bring what is planned before these visits in line with the rules as they are; what was sent stays sent.

    How many messages were written. Visits that aren't firm or have begun are left alone.
    """
    visits = [
        planning.Visit.of_appointment(row)
        for row in Appointment.objects.filter(pk__in=appointment_ids, starts_at__gt=now)
    ]
    existing: dict[int, list[Reminder]] = defaultdict(list)
    rows = Reminder.objects.filter(appointment__in=appointment_ids, kind__in=BEFORE_VISIT, user=None)
    for row in rows.select_related("version__rule"):
        existing[row.appointment_id or 0].append(row)
    outdated: dict[str, list[int]] = defaultdict(list)
    missing: list[Reminder] = []
    for visit in visits:
        if visit.is_firm:
            wanted = planning.drafts(visit, BEFORE_VISIT, now=now)
            missing += _compare(wanted, existing[visit.appointment_id], outdated)
    for reason, ids in outdated.items():
        Reminder.objects.filter(pk__in=ids, state=State.PLANNED).update(state=State.SUPPRESSED, reason=reason)
    planning.write(missing)
    return len(missing)


def _compare(
    wanted: Iterable[Reminder], existing: Iterable[Reminder], outdated: dict[str, list[int]]
) -> list[Reminder]:
    """What is missing; what is planned but no longer wanted is added to `outdated` under the reason."""
    by_place = {_place(each): each for each in wanted}
    settled = set()
    for row in existing:
        draft = by_place.get(_place(row))
        same = draft is not None and (draft.version_id, draft.starts_at) == (row.version_id, row.starts_at)
        if row.state == State.PLANNED and not same:
            outdated[_why_outdated(row, draft)].append(row.pk)
        elif same or row.state != State.SUPPRESSED or row.reason not in MAY_BE_PLANNED_AGAIN:
            settled.add(_place(row))
    return [draft for place, draft in by_place.items() if place not in settled]


def _place(row: Reminder) -> tuple[str, str]:
    return row.kind, row.version.rule.slot if row.version else ""


def _why_outdated(row: Reminder, draft: Reminder | None) -> str:
    if draft is None:
        return reasons.RULE_OFF
    return reasons.MOVED if draft.starts_at != row.starts_at else reasons.RULE_CHANGED
