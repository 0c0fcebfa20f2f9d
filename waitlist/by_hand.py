"""A free time offered by a person to somebody who waits, whoever comes first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling.availability import load_plan
from scheduling.errors import SlotTaken
from scheduling.models import AppointmentType, Clinic, Doctor
from scheduling.periods import Period
from scheduling.permissions import require
from scheduling.roles import Permission
from waitlist.answering import answer_by
from waitlist.eligible import free_starts, suiting, types_waited_for
from waitlist.errors import OfferOver
from waitlist.matching import Ranked, rank
from waitlist.models import Cause, Entry, FreedSlot, Offer, terms_of
from waitlist.offers import ONE_PERSON, accept, make_offer, seed_of


@command(ONE_PERSON)
def offer_by_hand(
    *,
    entry: Entry,
    doctor: Doctor,
    starts_at: datetime,
    by: User | None,
    reason: str,
    clinic: Clinic | None = None,
    said_yes: bool = False,
) -> Offer:
    """Keep a free time (aware) for somebody who waits and ask them; the list as it stands and `reason` are kept.

    At the clinic of their first choice, unless another is given. Who was called and `said_yes` has it at once, however
    close it is. Raises as `make_offer` and `accept`; InvalidInput without a reason or for a clinic that they don't wait
    for; OfferOver when the time is too close to wait for an answer; NotAllowed.
    """
    now, clinic = timezone.now(), clinic or entry.clinic
    for clinic_id in {entry.clinic_id, clinic.pk}:
        require(by, Permission.EDIT_WAITLIST, clinic_id)
    if clinic.pk != entry.clinic_id and not entry.other_clinics.filter(clinic=clinic).exists():
        raise InvalidInput("They don't wait for a time at that clinic.")
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why this person, so that it can be understood later."})
    terms = terms_of(clinic)
    until = starts_at if said_yes else answer_by(now, starts_at, terms, clinic.zone)
    if until is None:
        raise OfferOver("The visit is too close to wait for an answer: call the patient.")
    slot = _of_visit(entry, doctor, clinic, starts_at, now)
    slot.save()
    ranked = _ranked(slot, entry, starts_at, now)
    chosen: dict[str, Any] = {"ranked": ranked, "skipped": [], "terms": terms, "by": by, "reason": reason.strip()}
    offer = make_offer(slot, entry.pk, starts_at, until, told=said_yes, **chosen)
    if said_yes:
        accept(offer=offer, by=by)
    return offer


def is_too_close(clinic: Clinic, starts_at: datetime, now: datetime) -> bool:
    """Whether nobody can be given time to answer any more, so that they are called."""
    return answer_by(now, starts_at, terms_of(clinic), clinic.zone) is None


def ranked_for(entry: Entry, doctor: Doctor, clinic: Clinic, starts_at: datetime, now: datetime) -> list[Ranked]:
    """Who waits for such a visit whom a time would suit, in their order, the entry's own patient among them."""
    return _ranked(_of_visit(entry, doctor, clinic, starts_at, now), entry, starts_at, now)


def whom_it_suits(clinic: Clinic, doctor: Doctor, free: Period, now: datetime) -> list[tuple[Ranked, datetime]]:
    """Everybody whom a visit within a free time would suit, in their order, with when (UTC) theirs would start."""
    slot = _unsaved(clinic, doctor, free, now)
    suited = suiting(slot, free_starts(slot, types_waited_for(slot), now), now)
    ranked = rank(suited, seed=seed_of(slot), points=terms_of(clinic).points)
    return [(each, suited[each.candidate]) for each in ranked]


def _of_visit(entry: Entry, doctor: Doctor, clinic: Clinic, starts_at: datetime, now: datetime) -> FreedSlot:
    plan = load_plan(entry.appointment_type, doctor, clinic)
    if not plan.offered:
        raise SlotTaken("That doctor doesn't do this visit here.")
    return _unsaved(clinic, doctor, Period(starts_at, starts_at + plan.duration), now, entry.appointment_type)


def _unsaved(
    clinic: Clinic, doctor: Doctor, free: Period, now: datetime, kind: AppointmentType | None = None
) -> FreedSlot:
    return FreedSlot(
        clinic=clinic,
        doctor=doctor,
        appointment_type=kind,
        cause=Cause.BY_HAND,
        starts_at=free.start,
        ends_at=free.end,
        freed_at=now,
        due_at=now,
    )


def _ranked(slot: FreedSlot, entry: Entry, starts_at: datetime, now: datetime) -> list[Ranked]:
    suited = suiting(slot, {entry.appointment_type_id: [starts_at]}, now)
    return rank(suited, seed=seed_of(slot), points=terms_of(slot.clinic).points)
