"""The waitlist's screens: who is being asked stays current, and what staff say when they put somebody down."""

from __future__ import annotations

import re
from datetime import time, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from carebridge.accounts.models import Role, User
from carebridge.errors import InvalidInput
from reminders.models import Kind, Reminder, State
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.memberships import grant_membership
from scheduling.models import Referral, Status
from scheduling.queries.free_time import FreeTime
from tests import factories
from waitlist.by_hand import offer_by_hand
from waitlist.freed import match_due
from waitlist.models import Contact, Entry, FreedSlot, Offer, OfferState, Outcome
from waitlist.offers import accept
from waitlist.sweeps import note_booked_visits

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, receptionist) -> Client:
    client.force_login(receptionist)
    return client


@pytest.mark.parametrize(
    ("likes", "contact", "needs"),
    [("sms", Contact.PHONE, "by_phone"), ("phone", "", "by_phone"), ("phone", Contact.MESSAGE, ""), ("sms", "", "")],
)
def test_who_is_asked_by_telephone_only_is_called(likes, contact, needs, desk, freed, waits, sweep, harbour):
    patient = factories.PatientFactory(at=[harbour], mobile="+447700900123", preferred_channel=likes)
    waits(patient=patient, contact=contact)

    offer = sweep()

    assert (offer.needs, offer.state) == (needs, OfferState.APPROVAL if needs else OfferState.SENT)
    shown = desk.get("/waitlist/offers/").text
    assert ("By telephone only" in shown) is bool(needs)
    assert f"/waitlist/offers/{offer.pk}/approve/" not in shown
    assert f"/waitlist/offers/{offer.pk}/yes/" in shown


def test_the_part_that_changes_is_asked_for_again_and_is_the_same_until_it_changes(desk, freed, waits, sweep):
    waits()
    offer = sweep()
    tag = re.search(r'data-etag="([^"]+)"', desk.get("/waitlist/").text)[1].replace("&quot;", '"')

    same = desk.get("/waitlist/offers/", headers={"If-None-Match": tag})
    accept(offer=offer, by=None)
    other = desk.get("/waitlist/offers/", headers={"If-None-Match": tag})

    assert (same.status_code, other.status_code) == (304, 200)
    assert "Nobody is being asked" in other.text


@pytest.fixture
def dr_north(northgate, northgate_room, consultation):
    """Sees the same patients at Northgate."""
    doctor = factories.DoctorFactory(at=[northgate])
    factories.works_on_weekdays(doctor.resource, northgate)
    factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=northgate)
    return doctor


def test_a_free_time_of_the_board_is_offered_to_somebody_whom_it_suits(
    desk, waits, harbour, northgate, dr_north, dr_osei, at
):
    """To who waits at another clinic and would come here only by who sees to that list too."""
    first, later = waits(days=30), waits(days=2)
    would_come = waits(days=60, clinic=northgate, other_clinics=[harbour])
    cannot = waits(days=90, until_time=time(9))
    offer_by_hand(entry=later, doctor=dr_osei, starts_at=at("16:00"), by=None, reason="Rang")
    free = FreeTime(harbour.pk, dr_osei.pk, at("10:00"), at("11:00")).query

    page = desk.get(f"/waitlist/offer/?{free}").text

    names = re.findall(r'<th scope="row">([^<]+)<', page)
    assert names == [first.patient.full_name, later.patient.full_name]
    assert '<td class="num">10:00</td>' in page
    assert cannot.patient.full_name not in page
    assert would_come.patient.full_name not in page
    where = re.search(r'href="(/waitlist/\d+/offer/\?slot=[^"]+)"', page)[1]
    assert first.patient.full_name in desk.get(where).text
    assert desk.post(where, {"reason": " "}).status_code == 422
    assert desk.post(where, {"reason": "Rang this morning"}).status_code == 302

    offer = Offer.objects.get(entry=first)
    assert (offer.appointment.starts_at, offer.decision.reason) == (at("10:00"), "Rang this morning")
    assert '<td class="num">10:00</td>' not in desk.get(f"/waitlist/offer/?{free}").text


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("2026-12-07T10:00:00+00:00", 422),
        ("0001-01-01T00:00:00+14:00", 200),
        ("9999-12-31T23:59:00-14:00", 200),
        ("10:00", 200),
    ],
)
def test_a_time_that_cannot_be_offered_is_refused_in_words(desk, waits, harbour, start, status):
    """Of a doctor who doesn't do the visit; what is no time of a schedule leads to the times there are."""
    doctor = factories.DoctorFactory(at=[harbour])
    where = f"/waitlist/{waits().pk}/offer/?slot={quote(f'{doctor.pk}.{harbour.pk}.{start}')}"

    answers = [
        desk.get(where),
        desk.post(where, {"reason": "Rang"}),
        desk.post(where, {"reason": "Rang", "said_yes": "1"}),
    ]

    assert [each.status_code for each in answers] == [status] * 3
    assert not Offer.objects.exists()


