"""A free time offered by a person to somebody who waits, whoever comes first."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling.availability import load_plan
from scheduling.errors import SlotTaken
from scheduling.models import Doctor
from scheduling.permissions import require
from scheduling.roles import Permission
from waitlist.answering import answer_by
from waitlist.eligible import suiting
from waitlist.errors import OfferOver
from waitlist.matching import Ranked, rank
from waitlist.models import Cause, Entry, FreedSlot, Offer, terms_of
from waitlist.offers import ONE_PERSON, make_offer, seed_of


@command(ONE_PERSON)
def offer_by_hand(*, entry: Entry, doctor: Doctor, starts_at: datetime, by: User | None, reason: str) -> Offer:
    """Keep a free time (aware) for somebody who waits and ask them; the list as it stands and `reason` are kept.

    Raises as `make_offer`; InvalidInput without a reason; OfferOver when the time is too close to wait for an answer;
    NotAllowed.
    """
    now = timezone.now()
    require(by, Permission.EDIT_WAITLIST, entry.clinic_id)
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why this person, so that it can be understood later."})
    terms = terms_of(entry.clinic)
    until = answer_by(now, starts_at, terms, entry.clinic.zone)
    if until is None:
        raise OfferOver("The visit is too close to wait for an answer: call the patient.")
    slot = _unsaved(entry, doctor, starts_at, now)
    slot.save()
    ranked = _ranked(slot, entry, starts_at, now)
    return make_offer(
        slot, entry.pk, starts_at, until, ranked=ranked, skipped=[], terms=terms, by=by, reason=reason.strip()
    )


def ranked_for(entry: Entry, doctor: Doctor, starts_at: datetime, now: datetime) -> list[Ranked]:
    """Who waits for such a visit whom a time would suit, in their order, the entry's own patient among them."""
    return _ranked(_unsaved(entry, doctor, starts_at, now), entry, starts_at, now)


def _unsaved(entry: Entry, doctor: Doctor, starts_at: datetime, now: datetime) -> FreedSlot:
    plan = load_plan(entry.appointment_type, doctor, entry.clinic)
    if not plan.offered:
        raise SlotTaken("That doctor doesn't do this visit here.")
    return FreedSlot(
        clinic=entry.clinic,
        doctor=doctor,
        appointment_type=entry.appointment_type,
        cause=Cause.BY_HAND,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=plan.duration_minutes),
        freed_at=now,
        due_at=now,
    )


def _ranked(slot: FreedSlot, entry: Entry, starts_at: datetime, now: datetime) -> list[Ranked]:
    suited = suiting(slot, {entry.appointment_type_id: [starts_at]}, now)
    return rank(suited, seed=seed_of(slot), points=terms_of(entry.clinic).points)
