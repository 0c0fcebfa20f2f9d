"""One message for several visits: what a patient is told of a day at a clinic is said once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from reminders.kinds import JOINED
from reminders.models import Reminder, State
from reminders.relevance import TO_COME

Day = tuple[str, str, int, date]
A_DAY = timedelta(days=1)


def absorb(taken: Sequence[Reminder]) -> tuple[list[Reminder], list[Reminder]]:
    """Let these messages tell of their patients' other visits of the day. Those left to send, and those to put off.

    Called in the transaction that claims them, while they are planned and locked; they come with their clinics. The
    message of the first visit goes out; the others, be they among these or planned for later that day, become
    JOINED to it. One that another process has in hand can't be joined now, so that its day is put off: both processes
    have locked their own before they look for the other's, which is why never two messages go out for one day.
    One statement, another where something is planned beside, and one for each message that others are joined to.
    """
    mains: dict[Day, Reminder] = {}
    joined: dict[int, list[int]] = defaultdict(list)
    for each in sorted(taken, key=_first_visit_first):
        day = _day_of(each)
        if day is not None and mains.setdefault(day, each) is not each:
            joined[mains[day].pk].append(each.pk)
    beside = _planned_beside(mains, {each.pk for each in taken})
    ours = _lock(beside)
    elsewhere = {day for pk, day in beside.items() if pk not in ours}
    for pk in ours:
        joined[mains[beside[pk]].pk].append(pk)
    put_off = [each for each in taken if _day_of(each) in elsewhere]
    for main in put_off:
        joined.pop(main.pk, None)
    for main_id, others in joined.items():
        Reminder.objects.filter(pk__in=others, state=State.PLANNED).update(state=State.JOINED, joined_to=main_id)
    away = {pk for others in joined.values() for pk in others} | {each.pk for each in put_off}
    return [each for each in taken if each.pk not in away], put_off


def _planned_beside(mains: Mapping[Day, Reminder], taken: set[int]) -> dict[int, Day]:
    """What else is planned for these patients' days, whoever has it in hand: the day by the message's id."""
    if not mains:
        return {}
    starts = [each.starts_at for each in mains.values() if each.starts_at]
    waiting = Reminder.objects.filter(
        patient__in={each.patient_id for each in mains.values()},
        kind__in={each.kind for each in mains.values()},
        state=State.PLANNED,
        starts_at__range=(min(starts) - A_DAY, max(starts) + A_DAY),
        appointment__status__in=TO_COME,
    )
    days = {each.pk: _day_of(each) for each in waiting.exclude(pk__in=taken).select_related("clinic")}
    return {pk: day for pk, day in days.items() if day in mains}


def _lock(rows: Mapping[int, Day]) -> set[int]:
    """Those of the messages that are still planned and no other process has in hand; they are locked."""
    if not rows:
        return set()
    free = Reminder.objects.filter(pk__in=rows, state=State.PLANNED).select_for_update(skip_locked=True)
    return set(free.values_list("pk", flat=True))


def _day_of(row: Reminder) -> Day | None:
    """What is told once: this kind of message, to this patient, of one local day at one clinic."""
    if row.kind not in JOINED or row.starts_at is None or row.user_id is not None:
        return None
    return row.kind, str(row.patient_id), row.clinic_id, row.starts_at.astimezone(row.clinic.zone).date()


def _first_visit_first(row: Reminder) -> tuple[datetime, int]:
    return row.starts_at or row.due_at, row.pk
