"""Offering a time to one person: kept for them as a pending visit, until they answer or it lapses.

The visit and the offer are written together, so that a time is never promised that isn't kept; and every end of the
visit, by whatever door, is the end of the offer (`handlers.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput
from scheduling.booking import WORDS, confirm_appointment, place_visit
from scheduling.errors import SlotTaken
from scheduling.history import record_appointment
from scheduling.lapsing import let_lapse
from scheduling.locking import lock_appointments, lock_patient, save_changes
from scheduling.models import Appointment, Channel, Patient
from scheduling.permissions import require, role_at
from scheduling.placement import Wish
from scheduling.rescheduling import bring_forward
from scheduling.roles import Permission
from waitlist import entries
from waitlist.answering import answer_by
from waitlist.eligible import is_asked_enough
from waitlist.errors import AskedEnough, HasEarlier, NotWaiting, OfferOver
from waitlist.matching import Ranked, stored
from waitlist.meanwhile import EARLIER_BY, note_booked
from waitlist.models import (
    ClinicTerms,
    Contact,
    Decision,
    Entry,
    EntryStatus,
    FreedSlot,
    Offer,
    OfferState,
    Outcome,
    SlotState,
    Urgency,
    terms_of,
)
from waitlist.opened import is_asked_about_part, set_rest_apart

ONE_PERSON = {**WORDS, "waitlist_one_person_at_a_time": SlotTaken}
HAS_ONE_ALREADY = frozenset({"too_many_open"})
"""Of somebody who gives up a visit for this one, the cap on visits to come asks nothing."""


@command(ONE_PERSON)
def make_offer(
    slot: FreedSlot,
    entry_id: int,
    starts_at: datetime,
    until: datetime,
    *,
    ranked: Sequence[Ranked],
    skipped: Sequence[tuple[int, str]],
    terms: ClinicTerms,
    by: User | None = None,
    reason: str = "",
    told: bool = False,
) -> Offer:
    """Keep a time (aware) for somebody who waits until `until`, and ask them; some, only once a person agrees.

    `ranked` and `skipped` are kept as the decision; `reason` is that of a person (`by`) who chose. Who is `told` gets
    no message. Raises as `book_appointment`, and NotWaiting, AskedEnough, HasEarlier unless a person chose, or
    SlotTaken when somebody has been offered the time meanwhile.
    """
    now = timezone.now()
    entry = Entry.objects.select_related("patient", "appointment_type", "referral", "visit").get(pk=entry_id)
    lock_patient(entry.patient_id)
    note_booked(entry)
    if not by and entry.gives_up_visit and entry.visit and entry.visit.starts_at <= starts_at + EARLIER_BY:
        raise HasEarlier
    visit = _keep(entry, slot, starts_at, until, by=by, now=now)
    (slot,) = lock_in_order(FreedSlot, [slot.pk])
    (entry,) = lock_in_order(Entry, [entry.pk])
    if slot.state != SlotState.WAITING:
        raise SlotTaken
    if entry.status != EntryStatus.ACTIVE or entry.patient_id != visit.patient_id:
        raise NotWaiting
    if is_asked_enough(entry, terms) or is_asked_about_part(entry, slot):
        raise AskedEnough

    decision = write_decision(slot, ranked, skipped, terms, at=now, chosen=entry, by=by, reason=reason)
    needs = "" if by else why_a_person_must_agree(entry, visit.patient, visit.local_date, terms)
    offer = Offer.objects.create(
        decision=decision,
        slot=slot,
        entry=entry,
        appointment=visit,
        state=OfferState.APPROVAL if needs else OfferState.SENT,
        needs=needs,
        made_at=now,
    )
    set_rest_apart(slot, visit)
    slot.state = SlotState.OFFERED
    slot.save(update_fields=["state"])
    _account(offer, "waitlist.offered", by=by, action=Action.CREATE)
    if not needs and not told:
        _tell(visit, by=by, at=now)
    return offer


def _keep(
    entry: Entry, slot: FreedSlot, starts_at: datetime, until: datetime, *, by: User | None, now: datetime
) -> Appointment:
    wish = Wish(
        patient=entry.patient,
        appointment_type=entry.appointment_type,
        doctor=slot.doctor,
        clinic=slot.clinic,
        starts_at=starts_at,
        now=now,
        referral=entry.referral,
        set_aside=HAS_ONE_ALREADY if entry.gives_up_visit else frozenset(),
    )
    placed = place_visit(wish, by=by, channel=Channel.WAITLIST, pending_until=until)
    if isinstance(placed, SlotTaken):
        raise placed
    return placed


def write_decision(
    slot: FreedSlot,
    ranked: Sequence[Ranked],
    skipped: Sequence[tuple[int, str]],
    terms: ClinicTerms,
    *,
    at: datetime,
    chosen: Entry | None = None,
    by: User | None = None,
    reason: str = "",
) -> Decision:
    """Keep how it was decided. Part of a command."""
    return Decision.objects.create(
        slot=slot,
        chosen=chosen,
        candidates=stored(ranked),
        skipped=[list(each) for each in skipped],
        points=terms.points,
        seed=seed_of(slot),
        made_at=at,
        made_by=by,
        reason=reason,
    )


def seed_of(slot: FreedSlot) -> str:
    """What settles draws for this time: nobody chooses it, and it never changes."""
    return f"{slot.pk}-{slot.freed_at:%Y%m%d%H%M%S%f}"


def why_a_person_must_agree(entry: Entry, patient: Patient, day: date, terms: ClinicTerms) -> str:
    """The code of why nobody is asked before a person agrees, or an empty string."""
    if entry.is_sensitive:
        return "sensitive"
    if terms.approve_urgent and entry.urgency == Urgency.URGENT:
        return "urgent"
    if patient.age_on(day) < terms.approve_under_age:
        return "under_age"
    if terms.pk and terms.approve_types.filter(pk=entry.appointment_type_id).exists():
        return "configured"
    likes_calls = patient.preferred_channel == Patient.ContactChannel.PHONE
    if entry.contact == Contact.PHONE or (likes_calls and entry.contact == Contact.AS_USUAL):
        # A message might lapse before they look.
        return "by_phone"
    return "" if patient.mobile or patient.email else "no_contact"


def _tell(visit: Appointment, *, by: User | None, at: datetime) -> None:
    record_appointment("appointment.offered", visit, by=by, at=at, changes={}, source=Channel.WAITLIST)


# --- Answers -------------------------------------------------------------------------------------------------------


@command()
def accept(*, offer: Offer, by: User | None) -> Appointment:
    """Make the visit firm, in the place of one that the patient gives up for it, if any. `by` None: the patient.

    Raises OfferOver, and WrongStatus when the visit has lapsed; NotAllowed.
    """
    offer, visit = _locked(offer, by)
    if offer.entry.status == EntryStatus.CLOSED:
        # Another time was taken a moment ago, of two that were offered at once.
        raise OfferOver
    _account(offer, "waitlist.answered", by=by, facts={"answer": "accepted"})
    old = offer.entry.visit
    if old and offer.entry.gives_up_visit and old.patient_id == visit.patient_id and old.starts_at > visit.starts_at:
        return bring_forward(pending=visit, old=old, by=by)
    return confirm_appointment(appointment=visit, by=by)


@command()
def decline(*, offer: Offer, by: User | None, stop: bool = False, reason: str = "") -> None:
    """Say no to this time; the patient waits on as before, unless they want to be asked no more (`stop`).

    A person (`by`) who skips somebody says why. Raises OfferOver, InvalidInput, NotAllowed.
    """
    if by is not None and not reason.strip():
        raise InvalidInput(fields={"reason": "Say why, so that it can be understood later."})
    offer, visit = _locked(offer, by)
    state = OfferState.SKIPPED if by else OfferState.DECLINED
    end_offer(offer, state, at=timezone.now(), by=by, reason=reason.strip())
    let_lapse(visit, by=by, at=timezone.now())
    _account(offer, "waitlist.answered", by=by, facts={"answer": str(state)})
    if stop and offer.entry.status != EntryStatus.CLOSED:
        entries.end(offer.entry, Outcome.WITHDREW, by=by)


@command()
def approve(*, offer: Offer, by: User) -> Offer:
    """Agree that somebody is asked. They have as long to answer as if the offer was made now.

    Raises OfferOver when it is no longer waiting for that, or too close to ask; NotAllowed.
    """
    now = timezone.now()
    offer, visit = _locked(offer, by)
    terms = terms_of(visit.clinic)
    until = answer_by(now, visit.starts_at, terms, visit.clinic.zone)
    if offer.state != OfferState.APPROVAL:
        raise OfferOver
    if until is None:
        raise OfferOver("The visit is too close to wait for an answer: call the patient.")
    visit.expires_at = until
    save_changes(visit, "expires_at")
    offer.state = OfferState.SENT
    offer.save(update_fields=["state"])
    _account(offer, "waitlist.approved", by=by)
    _tell(visit, by=by, at=now)
    return offer


@command()
def withdraw(*, offer: Offer, by: User | None) -> None:
    """Take an open offer back, because the wait is over. Raises OfferOver, NotAllowed."""
    offer, visit = _locked(offer, by)
    end_offer(offer, OfferState.WITHDRAWN, at=timezone.now(), by=by)
    let_lapse(visit, by=by, at=timezone.now())
    _account(offer, "waitlist.answered", by=by, facts={"answer": str(OfferState.WITHDRAWN)})


@command()
def take_off(*, entry: Entry, outcome: Outcome, by: User | None) -> None:
    """Take a patient off the list, with what is kept for them; `by` None: they did. Raises NotWaiting, NotAllowed."""
    for offer in Offer.objects.open().filter(entry=entry):
        withdraw(offer=offer, by=by)
    entries.close(entry=entry, outcome=outcome, by=by)


def _locked(offer: Offer, by: User | None) -> tuple[Offer, Appointment]:
    """The open offer and its visit, locked in the one order. Raises OfferOver, NotAllowed."""
    lock_patient(offer.appointment.patient_id)
    (visit,) = lock_appointments([offer.appointment_id])
    require(by, Permission.EDIT_WAITLIST, visit.clinic_id)
    (offer,) = lock_in_order(Offer, [offer.pk])
    lapsed = visit.expires_at is None or visit.expires_at <= timezone.now()
    if offer.ended_at or lapsed:
        raise OfferOver
    return offer, visit


def end_offer(offer: Offer, state: OfferState, *, at: datetime, by: User | None = None, reason: str = "") -> None:
    """Write down how an open offer ended, and let the next person be asked unless the time was taken up."""
    offer.state, offer.ended_at, offer.ended_by, offer.reason = state, at, by, reason
    offer.save(update_fields=["state", "ended_at", "ended_by", "reason"])
    taken = state == OfferState.ACCEPTED
    FreedSlot.objects.filter(pk=offer.slot_id, state=SlotState.OFFERED).update(
        state=SlotState.FILLED if taken else SlotState.WAITING, due_at=at
    )


def _account(
    offer: Offer,
    event: str,
    *,
    by: User | None,
    action: Action = Action.UPDATE,
    facts: Mapping[str, str] | None = None,
) -> None:
    clinic_id = offer.slot.clinic_id
    about = {"appointment": offer.appointment_id, "entry": offer.entry_id, **(facts or {})}
    log_change(offer, event=event, by=by, action=action, clinic_id=clinic_id, role=role_at(by, clinic_id), facts=about)
