"""What breaks the weekly pattern and is known before anything is booked; and notes about the day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from scheduling.demo.horizon import Span, bits, minutes_of
from scheduling.demo.rosters import monday_before
from scheduling.demo.world import Session, World
from scheduling.models import ClinicClosure, DayNote, ExtraSession, Resource, ScheduleBlock, WorkingHours
from scheduling.models.resource import ResourceKind

Kind = ScheduleBlock.Kind


def make_disruptions(world: World) -> None:
    """Make everything out of the ordinary, and cut the diaries to what is left."""
    _open_clinics(world)
    _add_weekend_lists(world)
    _close_clinics(world)
    _block_resources(world)
    _write_notes(world)


def _open_clinics(world: World) -> None:
    """Cut working time to opening hours, and let what keeps no hours of its own work whenever its clinic is open."""
    horizon = world.horizon
    for clinic in world.clinics.values():
        open_bits = 0
        for row in world.opening_hours[clinic.pk]:
            start, end = (clock.hour * 60 + clock.minute for clock in (row.starts, row.ends))
            for day in horizon.days():
                if day.weekday() == row.weekday:
                    open_bits |= bits(*horizon.span(day, start, end))
        for diary in world.diaries.values():
            if clinic.pk in diary.works:
                diary.works[clinic.pk] &= open_bits
        for resource in world.resources.values():
            if resource.clinic_id == clinic.pk and not resource.keeps_own_hours:
                world.diaries[resource.pk].works[clinic.pk] = open_bits


def _add_weekend_lists(world: World) -> None:
    """Saturday lists ahead, and, when today is a weekend, a full day at two clinics: a demo should never be empty."""
    saturday = monday_before(world.horizon.today) + timedelta(days=12)
    if saturday <= world.horizon.last:
        for name in ("Osei", "Raman", "Adeyemi"):
            _add_list(world, "harbour", name, saturday, minutes_of("0900"), minutes_of("1300"), "Saturday list")
    if world.horizon.today.weekday() >= 5:
        for code in ("harbour", "northgate"):
            _add_whole_day(world, code)


def _add_whole_day(world: World, code: str) -> None:
    """Everyone who works at the clinic on Mondays comes in today, at their Monday hours."""
    clinic, today = world.clinic(code), world.horizon.today
    doctors = {doctor.resource_id: doctor for doctor in world.doctors.values()}
    already = {(session.doctor_id, session.clinic_id) for session in world.sessions if session.day == today}
    for row in WorkingHours.objects.filter(clinic=clinic, weekday=0).order_by("resource", "starts"):
        start, end = (clock.hour * 60 + clock.minute for clock in (row.starts, row.ends))
        if doctor := doctors.get(row.resource_id):
            if (doctor.pk, clinic.pk) not in already:
                _add_list(world, code, doctor.family_name, today, start, end, "Weekend list")
        elif world.resources[row.resource_id].kind == ResourceKind.STAFF:
            _add_session(world, world.resources[row.resource_id], code, today, (start, end), "Weekend list")


def _add_list(world: World, code: str, name: str, day: date, start: int, end: int, note: str) -> None:
    doctor, clinic = world.doctor_named(name), world.clinic(code)
    span = _add_session(world, doctor.resource, code, day, (start, end), note)
    world.sessions.append(Session(doctor.pk, clinic.pk, day, span))
    for resource in world.resources.values():
        if resource.clinic_id == clinic.pk and not resource.keeps_own_hours:
            world.diaries[resource.pk].work(clinic.pk, span)


def _add_session(world: World, resource: Resource, code: str, day: date, hours: tuple[int, int], note: str) -> Span:
    clinic, span = world.clinic(code), world.horizon.span(day, *hours)
    starts_at, ends_at = (world.horizon.instant(cell) for cell in span)
    ExtraSession.objects.create(resource=resource, clinic=clinic, starts_at=starts_at, ends_at=ends_at, note=note)
    world.diaries[resource.pk].work(clinic.pk, span)
    return span


def _close_clinics(world: World) -> None:
    monday = monday_before(world.horizon.today)
    for clinic in world.clinics.values():
        _close(world, clinic.pk, monday + timedelta(weeks=3), "0000", "2400", "Bank holiday")
    _close(world, world.clinic("elmfield").pk, monday + timedelta(days=9), "1300", "1730", "Staff training")
    _close(world, world.clinic("kingsway").pk, monday - timedelta(days=6), "0800", "1100", "Burst pipe")


def _close(world: World, clinic_id: int, day: date, start: str, end: str, reason: str) -> None:
    if not world.horizon.first <= day <= world.horizon.last:
        return
    span = world.horizon.span(day, minutes_of(start), minutes_of(end))
    starts_at, ends_at = (world.horizon.instant(cell) for cell in span)
    ClinicClosure.objects.create(clinic_id=clinic_id, starts_at=starts_at, ends_at=ends_at, reason=reason)
    for diary in world.diaries.values():
        if clinic_id in diary.works:
            diary.works[clinic_id] &= ~bits(*span)


def _block_resources(world: World) -> None:
    today = world.horizon.today
    blocks = list(_leave(world, today)) + list(_imported(world, today))
    scan = world.resource_named("riverside", "Ultrasound machine 2")
    cart = world.resource_named("harbour", "ECG cart 2")
    blocks.append(_block(world, scan, Kind.OUTAGE, today + timedelta(days=6), today + timedelta(days=9), "Service due"))
    blocks.append(_block(world, cart, Kind.OUTAGE, today - timedelta(days=2), today + timedelta(days=3), "Lead broken"))
    ScheduleBlock.objects.bulk_create(blocks)


def _leave(world: World, today: date) -> Iterable[ScheduleBlock]:
    away = [("Meyer", -1, 2), ("Cardoso", 7, 14), ("Strachan", 3, 6), ("Hahn", -12, -5), ("Kulkarni", 10, 21)]
    away += [("Garnier", 14, 19), ("Pugh", -20, -13), ("Begum", 5, 8), ("Nyberg", -9, -6), ("Wilk", 15, 17)]
    for name, first, last in away:
        resource = world.doctor_named(name).resource
        yield _block(world, resource, Kind.LEAVE, today + timedelta(days=first), today + timedelta(days=last), "Leave")


def _imported(world: World, today: date) -> Iterable[ScheduleBlock]:
    """Busy times that came from external calendars."""
    for doctor in world.rng.sample(sorted(world.doctors.values(), key=lambda each: each.pk), 14):
        for _ in range(3):
            day = today + timedelta(days=world.rng.randint(-20, 25))
            start = world.rng.choice((9, 10, 11, 14, 15, 16)) * 60 + world.rng.choice((0, 30))
            yield _block(
                world, doctor.resource, Kind.BUSY, day, day, "Meeting", (start, start + 60), source="Hospital calendar"
            )


def _block(
    world: World,
    resource: Resource,
    kind: str,
    first: date,
    last: date,
    reason: str,
    hours: tuple[int, int] = (0, 24 * 60),
    source: str = "",
) -> ScheduleBlock:
    """A block from an hour of the first day to an hour of the last, known before anything was booked."""
    starts_at, ends_at = world.horizon.local(first, hours[0]), world.horizon.local(last, hours[1])
    start, end = world.horizon.cell(first, hours[0]), world.horizon.cell(last, hours[1])
    if end > 0:
        world.diaries[resource.pk].bar((max(start, 0), end))
    return ScheduleBlock(
        resource=resource, kind=kind, starts_at=starts_at, ends_at=ends_at, reason=reason, source=source
    )


def _write_notes(world: World) -> None:
    today, reception = world.horizon.today, world.users["reception"]
    harbour, osei = world.clinic("harbour"), world.doctor_named("Osei")
    notes = [
        (harbour, None, 0, "Fire drill at 11:00, doors to Anchor Lane stay open."),
        (harbour, osei, 0, "Students in the room until noon: ask patients whether that is all right."),
        (world.clinic("northgate"), None, 0, "Lift under repair until 14:00, send wheelchairs through the arcade."),
        (world.clinic("riverside"), None, 1, "New receptionist starts: pair with Gethin."),
        (harbour, None, 2, "Water off on the first floor from 17:00."),
    ]
    DayNote.objects.bulk_create(
        DayNote(clinic=clinic, doctor=doctor, day=today + timedelta(days=ahead), text=text, written_by=reception)
        for clinic, doctor, ahead, text in notes
    )
