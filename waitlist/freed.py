"""Times that came free: written down, and offered one person after the other until taken or over."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.utils import timezone

from carebridge.db import command, lock_in_order
from carebridge.errors import DomainError
from scheduling.errors import SlotHeld, SlotTaken
from scheduling.lapsing import expire_lapsed
from scheduling.models import Appointment
from scheduling.withheld import Withheld
from waitlist.answering import answer_by
from waitlist.eligible import free_starts, is_held, suiting, types_waited_for
from waitlist.errors import OfferOver
from waitlist.matching import Ranked, rank
from waitlist.models import Cause, ClinicTerms, EntryStatus, FreedSlot, Offer, SlotState, terms_of
from waitlist.offers import make_offer, seed_of, withdraw, write_decision

logger = logging.getLogger(__name__)

WHILE_HELD = timedelta(seconds=30)
AT_MOST = timedelta(minutes=10)
"""So long after it was due an unmatched time is kept from patients who look for one."""


def write_freed(appointment: Appointment, cause: Cause, *, at: datetime, due_at: datetime) -> None:
    """Write down that a visit gave back its time, unless it has begun. Part of a command."""
    if appointment.starts_at <= at:
        return
    FreedSlot.objects.create(
        clinic_id=appointment.clinic_id,
        doctor_id=appointment.doctor_id,
        appointment_type_id=appointment.appointment_type_id,
        appointment=appointment,
        cause=cause,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        freed_at=at,
        due_at=due_at,
    )


def withdraw_freed(appointment_id: int) -> None:
    """The time isn't free after all. Part of a command."""
    FreedSlot.objects.filter(appointment=appointment_id, state=SlotState.WAITING).update(state=SlotState.WITHDRAWN)


def withheld(clinic_ids: Collection[int], now: datetime) -> Iterable[Withheld]:
    """Freed times that are still to be matched: whoever waits comes before whoever happens to look.

    Not for long: should nothing match them, patients may choose them after a while.
    """
    fresh = FreedSlot.objects.filter(clinic__in=clinic_ids, state=SlotState.WAITING, due_at__gt=now - AT_MOST)
    for doctor_id, starts_at, ends_at in fresh.values_list("doctor", "starts_at", "ends_at"):
        yield Withheld(doctor_id, starts_at, ends_at)


def match_due(limit: int = 100) -> int:
    """Look at every time that is due for those who wait. How many offers were made. Safe beside itself."""
    # A time whose offer has run out is free only once that has lapsed.
    expire_lapsed(now=timezone.now())
    for offer in Offer.objects.open().filter(entry__status=EntryStatus.CLOSED):
        # Two times were offered at once, and one was taken. Another sweep may be at it.
        with suppress(OfferOver):
            withdraw(offer=offer, by=None)
    due = FreedSlot.objects.filter(state=SlotState.WAITING, due_at__lte=timezone.now()).order_by("due_at", "pk")
    return sum(_match_safely(pk) for pk in due.values_list("pk", flat=True)[:limit])


def _match_safely(slot_id: int) -> bool:
    try:
        return match(slot_id) is not None
    except DomainError as refused:
        # One time that can't be matched now keeps no other waiting; the sweep looks at it again.
        logger.warning("freed time not matched", extra={"slot": slot_id, "code": refused.code})
        return False


def match(slot_id: int) -> Offer | None:
    """Offer a time that came free to whoever comes first of those it suits and who may have it.

    None when nobody is asked: the time is settled then, put off while somebody holds it, or another sweep is at it.
    """
    now = timezone.now()
    slot = FreedSlot.objects.select_related("clinic", "doctor", "appointment_type").get(pk=slot_id)
    types = types_waited_for(slot)
    starts = free_starts(slot, types, now)
    if types and not starts:
        return _put_off(slot=slot) if is_held(slot, now) else _settle(slot=slot, state=SlotState.GONE)
    terms = terms_of(slot.clinic)
    suited = suiting(slot, starts, now)
    ranked = rank(suited, seed=seed_of(slot), points=terms.points)
    until = answer_by(now, slot.starts_at, terms, slot.clinic.zone)
    if until is None:
        state = SlotState.CALL if ranked else SlotState.NOBODY
        return _settle(slot=slot, state=state, ranked=ranked, terms=terms)

    skipped: list[tuple[int, str]] = []
    for each in ranked:
        entry_id, starts_at = each.candidate.entry_id, suited[each.candidate]
        try:
            return make_offer(slot, entry_id, starts_at, until, ranked=ranked, skipped=skipped, terms=terms)
        except SlotHeld:
            return _put_off(slot=slot)
        except SlotTaken:
            return _settle(slot=slot, state=SlotState.GONE)
        except DomainError as refused:
            skipped.append((entry_id, refused.code))
    return _settle(slot=slot, state=SlotState.NOBODY, ranked=ranked, skipped=skipped, terms=terms)


@command()
def _put_off(*, slot: FreedSlot) -> None:
    FreedSlot.objects.filter(pk=slot.pk, state=SlotState.WAITING).update(due_at=timezone.now() + WHILE_HELD)


@command()
def _settle(
    *,
    slot: FreedSlot,
    state: SlotState,
    ranked: Sequence[Ranked] = (),
    skipped: Sequence[tuple[int, str]] = (),
    terms: ClinicTerms | None = None,
) -> None:
    """The time is offered to nobody any more, unless another sweep has offered it meanwhile."""
    (locked,) = lock_in_order(FreedSlot, [slot.pk])
    if locked.state != SlotState.WAITING:
        return
    locked.state = state
    locked.save(update_fields=["state"])
    if terms:
        write_decision(locked, ranked, skipped, terms, at=timezone.now())