def test_a_time_too_close_to_write_is_a_list_of_whom_to_call_until_somebody_has_it(desk, freed, waits, harbour):
    first, second = waits(days=30), waits(days=2)
    with time_machine.travel(freed.starts_at - timedelta(minutes=70), tick=False):
        desk.force_login(User.objects.get(username="reception"))
        match_due()
        where = re.search(r'href="(/waitlist/offer/[^"]+)">Whom to call', desk.get("/waitlist/").text)[1]
        page = desk.get(where.replace("&amp;", "&")).text
        assert page.index(first.patient.full_name) < page.index(second.patient.full_name)
        assert 'href="tel:+447700900123"' in page

        person = re.search(r'href="(/waitlist/\d+/offer/[^"]+)"', page)[1]
        assert "Offer it" not in desk.get(person).text
        assert desk.post(person, {"reason": "First in line"}).status_code == 422
        assert desk.post(person, {"reason": "First in line", "said_yes": "1"}).status_code == 302
        assert "Whom to call" not in desk.get("/waitlist/").text

    offer = Offer.objects.get()
    entry = Entry.objects.get(pk=first.pk)
    assert (offer.entry, offer.state, entry.outcome) == (first, OfferState.ACCEPTED, Outcome.BOOKED)
    assert (offer.appointment.status, offer.decision.reason) == (Status.CONFIRMED, "First in line")
    assert Kind.OFFER not in Reminder.objects.filter(appointment=offer.appointment).values_list("kind", flat=True)


def test_a_time_is_offered_at_another_clinic_only_to_who_would_come_there(waits, northgate, dr_north, at):
    offered = {"doctor": dr_north, "clinic": northgate, "starts_at": at("10:00"), "by": None, "reason": "Rang"}
    with pytest.raises(InvalidInput):
        offer_by_hand(entry=waits(), **offered)

    assert offer_by_hand(entry=waits(other_clinics=[northgate]), **offered).appointment.clinic == northgate


@pytest.mark.parametrize(
    ("state", "words", "calls"),
    [(State.DELIVERED, "Delivered", False), (State.FAILED, "Did not arrive: call", True)],
)
def test_beside_an_offer_stands_what_became_of_its_message(state, words, calls, desk, freed, waits, sweep):
    waits()
    offer = sweep()
    tag = desk.get("/waitlist/offers/")["ETag"]
    assert "Going out" in desk.get("/waitlist/offers/").text

    Reminder.objects.filter(appointment=offer.appointment).update(state=state, claimed_at=timezone.now())
    changed = desk.get("/waitlist/offers/", headers={"If-None-Match": tag})

    assert words in changed.text
    assert ('href="tel:' in changed.text) is calls


def test_many_offers_cost_as_many_statements_as_one(
    desk, waits, consultation, dr_osei, room_1, harbour, receptionist, patient_request, at, statements_of
):
    def free(time: str) -> None:
        wish = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
        visit = book_appointment(patient=factories.PatientFactory(at=[harbour]), starts_at=at(time), **wish)
        cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
        FreedSlot.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        waits()
        match_due()

    free("09:00")
    desk.get("/waitlist/offers/")
    for_one = statements_of(lambda: desk.get("/waitlist/offers/"))
    free("11:00")
    free("14:00")
    for_three = statements_of(lambda: desk.get("/waitlist/offers/"))

    assert Offer.objects.open().count() == 3
    assert for_one == for_three


