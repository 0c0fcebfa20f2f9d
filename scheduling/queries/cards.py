"""Appointments as cards on the day board."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduling.models import Appointment, Status
from scheduling.queries.scope import Viewer
from scheduling.queries.spans import DayFrame, Span, number, overlaps

GRACE = timedelta(minutes=5)
"""After this long past the start, somebody who hasn't arrived is late."""

FLAGS = {"wheelchair": "access", "interpreter": "globe", "hearing": "phone", "vision": "eye"}
FLAG_WORDS = {
    "wheelchair": "wheelchair user",
    "interpreter": "needs an interpreter",
    "hearing": "hard of hearing",
    "vision": "impaired vision",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One appointment, ready to be drawn. Times are words on the clinic's clock; `y`, `n` and the buffers are rows."""

    appointment: Appointment
    name: str
    start: str
    end: str
    y: str
    n: str
    before: str
    after: str
    detail: str
    room: str
    span: Span
    flag: str = ""
    flag_words: str = ""
    waiting: int | None = None
    is_late: bool = False
    reason: str = ""
    lane: str = ""

    @property
    def reference(self) -> str:
        return self.appointment.reference

    @property
    def status(self) -> str:
        return self.appointment.status

    @property
    def is_long(self) -> bool:
        """Whether the name is too long for a narrow column, where the given name then gives way to its initial."""
        return len(self.name) + 3 * bool(self.flag or self.waiting is not None or self.is_late) > 12

    @property
    def is_ghost(self) -> bool:
        """Shown for what was there; its time is free."""
        return not self.appointment.occupies

    @property
    def is_override(self) -> bool:
        return bool(self.appointment.overrides)


def card_of(
    appointment: Appointment, viewer: Viewer, frame: DayFrame, now: datetime, *, span: Span, buffers: Span, room: str
) -> Card:
    """A card at `span`, with the time around it up to `buffers`."""
    y, n = frame.place(*span)
    needs = next((need for need in appointment.patient.access_needs if need in FLAGS), "") if viewer.sees_names else ""
    return Card(
        appointment=appointment,
        name=appointment.patient.full_name if viewer.sees_names else appointment.reference,
        start=frame.clock(appointment.starts_at),
        end=frame.clock(appointment.ends_at),
        y=y,
        n=n,
        before=number(max(0.0, frame.rows(span[0]) - frame.rows(buffers[0]))),
        after=number(max(0.0, frame.rows(buffers[1]) - frame.rows(span[1]))),
        detail=appointment.appointment_type.name,
        room=room,
        span=span,
        flag=FLAGS.get(needs, ""),
        flag_words=FLAG_WORDS.get(needs, ""),
        waiting=waiting_minutes(appointment, now),
        is_late=is_late(appointment, now),
        reason=appointment.review_reason if appointment.status == Status.REQUIRES_REVIEW else "",
    )


def waiting_minutes(appointment: Appointment, now: datetime) -> int | None:
    """Whole minutes since the patient checked in and still waits, else None."""
    if appointment.status != Status.CHECKED_IN or appointment.checked_in_at is None:
        return None
    return max(0, int((now - appointment.checked_in_at).total_seconds() // 60))


def is_late(appointment: Appointment, now: datetime) -> bool:
    """Whether the patient should be here by now. A day later that is history, not lateness."""
    expected = appointment.status in (Status.CONFIRMED, Status.PENDING)
    return expected and appointment.starts_at + GRACE < now < appointment.ends_at


def buffered(appointment: Appointment) -> Span:
    """The visit with the buffers around it."""
    before = timedelta(minutes=appointment.buffer_before_minutes)
    after = timedelta(minutes=appointment.buffer_after_minutes)
    return appointment.starts_at - before, appointment.ends_at + after


def in_lanes(cards: Iterable[Card]) -> list[Card]:
    """Cards in order of time: overlapping ones side by side, ghosts only where nothing took their place."""
    live = sorted((card for card in cards if not card.is_ghost), key=lambda card: (card.span, card.reference))
    ghosts = [card for card in cards if card.is_ghost and not any(overlaps(card.span, other.span) for other in live)]
    return sorted([*_lanes(live), *_one_each(ghosts)], key=lambda card: (card.span, card.reference))


def _lanes(cards: Sequence[Card]) -> list[Card]:
    """Give cards that overlap half the width each, in the lane that is free first; a card alone has it all."""
    free_from: dict[str, datetime] = {}
    lanes: dict[str, str] = {}
    for card in cards:
        start, end = card.span
        lane = min("ab", key=lambda each: max(free_from.get(each, start), start))
        free_from[lane] = max(free_from.get(lane, end), end)
        lanes[card.reference] = lane
    return [
        replace(card, lane=lanes[card.reference])
        if any(other is not card and overlaps(other.span, card.span) for other in cards)
        else card
        for card in cards
    ]


def _one_each(ghosts: list[Card]) -> list[Card]:
    """The latest of several cancelled visits at one time; the list view shows them all."""
    kept: list[Card] = []
    for card in sorted(ghosts, key=lambda card: card.appointment.pk, reverse=True):
        if not any(overlaps(card.span, other.span) for other in kept):
            kept.append(card)
    return kept
