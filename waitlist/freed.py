"""Times that came free: written down, and offered one person after the other until taken or over."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
from waitlist.eligible import asked_enough, free_starts, is_held, suiting, types_waited_for
from waitlist.errors import AskedEnough, OfferOver
from waitlist.matching import Candidate, Ranked, rank
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
    return sum(_match_safely(pk) for pk in _each_due(limit))


def _each_due(limit: int) -> Iterator[int]:
    """Every time that is due, once; what an offer leaves of one that opened comes up while the sweep still runs."""
    seen: set[int] = set()
    while len(seen) < limit:
        due = FreedSlot.objects.filter(state=SlotState.WAITING, due_at__lte=timezone.now()).exclude(pk__in=seen)
        found = list(due.order_by("due_at", "pk").values_list("pk", flat=True)[: limit - len(seen)])
        if not found:
            return
        seen.update(found)
        yield from found


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
        return _put_off(slot=slot) if is_held(slot, types, now) else _settle(slot=slot, state=SlotState.GONE)
    terms = terms_of(slot.clinic)
    until = {
        at: ends
        for at in {each for found in starts.values() for each in found}
        if (ends := answer_by(now, at, terms, slot.clinic.zone))
    }
    in_time = {kind: kept for kind, found in starts.items() if (kept := [at for at in found if at in until])}
    suited = suiting(slot, in_time or starts, now)
    ranked = rank(suited, seed=seed_of(slot), points=terms.points)
    if ranked and not in_time:
        return _settle(slot=slot, state=SlotState.CALL, ranked=ranked, terms=terms)

    return _ask_first(slot, ranked, suited, until, terms)


def _ask_first(
    slot: FreedSlot,
    ranked: Sequence[Ranked],
    suited: Mapping[Candidate, datetime],
    until: Mapping[datetime, datetime],
    terms: ClinicTerms,
) -> Offer | None:
    """Ask the first of them who may have the time; `until` when is said for each start."""
    skipped: list[tuple[int, str]] = []
    # Trying each of these costs as much as an offer, and when many times come free at once they are many.
    enough = asked_enough(terms) if ranked else set()
    for each in ranked:
        entry_id, starts_at = each.candidate.entry_id, suited[each.candidate]
        if entry_id in enough:
            skipped.append((entry_id, AskedEnough.code))
            continue
        try:
            return make_offer(slot, entry_id, starts_at, until[starts_at], ranked=ranked, skipped=skipped, terms=terms)
        except SlotHeld:
            return _put_off(slot=slot)
        except SlotTaken:
            if not slot.appointment_type:
                # Only one start of many was taken: look again what is left.
                return _put_off(slot=slot)
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
