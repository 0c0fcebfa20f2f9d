"""When everybody and everything works: weekly hours, lunches and the weekly hours of staff and some rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from scheduling.demo.horizon import time_of
from scheduling.demo.practitioners import PractitionerSpec, SessionSpec
from scheduling.demo.world import Session, World
from scheduling.models import AppointmentType, Clinic, RecurringBreak, Resource, WorkingHours
from scheduling.models.resource import ResourceKind

EARLY, LATE = (8 * 60, 16 * 60), (9 * 60 + 30, 17 * 60 + 30)
OUT_OF_HOURS_ROOMS = (("kingsway", "Room 8"), ("northgate", "Room 8"))
"""Rooms let to somebody else on some days, so they keep hours of their own."""


@dataclass
class Rosters:
    """The weekly rows before they are written."""

    hours: list[WorkingHours] = field(default_factory=list)
    breaks: list[RecurringBreak] = field(default_factory=list)
    types: list[tuple[WorkingHours, list[AppointmentType]]] = field(default_factory=list)


def make_rosters(world: World, specs: Mapping[int, PractitionerSpec]) -> None:
    """Make everybody's weekly hours and put them into the diaries."""
    rosters = Rosters()
    for doctor_id, spec in specs.items():
        for session in spec.sessions:
            _add_doctor_sessions(world, rosters, doctor_id, session)
    staff = (resource for resource in world.resources.values() if resource.kind == ResourceKind.STAFF)
    for place, resource in enumerate(staff):
        _add_staff_hours(world, rosters, resource, place)
    for code, name in OUT_OF_HOURS_ROOMS:
        _let_out_some_days(world, rosters, world.resource_named(code, name))
    _write(rosters)
    _fill_diaries(world, rosters)


def monday_before(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _add_doctor_sessions(world: World, rosters: Rosters, doctor_id: int, session: SessionSpec) -> None:
    resource, clinic = world.doctors[doctor_id].resource, world.clinic(session.clinic)
    for weekday in session.weekdays:
        row = _row(world, resource, clinic, weekday, session.hours, session.every_weeks)
        rosters.hours.append(row)
        if session.lunch:
            rosters.breaks.append(_break(world, resource, clinic, weekday, session.lunch))
        if kinds := _reserved_for(world, doctor_id, clinic, weekday):
            row.note = f"Only {kinds[0].service.name.lower()}"
            rosters.types.append((row, kinds))


def _reserved_for(world: World, doctor_id: int, clinic: Clinic, weekday: int) -> list[AppointmentType]:
    """Some sessions take certain visits only: procedures on Dr Raman’s Thursdays, hearts on Dr Ashworth’s Fridays."""
    reserved = {("Raman", 3): "Minor skin procedure", ("Ashworth", 4): "Echocardiogram", ("Carter", 2): "Physiotherapy"}
    service = reserved.get((world.doctors[doctor_id].family_name, weekday))
    offered = [offering.appointment_type for offering in world.offerings[doctor_id, clinic.pk]]
    return [kind for kind in offered if kind.service.name == service]


def _add_staff_hours(world: World, rosters: Rosters, resource: Resource, place: int) -> None:
    """Early or late, with a day off and a lunch, by the place in the list: keys differ from one database to another."""
    assert resource.clinic is not None  # noqa: S101 - staff belong to a clinic
    hours = EARLY if place % 2 else LATE
    day_off = place % 6
    for weekday in range(5):
        if weekday != day_off:
            rosters.hours.append(_row(world, resource, resource.clinic, weekday, hours))
            lunch = (12 * 60, 12 * 60 + 30) if place % 4 < 2 else (13 * 60, 13 * 60 + 30)
            rosters.breaks.append(_break(world, resource, resource.clinic, weekday, lunch))


def _let_out_some_days(world: World, rosters: Rosters, room: Resource) -> None:
    assert room.clinic is not None  # noqa: S101 - rooms belong to a clinic
    room.keeps_own_hours = True
    room.save(update_fields=["keeps_own_hours"])
    for weekday in (0, 1, 4):
        rosters.hours.append(_row(world, room, room.clinic, weekday, (8 * 60, 17 * 60 + 30)))


def _row(
    world: World, resource: Resource, clinic: Clinic, weekday: int, hours: tuple[int, int], every_weeks: int = 1
) -> WorkingHours:
    return WorkingHours(
        resource=resource,
        clinic=clinic,
        weekday=weekday,
        starts=time_of(hours[0]),
        ends=time_of(hours[1]),
        every_weeks=every_weeks,
        valid_from=_since(world),
    )


def _break(world: World, resource: Resource, clinic: Clinic, weekday: int, lunch: tuple[int, int]) -> RecurringBreak:
    return RecurringBreak(
        resource=resource,
        clinic=clinic,
        weekday=weekday,
        starts=time_of(lunch[0]),
        ends=time_of(lunch[1]),
        valid_from=_since(world),
        label="Lunch",
    )


def _since(world: World) -> date:
    return monday_before(world.horizon.today) - timedelta(weeks=52)


def _write(rosters: Rosters) -> None:
    WorkingHours.objects.bulk_create(rosters.hours)
    RecurringBreak.objects.bulk_create(rosters.breaks)
    links = WorkingHours.appointment_types.through
    links.objects.bulk_create(
        links(workinghours_id=row.pk, appointmenttype_id=kind.pk) for row, kinds in rosters.types for kind in kinds
    )


def _fill_diaries(world: World, rosters: Rosters) -> None:
    doctors = {doctor.resource_id: doctor.pk for doctor in world.doctors.values()}
    reserved = {row.pk: frozenset(kind.pk for kind in kinds) for row, kinds in rosters.types}
    for row in rosters.hours:
        for day in _days_of(world, row):
            span = world.horizon.span(day, _minutes(row.starts), _minutes(row.ends))
            world.diaries[row.resource_id].work(row.clinic_id, span)
            if doctor_id := doctors.get(row.resource_id):
                world.sessions.append(Session(doctor_id, row.clinic_id, day, span, reserved.get(row.pk)))
    for pause in rosters.breaks:
        for day in _days_of(world, pause):
            world.diaries[pause.resource_id].bar(world.horizon.span(day, _minutes(pause.starts), _minutes(pause.ends)))


def _days_of(world: World, row: WorkingHours | RecurringBreak) -> Iterable[date]:
    for day in world.horizon.days():
        weeks = (monday_before(day) - monday_before(row.valid_from)).days // 7
        if day.weekday() == row.weekday and weeks % row.every_weeks == 0:
            yield day


def _minutes(clock: object) -> int:
    return clock.hour * 60 + clock.minute  # type: ignore[attr-defined]
