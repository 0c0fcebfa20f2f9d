"""Patients answer by SMS: a plain answer is acted on, anything else is read by a person."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from xml.etree import ElementTree

import pytest
import time_machine
from django.utils import timezone

from carebridge.audit.models import LogEntry
from reminders import conversation
from reminders.contact_blocks import Reason, block_address
from reminders.models import ContactBlock, Conversation, InboundMessage, Medium, Reminder, State
from reminders.reply_records import forget_old_replies
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.merging import merge_patients, undo_merge
from scheduling.models import Appointment, Status
from tests import factories
from tests.reminders.test_webhooks import TOKEN, call

pytestmark = pytest.mark.django_db

NUMBER = "+447700900461"


@pytest.fixture(autouse=True)
def account(settings, patient_request):
    settings.TWILIO_AUTH_TOKEN, settings.PUBLIC_BASE_URL = TOKEN, "https://reminders.example.org"


@pytest.fixture
def text():
    """Somebody texts us; returns what we answer."""
    numbers = iter(range(1, 100))

    def send(words: str, *, sender: str = NUMBER, sid: str = "", **more: str) -> str:
        said = {"MessageSid": sid or f"SM{next(numbers)}", "From": sender, "To": "+447700900000", "Body": words, **more}
        answer = call("/webhooks/twilio/inbound/", said)
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
        return "".join(ElementTree.fromstring(answer.content).itertext())  # noqa: S314 - our own answer

    return send


@pytest.fixture
def reminded(remind) -> Reminder:
    """The patient was reminded of the visit by SMS an hour ago."""
    return remind(state=State.SENT, medium="sms", provider="twilio", sent_at=timezone.now() - timedelta(hours=1))


def last() -> InboundMessage:
    return InboundMessage.objects.latest("pk")


def status_of(visit: Appointment) -> str:
    return Appointment.objects.get(pk=visit.pk).status


# --- Confirming ------------------------------------------------------------------------------------------------------


def test_yes_records_the_patients_own_word(visit, reminded, text):
    answer = text("Yes please")

    visit.refresh_from_db()
    assert visit.attendance_confirmed_at
    assert "10:00am" in answer
    assert (last().outcome, last().needs_person, last().answers) == ("confirmed", False, reminded)


def test_the_trail_says_that_the_patient_did_it_by_sms(visit, reminded, text):
    text("Yes")

    entry = LogEntry.objects.get(event="appointment.attendance_confirmed")
    assert entry.actor is None
    assert entry.additional_data["process"] == "patient by SMS"
    assert "Yes" not in str(list(LogEntry.objects.filter(event__startswith="reply.").values_list("changes")))


def test_the_answer_is_in_the_patients_language_and_says_nothing_else_about_them(visit, reminded, patient, text):
    patient.language = "de"
    patient.save()

    answer = text("Ja, ich komme")

    assert answer.startswith("Danke. Wir erwarten Sie am Montag")
    assert not any(each in answer for each in ("Nerys", "Calloway", "Osei", "Cardiology", visit.reference))


def test_the_same_message_twice_is_acted_on_once_and_answered_alike(visit, reminded, text):
    first = text("Yes", sid="SM77")
    before = LogEntry.objects.count()

    assert text("Yes", sid="SM77") == first
    assert InboundMessage.objects.count() == 1
    assert LogEntry.objects.count() == before


def test_one_yes_confirms_all_visits_that_one_message_told_of(
    visit, reminded, remind, text, consultation, dr_wilk, harbour, patient, monday
):
    second = _book(patient, consultation, dr_wilk, harbour, monday, 14)
    remind(second, state=State.JOINED, joined_to=reminded)

    text("yes")

    assert Appointment.objects.filter(attendance_confirmed_at=None, patient=patient).count() == 0


def _book(patient, consultation, doctor, clinic, day, hour) -> Appointment:
    starts_at = datetime.combine(day, time(hour), tzinfo=clinic.zone)
    return book_appointment(
        patient=patient, appointment_type=consultation, doctor=doctor, clinic=clinic, starts_at=starts_at, by=None
    )


# --- Cancelling ------------------------------------------------------------------------------------------------------


def test_cancelling_is_asked_once_more_and_then_done(visit, reminded, text):
    asked = text("Sorry I can't come")
    assert "YES" in asked
    assert status_of(visit) == Status.CONFIRMED

    assert "is cancelled" in text("Yes")

    assert status_of(visit) == Status.CANCELLED
    cancellation = visit.cancellations.get()
    assert (cancellation.reason.code, cancellation.cancelled_by) == ("patient_request", None)
    assert not InboundMessage.objects.filter(needs_person=True).exists()


@pytest.mark.parametrize("words", ["CANCEL", "yes please cancel", "Cancel it please"])
def test_saying_cancel_again_cancels_too(visit, reminded, text, words):
    text("cancel")
    text(words)

    assert status_of(visit) == Status.CANCELLED


@pytest.mark.parametrize("words", ["No", "no thanks", "Keep it", "I'll be there"])
def test_whoever_thinks_again_keeps_the_visit(visit, reminded, text, words):
    text("cancel")

    assert "stays as it is" in text(words)
    assert status_of(visit) == Status.CONFIRMED
    assert not Conversation.objects.exists()


def test_an_unclear_answer_keeps_the_visit_and_a_person_reads_it(visit, reminded, text):
    text("cancel")

    assert "still booked" in text("well if it rains")
    assert status_of(visit) == Status.CONFIRMED
    assert last().needs_person
    assert text("yes")  # the question is closed: this confirms
    assert status_of(visit) == Status.CONFIRMED


def test_a_plain_no_to_a_reminder_is_asked_about_as_well(visit, reminded, text):
    assert "really want to cancel" in text("No")
    assert status_of(visit) == Status.CONFIRMED


def test_yes_to_a_newer_reminder_does_not_answer_the_old_question(visit, reminded, text):
    text("cancel")
    Reminder.objects.filter(pk=reminded.pk).update(sent_at=timezone.now() + timedelta(seconds=1))

    text("yes")

    visit.refresh_from_db()
    assert (visit.status, bool(visit.attendance_confirmed_at)) == (Status.CONFIRMED, True)


def test_a_question_is_not_answered_half_a_day_later(visit, reminded, text):
    text("cancel")
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        text("yes")

    assert status_of(visit) == Status.CONFIRMED


def test_after_the_cut_off_a_person_sees_to_it(visit, reminded, text):
    with time_machine.travel(visit.starts_at - timedelta(hours=3)):
        Reminder.objects.filter(pk=reminded.pk).update(sent_at=timezone.now() - timedelta(minutes=5))
        assert "too late to cancel by text" in text("cancel")

    assert status_of(visit) == Status.CONFIRMED
    assert (last().outcome, last().needs_person) == ("too_late", True)


def test_the_cut_off_holds_between_question_and_answer(visit, reminded, text):
    cutoff = visit.starts_at - timedelta(hours=24)
    with time_machine.travel(cutoff - timedelta(minutes=1)):
        Reminder.objects.filter(pk=reminded.pk).update(sent_at=timezone.now() - timedelta(minutes=5))
        text("cancel")
    with time_machine.travel(cutoff + timedelta(minutes=1)):
        assert "too late" in text("yes")

    assert status_of(visit) == Status.CONFIRMED


def test_a_visit_that_was_cancelled_meanwhile_is_not_confirmed(visit, reminded, text, patient_request, receptionist):
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    text("yes")

    assert (last().outcome, last().needs_person) == ("no_visit", True)


# --- Read by a person ------------------------------------------------------------------------------------------------


def test_another_time_waits_for_a_person_and_the_visit_stays(visit, reminded, text):
    assert "another time" in text("Could I come another day?")
    assert (status_of(visit), last().outcome, last().needs_person) == (Status.CONFIRMED, "another_time", True)


def test_what_is_not_understood_is_kept_for_a_person_and_said_so_once_a_day(visit, reminded, text, harbour):
    assert "will read" in text("My mother says hello")
    assert text("and my aunt") == ""
    assert InboundMessage.objects.filter(needs_person=True, clinic=harbour).count() == 2


def test_a_number_nobody_knows_gets_no_answer_but_a_reader(visit, reminded, text):
    assert text("yes", sender="+447700900999") == ""
    assert (last().outcome, last().needs_person, last().patient) == ("unknown_number", True, None)
    assert last().clinic is not None


def test_of_parent_and_child_with_one_number_a_person_decides(
    visit, reminded, remind, text, harbour, consultation, dr_wilk, monday
):
    child = factories.PatientFactory(given_name="Ifan", mobile=NUMBER, at=[harbour])
    theirs = _book(child, consultation, dr_wilk, harbour, monday, 9)
    remind(theirs, patient=child, state=State.SENT, medium="sms", sent_at=timezone.now())

    text("yes")

    assert (last().outcome, last().patient) == ("several_patients", None)
    assert Appointment.objects.filter(attendance_confirmed_at=None).count() == 2


def test_if_only_the_child_was_reminded_the_answer_is_about_the_child(
    visit, remind, text, harbour, consultation, dr_wilk, monday
):
    child = factories.PatientFactory(given_name="Ifan", mobile=NUMBER, at=[harbour])
    theirs = _book(child, consultation, dr_wilk, harbour, monday, 9)
    remind(theirs, patient=child, state=State.SENT, medium="sms", sent_at=timezone.now())

    text("yes")

    theirs.refresh_from_db()
    assert (last().outcome, last().patient, bool(theirs.attendance_confirmed_at)) == ("confirmed", child, True)


def test_cancelling_one_of_several_visits_of_a_message_is_left_to_a_person(
    visit, reminded, remind, text, consultation, dr_wilk, harbour, patient, monday
):
    second = _book(patient, consultation, dr_wilk, harbour, monday, 14)
    remind(second, state=State.JOINED, joined_to=reminded)

    text("cancel")

    assert (last().outcome, Conversation.objects.count()) == ("several_visits", 0)


def test_a_flood_from_one_number_is_kept_but_not_acted_on(visit, reminded, text, monkeypatch):
    monkeypatch.setattr(conversation, "MOST_AN_HOUR", 2)
    text("hm")
    text("hm")

    assert text("yes") == ""
    visit.refresh_from_db()
    assert (last().outcome, visit.attendance_confirmed_at) == ("too_many", None)


def test_an_answer_that_could_not_be_acted_on_is_still_there(visit, reminded, text, monkeypatch):
    def breaks(*args, **kwargs):
        from django.db import OperationalError

        raise OperationalError

    monkeypatch.setattr(conversation, "_decide", breaks)

    assert text("yes") == ""
    assert (last().outcome, last().needs_person, last().body) == ("received", True, "yes")


# --- Stop and start --------------------------------------------------------------------------------------------------


def test_stop_ends_messages_to_the_number_and_start_begins_them_again(visit, reminded, text, patient):
    text("STOP")
    assert ContactBlock.objects.get(lifted_at=None).address == NUMBER
    assert LogEntry.objects.get(event="contact.blocked").patient_id == patient.pk

    text("Start")
    assert not ContactBlock.objects.filter(lifted_at=None).exists()


def test_start_does_not_revive_a_number_that_is_not_in_use(reminded, text):
    block_address(medium=Medium.SMS, address=NUMBER, reason=Reason.BOUNCED, by=None)

    text("start")

    assert ContactBlock.objects.filter(lifted_at=None).count() == 1


def test_stop_twice_is_one_block(reminded, text):
    text("stop")
    text("STOP")

    assert ContactBlock.objects.count() == 1


def test_cancel_that_twilio_took_for_stop_is_read_by_a_person(visit, reminded, text):
    assert text("Cancel", OptOutType="STOP") == ""
    assert (last().outcome, last().needs_person, last().appointment) == ("carrier_stopped", True, visit)
    assert ContactBlock.objects.filter(reason=Reason.STOPPED).exists()
    assert status_of(visit) == Status.CONFIRMED


# --- What stays of it ------------------------------------------------------------------------------------------------


def test_replies_follow_a_merge_and_its_undoing(visit, reminded, text, patient, another_patient, clinic_admin):
    text("hm")
    merge = merge_patients(keep=another_patient, remove=patient, by=clinic_admin)
    assert last().patient == another_patient

    undo_merge(merge=merge, by=clinic_admin)
    assert last().patient == patient


def test_words_and_numbers_go_after_their_time_unless_somebody_still_has_to_read_them(visit, reminded, text):
    text("yes")
    text("hm hm")
    with time_machine.travel(timezone.now() + timedelta(days=181)):
        assert forget_old_replies() == 1

    assert list(InboundMessage.objects.order_by("pk").values_list("body", flat=True)) == ["", "hm hm"]
