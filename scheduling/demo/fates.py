"""What became of the visits: attended, missed, cancelled, moved, lapsed; today's according to the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduling.demo.booking_times import between, booking_of
from scheduling.demo.callers import Callers
from scheduling.demo.drafts import Event, Visit
from scheduling.demo.exceptions import overbook_some
from scheduling.demo.late_blocks import lay_late_blocks
from scheduling.demo.undone import add_cancelled, add_lapsed, add_moved, cancel
from scheduling.demo.world import World
from scheduling.models import Status

NOTES = (
    "Results awaited",
    "Interpreter booked",
    "Bring the letters from the last visit",
    "Prefers the same room",
    "Needs a little longer to undress",
    "Asked for a call if an earlier time comes up",
)
MISSED, CANCELLED, MOVED, LAPSED, PENDING = 0.115, 0.065, 0.04, 0.012, 0.035


def make_fates(world: World, callers: Callers) -> None:
    """Give every visit its status, times and history, and add those that lost their time."""
    for visit in list(world.visits):
        _book(world, visit)
        _add_those_who_lost_this_time(world, callers, visit)
        if world.rng.random() < CANCELLED / 2 and _starts(world, visit) > world.horizon.now:
            cancel(world, visit, by_clinic=False)
        elif _starts(world, visit) + timedelta(minutes=visit.minutes) <= world.horizon.now:
            _past(world, visit)
        else:
            _present_or_future(world, visit)
    add_moved(world, share=MOVED)
    overbook_some(world, callers)
    lay_late_blocks(world)
    _leave_some_open(world)


def _starts(world: World, visit: Visit) -> datetime:
    return world.horizon.instant(visit.start)


def _book(world: World, visit: Visit) -> None:
    visit.fields = booking_of(world, visit, min(_starts(world, visit), world.horizon.now))
    visit.events = [
        Event(
            visit.fields["created_at"],
            "appointment.booked",
            None,
            Status.CONFIRMED,
            visit.fields["created_by"],
            visit.fields["channel"],
        )
    ]
    if world.rng.random() < 0.06:
        visit.fields["notes"] = world.rng.choice(NOTES)


def _add_those_who_lost_this_time(world: World, callers: Callers, visit: Visit) -> None:
    if world.rng.random() < CANCELLED:
        add_cancelled(world, callers, visit)
    if world.rng.random() < LAPSED:
        add_lapsed(world, callers, visit)


def _past(world: World, visit: Visit) -> None:
    rng, starts_at = world.rng, _starts(world, visit)
    ends_at = starts_at + timedelta(minutes=visit.minutes)
    _maybe_promise(world, visit)
    if rng.random() < MISSED:
        at = min(world.horizon.now, ends_at + timedelta(minutes=rng.randint(0, 30)))
        _step(world, visit, Status.NO_SHOW, "no_show", at)
    elif ends_at > world.horizon.now - timedelta(minutes=10) and rng.random() < 0.25:
        _check_in(world, visit)
        _start(world, visit)
    else:
        _check_in(world, visit)
        _start(world, visit)
        lasted = timedelta(minutes=max(5, round(visit.minutes * rng.uniform(0.75, 1.1))))
        at = min(visit.fields["started_at"] + lasted, world.horizon.now)
        visit.fields["finished_at"] = at
        _step(world, visit, Status.COMPLETED, "completed", at)


def _present_or_future(world: World, visit: Visit) -> None:
    rng, now = world.rng, world.horizon.now
    minutes_away = (_starts(world, visit) - now) / timedelta(minutes=1)
    chance = rng.random()
    if minutes_away <= 0:
        if chance < 0.94:
            _check_in(world, visit)
        if chance < 0.82:
            _start(world, visit)
    elif minutes_away <= 25 and chance < 0.6:
        _check_in(world, visit)
    elif chance < PENDING:
        _leave_pending(world, visit)
    else:
        _maybe_promise(world, visit)


def _leave_pending(world: World, visit: Visit) -> None:
    visit.status = Status.PENDING
    latest = min(timedelta(hours=20), (_starts(world, visit) - world.horizon.now) * 0.9)
    visit.fields["expires_at"] = world.horizon.now + timedelta(minutes=3) + latest * world.rng.uniform(0.2, 1)
    visit.fields["created_at"] = world.horizon.now - timedelta(minutes=world.rng.randint(5, 240))
    visit.events[0].at, visit.events[0].new = visit.fields["created_at"], Status.PENDING


def _maybe_promise(world: World, visit: Visit) -> None:
    """Most people answer the reminder before a visit."""
    starts_at, now = _starts(world, visit), world.horizon.now
    at = starts_at - timedelta(hours=world.rng.uniform(20, 70))
    if visit.fields["created_at"] < at < now and world.rng.random() < 0.6:
        visit.fields["attendance_confirmed_at"] = at
        visit.events.append(Event(at, "appointment.attendance_confirmed", visit.status, visit.status, None, "link"))


def _check_in(world: World, visit: Visit) -> None:
    starts_at, now = _starts(world, visit), world.horizon.now
    at = starts_at + timedelta(minutes=world.rng.uniform(-20, 2))
    at = min(at, now - timedelta(minutes=world.rng.uniform(1, 9)))
    at = max(at, visit.fields["created_at"] + timedelta(minutes=1))
    visit.fields["checked_in_at"] = at
    _step(world, visit, Status.CHECKED_IN, "checked_in", at)


def _start(world: World, visit: Visit) -> None:
    starts_at, now = _starts(world, visit), world.horizon.now
    earliest = max(visit.fields["checked_in_at"], starts_at - timedelta(minutes=3))
    at = min(now, between(world.rng, earliest, max(earliest, starts_at) + timedelta(minutes=8)))
    visit.fields["started_at"] = max(at, visit.fields["checked_in_at"])
    _step(world, visit, Status.IN_PROGRESS, "started", visit.fields["started_at"])


def _step(world: World, visit: Visit, to: str, word: str, at: datetime) -> None:
    doctor = world.doctors[visit.doctor_id]
    by_doctor = word in ("started", "completed") and doctor.user is not None
    by = doctor.user if by_doctor else world.rng.choice(world.receptionists[visit.clinic_id])
    visit.events.append(Event(at, f"appointment.{word}", visit.status, to, by))
    visit.status = to


def _leave_some_open(world: World) -> None:
    """Made at night, the demo has nobody in a room: then nobody has closed the last visits yet."""
    for status, stamps in (
        (Status.IN_PROGRESS, ("finished_at",)),
        (Status.CHECKED_IN, ("finished_at", "started_at")),
    ):
        completed = (visit for visit in world.visits if visit.status == Status.COMPLETED)
        if all(visit.status != status for visit in world.visits) and (last := max(completed, key=_end, default=None)):
            _reopen(last, status, stamps)


def _end(visit: Visit) -> tuple[int, int]:
    return visit.end, visit.doctor_id


def _reopen(visit: Visit, status: str, stamps: tuple[str, ...]) -> None:
    place = next(place for place, event in enumerate(visit.events) if event.new == status)
    del visit.events[place + 1 :]
    visit.status = status
    for stamp in stamps:
        del visit.fields[stamp]
