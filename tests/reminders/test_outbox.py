"""The development inbox and the letter to print: who sees them, and what they show."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from carebridge.audit.models import LogEntry
from reminders.messages import compose
from reminders.models import Kind, MessageText, OutboxMessage, Reminder, Rule, RuleVersion
from reminders.transports.base import Outgoing
from reminders.transports.outbox import Outbox
from scheduling.models import Appointment, Patient
from tests.reminders.test_messages import _message, at_ten, visit  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_the_desk(client, receptionist):
    client.force_login(receptionist)
    return client


def _box(reminder: Reminder, medium: str) -> OutboxMessage:
    message = compose(reminder, medium)
    Outbox().send(message)
    return OutboxMessage.objects.get(key=message.key)


def _url(name: str, *args: object) -> str:
    return reverse(f"reminders:{name}", args=args)


def test_what_would_have_gone_out_is_seen_as_its_reader_would(at_the_desk, visit):  # noqa: F811
    boxed = _box(_message(visit, Kind.BOOKED), "email")

    listed = at_the_desk.get(_url("outbox"))
    page = at_the_desk.get(_url("outbox-message", boxed.pk)).text

    assert boxed.subject in listed.text
    assert "Nerys Calloway" in listed.text
    assert f'src="{_url("outbox-html", boxed.pk)}"' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert at_the_desk.get(_url("outbox-calendar", boxed.pk)).text.startswith("BEGIN:VCALENDAR")


def test_an_email_in_its_frame_may_run_nothing_and_is_framed_by_us_alone(at_the_desk, visit):  # noqa: F811
    boxed = _box(_message(visit, Kind.BOOKED), "email")
    OutboxMessage.objects.update(html=boxed.html.replace("</body>", "<script>alert(1)</script></body>"))

    response = at_the_desk.get(_url("outbox-html", boxed.pk))
    policy = response["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert re.search(r"sandbox allow-popups allow-popups-to-escape-sandbox(;|$)", policy)
    assert "frame-ancestors 'self'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_an_sms_shows_its_length_and_its_links(at_the_desk, visit):  # noqa: F811
    boxed = _box(_message(visit), "sms")
    OutboxMessage.objects.update(text=boxed.text + " https://carebridge.example/p/1 <script>")

    page = at_the_desk.get(_url("outbox-message", boxed.pk)).text

    assert 'href="https://carebridge.example/p/1"' in page
    assert "<script>" not in page.partition("<main")[2].partition("</main>")[0]
    assert "segment" in page


@pytest.mark.parametrize("elsewhere", ["outbox-message", "outbox-html", "outbox-calendar"])
def test_another_clinic_sees_nothing_of_it(client, visit, receptionist_elsewhere, elsewhere):  # noqa: F811
    boxed = _box(_message(visit, Kind.BOOKED), "email")
    client.force_login(receptionist_elsewhere)

    assert boxed.subject not in client.get(_url("outbox")).text
    assert client.get(_url(elsewhere, boxed.pk)).status_code == 404


@pytest.mark.parametrize("role", ["manager", "support", "sysadmin", "doctor_user"])
def test_whoever_may_not_send_messages_finds_no_box(client, visit, role, request):  # noqa: F811
    boxed = _box(_message(visit), "sms")
    client.force_login(request.getfixturevalue(role))

    assert client.get(_url("outbox")).status_code == 404
    assert client.get(_url("outbox-message", boxed.pk)).status_code == 404


def test_there_is_no_box_in_production_or_beside_real_providers(at_the_desk, settings):
    assert at_the_desk.get(_url("outbox")).status_code == 200

    settings.PRODUCTION = True
    assert at_the_desk.get(_url("outbox")).status_code == 404

    settings.PRODUCTION = False
    settings.REMINDER_TRANSPORTS = {"sms": "reminders.transports.twilio.Twilio"}
    assert at_the_desk.get(_url("outbox")).status_code == 404


def test_reading_a_patients_message_stands_in_the_trail(at_the_desk, visit, receptionist):  # noqa: F811
    boxed = _box(_message(visit), "sms")
    at_the_desk.get(_url("outbox-message", boxed.pk))

    entry = LogEntry.objects.get(event="message.opened")
    assert (entry.actor, entry.patient_id) == (receptionist, visit.patient_id)


def test_a_test_send_belongs_to_nobody_and_is_shown(at_the_desk):
    key = uuid4()
    Outbox().send(Outgoing(key=key, medium="sms", to="+447700900001", sender="", text="A test"))  # type: ignore[arg-type]

    assert "A test" in at_the_desk.get(_url("outbox")).text


# --- The letter -------------------------------------------------------------------------------------------------------


def test_a_letter_shows_the_address_and_the_visit_and_is_recorded(at_the_desk, visit, receptionist):  # noqa: F811
    Patient.objects.update(address="4 Elm Row, London", postcode="N1 7NG")
    reminder = _message(visit, Kind.BOOKED)

    response = at_the_desk.get(_url("letter", reminder.key))

    assert "Nerys Calloway<br>4 Elm Row<br>London<br>N1 7NG<br>" in response.text
    assert "Dr Amara Osei" in response.text
    assert "no-store" in response["Cache-Control"]
    entry = LogEntry.objects.get(event="letter.opened")
    assert (entry.actor, entry.patient_id, entry.clinic_id) == (receptionist, visit.patient_id, visit.clinic_id)


def test_a_letter_without_an_address_says_so(at_the_desk, visit):  # noqa: F811
    assert "No postal address on file" in at_the_desk.get(_url("letter", _message(visit).key)).text


def test_a_letter_that_cant_be_written_says_what_to_change(at_the_desk, visit):  # noqa: F811
    version = RuleVersion.objects.create(rule=Rule.objects.create(kind=Kind.BOOKED, slot="own"), number=1)
    MessageText.objects.create(version=version, language="en", medium="letter", body="On {tme}")

    response = at_the_desk.get(_url("letter", _message(visit, Kind.BOOKED, version=version).key))

    assert response.status_code == 422
    assert "{tme}" in response.text
    assert not LogEntry.objects.filter(event="letter.opened").exists()


def test_nobody_prints_letters_of_another_clinic(client, visit, receptionist_elsewhere, manager):  # noqa: F811
    reminder = _message(Appointment.objects.get())

    for user in (receptionist_elsewhere, manager):
        someone = Client()
        someone.force_login(user)
        assert someone.get(_url("letter", reminder.key)).status_code == 404
