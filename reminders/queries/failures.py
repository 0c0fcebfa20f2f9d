"""What did not arrive, and how the messages are doing, for the people who look after them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Min, Q

from reminders.models import Kind, Medium, ProviderHealth, Reminder, State
from reminders.models.reminder import ReminderQuerySet
from reminders.transports.base import transport_for
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

if TYPE_CHECKING:
    from carebridge.accounts.models import User

HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
LETTERS_WAIT = timedelta(days=30)
"""A letter that nobody has posted for so long tells of nothing any more."""
POOR_PERCENT = 97
"""Under this share of arrivals a provider deserves a look."""


@dataclass(frozen=True, slots=True)
class Health:
    """One card: a heading, the words, and whether somebody should look."""

    title: str
    words: str
    good: bool


def failures_of(user: User, now: datetime) -> Mapping[str, ReminderQuerySet]:
    """Messages that the user may see: failed and still to be dealt with, being tried again, settled in a day.

    Besides, the letters that somebody has to print and post.
    """
    rows = Reminder.objects.visible_to(user)
    # Visits to come before those that are over: for them somebody can still do something.
    soonest = rows.annotate(over=Q(starts_at__lt=now)).order_by("over", "starts_at", "id")
    # By kind as well, though it is all of them: so the index on clinic, kind and time leads to the last weeks.
    letters = soonest.filter(
        kind__in=Kind.values,
        due_at__gt=now - LETTERS_WAIT,
        medium=Medium.LETTER,
        state=State.SENT,
        handled_at=None,
    )
    return {
        "open": soonest.filter(state=State.FAILED, handled_at=None),
        "retrying": soonest.filter(state=State.PLANNED, tries__gt=0),
        "settled": rows.filter(handled_at__gt=now - A_DAY).order_by("-handled_at"),
        "letters": letters,
    }


def health_of(user: User, now: datetime) -> Sequence[Health]:
    """The queue and each way that messages travel, at the clinics whose messages the user may see. Three statements."""
    seen = clinic_ids_with(user, Permission.SEE_REMINDERS)
    # By kind as well, though it is all of them: so the index on clinic, kind and time leads to the last hour.
    rows = Reminder.objects.visible_to(user).filter(clinic__in=seen, kind__in=Kind.values)
    late = rows.due(now).aggregate(waiting=Count("pk"), oldest=Min("next_try_at"))
    resting = set(ProviderHealth.objects.filter(open_until__gt=now).values_list("provider", flat=True))
    hour = rows.filter(medium__in=(Medium.SMS, Medium.EMAIL), due_at__gt=now - HOUR, due_at__lte=now)
    outcome = hour.values("medium").annotate(
        arrived=Count("pk", filter=Q(state__in=(State.SENT, State.DELIVERED))),
        failed=Count("pk", filter=Q(state=State.FAILED)),
    )
    by_medium = {row["medium"]: (row["arrived"], row["failed"]) for row in outcome}
    return [_queue(late["waiting"], late["oldest"], now), *_media(by_medium, resting)]


def _queue(waiting: int, oldest: datetime | None, now: datetime) -> Health:
    if not waiting or oldest is None:
        return Health("Reminder queue", "Nothing is waiting to be sent", True)
    seconds = int((now - oldest).total_seconds())
    age = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return Health("Reminder queue", f"{waiting} waiting, oldest {age}", seconds < 120)


def _media(by_medium: Mapping[str, tuple[int, int]], resting: Collection[str]) -> list[Health]:
    cards = []
    for medium in (Medium.SMS, Medium.EMAIL):
        title = f"{medium.label} provider"
        arrived, failed = by_medium.get(medium, (0, 0))
        if transport_for(medium).name in resting:
            cards.append(Health(title, "Not answering; tried again every few minutes", False))
        elif not arrived + failed:
            cards.append(Health(title, "Nothing was due in the last hour", True))
        else:
            percent = 100 * arrived / (arrived + failed)
            words = f"{percent:.1f}% of what was due in the last hour has gone out"
            cards.append(Health(title, words, percent >= POOR_PERCENT))
    return cards
