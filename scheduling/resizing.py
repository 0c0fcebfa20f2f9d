"""Letting one visit end earlier or later than it was booked to, with the start, the doctor and the rooms it has."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling import ledger, policies
from scheduling.availability import Allotment, VisitPlan
from scheduling.booking import WORDS
from scheduling.errors import SlotTaken, WrongStatus
from scheduling.history import record_appointment, record_opening
from scheduling.locking import check_patient, check_version, lock_appointments, lock_patient, save_changes
from scheduling.models import Allocation, Appointment, Status
from scheduling.periods import Period
from scheduling.permissions import require
from scheduling.placement import Wish, decide, lock_visit
from scheduling.roles import Permission
from scheduling.timeline import STEP_MINUTES

LONGEST_MINUTES = 12 * 60


@command(WORDS)
def change_duration(*, appointment: Appointment, minutes: int, by: User, version: int | None = None) -> Appointment:
    """Let a confirmed visit that has not begun last `minutes`.

    What it takes up to its end or past it moves with the end. Minutes given back are free at once, and told of as time
    that opened. Minutes added have to fit by every rule about the time, and nothing is set aside for them.

    Raises InvalidInput for a length off the grid or the one it has, and for one without room for everybody's part;
    WrongStatus, StaleVersion, SlotTaken, SlotHeld, SlotUnavailable, PolicyRefused, NotAllowed, Busy.
    """
    now = timezone.now()
    patient = lock_patient(appointment.patient_id)
    (visit,) = lock_appointments([appointment.pk])
    check_patient(visit, patient)
    wish, plan = lock_visit(_wish_to_keep(visit, now), also=ledger.resource_ids_of([visit.pk]))

    require(by, Permission.BOOK, visit.clinic_id)
    check_version(visit, version)
    _check_resizable(visit, minutes, now)

    rows = list(ledger.live_rows(visit))
    allotments = [_resized(row, visit, minutes) for row in rows]
    shared = ledger.is_shared(visit)
    ledger.release(visit, at=now)
    if minutes > visit.duration_minutes:
        # In the rooms that it has, so that nobody is sent elsewhere for ten minutes more.
        _check_fits(wish, plan.keep_only({row.resource_id for row in rows}), visit, minutes, by=by)
    # What stood over a visit, or under it, goes on doing so when it is shorter; a longer one has been refused then.
    ledger.occupy(visit, allotments, may_overbook=shared)
    _save(visit, minutes, by=by, at=now)

    # Not the row without a requirement: one may have been removed from the type since.
    at_doctors = [row.resource_id == visit.doctor.resource_id for row in rows].index(True)
    free_from, busy_until = allotments[at_doctors].during.end, rows[at_doctors].during.upper
    if free_from < busy_until:
        record_opening(visit.clinic_id, visit.doctor_id, free_from, busy_until, by=by, at=now)
    return visit


def _save(visit: Appointment, minutes: int, *, by: User, at: datetime) -> None:
    before, visit.duration_minutes = visit.duration_minutes, minutes
    visit.ends_at = visit.starts_at + timedelta(minutes=minutes)
    # A patient's calendar believes only what is newer than what it has.
    visit.calendar_sequence += 1
    save_changes(visit, "duration_minutes", "ends_at", "calendar_sequence")
    changes = {"duration_minutes": (before, minutes)}
    record_appointment("appointment.duration_changed", visit, by=by, at=at, changes=changes)


def _wish_to_keep(visit: Appointment, now: datetime) -> Wish:
    # Its start was judged when it was booked. What was set aside for its time then isn't set aside for more of it.
    return Wish(
        patient=visit.patient,
        appointment_type=visit.appointment_type,
        doctor=visit.doctor,
        clinic=visit.clinic,
        starts_at=visit.starts_at,
        now=now,
        referral=visit.referral,
        set_aside=policies.JUDGED_ONCE | {"off_step"},
        ignoring=visit.pk,
    )


def may_resize(visit: Appointment, now: datetime) -> bool:
    """Whether a visit is one whose length can be changed: firm, and not begun."""
    return visit.status == Status.CONFIRMED and now < visit.starts_at


def _check_resizable(visit: Appointment, minutes: int, now: datetime) -> None:
    if not may_resize(visit, now):
        raise WrongStatus("Only a confirmed visit that has not begun can be made shorter or longer.")
    if minutes % STEP_MINUTES or not 0 < minutes <= LONGEST_MINUTES:
        raise _refused(f"Give the length in steps of {STEP_MINUTES} minutes, up to 12 hours.")
    if minutes == visit.duration_minutes:
        raise _refused(f"The visit lasts {minutes} minutes already.")


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={"minutes": sentence})


def _resized(row: Allocation, visit: Appointment, minutes: int) -> Allotment:
    """The same resource for a visit of so many minutes. Raises InvalidInput if its part would be left out."""
    old_end, new_end = visit.ends_at, visit.starts_at + timedelta(minutes=minutes)

    def moved(edge: datetime) -> datetime:
        return edge + (new_end - old_end) if edge >= old_end else min(edge, new_end)

    core = Period(moved(row.core.lower), moved(row.core.upper))
    if core.start >= core.end:
        begins = (row.core.lower - visit.starts_at) // timedelta(minutes=1)
        raise _refused(f"Part of this visit begins {begins} minutes in, so it has to last longer than that.")
    return Allotment(
        resource_id=row.resource_id,
        requirement_id=row.requirement_id,
        core=core,
        during=Period(moved(row.during.lower), moved(row.during.upper)),
    )


def _check_fits(wish: Wish, plan: VisitPlan, visit: Appointment, minutes: int, *, by: User) -> None:
    longer = plan.lasting(
        duration_minutes=minutes,
        buffer_before_minutes=visit.buffer_before_minutes,
        buffer_after_minutes=visit.buffer_after_minutes,
    )
    try:
        decide(wish, longer, by=by)
    except SlotTaken as taken:
        reason = taken.detail["reasons"][0]["message"]
        raise SlotTaken(f"There is no room for {minutes} minutes. {reason}", detail=taken.detail) from None
