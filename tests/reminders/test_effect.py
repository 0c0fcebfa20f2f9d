"""What messages do: counted per rule and way, beside visits that nobody was reminded of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from carebridge.audit.models import LogEntry
from reminders.models import Kind, Reminder, Rule, State
from reminders.queries.effect import effects
from scheduling.models import Appointment, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def past_visit(visit) -> Appointment:
    """The visit was yesterday, and nobody came; nobody was reminded either."""
    Reminder.objects.filter(appointment=visit).delete()
    now = timezone.now()
    times = {"starts_at": now - timedelta(hours=24), "ends_at": now - timedelta(hours=23)}
    Appointment.objects.filter(pk=visit.pk).update(status=Status.NO_SHOW, **times)
    visit.refresh_from_db()
    return visit


def sent(visit: Appointment, medium: str = "sms", **changes: object) -> Reminder:
    """A message two days before the visit by the group's rule."""
    at = visit.starts_at - timedelta(days=2)
    version = Rule.objects.get(kind=Kind.UPCOMING, clinic=None).current
    given = {"kind": Kind.UPCOMING, "version": version, "clinic": visit.clinic, "patient": visit.patient} | {
        "appointment": visit, "starts_at": visit.starts_at, "due_at": at, "next_try_at": at,
        "not_after": visit.starts_at, "state": State.DELIVERED, "medium": medium, "sent_at": at,
    }  # fmt: skip
    return Reminder.objects.create(**(given | changes))


def lines(visit: Appointment):
    now = timezone.now()
    return effects([visit.clinic_id], since=now - timedelta(days=30), until=now)


def test_a_visit_without_any_reminder_stands_beside_the_others(past_visit):
    (line,) = lines(past_visit)

    assert (line.name, line.past, line.missed, line.missed_share) == ("No reminder", 1, 1, 100.0)


def test_no_share_of_letters_is_said_to_be_delivered_because_nobody_reports_it(past_visit):
    sent(past_visit, "letter", state=State.SENT)

    line = next(line for line in lines(past_visit) if line.medium == "Letter")

    assert (line.sent, line.delivered_share) == (1, None)


def test_messages_and_visits_are_counted_each_for_themselves(past_visit):
    sent(past_visit)
    sent(past_visit)
    sent(past_visit, "email", state=State.FAILED, sent_at=None)
    confirmed_at = timezone.now() - timedelta(days=2)
    Appointment.objects.filter(pk=past_visit.pk).update(attendance_confirmed_at=confirmed_at)

    by_email, by_sms, none = lines(past_visit)

    assert (by_sms.sent, by_sms.delivered, by_sms.delivered_share) == (2, 2, 100.0)
    assert (by_sms.visits, by_sms.confirmed, by_sms.missed, by_sms.scope) == (1, 1, 1, "Whole group")
    assert (by_email.sent, by_email.failed, by_email.delivered_share, by_email.past) == (0, 1, None, 0)
    assert none.past == 0


def test_a_confirmation_before_the_message_is_not_its_doing(past_visit):
    sent(past_visit)
    Appointment.objects.filter(pk=past_visit.pk).update(attendance_confirmed_at=timezone.now() - timedelta(days=9))

    assert lines(past_visit)[0].confirmed == 0


def test_other_clinics_and_older_messages_are_left_out(past_visit, northgate):
    sent(past_visit, due_at=timezone.now() - timedelta(days=31))

    assert [each.name for each in lines(past_visit)] == ["No reminder"]
    now = timezone.now()
    (nothing,) = effects([northgate.pk], since=now - timedelta(days=30), until=now)
    assert nothing.past == 0


def test_the_page_shows_shares_with_their_counts(client, manager, past_visit):
    sent(past_visit)
    client.force_login(manager)

    said = " ".join(client.get(reverse("reminders:effect")).content.decode().split())

    assert "100.0%" in said
    assert "1 of 1" in said


def test_the_page_asks_as_often_for_three_messages_as_for_one(client, manager, past_visit):
    client.force_login(manager)
    sent(past_visit)
    client.get(reverse("reminders:effect"))
    with CaptureQueriesContext(connection) as once:
        client.get(reverse("reminders:effect"))
    sent(past_visit, "email")
    sent(past_visit, "letter")

    with CaptureQueriesContext(connection) as thrice:
        client.get(reverse("reminders:effect"))

    assert len(thrice) == len(once)


def test_a_manager_exports_it_with_a_reason_and_that_is_recorded(client, manager, past_visit):
    sent(past_visit)
    client.force_login(manager)
    export = reverse("reminders:effect-export")

    refused = client.post(export, {"days": "90", "reason": "x"})
    taken = client.post(export, {"days": "90", "reason": "Yearly report to the board"})

    assert (refused.status_code, "Say what the export is for." in refused.content.decode()) == (422, True)
    assert "48 hours before,Whole group,SMS,1,1,0,1,0,1,1,100.0" in taken.content.decode("utf-8-sig")
    row = LogEntry.objects.get(event="reminder-effect.exported")
    assert (row.actor, row.additional_data["reason"]) == (manager, "Yearly report to the board")


def test_reception_reads_and_exports_nothing(client, receptionist, past_visit):
    client.force_login(receptionist)

    assert "Export as CSV" not in client.get(reverse("reminders:effect")).content.decode()
    assert client.post(reverse("reminders:effect-export"), {"reason": "Yearly report"}).status_code == 404
