"""Time nobody can be booked into, as drawn in a column of the board."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.models import ScheduleBlock, Status
from scheduling.queries.cards import Card
from scheduling.queries.roster_rows import RosterRows
from scheduling.queries.spans import DayFrame, Span, instant, overlaps, subtract

ICONS = {"break": "cup", "leave": "away", "emergency": "warn", "outage": "tool", "busy": "lock"}
TITLES = {
    ScheduleBlock.Kind.LEAVE: "On leave",
    ScheduleBlock.Kind.EMERGENCY: "Emergency block",
    ScheduleBlock.Kind.OUTAGE: "Out of order",
    ScheduleBlock.Kind.BUSY: "Busy elsewhere",
}


@dataclass(frozen=True, slots=True)
class Blocked:
    """A stretch of a column that can't be booked. `kind` gives it its texture, the words say why."""

    kind: str
    y: str
    n: str
    title: str = ""
    text: str = ""
    when: str = ""
    is_crowded: bool = False

    @property
    def icon(self) -> str:
        return ICONS.get(self.kind, "")

    @property
    def is_short(self) -> bool:
        """Too low for its words to start far down."""
        return float(self.n) < 30


@dataclass(frozen=True, slots=True)
class HeldTime:
    """Time a colleague is booking right now, or an offer waits for."""

    hold_id: str
    y: str
    n: str
    start: str
    label: str
    expires_at: datetime
    seconds_left: int
    seconds: int

    @property
    def left(self) -> str:
        """Minutes and seconds: 4:12."""
        return f"{self.seconds_left // 60}:{self.seconds_left % 60:02}"

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.seconds_left / self.seconds))


def blocked_time(
    roster: RosterRows, resource_id: int, works: list[Span], cards: Collection[Card], frame: DayFrame, known: Collection
) -> list[Blocked]:
    """Everything a column can't offer, the flat grey of closed hours first so that the rest lies on top."""
    blocks = roster.blocks_on(resource_id, frame.day)
    return [
        *_outside(roster, resource_id, works, frame, known),
        *_breaks(roster, resource_id, works, frame),
        *(_block(row, cards, frame) for row in blocks if row.starts_at < frame.end and frame.start < row.ends_at),
    ]


def busy_elsewhere(spans: Iterable[Span], works: list[Span], frame: DayFrame) -> Iterable[Blocked]:
    """Working time here that visits at other clinics take. When is all that crosses: no name, no clinic, no visit."""
    for span in spans:
        if any(overlaps(span, work) for work in works):
            yield Blocked("busy", *frame.place(*span), title=TITLES[ScheduleBlock.Kind.BUSY], when=_when(span, frame))


def _outside(
    roster: RosterRows, resource_id: int, works: list[Span], frame: DayFrame, known: Collection
) -> Iterable[Blocked]:
    elsewhere = [
        (instant(frame.day, row.starts, row.clinic.zone), instant(frame.day, row.ends, row.clinic.zone), row.clinic)
        for row in roster.hours_on(resource_id, frame.day, elsewhere=True)
    ]
    for span in subtract([(frame.start, frame.end)], works):
        title = text = ""
        for start, end, clinic in elsewhere:
            if overlaps((start, end), span):
                place = clinic.name if clinic.pk in known else "Busy elsewhere"
                title, text = place, f"{frame.clock(start)} to {frame.clock(end)}"
        for row in roster.closures:
            if overlaps((row.starts_at, row.ends_at), span):
                title, text = "Clinic closed", row.reason
        yield Blocked("off", *frame.place(*span), title=title, text=text, when=_when(span, frame))


def _breaks(roster: RosterRows, resource_id: int, works: list[Span], frame: DayFrame) -> Iterable[Blocked]:
    zone = roster.clinic.zone
    for row in roster.breaks_on(resource_id, frame.day):
        span = instant(frame.day, row.starts, zone), instant(frame.day, row.ends, zone)
        if any(overlaps(span, work) for work in works):
            yield Blocked("break", *frame.place(*span), title=row.label, when=_when(span, frame))


def _block(row: ScheduleBlock, cards: Collection[Card], frame: DayFrame) -> Blocked:
    span = row.starts_at, row.ends_at
    to_move = sum(card.status == Status.REQUIRES_REVIEW and overlaps(card.span, span) for card in cards)
    words = [row.reason, _back(row, frame), f"{to_move} to move" if to_move else ""]
    return Blocked(
        kind=row.kind,
        **dict(zip(("y", "n"), frame.place(*span), strict=True)),
        title=TITLES[ScheduleBlock.Kind(row.kind)],
        text=". ".join(filter(None, words)),
        when=_when(span, frame),
        is_crowded=any(overlaps(card.span, span) for card in cards if not card.is_ghost),
    )


def _back(row: ScheduleBlock, frame: DayFrame) -> str:
    """When somebody on leave is back, if that is another day."""
    local = (row.ends_at - timedelta(microseconds=1)).astimezone(frame.zone)
    if row.kind != ScheduleBlock.Kind.LEAVE or local.date() <= frame.day:
        return ""
    back = row.ends_at.astimezone(frame.zone)
    return f"Back {back:%a} {back.day} {back:%b}"


def _when(span: Span, frame: DayFrame) -> str:
    start, end = max(span[0], frame.start), min(span[1], frame.end)
    return f"{frame.clock(start)} to {frame.clock(end)}"
