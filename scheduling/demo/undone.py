"""Visits that gave their time back: cancelled, lapsed or moved to another time."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from carebridge.accounts.models import User
from scheduling.demo.booking_times import between, booking_of
from scheduling.demo.callers import Callers
from scheduling.demo.drafts import Event, Visit
from scheduling.demo.world import World
from scheduling.models import Status

PATIENT_REASONS = {
    "patient_request": 40,
    "patient_unwell": 22,
    "transport": 9,
    "no_longer_needed": 14,
    "duplicate": 5,
    "other": 4,
}
CLINIC_REASONS = {"doctor_unavailable": 80, "clinic_closed": 20}
UNDO_WINDOW = timedelta(seconds=8)


def add_cancelled(world: World, callers: Callers, visit: Visit) -> None:
    """Somebody had this time before, and cancelled; then the visit's patient got it."""
    if lost := _beside(world, callers, visit):
        lost.fields["created_at"] = visit.fields["created_at"] - timedelta(days=world.rng.uniform(1, 20))
        _first_event(lost)
        cancel(world, lost, by_clinic=world.rng.random() < 0.15, latest=visit.fields["created_at"])


def cancel(world: World, visit: Visit, *, by_clinic: bool, latest: datetime | None = None) -> None:
    """Cancel a visit before `latest` (default: now), for a reason of the patient's or of the clinic's."""
    rng, starts_at = world.rng, world.horizon.instant(visit.start)
    reasons = CLINIC_REASONS if by_clinic else PATIENT_REASONS
    at = between(rng, visit.fields["created_at"], min(latest or world.horizon.now, world.horizon.now, starts_at))
    by = rng.choice(world.receptionists[visit.clinic_id]) if rng.random() < 0.8 else None
    cutoff = visit.kind.cancel_cutoff_minutes
    if cutoff is None:
        cutoff = next(each for each in world.clinics.values() if each.pk == visit.clinic_id).cancel_cutoff_minutes
    notice = int((starts_at - at) // timedelta(minutes=1))
    visit.cancellation = {
        "reason": rng.choices(tuple(reasons), tuple(reasons.values()))[0],
        "cancelled_at": at,
        "cancelled_by": by,
        "notice_minutes": notice,
        "is_late": at > starts_at - timedelta(minutes=cutoff),
        "effects_due_at": at + UNDO_WINDOW,
    }
    _release(visit, Status.CANCELLED, "appointment.cancelled", at, by)


def add_lapsed(world: World, callers: Callers, visit: Visit) -> None:
    """Somebody was offered this time before and didn't answer."""
    if lost := _beside(world, callers, visit):
        offered_at = visit.fields["created_at"] - timedelta(hours=world.rng.uniform(2, 30))
        lost.fields |= {"created_at": offered_at, "expires_at": offered_at + timedelta(minutes=30), "created_by": None}
        _first_event(lost, Status.PENDING)
        lost.status = Status.PENDING
        _release(lost, Status.EXPIRED, "appointment.expired", lost.fields["expires_at"], None)


def add_moved(world: World, *, share: float) -> None:
    """Give some visits an earlier life: another time with the same doctor, from which they were moved here."""
    others: dict[tuple[int, int, int, int], list[Visit]] = defaultdict(list)
    for visit in world.visits:
        others[_sort_of(visit)].append(visit)
    movable = (Status.CONFIRMED, Status.COMPLETED, Status.NO_SHOW)
    for visit in list(world.visits):
        if visit.status in movable and world.rng.random() < share:
            elsewhere = world.rng.choice(others[_sort_of(visit)])
            if elsewhere.start != visit.start:
                _move(world, visit, elsewhere)


def _sort_of(visit: Visit) -> tuple[int, int, int, int]:
    return visit.doctor_id, visit.clinic_id, visit.kind.pk, visit.minutes


def _move(world: World, visit: Visit, elsewhere: Visit) -> None:
    """The visit stood at the other one's time first."""
    old_starts_at = world.horizon.instant(elsewhere.start)
    moved_at = min(visit.fields["created_at"], old_starts_at - timedelta(hours=1))
    old = _copy(visit, elsewhere)
    old.fields = booking_of(world, old, moved_at) | {
        "calendar_uid": uuid.UUID(int=world.rng.getrandbits(128), version=4)
    }
    _first_event(old)
    old.status, old.released_at = Status.RESCHEDULED, moved_at
    by = visit.fields["created_by"]
    visit.moved_from = old
    visit.fields |= {"created_at": moved_at, "calendar_uid": old.fields["calendar_uid"], "calendar_sequence": 1}
    visit.events[0] = Event(moved_at, "appointment.rescheduled", Status.CONFIRMED, Status.RESCHEDULED, by, "")
    visit.events[0].source = visit.fields["channel"]
    world.visits.append(old)


def _beside(world: World, callers: Callers, visit: Visit) -> Visit | None:
    """A visit of somebody else at the same time, not yet in the history."""
    other = _copy(visit, visit)
    patient = callers.somebody_for(other, world.horizon.instant(visit.start).date())
    if patient is None:
        return None
    other.patient = patient
    other.fields = booking_of(world, other, visit.fields["created_at"])
    world.visits.append(other)
    return other


def _copy(visit: Visit, place: Visit) -> Visit:
    """The same patient and kind at the time and with the parts of `place`."""
    return replace(
        visit,
        start=place.start,
        before=place.before,
        after=place.after,
        parts=[replace(part) for part in place.parts],
        fields={},
        events=[],
        cancellation=None,
    )


def _first_event(visit: Visit, status: str = Status.CONFIRMED) -> None:
    fields = visit.fields
    visit.events = [
        Event(fields["created_at"], "appointment.booked", None, status, fields["created_by"], fields["channel"])
    ]


def _release(visit: Visit, to: str, kind: str, at: datetime, by: User | None) -> None:
    visit.events.append(Event(at, kind, visit.status, to, by))
    visit.status, visit.released_at = to, at
