"""Time longer than one visit, such as an extra session that opened: offered part by part."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min, Q
from django.db.models.functions import Coalesce

from scheduling.events import TimeOpened
from scheduling.models import Appointment, Offering
from waitlist.models import Cause, Entry, FreedSlot, Offer, SlotState


def write_opened(event: TimeOpened) -> None:
    """Write down that a doctor's time opened, due at once. Part of a command.

    When it had opened before and nobody has looked yet, it is one time and not two.
    """
    of_theirs = FreedSlot.objects.filter(clinic=event.clinic_id, doctor=event.doctor_id, cause=Cause.OPENED)
    within = of_theirs.filter(starts_at__gte=event.starts_at, ends_at__lte=event.ends_at)
    within.filter(state=SlotState.WAITING).update(state=SlotState.WITHDRAWN)
    FreedSlot.objects.create(
        clinic_id=event.clinic_id,
        doctor_id=event.doctor_id,
        cause=Cause.OPENED,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        freed_at=event.at,
        due_at=event.at,
    )


def set_rest_apart(slot: FreedSlot, visit: Appointment) -> None:
    """Leave to a time what a visit offered out of it takes; what is left waits as its own. Part of a command.

    No two sweeps can write the same rest: the slot's row is locked, was still waiting, and is offered afterwards.
    """
    least = _shortest(slot) if slot.starts_at < visit.starts_at or visit.ends_at < slot.ends_at else None
    if least is None:
        return
    opened = slot.appointment_type_id is None
    # A visit's own time begins where the offer does, unless it is in use; in time that opened a shorter one may fit.
    if opened and visit.starts_at - slot.starts_at >= least:
        _part(slot, slot.starts_at, visit.starts_at)
    # Where time opened, what is left may go on in time that was free anyway.
    if visit.ends_at < slot.ends_at and (opened or slot.ends_at - visit.ends_at >= least):
        _part(slot, visit.ends_at, slot.ends_at)
    slot.starts_at, slot.ends_at = visit.starts_at, visit.ends_at
    slot.save(update_fields=["starts_at", "ends_at"])


def parts_of(slot: FreedSlot) -> list[int]:
    """The ids of all that was one time with this one; none, if a visit freed it and nothing of it was set apart."""
    whole = slot.part_of_id or slot.pk
    if whole is None or (slot.appointment_type_id and not slot.part_of_id):
        return []
    return list(FreedSlot.objects.filter(Q(pk=whole) | Q(part_of=whole)).values_list("pk", flat=True))


def is_asked_about_part(entry: Entry, slot: FreedSlot) -> bool:
    """Whether somebody is being asked about another part of the same time."""
    parts = parts_of(slot)
    return bool(parts) and Offer.objects.open().filter(entry=entry, slot__in=parts).exists()


def _part(slot: FreedSlot, starts_at: datetime, ends_at: datetime) -> None:
    """Due when the whole was, and so kept from patients' pages no longer."""
    FreedSlot.objects.create(
        clinic=slot.clinic,
        doctor=slot.doctor,
        appointment_type=slot.appointment_type,
        part_of_id=slot.part_of_id or slot.pk,
        cause=slot.cause,
        freed_at=slot.freed_at,
        due_at=slot.due_at,
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _shortest(slot: FreedSlot) -> timedelta:
    """The length of the shortest visit that the doctor does there."""
    done = Offering.objects.filter(clinic=slot.clinic_id, doctor=slot.doctor_id, is_active=True)
    lasts = Coalesce("duration_minutes", "appointment_type__duration_minutes")
    return timedelta(minutes=done.aggregate(least=Min(lasts))["least"] or 0)
