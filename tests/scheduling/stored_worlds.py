"""A `World` as rows of the database, and rows of the database as a `World`, through the plain ORM."""

from __future__ import annotations

import itertools
import time as clock
from datetime import date, timedelta

from scheduling import hold_store, ledger_masks, timeline
from scheduling.models import (
    Allocation,
    Appointment,
    AppointmentType,
    Clinic,
    ClinicClosure,
    Doctor,
    DoctorClinic,
    ExtraSession,
    Offering,
    OpeningHours,
    RecurringBreak,
    Requirement,
    Resource,
    ResourceCategory,
    ScheduleBlock,
    WorkingHours,
)
from tests import factories
from tests.scheduling.worlds import Kind, Need, Offer, Once, Place, Thing, Weekly, World

_numbers = itertools.count(1)


def store(world: World, on: date) -> dict[int, int]:
    """Write the world to the database and Redis; the type's number in the world → its id."""
    clinics = {place.id: _clinic(place) for place in world.places.values()}
    categories = {
        n: ResourceCategory.objects.create(name=f"Category {next(_numbers)}", kind="room") for n in range(1, 5)
    }
    things: dict[int, Resource] = {}
    for thing in sorted(world.things.values(), key=lambda each: each.fixed_in is not None):
        things[thing.id] = _resource(thing, clinics, categories, things)
    kinds = {kind.id: _kind(kind, categories, things) for kind in world.kinds.values()}
    for kind in world.kinds.values():
        for offer in kind.offers:
            Offering.objects.create(
                doctor=things[offer.resource].doctor,
                appointment_type=kinds[kind.id],
                clinic=clinics[offer.clinic],
                buffer_before_minutes=offer.before,
                buffer_after_minutes=offer.after,
            )
    _rosters(world, clinics, things, kinds)
    _bookings(world, clinics, things, kinds)
    ledger_masks.rebuild(on - timedelta(days=9), on + timedelta(days=9))
    for held in world.held:
        _hold(held, things)
    return {number: kind.pk for number, kind in kinds.items()}


def _clinic(place: Place) -> Clinic:
    return factories.ClinicFactory(
        time_zone=place.zone.key, min_notice_minutes=place.notice, max_advance_days=place.advance
    )


def _resource(thing: Thing, clinics: dict, categories: dict, things: dict) -> Resource:
    if thing.id < 200:
        doctor = factories.DoctorFactory(at=[clinics[each] for each in thing.clinics])
        resource = doctor.resource
    else:
        kind = "equipment" if thing.fixed_in else "room"
        resource = Resource.objects.create(
            name=f"Thing {thing.id}",
            kind=kind,
            clinic=clinics[thing.clinics[0]],
            keeps_own_hours=thing.own_hours,
            fixed_in=things.get(thing.fixed_in),
            is_active=thing.active,
        )
    resource.categories.set(categories[each] for each in thing.categories)
    return resource


def _kind(kind: Kind, categories: dict, things: dict) -> AppointmentType:
    made = factories.AppointmentTypeFactory(
        duration_minutes=kind.minutes,
        doctor_from_minute=kind.doctor_begin,
        doctor_to_minute=kind.doctor_end,
        start_step_minutes=kind.step,
        min_notice_minutes=kind.notice,
        max_advance_days=kind.advance,
    )
    for need in kind.needs:
        Requirement.objects.create(
            appointment_type=made,
            category=categories.get(need.category),
            resource=things.get(need.resource),
            quantity=need.quantity,
            from_minute=need.begin,
            to_minute=need.end,
        )
    return made


def _rosters(world: World, clinics: dict, things: dict, kinds: dict) -> None:
    for row in world.opening:
        OpeningHours.objects.create(clinic=clinics[row.clinic], weekday=row.weekday, starts=row.starts, ends=row.ends)
    for model, rows in ((WorkingHours, world.hours), (RecurringBreak, world.breaks)):
        for row in rows:
            made = model.objects.create(
                resource=things[row.resource],
                clinic=clinics[row.clinic],
                weekday=row.weekday,
                starts=row.starts,
                ends=row.ends,
                every_weeks=row.every,
                valid_from=row.since,
                valid_until=row.until and max(row.until, row.since),
            )
            if row.types:
                made.appointment_types.set(kinds[each] for each in row.types)
    for once in world.closures:
        ClinicClosure.objects.create(
            clinic=clinics[once.clinic], starts_at=once.start, ends_at=once.end, reason="Closed"
        )
    for once in world.blocks:
        ScheduleBlock.objects.create(
            resource=things[once.resource], kind="leave", starts_at=once.start, ends_at=once.end
        )
    for once in world.extras:
        extra = ExtraSession.objects.create(
            resource=things[once.resource], clinic=clinics[once.clinic], starts_at=once.start, ends_at=once.end
        )
        extra.appointment_types.set(kinds[each] for each in once.types)


