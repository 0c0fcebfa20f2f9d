"""Each provider's ways of saying no, told apart: try again, don't, the address is wrong, the provider is away."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import requests
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused, AnymailUnsupportedFeature
from django.utils import timezone

from reminders.models import Medium, OutboxMessage
from reminders.transports.base import DeliveryFailure, NoRecord, Outgoing, PermanentFailure, TemporaryFailure
from reminders.transports.email import Email
from reminders.transports.email.errors import failure_to_send
from reminders.transports.outbox import Outbox
from reminders.transports.twilio import Twilio

TEXT = "Your visit is on Monday at 10:00. https://clinic.example/p/abc"
CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def sms(**changes) -> Outgoing:
    given = {"key": uuid.uuid4(), "medium": Medium.SMS, "to": "+447700900461", "sender": "", "text": TEXT}
    return Outgoing(**(given | changes))


def mail(**changes) -> Outgoing:
    given = {"key": uuid.uuid4(), "medium": Medium.EMAIL, "to": "nerys@example.org", "subject": "Your visit"} | {
        "sender": "Harbour Street <no-reply@carebridge.example>",
        "text": TEXT,
        "html": "<p>Your visit</p>",
        "calendar": CALENDAR,
        "headers": {"List-Unsubscribe": "<mailto:desk@harbour.example?subject=unsubscribe>"},
    }
    return Outgoing(**(given | changes))


def refusal(send, message: Outgoing) -> DeliveryFailure:
    with pytest.raises(DeliveryFailure) as refused:
        send(message)
    return refused.value


# --- The box --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_box_keeps_a_key_once_and_finds_it():
    box, message = Outbox(), mail()

    assert box.find(message, timezone.now()) is None
    assert box.send(message) == box.send(message) == box.find(message, timezone.now())
    kept = OutboxMessage.objects.get()
    assert (kept.subject, kept.calendar) == ("Your visit", CALENDAR)


# --- Twilio ---------------------------------------------------------------------------------------------------------


def test_a_text_message_names_its_sender_or_the_messaging_service(twilio):
    Twilio().send(sms(sender="+447700900200"))
    Twilio().send(sms(sender="MG" + "1" * 32))

    own, service = twilio.taken
    assert (own.from_, own.service) == ("+447700900200", "")
    assert (service.from_, service.service) == ("", "MG" + "1" * 32)


@pytest.mark.parametrize("code", [21211, 21610, 21614, 30005, 30006])
def test_a_wrong_or_unwilling_number_is_not_tried_again(twilio, code):
    twilio.behaviour.failures.append((400, code))

    failure = refusal(Twilio().send, sms())

    assert isinstance(failure, PermanentFailure)
    assert failure.bad_address
    assert failure.code == str(code)
    assert "+44" not in failure.words


@pytest.mark.parametrize("code", [21408, 21606, 21617, 30003, 30007, 99999])
def test_what_is_refused_for_another_reason_does_not_blame_the_number(twilio, code):
    twilio.behaviour.failures.append((400, code))

    failure = refusal(Twilio().send, sms())

    assert isinstance(failure, PermanentFailure)
    assert not failure.bad_address
    assert "+44" not in failure.words


@pytest.mark.parametrize(
    ("status", "code", "down", "may_have_arrived"),
    [
        (429, 20429, False, False),
        (400, 21611, False, False),
        (401, 20003, True, False),
        (503, 20503, True, False),
        (500, 20500, True, True),
        (504, 0, True, True),
    ],
)
def test_what_may_work_later_is_worth_another_try(twilio, status, code, down, may_have_arrived):
    twilio.behaviour.failures.append((status, code))

    failure = refusal(Twilio().send, sms())

    assert isinstance(failure, TemporaryFailure)
    assert (failure.provider_down, failure.may_have_arrived) == (down, may_have_arrived)


def test_a_lost_answer_may_have_arrived_and_a_refused_connection_can_not(twilio, settings):
    twilio.behaviour.failures.append("drop")
    lost = refusal(Twilio().send, sms())
    settings.TWILIO_API_BASE = "http://127.0.0.1:9"
    refused = refusal(Twilio().send, sms())

    assert isinstance(lost, TemporaryFailure)
    assert isinstance(refused, TemporaryFailure)
    assert (lost.may_have_arrived, refused.may_have_arrived) == (True, False)


@pytest.mark.django_db
def test_twilios_record_knows_a_message_by_its_words_whatever_its_link(twilio):
    transport, message, before = Twilio(), sms(), timezone.now()
    taken = transport.send(message)

    assert transport.find(sms(text=TEXT.replace("abc", "xyz")), before) == taken
    assert transport.find(sms(text="Your visit is on Tuesday."), before) is None
    assert transport.find(sms(to="+447700900999"), before) is None
    assert transport.find(message, before + timedelta(minutes=5)) is None


@pytest.mark.django_db
def test_a_record_that_cannot_be_read_is_no_proof(twilio):
    twilio.behaviour.down = True

    with pytest.raises(TemporaryFailure):
        Twilio().find(sms(), timezone.now())


# --- E-mail ---------------------------------------------------------------------------------------------------------


def test_an_email_has_text_html_a_calendar_entry_and_a_way_out(mail_server):
    message = mail()

    accepted = Email().send(message)

    (received,) = mail_server.messages
    assert received["Message-ID"] == accepted.provider_id == f"<{message.key}@127.0.0.1>"
    assert received["List-Unsubscribe"] == message.headers["List-Unsubscribe"]
    assert [part.get_content_type() for part in received.walk() if not part.is_multipart()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    (entry,) = received.iter_attachments()
    assert entry.get_param("method") == "REQUEST"
    assert entry.get_filename() == "appointment.ics"


def test_emails_of_one_thread_share_a_connection_and_survive_its_end(mail_server):
    transport = Email()
    transport.send(mail())
    transport.send(mail())
    assert len(mail_server.sessions) == 1

    transport._of_thread.backend.connection.sock.close()
    transport.send(mail())

    assert len(mail_server.messages) == 3


@pytest.mark.parametrize(
    ("command", "reply", "permanent", "bad_address", "down"),
    [
        ("RCPT", "550 5.1.1 No such user", True, True, None),
        ("RCPT", "550 5.7.1 Not from you", True, False, None),
        ("RCPT", "552 5.2.2 Mailbox full", True, False, None),
        ("RCPT", "450 4.2.0 Greylisted", False, None, False),
        ("RCPT", "421 4.3.2 Closing down", False, None, True),
        ("DATA", "554 5.7.1 Looks like spam", True, False, None),
        ("DATA", "451 4.3.0 Try again later", False, None, False),
    ],
)
def test_a_mail_servers_no_is_understood(mail_server, command, reply, permanent, bad_address, down):
    mail_server.replies[command].append(reply)
    transport = Email()

    failure = refusal(transport.send, mail())

    assert isinstance(failure, PermanentFailure if permanent else TemporaryFailure)
    assert getattr(failure, "bad_address", None) == bad_address
    assert getattr(failure, "provider_down", None) == down
    assert not getattr(failure, "may_have_arrived", False)
    assert "@" not in failure.words
    transport.send(mail())
    assert len(mail_server.messages) == 1


def test_a_mail_server_that_hangs_up_after_taking_the_message_may_have_it(mail_server):
    mail_server.replies["DATA"].append("hang up")

    failure = refusal(Email().send, mail())

    assert isinstance(failure, TemporaryFailure)
    assert failure.may_have_arrived


def test_a_mail_server_that_is_not_there_has_nothing(mail_server, settings):
    settings.EMAIL_PORT = 9

    failure = refusal(Email().send, mail())

    assert isinstance(failure, TemporaryFailure)
    assert (failure.provider_down, failure.may_have_arrived) == (True, False)


def test_mail_servers_keep_no_record():
    with pytest.raises(NoRecord):
        Email().find(mail(), timezone.now())


def api_error(status: int) -> AnymailAPIError:
    return AnymailAPIError("nerys@example.org: no", status_code=status)


@pytest.mark.parametrize(
    ("error", "permanent", "bad_address", "down"),
    [
        (AnymailRecipientsRefused(), True, True, None),
        (AnymailUnsupportedFeature("tags"), True, False, None),
        (api_error(422), True, False, None),
        (api_error(429), False, None, False),
        (api_error(401), False, None, True),
        (api_error(503), False, None, True),
    ],
)
def test_a_mail_providers_no_is_understood(error, permanent, bad_address, down):
    failure = failure_to_send(error)

    assert isinstance(failure, PermanentFailure if permanent else TemporaryFailure)
    assert getattr(failure, "bad_address", None) == bad_address
    assert getattr(failure, "provider_down", None) == down
    assert "@" not in failure.words


def test_a_mail_provider_that_did_not_answer_may_have_the_message():
    lost, never = AnymailAPIError("no"), AnymailAPIError("no")
    lost.__cause__, never.__cause__ = requests.ReadTimeout(), requests.ConnectTimeout()

    assert [failure_to_send(each).may_have_arrived for each in (lost, never)] == [True, False]
