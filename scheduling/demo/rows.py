"""From visits in the making to rows of the database: patients, appointments, ledger, masks, history."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduling.demo.bulk import as_json, copy_in, reserve_keys
from scheduling.demo.drafts import Event, Visit
from scheduling.demo.horizon import CELLS_PER_DAY, LONDON, bits
from scheduling.demo.world import World
from scheduling.models import (
    Allocation,
    Appointment,
    Cancellation,
    CancellationReason,
    Patient,
    PatientClinic,
    ResourceDay,
    ScheduleEvent,
)
from scheduling.models.appointment import REFERENCE_ALPHABET

MASK_BYTES = CELLS_PER_DAY // 8

Row = dict[str, object]


class Stamps(dict[int, str]):
    """The moment at which a cell begins, as text for a range, each written once."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._horizon = world.horizon

    def __missing__(self, cell: int) -> str:
        text = self[cell] = self._horizon.instant(cell).isoformat()
        return text


def write_patients(world: World) -> None:
    """Write the patients, and at which clinics they are known: their own and wherever they have a visit."""
    copy_in(Patient, (person.row for person in world.patients))
    known = {(clinic, patient) for clinic, patients in world.home_clinics.items() for patient in patients}
    known |= {(visit.clinic_id, visit.patient) for visit in world.visits}
    pairs = sorted(known)
    copy_in(
        PatientClinic,
        (
            {
                "id": pk,
                "patient_id": world.patients[patient].id,
                "clinic_id": clinic,
                "since": world.patients[patient].created_at,
            }
            for pk, (clinic, patient) in zip(reserve_keys(PatientClinic, len(pairs)), pairs, strict=True)
        ),
    )


def write_visits(world: World) -> None:
    """Write appointments, their ledger rows and day masks, cancellations and history."""
    visits = sorted(world.visits, key=lambda visit: (visit.fields["created_at"], visit.start, visit.doctor_id))
    references = _references(world)
    for visit, pk in zip(visits, reserve_keys(Appointment, len(visits)), strict=True):
        visit.pk = pk
    copy_in(Appointment, (_appointment(world, visit, next(references)) for visit in visits))
    copy_in(Allocation, _allocations(world, visits))
    copy_in(ResourceDay, _masks(world, visits))
    _write_cancellations(visits)
    copy_in(ScheduleEvent, _history(world, visits))


def _references(world: World) -> Iterator[str]:
    given: set[str] = set()
    while True:
        letters = "".join(world.rng.choices(REFERENCE_ALPHABET, k=8))
        if letters not in given:
            given.add(letters)
            yield f"CB-{letters[:4]}-{letters[4:]}"


def _appointment(world: World, visit: Visit, reference: str) -> Row:
    starts_at = world.horizon.instant(visit.start)
    local = starts_at.astimezone(LONDON)
    fields = dict(visit.fields)
    author, overrider, referral = (fields.pop(name, None) for name in ("created_by", "overridden_by", "referral"))
    fields.setdefault("calendar_uid", uuid.UUID(int=world.rng.getrandbits(128), version=4))
    return {
        "id": visit.pk,
        "reference": reference,
        "patient_id": world.patients[visit.patient].id,
        "appointment_type_id": visit.kind.pk,
        "doctor_id": visit.doctor_id,
        "clinic_id": visit.clinic_id,
        "status": visit.status,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=visit.minutes),
        "duration_minutes": visit.minutes,
        "buffer_before_minutes": visit.before,
        "buffer_after_minutes": visit.after,
        "local_date": local.date(),
        "local_time": local.time(),
        "time_zone": str(LONDON),
        "modality": visit.kind.modality,
        "moved_from_id": visit.moved_from.pk if visit.moved_from else None,
        "created_by_id": getattr(author, "pk", None),
        "overridden_by_id": getattr(overrider, "pk", None),
        "referral_id": getattr(referral, "pk", None),
        "version": len(visit.events),
        **fields,
    }


