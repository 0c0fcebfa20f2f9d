"""Beside the board: how full the month is, who waits, what needs somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Sum

from scheduling.models import Appointment, Status
from scheduling.models.appointment import OCCUPYING
from scheduling.queries.cards import Card
from scheduling.queries.roster_rows import RosterRows
from scheduling.queries.scope import Viewer
from scheduling.queries.spans import local_day, minutes

LEVELS = ((0, "free"), (1, "light"), (2, "steady"), (3, "busy"), (4, "full"))
STEPS = (35, 65, 90)
"""Per cent of bookable time from which a day is steady, busy and full."""


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day in the little calendar. `level` 0 to 4 draws the bar, `words` says the same."""

    day: date
    level: int
    words: str


@dataclass(frozen=True, slots=True)
class Attention:
    """A line of the worklist: how many, of what, and where to look."""

    status: str
    title: str
    text: str
    reference: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """The side panel."""

    weeks: Sequence[Sequence[MonthDay | None]]
    first: date
    previous: date
    following: date
    waiting: Sequence[Card]
    attention: Sequence[Attention]


def panel_of(
    viewer: Viewer,
    day: date,
    cards: Sequence[Card],
    roster: RosterRows,
    doctor_resources: Collection[int],
    now: datetime,
) -> Panel:
    """The panel of a local day. Two statements: the month's bookings, and reviews on other days."""
    first = day.replace(day=1)
    waiting = sorted((card for card in cards if card.waiting is not None), key=lambda card: -(card.waiting or 0))
    return Panel(
        weeks=month_weeks(viewer, first, roster, doctor_resources),
        first=first,
        previous=first - timedelta(days=1),
        following=first + timedelta(days=31),
        waiting=waiting,
        attention=[*needs_attention(cards), *reviews_elsewhere(viewer, day, now)],
    )


def month_weeks(
    viewer: Viewer, first: date, roster: RosterRows, resource_ids: Collection[int]
) -> list[list[MonthDay | None]]:
    """The month by weeks from Monday, days of other months left out."""
    days = [first + timedelta(days=offset) for offset in range(31)]
    days = [day for day in days if day.month == first.month]
    taken = booked_minutes(viewer, days[0], days[-1])
    filled = [month_day(day, taken.get(day, 0), roster, resource_ids) for day in days]
    padded: list[MonthDay | None] = [*[None] * first.weekday(), *filled]
    padded += [None] * (-len(padded) % 7)
    return [padded[start : start + 7] for start in range(0, len(padded), 7)]


def month_day(day: date, taken: int, roster: RosterRows, resource_ids: Collection[int]) -> MonthDay:
    bookable = sum(minutes(roster.bookable_on(resource_id, day)) for resource_id in resource_ids)
    if not bookable:
        return MonthDay(day, 4 if taken else 0, "booked" if taken else "closed")
    load = 100 * taken / bookable
    level = 1 + sum(load >= step for step in STEPS)
    return MonthDay(day, level, f"{LEVELS[level][1]}, {round(load)}% booked")


def booked_minutes(viewer: Viewer, first: date, last: date) -> dict[date, int]:
    """Minutes taken by local day, buffers included."""
    zone = viewer.clinic.zone
    rows = Appointment.objects.visible_to(viewer.user).filter(
        clinic=viewer.clinic,
        status__in=OCCUPYING,
        starts_at__gte=local_day(first, zone)[0],
        starts_at__lt=local_day(last, zone)[1],
    )
    if not viewer.sees_all:
        rows = rows.filter(doctor__user=viewer.user)
    length = F("duration_minutes") + F("buffer_before_minutes") + F("buffer_after_minutes")
    return dict(rows.order_by().values_list("local_date").annotate(taken=Sum(length)))


def needs_attention(cards: Sequence[Card]) -> list[Attention]:
    """What of this day somebody has to deal with, most pressing first."""
    found = []
    by_cause: dict[tuple[int, str], list[Card]] = defaultdict(list)
    for card in cards:
        if card.status == Status.REQUIRES_REVIEW:
            by_cause[card.appointment.doctor_id, card.reason].append(card)
    for (_, reason), group in sorted(by_cause.items(), key=lambda pair: pair[1][0].span):
        first = group[0]
        title = first.name if len(group) == 1 else f"{len(group)} to review"
        found.append(
            Attention("requires_review", title, f"{first.appointment.doctor.short_name}, {reason}", first.reference)
        )
    pending = [card for card in cards if card.status == Status.PENDING]
    if pending:
        unreachable = sum(
            not card.appointment.patient.mobile and not card.appointment.patient.email for card in pending
        )
        text = f"{unreachable} without number or e-mail" if unreachable else f"First at {pending[0].start}"
        found.append(Attention("pending", f"{len(pending)} unconfirmed", text, pending[0].reference))
    late = [card for card in cards if card.is_late]
    if late:
        found.append(Attention("confirmed", f"{len(late)} late", f"Expected from {late[0].start}", late[0].reference))
    missed = [card for card in cards if card.status == Status.NO_SHOW]
    if missed:
        found.append(Attention("no_show", f"{len(missed)} missed", f"Last at {missed[-1].start}", missed[-1].reference))
    return found


def reviews_elsewhere(viewer: Viewer, day: date, now: datetime) -> list[Attention]:
    """Visits to come on other days that still need review, as one line."""
    if not viewer.sees_all:
        return []
    others = Appointment.objects.visible_to(viewer.user).filter(
        clinic=viewer.clinic, status=Status.REQUIRES_REVIEW, starts_at__gte=now
    )
    days = sorted(each for each in others.order_by().values_list("local_date", flat=True) if each != day)
    if not days:
        return []
    return [
        Attention(
            "requires_review",
            f"{len(days)} to review later",
            f"First on {days[0]:%a} {days[0].day} {days[0]:%b}",
            day=days[0],
        )
    ]
