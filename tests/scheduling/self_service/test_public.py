"""Anybody books on the public pages: what is offered, a code that shows who can be reached, and nobody told on."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, reset_queries, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reminders.code_messages import send_waiting
from reminders.models import OutboxMessage, Reminder
from scheduling import public_codes
from scheduling.booking import book_appointment
from scheduling.holds import hold_slot
from scheduling.lapsing import expire_lapsed
from scheduling.models import Appointment, OnlineBooking, Patient, PatientClinic, SelfBooking
from scheduling.public_codes import code_of, enter_code
from scheduling.sweeps import forget_unverified
from scheduling.views.self_service.public_form import stamp
from tests import factories

pytestmark = pytest.mark.django_db

SAM = {
    "whose": "me",
    "given_name": "Sam",
    "family_name": "Whitlock",
    "day": "27",
    "month": "3",
    "year": "1958",
    "contact": "sam@example.org",
}


class Anybody(Client):
    """A browser that no link led here."""

    def __init__(self, kind) -> None:
        super().__init__()
        self.page = f"/p/book/?type={kind.pk}"

    def sends(self, slot: str, **typed: str):
        """The details, by somebody who took half a minute to type them."""
        stamped = stamp(timezone.now() - timedelta(seconds=30))
        return self.post(self.page, {**SAM, "slot": slot, "sure": "1", "stamp": stamped, **typed})

    def enters(self, code: str):
        return self.post(f"/p/book/code/{SelfBooking.objects.latest('created_at').pk}/", {"code": code})


@pytest.fixture
def open_here(harbour, consultation, dr_osei, dr_wilk) -> OnlineBooking:
    """Anybody may book a consultation at Harbour."""
    return OnlineBooking.objects.create(clinic=harbour, appointment_type=consultation, mode="book")


@pytest.fixture
def anybody(open_here, consultation) -> Anybody:
    return Anybody(consultation)


@pytest.fixture
def ten(dr_osei, harbour, at) -> str:
    """Monday at ten with Dr Osei, as the button sends it."""
    return f"{dr_osei.pk}.{harbour.pk}.{at('10:00').isoformat()}"


def the_code() -> str:
    return code_of(SelfBooking.objects.latest("created_at"))


def test_somebody_new_picks_a_time_enters_the_code_and_is_booked(anybody, ten, at, monday):
    assert b"Cardiology" in anybody.get("/p/book/").content
    assert ten in anybody.get(f"{anybody.page}&from={monday}").content.decode()
    assert b"Your details" in anybody.post(anybody.page, {"slot": ten}).content
    assert anybody.sends(ten).status_code == 302
    visit = Appointment.objects.get()
    assert (visit.status, visit.channel, visit.starts_at) == ("pending", "web", at("10:00"))
    assert not PatientClinic.objects.exists()

    page = anybody.enters(the_code())
    shown = anybody.get(page["Location"]).content.decode()

    visit.refresh_from_db()
    assert (visit.status, visit.expires_at) == ("confirmed", None)
    assert visit.reference in shown
    assert PatientClinic.objects.get().patient == visit.patient
    assert Reminder.objects.filter(appointment=visit, kind="booked").exists()


def test_the_code_goes_out_once_to_the_mailbox_given_and_lies_nowhere(
    anybody, ten, django_capture_on_commit_callbacks, settings
):
    settings.REMINDER_TRANSPORTS = {**settings.REMINDER_TRANSPORTS, "email": "reminders.transports.outbox.Outbox"}
    anybody.cookies["patient_language"] = "fr"
    anybody.sends(ten)

    assert (send_waiting(), send_waiting()) == (1, 0)

    message = OutboxMessage.objects.get()
    assert message.to == "sam@example.org"
    assert re.search(r"\b\d{6}\b", message.text)[0] == the_code()


@pytest.fixture
def on_file(harbour) -> Patient:
    """Sam is a patient of Harbour already."""
    facts = {"given_name": "Sam", "family_name": "Whitlock", "search_name": "sam whitlock"}
    return factories.PatientFactory(**facts, birth_date="1958-03-27", email="Sam@Example.org", at=[harbour])


def test_who_is_on_file_already_keeps_the_one_record(anybody, ten, on_file):
    anybody.sends(ten)
    made = Appointment.objects.get().patient
    assert made != on_file

    anybody.enters(the_code())

    made.refresh_from_db()
    assert Appointment.objects.get().patient == on_file
    assert (made.anonymised_at is not None, made.email, made.family_name) == (True, "", "patient")


def test_who_presses_twice_is_told_the_same_twice(anybody, ten, on_file):
    anybody.sends(ten)
    first = SelfBooking.objects.get()
    second = SelfBooking.objects.select_related("patient").get()

    assert enter_code(booking=first, code=the_code()) == enter_code(booking=second, code=the_code())
    assert Appointment.objects.get().patient == on_file


@pytest.mark.parametrize("typed", [{"contact": "other@example.org"}, {"given_name": "Ted"}, {"year": "1959"}])
def test_who_differs_in_contact_name_or_birth_date_stays_somebody_else(anybody, ten, on_file, typed):
    anybody.sends(ten, **typed)
    anybody.enters(the_code())

    assert Appointment.objects.get().patient != on_file


def test_a_rule_against_the_known_patient_is_receptions_matter_and_the_page_says_the_same(
    anybody, ten, on_file, dr_wilk, consultation, harbour, at
):
    facts = {"appointment_type": consultation, "doctor": dr_wilk, "clinic": harbour, "starts_at": at("10:00")}
    book_appointment(patient=on_file, by=None, **facts)
    anybody.sends(ten)

    page = anybody.get(anybody.enters(the_code())["Location"])

    assert b"You are booked" in page.content
    mine = Appointment.objects.get(channel="web")
    assert (mine.patient, mine.status) == (on_file, "requires_review")


def probes(anybody, dr_osei, harbour, at, count: int, people) -> set[tuple[object, ...]]:
    """What the pages answer to details of people, without anything that differs for everybody: one kind of answer."""
    seen = set()
    slot = f"{dr_osei.pk}.{harbour.pk}.{at('10:00').isoformat()}"
    for number in range(-1, count):
        reset_queries()  # only the last 9000 are kept
        with transaction.atomic():
            with CaptureQueriesContext(connection) as asked:
                sent = anybody.sends(slot, **people(number))
            with CaptureQueriesContext(connection) as looked:
                page = anybody.get(sent["Location"]).content.decode()
            with CaptureQueriesContext(connection) as guessed:
                wrong = anybody.enters("nothing").content.decode()
            transaction.set_rollback(True)  # as if nobody had probed before
        plain = re.sub(r"[0-9a-f-]{36}|[\w-]{60,}|\d\d?:\d\d[ap]m", "", page + wrong)
        if number < 0:
            continue  # the first of all fills the process's own caches
        seen.add((sent.status_code, statements(asked), statements(looked), statements(guessed), plain))
    return seen


def statements(captured: CaptureQueriesContext) -> str:
    """What was asked of the database, without the values."""
    return re.sub(r"'[^']*'|\d+", "?", "; ".join(each["sql"] for each in captured))


def known_and_unknown(number: int) -> dict[str, str]:
    """Every second one is a patient, down to the mailbox."""
    return {} if number % 2 else {"given_name": f"Nobody{number}"}


def test_probing_tells_nobody_who_is_a_patient(anybody, on_file, dr_osei, harbour, at):
    assert len(probes(anybody, dr_osei, harbour, at, 6, known_and_unknown)) == 1


@pytest.mark.full
def test_ten_thousand_probes_tell_nobody_who_is_a_patient(anybody, on_file, dr_osei, harbour, at):
    assert len(probes(anybody, dr_osei, harbour, at, 10_000, known_and_unknown)) == 1


def guesses(anybody) -> int:
    """How many wrong codes are read before no code is."""
    return next((n for n in range(1, 9) if anybody.enters("nothing").status_code == 410), 0)


def test_five_wrong_codes_end_it_and_the_right_one_comes_too_late(anybody, ten):
    anybody.sends(ten)

    assert guesses(anybody) == public_codes.MOST_TRIES
    assert anybody.enters(the_code()).status_code == 410
    assert Appointment.objects.get().status == "pending"


def test_without_the_count_guessing_would_go_on(anybody, ten, monkeypatch):
    monkeypatch.setattr(public_codes, "MOST_TRIES", 10**6)
    anybody.sends(ten)

    assert guesses(anybody) == 0
    assert anybody.enters(the_code()).status_code == 302


def test_another_code_takes_the_place_of_the_first_twice(anybody, ten):
    anybody.sends(ten)
    first = the_code()
    again = f"/p/book/code/{SelfBooking.objects.get().pk}/again/"
    answers = [anybody.post(again).status_code for _ in range(3)]

    assert answers == [302, 302, 429]
    assert anybody.enters(first).status_code == 422
    assert anybody.enters(the_code()).status_code == 302


def test_a_code_nobody_enters_gives_the_time_back_and_the_record_is_forgotten(anybody, ten):
    anybody.sends(ten)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        expire_lapsed(now=timezone.now())
        assert anybody.enters(the_code()).status_code == 410
        assert forget_unverified() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert forget_unverified() == 1

    assert Appointment.objects.get().status == "expired"
    assert Patient.objects.get().email == ""


def test_what_was_typed_comes_back_with_the_nearest_times_when_the_time_is_gone(
    anybody, ten, another_patient, consultation, dr_osei, harbour, at
):
    facts = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "starts_at": at("10:00")}
    book_appointment(patient=another_patient, by=None, **facts)

    page = anybody.sends(ten)

    text = page.content.decode()
    assert (page.status_code, "Nearest to the time that is gone" in text) == (409, True)
    assert all(f'value="{SAM[name]}"' in text for name in ("given_name", "family_name", "contact"))


@pytest.mark.parametrize(
    "typed", [{"website": "x"}, {"stamp": ""}, {"stamp": "made:up"}, {"contact": "hello"}, {"year": "2999"}]
)
def test_programs_and_slips_book_nothing(anybody, ten, typed):
    assert anybody.sends(ten, **typed).status_code == 422
    assert not Patient.objects.exists()


def test_who_is_quicker_than_a_person_is_asked_again(anybody, ten):
    assert anybody.sends(ten, stamp=stamp(timezone.now())).status_code == 422


def test_one_mailbox_gets_five_codes_an_hour(anybody, dr_osei, dr_wilk, harbour, at):
    clocks = ["09:00", "10:00", "11:00", "14:00", "15:00", "16:00"]
    slots = [f"{dr_osei.pk}.{harbour.pk}.{at(clock).isoformat()}" for clock in clocks]

    assert [anybody.sends(slot).status_code for slot in slots] == [302] * 5 + [429]


def test_a_parent_books_for_a_child_and_reception_sees_who(anybody, ten):
    assert anybody.sends(ten, whose="other").status_code == 422
    anybody.sends(ten, whose="other", booker="Maya Whitlock")
    anybody.enters(the_code())

    assert Appointment.objects.get().patient.contact_note == "Booked online by Maya Whitlock"


def test_doctors_are_narrowed_by_sex_and_language_and_clinics_by_steps(anybody, dr_osei, dr_wilk, harbour):
    dr_wilk.languages = ["pl"]
    dr_wilk.save()

    men = anybody.get(f"{anybody.page}&sex=male&speaks=pl").content.decode()

    assert f'value="{dr_wilk.pk}.{harbour.pk}.' in men
    assert f'value="{dr_osei.pk}.{harbour.pk}.' not in men
    assert "No free time" in anybody.get(f"{anybody.page}&step_free=1").content.decode()


def test_public_pages_alone_may_ask_the_browser_where_it_is(anybody, client):
    assert "geolocation=(self)" in anybody.get("/p/book/")["Permissions-Policy"]
    assert "geolocation=()" in client.get("/")["Permissions-Policy"]


def test_a_colleagues_hold_is_not_taken_by_naming_it(anybody, ten, dr_osei, harbour, at, consultation, receptionist):
    facts = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "starts_at": at("10:00")}
    hold_slot(**facts, owner="reception-1", by=receptionist)
    anybody.cookies["patient_browser"] = "reception-1"

    assert anybody.sends(ten).status_code == 409


def test_what_is_only_seen_is_a_matter_for_the_telephone(anybody, open_here, ten):
    OnlineBooking.objects.update(mode="see")

    assert b"Please call us" in anybody.get(anybody.page).content
    assert b"Please call us" in anybody.sends(ten).content
    OnlineBooking.objects.all().delete()
    assert anybody.get(anybody.page).status_code == 404
    assert not Appointment.objects.exists()


@pytest.fixture
def request_sent(anybody, open_here, harbour):
    """Sam asked for a visit in the mornings, and entered the code."""
    OnlineBooking.objects.update(mode="request")
    anybody.sends("", clinic=str(harbour.pk), wishes="Mornings, please")
    assert anybody.enters(the_code()).status_code == 200
    return SelfBooking.objects.get()


def test_a_request_waits_for_reception_until_somebody_has_dealt_with_it(client, request_sent, receptionist):
    client.force_login(receptionist)
    listed = client.get("/requests/").content.decode()
    assert "Mornings, please" in listed
    assert "Sam Whitlock" in listed

    client.post(f"/requests/{request_sent.pk}/done/")

    assert "Mornings, please" not in client.get("/requests/").content.decode()
    request_sent.refresh_from_db()
    assert request_sent.handled_by == receptionist


def test_a_colleague_of_another_clinic_sees_no_request(client, request_sent, receptionist_elsewhere):
    client.force_login(receptionist_elsewhere)

    assert "Mornings" not in client.get("/requests/").content.decode()
    assert client.post(f"/requests/{request_sent.pk}/done/").status_code == 404


def test_the_list_of_requests_asks_as_much_for_three_as_for_one(
    client, request_sent, receptionist, django_assert_num_queries
):
    client.force_login(receptionist)
    client.get("/requests/")
    with CaptureQueriesContext(connection) as one:
        client.get("/requests/")
    for _ in range(2):
        request_sent.pk = None
        request_sent.patient = factories.PatientFactory(at=[request_sent.clinic])
        SelfBooking.objects.create(
            **{f.attname: getattr(request_sent, f.attname) for f in SelfBooking._meta.concrete_fields if f.name != "id"}
        )
    with CaptureQueriesContext(connection) as three:
        client.get("/requests/")

    assert len(one) == len(three)