def test_staff_say_what_would_be_given_up_by_whose_request_and_how_to_ask(desk, visit, cardiology, harbour):
    patient, today = visit.patient, timezone.now().date()
    facts = {"referrer": "Dr Hale", "service": cardiology, "valid_from": today, "valid_until": today.replace(year=2030)}
    referral = Referral.objects.create(patient=patient, number="R-7", **facts)
    other = Referral.objects.create(patient=factories.PatientFactory(at=[harbour]), number="R-8", **facts)
    asked = {
        "appointment_type": visit.appointment_type_id,
        "clinic": visit.clinic_id,
        "urgency": 0,
        "contact": "phone",
        "visit": visit.pk,
        "referral": referral.pk,
    }
    address = f"/patients/{patient.pk}/waitlist/"

    assert desk.post(address, {**asked, "referral": other.pk}).status_code == 422
    assert desk.post(address, asked).status_code == 302
    entry = Entry.objects.get()
    assert (entry.visit, entry.referral, entry.contact) == (visit, referral, "phone")


def test_a_wait_is_changed_at_the_desk_and_what_the_desk_cannot_see_of_it_stays(
    desk, waits, harbour, northgate, dr_osei, receptionist
):
    second = factories.ClinicFactory()
    grant_membership(user=receptionist, clinic=second, role=Role.RECEPTIONIST, by=None)
    entry = waits(12, other_clinics=[northgate, second], notice_minutes=90, from_time=time(9), doctor=dr_osei)
    record = desk.get(f"/patients/{entry.patient_id}/").content.decode()
    address = f"/waitlist/{entry.pk}/change/"
    assert "12 days" in record
    assert address in record

    page = desk.get(address)
    form = page.context["form"]
    assert "for 12 days" in page.content.decode()
    shown = [form[name].value() for name in ("notice_hours", "doctor", "second_clinic")]
    assert shown == [2, dr_osei.pk, second.pk]
    sent = {"clinic": harbour.pk, "urgency": 1, "notice_hours": 2, "from_time": "09:00", "doctor": dr_osei.pk}
    sent["second_clinic"] = second.pk
    assert desk.post(address, sent).status_code == 422, "more urgent than routine takes a reason"
    said = {"urgency_reason": "Worse since Friday", "seen": form["seen"].value()}
    assert desk.post(address, {**sent, **said}).status_code == 302

    changed = Entry.objects.get()
    assert (changed.urgency, changed.notice_minutes, changed.from_time) == (1, 90, time(9))
    assert (changed.other_clinic_ids, changed.waited(timezone.now()).days) == ([second.pk, northgate.pk], 12)
    stale = desk.post(address, {**sent, "urgency": 0, "seen": form["seen"].value()})
    assert stale.status_code == 422
    assert "changed meanwhile" in stale.content.decode()
    assert desk.post(address, {**sent, "urgency": 0, "notice_hours": 3}).status_code == 302
    assert Entry.objects.get().notice_minutes == 180


def test_clinics_are_put_in_the_order_of_choice(desk, patient, consultation, harbour, receptionist, dr_osei):
    clinics = [factories.ClinicFactory() for _ in range(3)]
    for clinic in clinics:
        grant_membership(user=receptionist, clinic=clinic, role=Role.RECEPTIONIST, by=None)
    asked = {"appointment_type": consultation.pk, "clinic": harbour.pk, "urgency": 0}
    first, second, third = (each.pk for each in clinics)

    sent = {**asked, "second_clinic": third, "other_clinics": [first, second, third]}
    assert desk.post(f"/patients/{patient.pk}/waitlist/", sent).status_code == 302

    entry = Entry.objects.get()
    assert entry.other_clinic_ids[0] == third
    assert sorted(entry.other_clinic_ids) == sorted([first, second, third])
    form = desk.get(f"/waitlist/{entry.pk}/change/").context["form"]
    assert form["second_clinic"].value() == third
    assert sorted(form["other_clinics"].value()) == sorted([first, second])


def test_a_visit_at_a_clinic_one_cannot_see_is_not_shown_and_stays_what_would_be_given_up(
    desk, waits, harbour, northgate, dr_north, consultation, receptionist_elsewhere, at
):
    entry = waits(3)
    book = {"patient": entry.patient, "appointment_type": consultation, "clinic": northgate, "doctor": dr_north}
    visit = book_appointment(**book, starts_at=at("15:00"), by=receptionist_elsewhere)
    assert note_booked_visits() == 0
    Entry.objects.update(visit=visit)

    for address in ("/waitlist/", f"/waitlist/{entry.pk}/change/", "/api/v1/waitlist/entries/"):
        assert visit.reference not in desk.get(address).content.decode()
    assert desk.post(f"/waitlist/{entry.pk}/change/", {"clinic": harbour.pk, "urgency": 0}).status_code == 302
    assert Entry.objects.get().visit == visit
