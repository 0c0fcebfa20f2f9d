"""The demo's messages could have been sent and planned by CareBridge itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.models import F, Q, Sum

from reminders import reasons, replanning, rules, timing
from reminders.demo import load_messages
from reminders.models import Attempt, Conversation, InboundMessage, Kind, Reminder, Rule, State
from scheduling.demo.load import Size, load_demo
from scheduling.demo.wipe import wipe_schedule
from scheduling.models import Appointment

NIGHT = datetime(2026, 10, 25, 0, 30, tzinfo=ZoneInfo("Europe/London"))

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """A small demo as of the Sunday night in which clocks go back, shared by this module and rolled back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_demo(now=NIGHT, size=Size(patients=600, weeks=1))
        assert load_messages(now=NIGHT)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded: None, db: None) -> None:
    """The shared demo, within this test's own savepoint."""


def test_there_is_something_of_everything_to_see(demo):
    assert set(Reminder.objects.values_list("state", flat=True)) >= {
        State.PLANNED, State.SENT, State.DELIVERED, State.FAILED, State.SUPPRESSED
    }  # fmt: skip
    kinds = set(Reminder.objects.values_list("kind", flat=True))
    assert kinds >= {Kind.BOOKED, Kind.UPCOMING, Kind.SAME_DAY, Kind.CANCELLED, Kind.RESCHEDULED, Kind.THANKS}


def test_what_was_due_has_been_dealt_with_and_the_rest_is_planned(demo):
    open_ones = Reminder.objects.filter(state=State.PLANNED)

    assert not open_ones.filter(next_try_at__lte=NIGHT).exists()
    assert not Reminder.objects.filter(sent_at__gt=NIGHT).exists()
    assert not Reminder.objects.filter(delivered_at__gt=NIGHT).exists()


def test_nothing_was_sent_in_quiet_hours_or_after_its_time(demo):
    sent = Reminder.objects.filter(sent_at__isnull=False).select_related("version", "clinic")

    assert not sent.filter(sent_at__gt=F("not_after")).exists()
    assert not [row for row in sent if timing.is_quiet(row.version, row.sent_at, row.clinic.zone)]


def test_every_message_that_went_out_has_its_try(demo):
    tried = Reminder.objects.filter(state__in=[State.SENT, State.DELIVERED, State.FAILED])

    assert not tried.filter(Q(provider="") | Q(medium="")).exists()
    assert not tried.exclude(pk__in=Attempt.objects.values("reminder")).exists()
    assert Attempt.objects.count() == Reminder.objects.aggregate(all=Sum("tries"))["all"] > 0


def test_some_messages_are_tried_again_and_some_were_tried_too_often(demo):
    again = Reminder.objects.filter(state=State.PLANNED, tries__gt=0).select_related("version", "clinic")
    given_up = Reminder.objects.filter(state=State.FAILED, reason=reasons.TOO_MANY_TRIES, handled_at=None)

    assert again
    assert given_up.filter(not_after__gt=NIGHT)
    assert all(
        row.next_try_at > NIGHT and not timing.is_quiet(row.version, row.next_try_at, row.clinic.zone) for row in again
    )
    assert not Attempt.objects.filter(started_at__gt=NIGHT).exists()


def test_visits_of_one_day_are_told_of_in_one_message(demo):
    joined = Reminder.objects.filter(state=State.JOINED).select_related("joined_to")

    assert joined
    assert all(row.joined_to.patient_id == row.patient_id and row.joined_to.kind == row.kind for row in joined)
    assert not joined.filter(joined_to__state=State.JOINED).exists()
    assert not joined.filter(sent_at__isnull=False).exists()


def test_replies_wait_for_a_person_and_a_question_for_its_answer(demo):
    replies = InboundMessage.objects.all()

    assert set(replies.unanswered().values_list("outcome", flat=True)) >= {"not_understood", "asked", "unknown_number"}
    assert replies.filter(outcome="confirmed", appointment__attendance_confirmed_at=F("received_at")).exists()
    assert not replies.filter(Q(received_at__gt=NIGHT) | Q(received_at__lt=F("answers__delivered_at"))).exists()
    asked = Conversation.objects.filter(asked_at__lte=NIGHT, expires_at__lt=F("appointment__starts_at"))
    assert asked.count() == Conversation.objects.count() > 0


def test_planning_the_demo_anew_would_change_nothing_that_is_planned(demo):
    planned = Reminder.objects.filter(state=State.PLANNED, kind__in=replanning.BEFORE_VISIT)
    before = list(planned.order_by("pk").values_list("pk", "due_at"))
    rules.forget()
    replanning.replan(Appointment.objects.filter(starts_at__gt=NIGHT), now=NIGHT)

    assert list(planned.order_by("pk").values_list("pk", "due_at")) == before


def test_it_is_made_once(demo):
    assert not load_messages(now=NIGHT)


def test_a_wiped_demo_still_has_the_rules_that_come_with_carebridge(demo):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as the commit would have
    wipe_schedule()

    assert Rule.objects.count() == len(Kind)
    assert not Reminder.objects.exists()
