"""A time that comes free is offered to one person after the other, and is never promised twice."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
import time_machine
from django.utils import timezone

from carebridge.errors import InvalidInput
from reminders.models import Kind, Reminder
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.lapsing import expire_lapsed
from scheduling.models import Appointment, Status
from tests import factories
from tests.waitlist.conftest import sorted_by_hand, state_of
from waitlist.entries import pause
from waitlist.errors import OfferOver
from waitlist.freed import match_due
from waitlist.matching import rank, restored, stored
from waitlist.models import (
    Cause,
    ClinicTerms,
    Decision,
    Entry,
    EntryStatus,
    FreedSlot,
    Offer,
    OfferState,
    Outcome,
    SlotState,
    Urgency,
)
from waitlist.offers import accept, approve, decline, take_off
from waitlist.sweeps import close_what_is_too_late, note_booked_visits

pytestmark = pytest.mark.django_db


def test_a_cancelled_visits_time_waits_for_second_thoughts_then_goes_to_whoever_comes_first(freed, waits, sweep):
    waits(2)
    first = waits(30)

    assert not match_due()
    offer = sweep()

    assert offer.entry == first
    visit = offer.appointment
    assert (visit.patient, visit.status, visit.starts_at) == (first.patient, Status.PENDING, freed.starts_at)
    assert Reminder.objects.get(appointment=visit).kind == Kind.OFFER
    assert state_of(freed) == SlotState.OFFERED
    assert not match_due()


def test_what_is_taken_back_was_never_free(freed, waits, sweep, receptionist):
    waits()
    undo_cancellation(appointment=freed.appointment, by=receptionist)

    assert sweep() is None
    assert state_of(freed) == SlotState.WITHDRAWN


def test_a_yes_makes_the_visit_firm_and_ends_the_wait(freed, waits, sweep):
    entry = waits()
    offer = sweep()

    accept(offer=offer, by=None)

    offer.refresh_from_db()
    assert (offer.state, offer.appointment.status) == (OfferState.ACCEPTED, Status.CONFIRMED)
    assert Entry.objects.get(pk=entry.pk).outcome == Outcome.BOOKED
    assert state_of(freed) == SlotState.FILLED
    assert Reminder.objects.filter(appointment=offer.appointment_id, kind=Kind.BOOKED).exists()
    with pytest.raises(OfferOver):
        decline(offer=offer, by=None)


def test_a_no_and_silence_cost_nothing_and_the_next_is_asked_until_nobody_is_left(freed, waits, sweep):
    first, second, third = waits(30), waits(20), waits(10)

    decline(offer=sweep(), by=None)
    assert Entry.objects.get(pk=first.pk).status == "active"
    silent = sweep()
    assert silent.entry == second
    with time_machine.travel(silent.appointment.expires_at + timedelta(seconds=1), tick=False):
        expire_lapsed(now=timezone.now())
        match_due()
    last = Offer.objects.open().get()
    assert last.entry == third
    decline(offer=last, by=None, stop=True)
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        match_due()

    assert state_of(freed) == SlotState.NOBODY
    assert list(Offer.objects.values_list("state", flat=True)) == ["declined", "expired", "declined"]
    assert Entry.objects.get(pk=third.pk).outcome == Outcome.WITHDREW
    assert not Appointment.objects.filter(status=Status.PENDING).exists()


def test_an_earlier_time_takes_the_place_of_the_visit_they_have_and_frees_that_in_turn(
    freed, waits, sweep, consultation, dr_osei, harbour, receptionist, at
):
    person = factories.PatientFactory(at=[harbour])
    later = book_appointment(
        patient=person,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("15:00"),
        by=receptionist,
    )
    entry = waits(9, patient=person, visit=later)

    moved = accept(offer=sweep(), by=None)

    later.refresh_from_db()
    assert (moved.status, moved.moved_from, moved.starts_at) == (Status.CONFIRMED, later, at("10:00"))
    assert (later.status, moved.calendar_uid) == (Status.RESCHEDULED, later.calendar_uid)
    assert Entry.objects.get(pk=entry.pk).outcome == Outcome.BOOKED
    chain = FreedSlot.objects.get(cause=Cause.MOVED)
    assert (chain.starts_at, chain.state) == (at("15:00"), SlotState.WAITING)
    assert Reminder.objects.filter(appointment=moved, kind=Kind.RESCHEDULED).exists()


def test_who_books_such_a_visit_meanwhile_waits_for_an_earlier_one_and_never_has_two(
    freed, waits, sweep, dr_osei, harbour, consultation, receptionist, at
):
    entry = waits(30)
    book = {"patient": entry.patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    book_appointment(**book, starts_at=at("15:00"), by=receptionist)

    accept(offer=sweep(), by=None)

    theirs = dict(Appointment.objects.filter(patient=entry.patient).values_list("starts_at", "status"))
    assert theirs == {at("10:00"): Status.CONFIRMED, at("15:00"): Status.RESCHEDULED}


def test_nobody_is_asked_about_a_time_later_than_what_they_booked_meanwhile(
    freed, waits, sweep, dr_osei, harbour, consultation, receptionist, at
):
    entry = waits(30)
    book = {"patient": entry.patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    earlier = book_appointment(**book, starts_at=at("09:00"), by=receptionist)

    assert sweep() is None
    assert Decision.objects.get().skipped == [[entry.pk, "has_earlier"]]
    assert (note_booked_visits(), note_booked_visits()) == (1, 0)
    assert Entry.objects.get().visit == earlier


def test_whose_visit_has_begun_waits_for_no_earlier_one(
    visit, waits, dr_osei, harbour, consultation, receptionist, patient_request, at
):
    begins = at("15:00")
    book = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
    seen, called_off = waits(30), waits(30)
    book_appointment(patient=seen.patient, starts_at=begins, **book)
    theirs = book_appointment(patient=called_off.patient, starts_at=begins - timedelta(hours=1), **book)
    cancel_appointment(appointment=theirs, reason=patient_request, by=receptionist)

    assert note_booked_visits() == 1
    with time_machine.travel(begins - timedelta(seconds=1), tick=False):
        assert close_what_is_too_late() == 0
    with time_machine.travel(begins, tick=False):
        assert (close_what_is_too_late(), close_what_is_too_late()) == (1, 0)

    assert Entry.objects.get(pk=seen.pk).outcome == Outcome.TOO_LATE
    assert Entry.objects.get(pk=called_off.pk).status == EntryStatus.ACTIVE


def test_whoever_may_not_have_the_visit_is_passed_over_with_the_reason_kept(freed, waits, sweep, harbour, consultation):
    child = factories.PatientFactory(at=[harbour], birth_date=timezone.now().date() - timedelta(days=3000))
    consultation.min_age = 18
    consultation.save()
    too_young, entry = waits(50, patient=child), waits(1)

    assert sweep().entry == entry
    assert Decision.objects.get().skipped == [[too_young.pk, "too_young"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"weekdays": [1, 2]},
        {"from_time": time(10, 5)},
        {"until_time": time(9, 55)},
        {"notice_minutes": 60 * 24 * 400},
    ],
    ids=str,
)
def test_nobody_is_asked_for_a_time_at_which_they_said_they_cannot_come(freed, waits, sweep, asked):
    waits(20, **asked)

    assert sweep() is None
    assert state_of(freed) == SlotState.NOBODY


def test_nobody_is_asked_who_pauses_or_must_see_another_doctor(freed, waits, sweep, receptionist, dr_wilk):
    pause(entry=waits(), by=receptionist)
    waits(doctor=dr_wilk, doctor_is_must=True)

    assert sweep() is None


def test_a_clinic_further_down_someones_list_scores_less(
    freed, waits, sweep, northgate, harbour, consultation, dr_wilk
):
    factories.OfferingFactory(doctor=dr_wilk, appointment_type=consultation, clinic=northgate)
    waits(30, clinic=northgate, other_clinics=[harbour])
    here = waits(29)

    assert sweep().entry == here
    assert [row[4] for row in Decision.objects.get().candidates] == [1, 2]


def test_the_stored_decision_replays_to_the_same_order_and_is_what_an_independent_sort_gives(freed, waits, sweep):
    for days in (3, 80, 79, 41, 12, 66):
        waits(days, urgency=Urgency.SOON if days % 2 else Urgency.ROUTINE, urgency_reason="Pain at night")
    sweep()

    decision = Decision.objects.get()
    again = rank(restored(decision.candidates), seed=decision.seed, points=decision.points)
    assert stored(again) == decision.candidates
    assert [row[0] for row in decision.candidates] == sorted_by_hand(decision)
    assert decision.chosen_id == decision.candidates[0][0]


def test_nobody_urgent_or_under_age_is_asked_before_a_person_agrees(freed, waits, sweep, receptionist):
    urgent, calm = waits(5, urgency=Urgency.URGENT, urgency_reason="Chest pain"), waits(1)
    offer = sweep()
    assert (offer.entry, offer.state, offer.needs) == (urgent, OfferState.APPROVAL, "urgent")
    assert not Reminder.objects.filter(appointment=offer.appointment_id).exists()

    with pytest.raises(InvalidInput):
        decline(offer=offer, by=receptionist)
    approve(offer=offer, by=receptionist)
    assert Reminder.objects.get(appointment=offer.appointment_id).kind == Kind.OFFER

    decline(offer=offer, by=receptionist, reason="Seen at the hospital")
    assert sweep().entry == calm
    assert Offer.objects.get(entry=urgent).reason == "Seen at the hospital"


def test_a_time_taken_at_the_desk_meanwhile_is_nobodys_offer(
    freed, waits, sweep, patient, consultation, dr_osei, harbour, receptionist
):
    waits()
    book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=freed.starts_at,
        by=receptionist,
    )

    assert sweep() is None
    assert state_of(freed) == SlotState.GONE


def test_what_is_too_close_becomes_a_call(freed, waits):
    waits()
    with time_machine.travel(freed.starts_at - timedelta(minutes=70), tick=False):
        match_due()

    assert state_of(freed) == SlotState.CALL
    assert len(Decision.objects.get().candidates) == 1


def test_nobody_is_asked_more_often_at_once_than_the_clinic_allows(
    freed, waits, visit, consultation, dr_osei, harbour, receptionist, patient_request, at, sweep
):
    person = factories.PatientFactory(at=[harbour])
    waits(30, patient=person)
    assert sweep().entry.patient == person
    ClinicTerms.objects.create(clinic=harbour, offers_at_once=1)
    another = waits(1)
    second = book_appointment(
        patient=factories.PatientFactory(at=[harbour]),
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("14:00"),
        by=receptionist,
    )
    cancel_appointment(appointment=second, reason=patient_request, by=receptionist)
    sweep()

    assert Offer.objects.get(slot__starts_at=at("14:00")).entry == another
    assert Decision.objects.get(slot__starts_at=at("14:00")).skipped[0][1] == "asked_enough"


def test_whoever_is_taken_off_the_list_keeps_no_time(freed, waits, sweep, receptionist):
    entry = waits()
    offer = sweep()

    take_off(entry=entry, outcome=Outcome.WITHDREW, by=receptionist)

    assert Appointment.objects.get(pk=offer.appointment_id).status == Status.EXPIRED
    assert state_of(freed) == SlotState.WAITING


def test_of_two_times_offered_at_once_one_is_taken_and_the_other_goes_to_the_next(
    freed, waits, sweep, consultation, dr_osei, harbour, receptionist, patient_request, at
):
    entry = waits(30)
    first = sweep()
    second = book_appointment(
        patient=factories.PatientFactory(at=[harbour]),
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("14:00"),
        by=receptionist,
    )
    cancel_appointment(appointment=second, reason=patient_request, by=receptionist)
    sweep()
    other = Offer.objects.exclude(pk=first.pk).get()
    assert other.entry == entry

    accept(offer=first, by=None)
    with pytest.raises(OfferOver):
        accept(offer=other, by=None)
    behind = waits(1)
    sweep()

    assert Offer.objects.get(pk=other.pk).state == OfferState.WITHDRAWN
    assert Offer.objects.open().get().entry == behind
    assert Appointment.objects.get(pk=other.appointment_id).status == Status.EXPIRED