def _bookings(world: World, clinics: dict, things: dict, kinds: dict) -> None:
    patient = factories.PatientFactory()
    doctor = next(thing.doctor for key, thing in things.items() if key < 200)
    for once in world.booked:
        visit = Appointment.objects.create(
            patient=patient,
            appointment_type=kinds[1],
            doctor=doctor,
            clinic=clinics[1],
            starts_at=once.start,
            ends_at=once.end,
            duration_minutes=5,
            local_date=once.start.date(),
            local_time=once.start.time(),
            time_zone="UTC",
        )
        times = (once.start, once.end)
        resource = things[once.resource]
        # Random visits overlap, as overbooked ones do. Each must occupy its doctor; that is done long ago.
        long_ago = (once.start - timedelta(days=3000), once.end - timedelta(days=3000))
        Allocation.objects.create(
            appointment=visit, resource=doctor.resource, core=long_ago, during=long_ago, overbooked=True
        )
        Allocation.objects.create(appointment=visit, resource=resource, core=times, during=times, overbooked=True)


def _hold(held: Once, things: dict) -> None:
    first, last = timeline.step_floor(held.start), timeline.step_ceil(held.end)
    record = hold_store.HoldRecord(
        id=f"hold{next(_numbers)}",
        owner="a colleague",
        user_id=None,
        appointment_type_id=1,
        doctor_id=1,
        clinic_id=1,
        starts=first,
        ends=last,
        cells=((things[held.resource].pk, first, last),),
        expires=clock.time() + 300,
    )
    assert hold_store.claim(record, 300_000)


def read_world(kind_ids: list[int], days: tuple[date, date]) -> World:
    """Everything the database and Redis say, for these types."""
    world = World(
        (days[0] - timedelta(days=4), days[1] + timedelta(days=4)),
        {c.pk: Place(c.pk, c.zone, c.min_notice_minutes, c.max_advance_days) for c in Clinic.objects.all()},
        {resource.pk: _thing(resource) for resource in Resource.objects.all()},
        {kind.pk: _read_kind(kind) for kind in AppointmentType.objects.filter(pk__in=kind_ids)},
    )
    world.opening = [
        Weekly(None, o.clinic_id, o.weekday, o.starts, o.ends, 1, o.valid_from, o.valid_until)
        for o in OpeningHours.objects.all()
    ]
    world.hours = [_weekly(row) for row in WorkingHours.objects.all()]
    world.breaks = [_weekly(row) for row in RecurringBreak.objects.all()]
    world.closures = [Once(None, row.clinic_id, row.starts_at, row.ends_at) for row in ClinicClosure.objects.all()]
    world.blocks = [Once(row.resource_id, None, row.starts_at, row.ends_at) for row in ScheduleBlock.objects.all()]
    world.extras = [
        Once(row.resource_id, row.clinic_id, row.starts_at, row.ends_at, _types(row))
        for row in ExtraSession.objects.all()
    ]
    live = Allocation.objects.filter(released_at=None)
    world.booked = [Once(row.resource_id, None, row.during.lower, row.during.upper) for row in live]
    world.held = [
        Once(resource, None, timeline.instant_of(first), timeline.instant_of(last))
        for record in hold_store.alive()
        for resource, first, last in record.cells
    ]
    return world


def _thing(resource: Resource) -> Thing:
    clinics = (resource.clinic_id,)
    if resource.kind == "doctor":
        clinics = tuple(DoctorClinic.objects.filter(doctor__resource=resource).values_list("clinic_id", flat=True))
    categories = frozenset(resource.categories.values_list("pk", flat=True))
    return Thing(resource.pk, clinics, resource.keeps_own_hours, categories, resource.fixed_in_id, resource.is_active)


def _read_kind(kind: AppointmentType) -> Kind:
    asked = Requirement.objects.filter(appointment_type=kind)
    return Kind(
        kind.pk,
        kind.duration_minutes,
        kind.doctor_from_minute,
        kind.doctor_to_minute,
        kind.start_step_minutes,
        kind.min_notice_minutes,
        kind.max_advance_days,
        [Need(n.pk, n.category_id, n.resource_id, n.quantity, n.from_minute, n.to_minute) for n in asked],
        [_read_offer(kind, row) for row in Offering.objects.filter(appointment_type=kind)],
    )


def _read_offer(kind: AppointmentType, row: Offering) -> Offer:
    doctor: Doctor = row.doctor
    before = kind.buffer_before_minutes if row.buffer_before_minutes is None else row.buffer_before_minutes
    after = kind.buffer_after_minutes if row.buffer_after_minutes is None else row.buffer_after_minutes
    return Offer(doctor.pk, doctor.resource_id, row.clinic_id, kind.duration_minutes, before, after)


def _weekly(row: WorkingHours | RecurringBreak) -> Weekly:
    types = _types(row) if isinstance(row, WorkingHours) else frozenset()
    return Weekly(
        row.resource_id,
        row.clinic_id,
        row.weekday,
        row.starts,
        row.ends,
        row.every_weeks,
        row.valid_from,
        row.valid_until,
        types,
    )


def _types(row: WorkingHours | ExtraSession) -> frozenset:
    return frozenset(row.appointment_types.values_list("pk", flat=True))
