"""Trying a rule out before it is saved: for a real visit, and as a message to oneself."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from carebridge.audit.models import LogEntry
from reminders import trial_delivery
from reminders.models import ContactBlock, Kind, OutboxMessage, Reminder, Rule, RuleVersion, TrialMessage
from reminders.rule_changes import Terms, save_rule
from reminders.trial_messages import MOST_AN_HOUR
from tests.reminders.test_rule_screens import FORM, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def harbour_rule(harbour, clinic_admin) -> Rule:
    """Harbour's own: three days before."""
    return save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), clinic=harbour, by=clinic_admin).rule


@pytest.fixture
def ask(client, clinic_admin, harbour_rule):
    """Posts the form as an administrator of Harbour to one of the buttons beside it."""
    client.force_login(clinic_admin)

    def asked(name: str = "rule-trial", **typed: str):
        return client.post(reverse(f"reminders:{name}", args=[harbour_rule.pk]), FORM | typed)

    return asked


def test_it_says_when_and_how_the_next_visits_patient_would_hear_and_saves_nothing(ask, visit, patient):
    versions, planned = RuleVersion.objects.count(), Reminder.objects.count()

    answer = ask(text_en_sms="Dear {given_name}, come at {time}.", medium="sms", skip_when_booked_within="0")

    said = words(answer)
    assert visit.reference in said
    assert "2 days before, at the same time" in said
    assert "Dear Nerys, come at 10:00am." in said
    assert (RuleVersion.objects.count(), Reminder.objects.count()) == (versions, planned)


def test_without_script_the_preview_is_a_page_that_can_show_the_email(ask, visit):
    answer = ask(medium="email", reference=visit.reference, skip_when_booked_within="0")

    assert "Preview: 48 hours before</h1>" in words(answer)
    assert "Show the email" in words(answer)


def test_it_says_why_quiet_hours_move_it(ask, visit):
    said = words(ask(at_time="22:00", reference=visit.reference, skip_when_booked_within="0"))

    assert "in quiet hours (20:00 to 08:00), so it waits until they end." in said


def test_it_says_why_nothing_would_go(ask, visit):
    late = words(ask(skip_when_booked_within="20160", reference=visit.reference))

    assert "Booked so late that the confirmation says it." in late
    assert "The rule is off" in words(ask(is_active="", reference=visit.reference))


def test_a_look_at_the_patient_is_recorded_once(ask, visit, clinic_admin):
    ask()
    ask("rule-mail", language="en", reference=visit.reference)

    looks = LogEntry.objects.filter(event="appointment.opened", actor=clinic_admin, object_id=visit.pk)
    assert looks.count() == 1


def test_a_visit_elsewhere_is_not_found(ask, visit):
    answer = ask(reference="CB-AAAA-AAAA")

    assert answer.status_code == 404
    assert "There is no such visit" in words(answer)


def test_without_a_visit_to_come_it_asks_for_one(ask):
    assert "There is no visit to come" in words(ask())


def test_a_value_that_is_wrong_is_said_here_too(ask, visit):
    assert "There is no placeholder {tme}." in words(ask(text_en_sms="{tme}"))


def test_the_email_has_a_frame_that_runs_nothing(ask, visit):
    answer = ask("rule-mail", language="en", body="Dear {given_name}, <script>alert(1)</script>", reference="")

    assert "Dear Nerys, &lt;script&gt;" in answer.content.decode()
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_test_goes_to_oneself_marked_and_about_nobody(ask, visit, clinic_admin):
    clinic_admin.email = "admin@harbour.example"
    clinic_admin.save()

    answer = ask("rule-test", medium="email")
    assert "The test is on its way to" in words(answer)
    assert trial_delivery.send_waiting() == 1

    sent = OutboxMessage.objects.get()
    assert (sent.to, sent.subject[:5]) == ("admin@harbour.example", "TEST:")
    assert "Sam" in sent.text
    assert "Nerys" not in sent.text + sent.html
    assert visit.reference not in sent.text + sent.html
    assert LogEntry.objects.filter(event="message.tested", actor=clinic_admin).count() == 1


def test_a_test_by_sms_goes_to_the_number_typed_in(ask, visit):
    ask("rule-test", medium="sms", mobile="07700 900999")
    trial_delivery.send_waiting()

    sent = OutboxMessage.objects.get()
    assert (sent.to, sent.text[:6]) == ("+447700900999", "TEST: ")


def test_the_page_does_not_wait_for_the_provider_and_says_later_what_became_of_it(ask, visit, client, twilio):
    ask("rule-test", medium="sms", mobile="07700 900999")
    test = TrialMessage.objects.get()
    url = reverse("reminders:rule-test-state", args=[test.pk])
    assert "is on its way" in words(client.get(url))
    assert twilio.taken == []

    trial_delivery.send_waiting()

    assert "The test has gone to" in words(client.get(url))


def test_a_test_that_the_provider_refuses_says_why(ask, visit, client, twilio):
    twilio.behaviour.refuses["+447700900999"] = 21211
    ask("rule-test", medium="sms", mobile="07700 900999")
    trial_delivery.send_waiting()

    said = words(client.get(reverse("reminders:rule-test-state", args=[TrialMessage.objects.get().pk])))

    assert "The test was not sent." in said


def test_a_test_is_handed_over_once_even_if_its_sender_died(ask, visit):
    ask("rule-test", medium="sms", mobile="07700 900999")
    TrialMessage.objects.update(state="sending", claimed_at=timezone.now() - trial_delivery.LEASE * 2)

    assert trial_delivery.send_waiting() == 0
    assert TrialMessage.objects.get().words == trial_delivery.NOBODY_KNOWS
    assert not OutboxMessage.objects.exists()


def test_what_became_of_a_test_is_for_whoever_sent_it_and_for_a_day(ask, visit, client, receptionist):
    ask("rule-test", medium="sms", mobile="07700 900999")
    client.force_login(receptionist)
    assert client.get(reverse("reminders:rule-test-state", args=[TrialMessage.objects.get().pk])).status_code == 404

    TrialMessage.objects.update(created_at=timezone.now() - trial_delivery.KEPT_FOR * 2)
    trial_delivery.send_waiting()

    assert not TrialMessage.objects.exists()


@pytest.mark.parametrize(
    ("mobile", "sentence"),
    [
        ("", "Type a mobile number"),
        ("07700 900461", "This is a patient"),
        ("07700 900888", "asked for no messages"),
    ],
)
def test_a_test_never_goes_to_a_patient_or_to_whoever_said_stop(ask, visit, mobile, sentence):
    ContactBlock.objects.create(medium="sms", address="+447700900888", reason="stopped", since=visit.created_at)

    answer = ask("rule-test", medium="sms", mobile=mobile)

    assert sentence in words(answer)
    assert not TrialMessage.objects.exists()


def test_tests_are_counted(ask, visit):
    for _ in range(MOST_AN_HOUR):
        ask("rule-test", medium="sms", mobile="07700 900999")

    assert "Wait a little" in words(ask("rule-test", medium="sms", mobile="07700 900999"))
    assert TrialMessage.objects.count() == MOST_AN_HOUR
