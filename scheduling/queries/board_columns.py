"""The columns of the board: by doctor and by room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduling.models import Doctor, Resource
from scheduling.queries.cards import Card, card_of, in_lanes
from scheduling.queries.columns import Blocked, HeldTime, blocked_time
from scheduling.queries.day_facts import DayFacts
from scheduling.queries.spans import DayFrame, Span, minutes


@dataclass(frozen=True, slots=True)
class Column:
    """A doctor or a room: head, what is booked, what can't be. `load` is per cent of working time, None without any."""

    key: str
    title: str
    full_title: str
    subtitle: str
    place: str
    load: int | None
    away: str
    cards: Sequence[Card]
    blocked: Sequence[Blocked]
    held: Sequence[HeldTime]


def by_doctor(facts: DayFacts, frame: DayFrame, cards: Sequence[Card]) -> list[Column]:
    """A column for each doctor who works here that day, is away, or is booked all the same."""
    columns = []
    for doctor in facts.doctors:
        own = [card for card in cards if card.appointment.doctor_id == doctor.pk]
        works = facts.roster.works_on(doctor.resource_id, facts.day)
        if own or works or not facts.viewer.sees_all:
            columns.append(doctor_column(doctor, facts, frame, in_lanes(own), works))
    return columns


def doctor_column(doctor: Doctor, facts: DayFacts, frame: DayFrame, cards: Sequence[Card], works: list[Span]) -> Column:
    place = next((each for each in doctor.places.all() if each.clinic_id == facts.viewer.clinic.pk), None)
    load, away = load_of(facts, doctor.resource_id, cards)
    return Column(
        key=f"d{doctor.pk}",
        title=doctor.short_name,
        full_title=doctor.full_name,
        subtitle=", ".join(each.name for each in doctor.specialities.all()) or doctor.get_profession_display(),
        place=place.usual_room.name if place and place.usual_room else "",
        load=load,
        away=away,
        cards=cards,
        blocked=blocked_time(facts.roster, doctor.resource_id, works, cards, frame, facts.viewer.known_clinics),
        held=[held for _, held in facts.held.get(doctor.resource_id, ())],
    )


def load_of(facts: DayFacts, resource_id: int, cards: Sequence[Card]) -> tuple[int | None, str]:
    """Per cent of the bookable time that is taken, buffers included; or why there is none to measure against."""
    bookable = minutes(facts.roster.bookable_on(resource_id, facts.day))
    taken = sum(5 * (float(card.n) + float(card.before) + float(card.after)) for card in cards if not card.is_ghost)
    if bookable:
        return round(100 * taken / bookable), ""
    blocks = facts.roster.blocks_on(resource_id, facts.day)
    return None, "Leave" if any(block.kind == "leave" for block in blocks) else "Blocked" if blocks else "Off"


def by_room(facts: DayFacts, frame: DayFrame, cards: Sequence[Card]) -> list[Column]:
    """A column for each room, and one for visits that need none."""
    drawn = {card.appointment.pk: card for card in cards if not card.is_ghost}
    placed: dict[int, list[Card]] = {}
    for row in facts.allocations:
        if card := drawn.get(row.appointment_id):
            moved = card_of(
                card.appointment,
                facts.viewer,
                frame,
                facts.now,
                span=(row.core.lower, row.core.upper),
                buffers=(row.during.lower, row.during.upper),
                room=card.appointment.doctor.short_name,
            )
            placed.setdefault(row.resource_id, []).append(moved)
    columns = [room_column(room, facts, frame, in_lanes(placed.get(room.pk, []))) for room in facts.rooms]
    homeless = [card for key, card in drawn.items() if key not in {row.appointment_id for row in facts.allocations}]
    if homeless:
        columns.append(
            Column(
                "r0",
                "No room",
                "Visits that need no room",
                "Calls and visits",
                "",
                None,
                "",
                in_lanes(homeless),
                (),
                (),
            )
        )
    return columns


def room_column(room: Resource, facts: DayFacts, frame: DayFrame, cards: Sequence[Card]) -> Column:
    roster = facts.roster
    works = roster.works_on(room.pk, facts.day) if room.keeps_own_hours else roster.open_on(facts.day)
    bookable = minutes(roster.bookable_on(room.pk, facts.day)) if room.keeps_own_hours else minutes(works)
    taken = sum(5 * (float(card.n) + float(card.before) + float(card.after)) for card in cards)
    return Column(
        key=f"r{room.pk}",
        title=room.name,
        full_title=room.name,
        subtitle=", ".join(each.name for each in room.categories.all()),
        place="",
        load=round(100 * taken / bookable) if bookable else None,
        away="" if bookable else "Closed",
        cards=cards,
        blocked=blocked_time(roster, room.pk, works, cards, frame, facts.viewer.known_clinics),
        held=[held for _, held in facts.held.get(room.pk, ())],
    )
