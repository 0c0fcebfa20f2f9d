"""What a patient does about an offer behind its link, and how they ask for an earlier time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from scheduling.booking import book_appointment
from scheduling.links import manage_link, token_of
from scheduling.models import Appointment, Status
from tests import factories
from tests.scheduling.self_service.conftest import Phone
from waitlist.models import Entry, Offer, OfferState, Outcome
from waitlist.offers import accept

pytestmark = pytest.mark.django_db


@pytest.fixture
def later(consultation, dr_osei, harbour, receptionist, at) -> Appointment:
    """What somebody has at three, and would give up."""
    return book_appointment(
        patient=factories.PatientFactory(at=[harbour], mobile="+447700900123"),
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("15:00"),
        by=receptionist,
    )


def phone_of(visit: Appointment) -> Phone:
    """The patient's telephone, at the link of a visit; their birth date has been given."""
    phone = Phone()
    phone.token = token_of(manage_link(appointment=visit))
    phone.says_birth_date(visit.patient.birth_date)
    return phone


def text_of(phone: Phone) -> str:
    return " ".join(phone.open().content.decode().split())


@pytest.fixture
def offered(freed, waits, later, sweep) -> Offer:
    waits(9, patient=later.patient, visit=later)
    return sweep()


def test_an_offer_shows_both_times_and_a_yes_exchanges_them(offered, later):
    phone = phone_of(offered.appointment)
    shown = text_of(phone)
    assert "An earlier time is free" in shown
    assert "10:00am" in shown
    assert "3:00pm" in shown
    assert Offer.objects.get().state == OfferState.SENT, "looking answers nothing"

    assert phone.press("offer/yes/").status_code == 302

    later.refresh_from_db()
    assert later.status == Status.RESCHEDULED
    assert "3:00pm" not in text_of(phone)
    assert "10:00am" in text_of(phone)
    assert phone.press("offer/no/").status_code == 302, "a second answer changes nothing"
    assert Offer.objects.get().state == OfferState.ACCEPTED


def test_a_no_keeps_everything_and_a_stop_ends_the_wait(offered, later):
    phone = phone_of(offered.appointment)

    phone.press("offer/no/")

    assert "Thank you for telling us" in text_of(phone)
    assert "You are still on the waiting list" in text_of(phone)
    phone.press("leave/")
    assert "You are no longer on the waiting list" in text_of(phone)
    assert Entry.objects.get().outcome == Outcome.WITHDREW
    later.refresh_from_db()
    assert later.status == Status.CONFIRMED


def test_a_late_answer_is_told_calmly_what_still_stands(offered, later):
    with time_machine.travel(offered.appointment.expires_at + timedelta(seconds=1), tick=False):
        phone = phone_of(offered.appointment)
        phone.press("offer/yes/")

        shown = text_of(phone)
        assert "That time has gone" in shown
        assert "3:00pm" in shown
    later.refresh_from_db()
    assert later.status == Status.CONFIRMED


def test_before_a_person_agrees_nobody_reads_an_offer(offered):
    Offer.objects.update(state=OfferState.APPROVAL)

    assert "Take this time" not in text_of(phone_of(offered.appointment))


def test_whoever_asks_for_an_earlier_time_waits_for_it_once_and_can_leave(later):
    phone = phone_of(later)
    assert "Tell me if something earlier opens" in text_of(phone)

    for _ in range(2):
        assert phone.press("earlier/").status_code == 302

    entry = Entry.objects.get()
    assert (entry.visit, entry.patient, entry.channel) == (later, later.patient, "link")
    assert "We will tell you if something earlier opens" in text_of(phone)
    assert entry.waiting_since <= timezone.now()
    phone.press("leave/")
    assert Entry.objects.get().outcome == Outcome.WITHDREW


def test_whoever_cancels_the_visit_they_would_give_up_waits_on_and_reads_so(later, sweep, freed):
    phone = phone_of(later)
    phone.press("earlier/")
    phone.press("cancel/")

    assert "You are still on the waiting list" in text_of(phone)
    offer = sweep()
    assert offer.appointment.patient == later.patient
    accept(offer=offer, by=None)
    assert set(Appointment.objects.filter(patient=later.patient).values_list("status", flat=True)) == {
        Status.CANCELLED,
        Status.CONFIRMED,
    }


def test_a_freed_time_is_nobodys_to_choose_until_those_who_wait_were_looked_at(later, freed, sweep, monday):
    phone = phone_of(later)
    ten = f"{freed.doctor_id}.{freed.clinic_id}.{freed.starts_at.isoformat()}"
    assert ten not in phone.open(f"time/?from={monday}").content.decode()
    calendar = f"time/?view=calendar&month={monday:%Y-%m}&day={monday}"
    before = phone.open(calendar)
    assert ten not in before.content.decode()
    refused = phone.press("time/", slot=ten).content.decode()
    assert "Somebody else has just taken that time" in refused

    sweep()

    assert ten in phone.open(f"time/?from={monday}").content.decode()
    after = phone.open(calendar)
    assert ten in after.content.decode()
    for answer in (before, after):
        days = [day for week in answer.context["times"].month.weeks for day in week if day and day.date == monday]
        assert [day.count for day in days] == [answer.context["times"].days[0].count]


def test_who_may_move_their_visit_no_more_is_not_told_of_earlier_times_either(later):
    with time_machine.travel(later.starts_at - timedelta(hours=1), tick=False):
        phone = phone_of(later)
        assert "Tell me if something earlier opens" not in text_of(phone)
        phone.press("earlier/")

    assert not Entry.objects.exists()
