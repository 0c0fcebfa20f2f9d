"""The messages of a visit in its drawer, and the page of messages that did not arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from carebridge.audit.models import LogEntry
from reminders.models import Reminder, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(visit):
    """Makes a message about the visit in any state; by default one that failed."""

    def make(state=State.FAILED, **values) -> Reminder:
        now = timezone.now()
        facts = {"reason": "provider_refused", "medium": "sms", "tries": 3, "due_at": now, "next_try_at": now, **values}
        return Reminder.objects.create(
            kind="upcoming",
            state=state,
            appointment=visit,
            patient=visit.patient,
            clinic=visit.clinic,
            starts_at=visit.starts_at,
            not_after=now + timedelta(days=1),
            **facts,
        )

    return make


def words(response) -> str:
    return " ".join(response.content.decode().split())


def panel(client, row) -> str:
    return words(client.get(reverse("reminders:appointment_panel", args=[row.appointment.reference])))


def act(client, row, action, **headers):
    return client.post(reverse("reminders:act", args=[row.pk, action]), headers=headers)


def test_letters_wait_over_the_weekend_until_somebody_has_posted_them(client, receptionist, message):
    friday = timezone.now() - timedelta(days=3)
    letter = message(State.SENT, medium="letter", reason="", sent_at=friday, due_at=friday)
    client.force_login(receptionist)
    letters = reverse("reminders:operations") + "?show=letters"

    page = words(client.get(letters))
    assert "Written, to be printed and posted" in page
    assert reverse("reminders:letter", args=[letter.key]) in page

    act(client, letter, "posted")
    assert "No letters" in words(client.get(letters))
    assert "Printed and posted" in panel(client, letter)
    assert LogEntry.objects.get(event="letter.posted").actor == receptionist


def test_the_drawer_says_what_became_of_each_message(client, receptionist, message):
    row = message(provider_words="Number not in service")
    client.force_login(receptionist)

    said = panel(client, row)

    assert "48 hours before, SMS" in said
    assert "Failed: number not in service. Tried 3 times" in said
    assert "Try again" in said


def test_a_planned_message_can_be_kept_from_going_out_and_let_go_after_all(client, receptionist, message):
    row = message(State.PLANNED, reason="", tries=0)
    client.force_login(receptionist)

    answer = act(client, row, "block", HX_Request="true")

    row.refresh_from_db()
    assert (row.state, row.reason) == (State.SUPPRESSED, "blocked_by_hand")
    assert "Not sent: somebody blocked it" in words(answer)
    act(client, row, "unblock", HX_Request="true")
    row.refresh_from_db()
    assert row.state == State.PLANNED


def test_who_only_looks_after_messages_sees_them_without_names_and_can_send_none(client, manager, message):
    row = message()
    client.force_login(manager)

    said = words(client.get(reverse("reminders:operations")))

    assert row.appointment.reference in said
    assert row.patient.full_name not in said
    assert "Log a call" not in said
    assert act(client, row, "retry").status_code == 403


def test_what_is_tried_again_says_when_and_what_is_not_says_that_it_stopped(client, receptionist, message):
    row = message(State.PLANNED, next_try_at=timezone.now() + timedelta(minutes=9))
    client.force_login(receptionist)
    at = row.next_try_at.astimezone(row.clinic.zone)

    assert f"{at:%a %H:%M}" in words(client.get(reverse("reminders:operations") + "?show=retrying"))

    Reminder.objects.filter(pk=row.pk).update(state=State.FAILED)
    assert "Stopped" in words(client.get(reverse("reminders:operations")))


def test_a_call_that_was_made_takes_the_failure_off_the_list(client, receptionist, message):
    row = message()
    client.force_login(receptionist)
    assert row.patient.full_name in words(client.get(reverse("reminders:operations")))

    act(client, row, "settle")

    assert "Nothing here" in words(client.get(reverse("reminders:operations")))
    assert row.patient.full_name in words(client.get(reverse("reminders:operations"), {"show": "settled"}))


def test_all_that_failed_can_be_tried_again_at_once(client, receptionist, message):
    row = message()
    client.force_login(receptionist)

    client.post(reverse("reminders:retry-all"))

    row.refresh_from_db()
    assert row.state == State.PLANNED


def test_what_a_colleague_settled_first_is_refused_in_words(client, receptionist, message):
    row = message()
    client.force_login(receptionist)
    act(client, row, "settle")

    answer = client.post(reverse("reminders:act", args=[row.pk, "settle"]), follow=True)

    assert answer.status_code == 200
    assert [str(each) for each in answer.context["messages"]] != ["Dealt with."]


@pytest.mark.parametrize("where", ["operations", "panel"])
def test_the_pages_cost_the_same_for_one_message_and_for_three(client, receptionist, message, where):
    rows = [message(version=None)]
    client.force_login(receptionist)
    address = {
        "operations": reverse("reminders:operations"),
        "panel": reverse("reminders:appointment_panel", args=[rows[0].appointment.reference]),
    }[where]
    client.get(address)
    with CaptureQueriesContext(connection) as for_one:
        client.get(address)
    message(), message()
    with CaptureQueriesContext(connection) as for_three:
        client.get(address)

    assert len(for_three) == len(for_one)
