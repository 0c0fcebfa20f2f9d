"""The day board of a clinic: columns by doctor or by room, or one list, as one tree ready to be drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling.models import DayNote, Status
from scheduling.queries.board_columns import Column, Sheet, by_doctor, by_room
from scheduling.queries.cards import Card, buffered, card_of
from scheduling.queries.day_facts import frame_of, load_day, rooms_of
from scheduling.queries.held import held_times
from scheduling.queries.panel import Panel, panel_of
from scheduling.queries.scope import Viewer
from scheduling.queries.spans import DayFrame, number

VIEWS = {"doctor": "Doctors", "room": "Rooms", "list": "List"}
COUNTED = (
    Status.PENDING,
    Status.CONFIRMED,
    Status.CHECKED_IN,
    Status.IN_PROGRESS,
    Status.COMPLETED,
    Status.NO_SHOW,
    Status.REQUIRES_REVIEW,
    Status.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the screen for one clinic, day and view."""

    viewer: Viewer
    by: str
    frame: DayFrame
    now: datetime
    columns: Sequence[Column]
    rows: Sequence[Card]
    counts: Sequence[tuple[Status, int]]
    notes: Sequence[DayNote]
    panel: Panel

    @property
    def is_today(self) -> bool:
        return self.now.astimezone(self.frame.zone).date() == self.frame.day

    @property
    def now_row(self) -> str:
        """Rows from the top to now, on the clinic's today only."""
        inside = self.is_today and self.frame.start <= self.now <= self.frame.end
        return number(self.frame.rows(self.now)) if inside else ""

    @property
    def now_label(self) -> str:
        return self.frame.clock(self.now)

    @property
    def ahead(self) -> str:
        """Reference of the first visit still to begin on the clinic's today: the list draws now above it."""
        ahead = (card.reference for card in self.rows if card.span[0] >= self.now)
        return next(ahead, "") if self.is_today else ""

    @property
    def hours(self) -> Sequence[tuple[str, str]]:
        """Labels of the time rail, by row. On a day when clocks change the labels jump, not the rows."""
        steps = self.frame.units // 12 + 1
        marks = [self.frame.start + timedelta(hours=step) for step in range(steps)]
        return [(number(self.frame.rows(mark)), self.frame.clock(mark)) for mark in marks if mark <= self.frame.end]

    @property
    def services(self) -> Sequence[tuple[int, str]]:
        """Services of the day, for the filter."""
        found = {row.appointment.appointment_type.service_id: row.appointment for row in self.rows}
        named = [(key, appointment.appointment_type.service.name) for key, appointment in found.items()]
        return sorted(named, key=lambda pair: pair[1])


def board_day(viewer: Viewer, day: date, by: str, *, now: datetime) -> Board:
    """The board of a local day as this person may see it. A constant number of statements."""
    facts = load_day(viewer, day, now)
    frame = frame_of(facts)
    places = rooms_of(facts.allocations)
    cards = [
        card_of(
            each,
            viewer,
            frame,
            now,
            span=(each.starts_at, each.ends_at),
            buffers=buffered(each),
            room=places.get(each.pk, ""),
        )
        for each in facts.appointments
    ]
    counts = Counter(card.status for card in cards)
    notes = DayNote.objects.filter(clinic=viewer.clinic, day=day).select_related("doctor")
    sheet = Sheet(facts, frame, held_times(facts.held, frame, now))
    columns = {"doctor": by_doctor, "room": by_room}[by](sheet, cards) if by in ("doctor", "room") else []
    return Board(
        viewer=viewer,
        by=by,
        frame=frame,
        now=now,
        columns=columns,
        rows=sorted(cards, key=lambda card: (card.span, card.reference)),
        counts=[(status, counts[status]) for status in COUNTED],
        notes=[note for note in notes if viewer.sees_all or note.doctor_id is None or note.doctor in facts.doctors],
        panel=panel_of(viewer, day, cards, facts.roster, [doctor.resource_id for doctor in facts.doctors], now),
    )