def _allocations(world: World, visits: list[Visit]) -> Iterator[Row]:
    stamps = Stamps(world)
    keys = iter(reserve_keys(Allocation, sum(len(visit.parts) for visit in visits)))
    for visit in visits:
        for part in visit.parts:
            yield {
                "id": next(keys),
                "appointment_id": visit.pk,
                "resource_id": part.resource_id,
                "requirement_id": part.requirement_id,
                "core": f"[{stamps[part.core[0]]},{stamps[part.core[1]]})",
                "during": f"[{stamps[part.during[0]]},{stamps[part.during[1]]})",
                "released_at": visit.released_at,
                "overbooked": part.overbooked,
            }


def _masks(world: World, visits: list[Visit]) -> Iterator[Row]:
    """The ledger's live rows as day masks. Buffers never reach midnight UTC, yet a long int would not mind."""
    busy: dict[int, int] = defaultdict(int)
    for visit in visits:
        if visit.released_at is None:
            for part in visit.parts:
                busy[part.resource_id] |= bits(*part.during)
    whole_day = bits(0, CELLS_PER_DAY)
    days = [
        (resource_id, number, mask)
        for resource_id, taken in sorted(busy.items())
        for number in range(taken.bit_length() // CELLS_PER_DAY + 1)
        if (mask := (taken >> (number * CELLS_PER_DAY)) & whole_day)
    ]
    for pk, (resource_id, number, mask) in zip(reserve_keys(ResourceDay, len(days)), days, strict=True):
        day = world.horizon.first + timedelta(days=number)
        yield {"id": pk, "resource_id": resource_id, "day": day, "busy": mask.to_bytes(MASK_BYTES, "little")}


def _write_cancellations(visits: list[Visit]) -> None:
    reasons = dict(CancellationReason.objects.values_list("code", "pk"))
    rows = []
    for visit in visits:
        if visit.cancellation:
            facts = dict(visit.cancellation)
            rows.append(Cancellation(appointment_id=visit.pk, reason_id=reasons[facts.pop("reason")], **facts))
    Cancellation.objects.bulk_create(rows)


def _history(world: World, visits: list[Visit]) -> Iterator[Row]:
    entries: list[tuple[datetime, int, int, Visit, Event]] = sorted(
        ((event.at, visit.pk, place, visit, event) for visit in visits for place, event in enumerate(visit.events)),
        key=lambda entry: entry[:3],
    )
    keys = reserve_keys(ScheduleEvent, len(entries))
    for pk, (at, _, _, visit, event) in zip(keys, entries, strict=True):
        yield {
            "id": pk,
            "kind": event.kind,
            "clinic_id": visit.clinic_id,
            "doctor_id": visit.doctor_id,
            "appointment_id": visit.pk,
            "actor_id": getattr(event.by, "pk", None),
            "source": event.source,
            "payload": as_json(_payload(world, visit, event)),
            "at": at,
        }


def _payload(world: World, visit: Visit, event: Event) -> dict[str, list]:
    """What changed, in the shape that commands write: field to [old, new]."""
    facts: dict[str, list] = {"status": [event.old, event.new]}
    if event.kind == "appointment.booked":
        facts["starts_at"] = [None, world.horizon.instant(visit.start).isoformat()]
        facts["doctor"] = [None, visit.doctor_id]
    elif event.kind == "appointment.rescheduled" and visit.moved_from:
        times = (world.horizon.instant(each.start).isoformat() for each in (visit.moved_from, visit))
        facts["starts_at"] = list(times)
        facts["doctor"] = [visit.moved_from.doctor_id, visit.doctor_id]
    elif event.kind == "appointment.cancelled" and visit.cancellation:
        facts["reason"] = [None, visit.cancellation["reason"]]
        facts["late"] = [None, visit.cancellation["is_late"]]
    elif event.kind == "appointment.review_required":
        facts["review_reason"] = [None, visit.fields["review_reason"]]
    return facts
