"""What did not arrive, and how the messages are doing, for the people who look after them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Min, Q

from reminders.models import Medium, ProviderHealth, Reminder, State
from reminders.models.reminder import ReminderQuerySet

if TYPE_CHECKING:
    from carebridge.accounts.models import User

HOUR = timedelta(hours=1)
POOR_PERCENT = 97
"""Under this share of arrivals a provider deserves a look."""


@dataclass(frozen=True, slots=True)
class Health:
    """One card: a heading, the words, and whether somebody should look."""

    title: str
    words: str
    good: bool


def failures_of(user: User, now: datetime) -> Mapping[str, ReminderQuerySet]:
    """Messages that the user may see: failed and still to be dealt with, being tried again, settled in a day."""
    rows = Reminder.objects.visible_to(user)
    soonest = rows.order_by("starts_at", "id")
    return {
        "open": soonest.filter(state=State.FAILED, handled_at=None),
        "retrying": soonest.filter(state=State.PLANNED, tries__gt=0),
        "settled": rows.filter(handled_at__gt=now - timedelta(days=1)).order_by("-handled_at"),
    }


def health_of(user: User, now: datetime) -> Sequence[Health]:
    """The queue and each way that messages travel. Three statements."""
    rows = Reminder.objects.visible_to(user)
    late = rows.due(now).aggregate(waiting=Count("pk"), oldest=Min("next_try_at"))
    resting = set(ProviderHealth.objects.filter(open_until__gt=now).values_list("provider", flat=True))
    hour = rows.filter(medium__in=(Medium.SMS, Medium.EMAIL), next_try_at__gt=now - HOUR).values("medium", "provider")
    sent = hour.annotate(
        taken=Count("pk", filter=Q(sent_at__gt=now - HOUR)), failed=Count("pk", filter=Q(state=State.FAILED))
    )
    return [_queue(late["waiting"], late["oldest"], now), *_media(list(sent), resting)]


def _queue(waiting: int, oldest: datetime | None, now: datetime) -> Health:
    if not waiting or oldest is None:
        return Health("Reminder queue", "Nothing is waiting to be sent", True)
    seconds = int((now - oldest).total_seconds())
    age = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return Health("Reminder queue", f"{waiting} waiting, oldest {age}", seconds < 120)


def _media(sent: Sequence[Mapping[str, object]], resting: Collection[object]) -> list[Health]:
    cards = []
    for medium in (Medium.SMS, Medium.EMAIL):
        rows = [row for row in sent if row["medium"] == medium]
        taken, failed = (sum(int(str(row[what])) for row in rows) for what in ("taken", "failed"))
        title = f"{medium.label} provider"
        if any(row["provider"] in resting for row in rows):
            cards.append(Health(title, "Not answering; tried again every few minutes", False))
        elif not taken + failed:
            cards.append(Health(title, "Nothing was due in the last hour", True))
        else:
            percent = 100 * taken / (taken + failed)
            cards.append(Health(title, f"{percent:.1f}% taken in the last hour", percent >= POOR_PERCENT))
    return cards
