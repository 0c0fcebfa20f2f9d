"""The columns of the board: by doctor and by room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduling.models import Doctor, Resource
from scheduling.queries.cards import Card, buffered, card_of, in_lanes
from scheduling.queries.columns import Blocked, HeldTime, blocked_time, busy_elsewhere
from scheduling.queries.day_facts import DayFacts
from scheduling.queries.free_time import Gap, gaps
from scheduling.queries.spans import DayFrame, Span, minutes
from scheduling.timeline import instant_of

Held = Mapping[int, Sequence[HeldTime]]


@dataclass(frozen=True, slots=True)
class Column:
    """A doctor or a room: head, what is booked, what can't be, and of a doctor what is free, for whoever may book it.

    `load` is per cent of working time, None without any.
    """

    key: str
    title: str
    full_title: str
    subtitle: str
    place: str
    load: int | None
    away: str
    cards: Sequence[Card]
    blocked: Sequence[Blocked] = ()
    held: Sequence[HeldTime] = ()
    free: Sequence[Gap] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What columns are drawn from."""

    facts: DayFacts
    frame: DayFrame
    held: Held

    def blocked(self, resource_id: int, works: list[Span], cards: Sequence[Card]) -> list[Blocked]:
        known = self.facts.viewer.known_clinics
        elsewhere = self.facts.elsewhere.get(resource_id, ())
        return [
            *blocked_time(self.facts.roster, resource_id, works, cards, self.frame, known),
            *busy_elsewhere(elsewhere, works, self.frame),
        ]

    def free(self, doctor: Doctor, cards: Sequence[Card]) -> list[Gap]:
        """What is left of a doctor's day; nothing to whoever doesn't book here."""
        facts, resource_id = self.facts, doctor.resource_id
        if not facts.viewer.books:
            return []
        taken = [buffered(card.appointment) for card in cards if not card.is_ghost]
        taken += facts.elsewhere.get(resource_id, ())
        for hold in facts.held:
            taken += [(instant_of(first), instant_of(end)) for each, first, end in hold.cells if each == resource_id]
        bookable = facts.roster.bookable_on(resource_id, facts.day)
        return gaps(facts.viewer.clinic.pk, doctor.pk, bookable, taken, self.frame, facts.now)


def by_doctor(sheet: Sheet, cards: Sequence[Card]) -> list[Column]:
    """A column for each doctor who works here that day, is away, or is booked all the same."""
    facts, columns = sheet.facts, []
    for doctor in facts.doctors:
        own = [card for card in cards if card.appointment.doctor_id == doctor.pk]
        works = facts.roster.works_on(doctor.resource_id, facts.day)
        if own or works:
            columns.append(doctor_column(doctor, sheet, in_lanes(own), works))
    return columns


def doctor_column(doctor: Doctor, sheet: Sheet, cards: Sequence[Card], works: list[Span]) -> Column:
    """The list of one doctor, with the room they usually sit in here."""
    place = next((each for each in doctor.places.all() if each.clinic_id == sheet.facts.viewer.clinic.pk), None)
    load, away = load_of(sheet.facts, doctor.resource_id, cards)
    return Column(
        key=f"d{doctor.pk}",
        title=doctor.short_name,
        full_title=doctor.full_name,
        subtitle=", ".join(each.name for each in doctor.specialities.all()) or doctor.get_profession_display(),
        place=place.usual_room.name if place and place.usual_room else "",
        load=load,
        away=away,
        cards=cards,
        blocked=sheet.blocked(doctor.resource_id, works, cards),
        held=sheet.held.get(doctor.resource_id, ()),
        free=sheet.free(doctor, cards),
    )


def load_of(facts: DayFacts, resource_id: int, cards: Sequence[Card]) -> tuple[int | None, str]:
    """Per cent of the bookable time that is taken, buffers included; or why there is none to measure against."""
    bookable = minutes(facts.roster.bookable_on(resource_id, facts.day))
    if bookable:
        return round(100 * taken_minutes(cards) / bookable), ""
    blocks = facts.roster.blocks_on(resource_id, facts.day)
    return None, "Leave" if any(block.kind == "leave" for block in blocks) else "Blocked" if blocks else "Off"


def taken_minutes(cards: Sequence[Card]) -> float:
    """Minutes that cards take, with the time kept around them."""
    return sum(5 * (float(card.n) + float(card.before) + float(card.after)) for card in cards if not card.is_ghost)


def by_room(sheet: Sheet, cards: Sequence[Card]) -> list[Column]:
    """A column for each room, and one for visits that need none. What was cancelled has left its room."""
    drawn = {card.appointment.pk: card for card in cards if not card.is_ghost}
    placed: dict[int, list[Card]] = defaultdict(list)
    for row in sheet.facts.allocations:
        card = drawn.get(row.appointment_id)
        if card is not None:
            placed[row.resource_id].append(in_room(card, sheet, row.core, row.during))
    columns = [room_column(room, sheet, in_lanes(placed.get(room.pk, ()))) for room in sheet.facts.rooms]
    housed = {row.appointment_id for row in sheet.facts.allocations}
    homeless = in_lanes(card for key, card in drawn.items() if key not in housed)
    if homeless:
        columns.append(Column("r0", "No room", "Visits that need no room", "Calls, home", "", None, "", homeless))
    return columns


def in_room(card: Card, sheet: Sheet, core: object, during: object) -> Card:
    """The visit as its room sees it: its own minutes, cleaning included, and who uses it."""
    return card_of(
        card.appointment,
        sheet.facts.viewer,
        sheet.frame,
        sheet.facts.now,
        span=(core.lower, core.upper),  # type: ignore[attr-defined]
        buffers=(during.lower, during.upper),  # type: ignore[attr-defined]
        room=card.appointment.doctor.short_name,
    )


def room_column(room: Resource, sheet: Sheet, cards: Sequence[Card]) -> Column:
    """The day of one room. Without hours of its own it is there whenever the clinic is open."""
    roster, day = sheet.facts.roster, sheet.facts.day
    works = roster.works_on(room.pk, day) if room.keeps_own_hours else roster.open_on(day)
    bookable = minutes(roster.bookable_on(room.pk, day) if room.keeps_own_hours else works)
    return Column(
        key=f"r{room.pk}",
        title=room.name,
        full_title=room.name,
        subtitle=", ".join(each.name for each in room.categories.all()),
        place="",
        load=round(100 * taken_minutes(cards) / bookable) if bookable else None,
        away="" if bookable else "Closed",
        cards=cards,
        blocked=sheet.blocked(room.pk, works, cards),
        held=sheet.held.get(room.pk, ()),
    )
