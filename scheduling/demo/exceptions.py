"""Visits that stand against a rule: overbooked, with a reason."""

from __future__ import annotations

from datetime import timedelta

from scheduling.demo.booking_times import booking_of
from scheduling.demo.callers import Callers
from scheduling.demo.drafts import Event, Part, Visit
from scheduling.demo.visits import doctor_spans, parts_needed
from scheduling.demo.world import World
from scheduling.models import Offering, Status

OVERBOOKED, AWAITING = 16, 2
REASONS = (
    "Urgent: referred by phone this morning",
    "Discharged yesterday, has to be seen",
    "Came on the wrong day, agreed with the doctor",
    "Mother and child together",
)
AWAITS_SIGN_OFF = "An override needs a second person's agreement"


def overbook_some(world: World, callers: Callers) -> None:
    """Put a second patient beside some that stand, with a reason and a name; half of them today or ahead."""
    strict = {clinic.pk for clinic in world.clinics.values() if clinic.override_needs_sign_off}
    past = [visit for visit in world.visits if visit.status == Status.COMPLETED]
    ahead = [visit for visit in world.visits if visit.status == Status.CONFIRMED]
    _overbook_among(world, callers, past, OVERBOOKED // 2)
    _overbook_among(world, callers, [visit for visit in ahead if visit.clinic_id in strict], AWAITING)
    _overbook_among(
        world, callers, [visit for visit in ahead if visit.clinic_id not in strict], OVERBOOKED // 2 - AWAITING
    )


def _overbook_among(world: World, callers: Callers, visits: list[Visit], wanted: int) -> None:
    done = 0
    for visit in world.rng.sample(visits, min(len(visits), 20 * OVERBOOKED)):
        done += _overbook(world, callers, visit)
        if done == wanted:
            break


def _overbook(world: World, callers: Callers, beside: Visit) -> bool:
    offering = next(
        each
        for each in world.offerings[beside.doctor_id, beside.clinic_id]
        if each.appointment_type_id == beside.kind.pk
    )
    needs = parts_needed(world, beside.clinic_id, beside.doctor_id, offering, beside.start)
    if needs is None:
        return False
    visit = _second_visit(world, offering, beside, needs)
    patient = callers.somebody_for(visit, world.horizon.instant(beside.start).date())
    if patient is None:
        return False
    visit.patient = patient
    for part in needs:
        world.diaries[part.resource_id].take(part.during)
    _account_for(world, visit, beside)
    world.visits.append(visit)
    return True


def _second_visit(world: World, offering: Offering, beside: Visit, needs: list[Part]) -> Visit:
    core, during = doctor_spans(offering, beside.start)
    resource_id = world.doctors[beside.doctor_id].resource_id
    return Visit(
        patient=-1,
        kind=beside.kind,
        doctor_id=beside.doctor_id,
        clinic_id=beside.clinic_id,
        start=beside.start,
        minutes=beside.minutes,
        before=beside.before,
        after=beside.after,
        parts=[Part(resource_id, None, core, during, overbooked=True), *needs],
    )


def _account_for(world: World, visit: Visit, beside: Visit) -> None:
    starts_at = world.horizon.instant(visit.start)
    by = world.rng.choice(world.receptionists[visit.clinic_id])
    visit.fields = booking_of(world, visit, min(starts_at, world.horizon.now)) | {
        "created_by": by,
        "channel": "phone",
        "overrides": ["doctor_busy"],
        "override_reason": world.rng.choice(REASONS),
        "overridden_by": by,
    }
    booked = Event(visit.fields["created_at"], "appointment.booked", None, Status.CONFIRMED, by, "phone")
    visit.events = [booked]
    clinic = next(each for each in world.clinics.values() if each.pk == visit.clinic_id)
    if beside.status == Status.COMPLETED:
        _attend(world, visit)
    elif clinic.override_needs_sign_off:
        booked.new = Status.REQUIRES_REVIEW
        visit.status = Status.REQUIRES_REVIEW
        visit.fields |= {"review_reason": AWAITS_SIGN_OFF, "status_before_review": Status.CONFIRMED}


def _attend(world: World, visit: Visit) -> None:
    starts_at, by = world.horizon.instant(visit.start), visit.fields["created_by"]
    moments = (
        ("checked_in", Status.CHECKED_IN, "checked_in_at", timedelta(minutes=-4)),
        ("started", Status.IN_PROGRESS, "started_at", timedelta(minutes=3)),
        ("completed", Status.COMPLETED, "finished_at", timedelta(minutes=visit.minutes - 1)),
    )
    for word, status, stamp, offset in moments:
        at = max(visit.fields["created_at"], min(starts_at + offset, world.horizon.now))
        visit.events.append(Event(at, f"appointment.{word}", visit.status, status, by))
        visit.status, visit.fields[stamp] = status, at
