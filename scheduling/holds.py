"""Holding a time for some minutes while the patient's details are taken.

A hold is a courtesy between colleagues, kept in Redis. The ledger decides, always: without Redis booking works and
is safe, only holding doesn't.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from django.utils import timezone
from redis.exceptions import RedisError

from carebridge.accounts.models import User
from carebridge.errors import DomainError
from carebridge.events import emit
from scheduling import availability, hold_store, timeline
from scheduling.availability import Assessment, VisitPlan
from scheduling.errors import HoldGone, HoldsUnavailable, SlotHeld, SlotTaken, SlotUnavailable
from scheduling.events import HoldChanged
from scheduling.hold_store import HoldRecord
from scheduling.models import Appointment, AppointmentType, Clinic, Doctor
from scheduling.permissions import require
from scheduling.roles import Permission
from scheduling.withheld import refuse_withheld

log = structlog.get_logger(__name__)

HOLD_SECONDS = 5 * 60
EXTENSION_SECONDS = 3 * 60


@dataclass(frozen=True, slots=True)
class Hold:
    """A time that is being booked: until when, and what it keeps from others (the doctor's resource comes first)."""

    id: str
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    doctor_id: int
    clinic_id: int
    appointment_type_id: int
    resource_ids: tuple[int, ...]
    user_id: str | None
    extended: bool

    @property
    def may_extend(self) -> bool:
        """Whether it can still be prolonged: once."""
        return not self.extended


def hold_slot(
    *,
    appointment_type: AppointmentType,
    doctor: Doctor,
    clinic: Clinic,
    starts_at: datetime,
    owner: str,
    by: User | None,
    ignoring: int | None = None,
    by_patient: bool = False,
) -> Hold:
    """Hold a free time (aware start) for five minutes on behalf of a token; `ignoring` is a visit being moved.

    A patient (`by_patient`) gets no time that is being offered to those who wait.

    Raises SlotHeld and SlotTaken (with the nearest free times), SlotUnavailable, HoldsUnavailable, NotFound,
    NotAllowed.
    """
    require(by, Permission.BOOK, clinic.pk)
    plan = availability.load_plan(appointment_type, doctor, clinic)
    try:
        if by_patient:
            refuse_withheld(plan, starts_at, timezone.now())
        return _claimed(plan, starts_at, owner=owner, by=by, ignoring=ignoring)
    except (SlotHeld, SlotTaken) as refused:
        refused.detail["nearest"] = availability.nearest_slots(
            appointment_type_id=plan.appointment_type_id,
            doctor_id=plan.doctor_id,
            clinic_id=plan.clinic_id,
            starts_at=starts_at,
            now=timezone.now(),
            owner=owner,
            ignoring=ignoring,
        )
        raise


def _claimed(plan: VisitPlan, starts_at: datetime, *, owner: str, by: User | None, ignoring: int | None) -> Hold:
    """Claim the time in Redis. Raises SlotHeld, SlotTaken, SlotUnavailable, HoldsUnavailable."""
    # Somebody may claim the same room between looking and claiming; looking once more finds another room.
    for _ in range(2):
        facts = availability.fresh_facts(plan, starts_at, owner=owner, ignoring=ignoring)
        found = availability.assess(plan=plan, starts_at=starts_at, facts=facts, now=timezone.now())
        if not found.bookable:
            raise _refusal(found)
        record = _record(found, owner, by)
        with _redis_or_say_so():
            claimed = hold_store.claim(record, HOLD_SECONDS * 1000)
        if claimed:
            _tell(record)
            return _hold(record)
    raise SlotHeld


def find_hold(hold_id: str, owner: str) -> Hold:
    """The live hold of that id and owner. Raises HoldGone, HoldsUnavailable."""
    return _hold(_owned(hold_id, owner))


def extend_hold(hold_id: str, owner: str) -> Hold:
    """Give a hold three more minutes, once. Raises HoldGone, HoldsUnavailable."""
    record = _owned(hold_id, owner)
    if record.extended:
        raise HoldGone("This hold was already extended once. Book now, or hold the time again when it ends.")
    longer = replace(record, expires=record.expires + EXTENSION_SECONDS, extended=True)
    with _redis_or_say_so():
        if not hold_store.prolong(record, longer, EXTENSION_SECONDS * 1000):
            raise HoldGone
    _tell(longer)
    return _hold(longer)


def release_hold(hold_id: str, owner: str) -> None:
    """Give a held time back. One that has ended already is released. Raises HoldsUnavailable."""
    try:
        record = _owned(hold_id, owner)
    except HoldGone:
        return
    with _redis_or_say_so():
        hold_store.drop(record)
    _tell(record)


def spend_hold(owner: str, *, booked: Appointment | None = None) -> None:
    """End everything a token holds, once its booking is durable. Without Redis the holds end by themselves.

    Screens of the booked day hear of the booking anyway; of what was held on another day, doctor or clinic they are
    told here.
    """
    try:
        for record in hold_store.alive():
            if record.owner == owner and hold_store.drop(record) and not _shows_with(record, booked):
                _tell(record)
    except RedisError as error:
        log.warning("holds_unavailable", error=type(error).__name__)


def _shows_with(record: HoldRecord, booked: Appointment | None) -> bool:
    """Whether the screens that show the hold are those that show the appointment."""
    if booked is None or (record.clinic_id, record.doctor_id) != (booked.clinic_id, booked.doctor_id):
        return False
    return timeline.instant_of(record.starts).astimezone(booked.clinic.zone).date() == booked.local_date


def _tell(record: HoldRecord) -> None:
    starts_at = timeline.instant_of(record.starts)
    emit(HoldChanged(clinic_id=record.clinic_id, doctor_id=record.doctor_id, starts_at=starts_at))


def _owned(hold_id: str, owner: str) -> HoldRecord:
    """The live hold of that id, or, where a caller knows only its token, the one that the token holds."""
    with _redis_or_say_so():
        record = hold_store.read(hold_id)
        if record is None and hold_id == owner:
            record = next((each for each in hold_store.alive() if each.owner == owner), None)
    if record is None or not owner or record.owner != owner:
        raise HoldGone
    return record


def _record(found: Assessment, owner: str, by: User | None) -> HoldRecord:
    cells = tuple(
        (each.resource_id, timeline.step_floor(each.during[0]), timeline.step_ceil(each.during[1]))
        for each in found.allotments
    )
    return HoldRecord(
        id=secrets.token_hex(12),
        owner=owner,
        user_id=str(by.pk) if by else None,
        appointment_type_id=found.plan.appointment_type_id,
        doctor_id=found.plan.doctor_id,
        clinic_id=found.plan.clinic_id,
        starts=timeline.step_floor(found.starts_at),
        ends=timeline.step_ceil(found.ends_at),
        cells=cells,
        expires=timezone.now().timestamp() + HOLD_SECONDS,
    )


def _hold(record: HoldRecord) -> Hold:
    return Hold(
        id=record.id,
        starts_at=timeline.instant_of(record.starts),
        ends_at=timeline.instant_of(record.ends),
        expires_at=record.expires_at,
        doctor_id=record.doctor_id,
        clinic_id=record.clinic_id,
        appointment_type_id=record.appointment_type_id,
        resource_ids=tuple(dict.fromkeys(resource for resource, _, _ in record.cells)),
        user_id=record.user_id,
        extended=record.extended,
    )


def _refusal(found: Assessment) -> DomainError:
    """The error that says why the time can't be held."""
    detail = {"reasons": [reason.as_dict() for reason in found.reasons]}
    codes = {reason.code for reason in found.reasons}
    held = "held" in codes or any(reason.detail.get("held") for reason in found.reasons)
    if held and codes <= {"held", "no_resource"}:
        return SlotHeld(detail=detail)
    if codes <= {"doctor_busy", "no_resource", "held"}:
        return SlotTaken(detail=detail)
    first = next(reason for reason in found.reasons if reason.code not in {"doctor_busy", "no_resource", "held"})
    return SlotUnavailable(first.message, code=first.code, detail=detail)


@contextmanager
def _redis_or_say_so() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        log.warning("holds_unavailable", error=type(error).__name__)
        raise HoldsUnavailable from error
