"""One message for several visits: what a patient is told of a day at a clinic is said once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from reminders import planning
from reminders.kinds import JOINED
from reminders.models import Reminder, State

Day = tuple[str, str, int, date]
A_DAY = timedelta(days=1)


def absorb(taken: Sequence[Reminder]) -> list[Reminder]:
    """Let each of these messages tell of the patient's other visits of that day, and return those left to send.

    Called in the transaction that claims them, while they are planned and locked; they come with their clinics. The
    message of the first visit goes out; the others, be they among these or planned for later that day, become
    JOINED to it. One statement, and one more for each message that others are joined to.
    """
    mains: dict[Day, Reminder] = {}
    joined: dict[int, list[int]] = defaultdict(list)
    for each in sorted(taken, key=_first_visit_first):
        day = _day_of(each)
        if day is not None and mains.setdefault(day, each) is not each:
            joined[mains[day].pk].append(each.pk)
    here = {each.pk for each in taken}
    for other in _planned_beside(mains):
        day = _day_of(other)
        if other.pk not in here and day in mains:
            joined[mains[day].pk].append(other.pk)
    for main, others in joined.items():
        Reminder.objects.filter(pk__in=others, state=State.PLANNED).update(state=State.JOINED, joined_to=main)
    away = {pk for others in joined.values() for pk in others}
    return [each for each in taken if each.pk not in away]


def give_back(mains: Iterable[int]) -> int:
    """Plan visits for themselves again whose message won't go out. How many."""
    return planning.release_joined(Reminder.objects.filter(pk__in=list(mains)))


def _planned_beside(mains: Mapping[Day, Reminder]) -> Iterable[Reminder]:
    """What is planned around the same times for the same patients, and not being claimed by another process."""
    if not mains:
        return ()
    starts = [each.starts_at for each in mains.values() if each.starts_at]
    waiting = Reminder.objects.filter(
        patient__in={each.patient_id for each in mains.values()},
        kind__in={each.kind for each in mains.values()},
        state=State.PLANNED,
        starts_at__range=(min(starts) - A_DAY, max(starts) + A_DAY),
    )
    return waiting.select_related("clinic").select_for_update(skip_locked=True, of=("self",))


def _day_of(row: Reminder) -> Day | None:
    """What is told once: this kind of message, to this patient, of one local day at one clinic."""
    if row.kind not in JOINED or row.starts_at is None or row.user_id is not None:
        return None
    return row.kind, str(row.patient_id), row.clinic_id, row.starts_at.astimezone(row.clinic.zone).date()


def _first_visit_first(row: Reminder) -> tuple[datetime, int]:
    return row.starts_at or row.due_at, row.pk
