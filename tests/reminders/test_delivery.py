"""A due message goes out once, if it is still true; nobody waits for anybody else's trouble."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.utils import timezone

from reminders import claiming
from reminders.breaker import FAILURES_IN_A_ROW as BREAKS_AT
from reminders.breaker import Breaker
from reminders.delivery import deliver_due
from reminders.models import (
    Attempt,
    Kind,
    MessageText,
    OutboxMessage,
    ProviderHealth,
    Reminder,
    Rule,
    RuleVersion,
    State,
)
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.models import Patient
from scheduling.rescheduling import reschedule_appointment
from scheduling.visits import check_in_patient
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def others(consultation, dr_osei, harbour, receptionist, monday):
    """Books that many more people with Dr Osei, each with a mobile of their own."""

    def make(number: int):
        for place in range(number):
            person = factories.PatientFactory(mobile=f"+4477009002{place:02d}", at=[harbour])
            day = monday + timedelta(days=1 + place // 3)
            start = datetime.combine(day, time(9 + place % 3), tzinfo=harbour.zone)
            yield book_appointment(
                patient=person,
                appointment_type=consultation,
                doctor=dr_osei,
                clinic=harbour,
                starts_at=start,
                by=receptionist,
            )

    return make


@pytest.fixture
def version(harbour):
    """A rule of Harbour's own without quiet hours to speak of, unless told otherwise."""

    def make(kind: str = Kind.UPCOMING, **terms):
        rule = Rule.objects.create(kind=kind, slot="own", clinic=harbour)
        quiet = {"quiet_from": time(0, 0), "quiet_until": time(0, 1)}
        return RuleVersion.objects.create(rule=rule, number=1, **(quiet | terms))

    return make


def test_a_due_message_is_sent_once(remind):
    reminder = remind()

    deliver_due()
    deliver_due()

    reminder.refresh_from_db()
    (kept,) = OutboxMessage.objects.all()
    (attempt,) = reminder.attempts.all()
    assert (reminder.state, reminder.medium, reminder.provider) == (State.SENT, "sms", "outbox")
    assert (kept.key, kept.to) == (reminder.key, "+447700900461")
    assert (attempt.outcome, attempt.provider_id) == (Attempt.Outcome.ACCEPTED, reminder.provider_id)
    assert attempt.started_at <= reminder.sent_at


def test_a_message_that_is_not_due_yet_stays(remind):
    reminder = remind(due_at=timezone.now() + timedelta(minutes=5))

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.tries) == (State.PLANNED, 0)


def test_a_message_whose_time_is_over_says_so(remind):
    reminder = remind(not_after=timezone.now() - timedelta(seconds=1))

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.SUPPRESSED, "no_time_left")


def test_a_message_that_a_provider_kept_us_from_sending_has_failed(remind):
    reminder = remind(not_after=timezone.now() - timedelta(seconds=1), provider_words="The provider is away")

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.FAILED, "no_time_left")


def test_nothing_goes_out_in_quiet_hours(remind, version, harbour, visit):
    """However late it has become: a clinic's system that was off all day doesn't wake anybody."""
    reminder = remind(version=version(quiet_from=time(20), quiet_until=time(8)))
    at_night = datetime.combine(visit.local_date - timedelta(days=2), time(23, 30), tzinfo=harbour.zone)

    with time_machine.travel(at_night, tick=False):
        deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.tries) == (State.PLANNED, 0)
    assert reminder.next_try_at.astimezone(harbour.zone).time() == time(8)


# --- Is it still true? ----------------------------------------------------------------------------------------------


def test_a_cancelled_visit_is_not_reminded_of(remind, visit, patient_request, receptionist):
    reminder = remind()
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    remind_again(reminder)

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.SUPPRESSED, "cancelled")
    assert not OutboxMessage.objects.exists()


def test_a_moved_visit_is_not_reminded_of_under_its_old_time(remind, visit, dr_osei, harbour, receptionist):
    reminder = remind()
    later = visit.starts_at + timedelta(hours=1)
    reschedule_appointment(appointment=visit, starts_at=later, doctor=dr_osei, clinic=harbour, by=receptionist)
    remind_again(reminder)

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.SUPPRESSED, "moved")


def test_whoever_is_here_already_is_not_told_to_come(remind, visit, receptionist):
    reminder = remind(not_after=visit.ends_at)
    with time_machine.travel(visit.starts_at - timedelta(minutes=5)):
        check_in_patient(appointment=visit, by=receptionist)
        remind_again(reminder)

        deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.SUPPRESSED, "arrived")


def test_a_cancellation_that_was_taken_back_is_not_told(remind, visit, patient_request, receptionist):
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    reminder = remind(kind=Kind.CANCELLED)
    undo_cancellation(appointment=visit, by=receptionist)
    remind_again(reminder)

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (State.SUPPRESSED, "undone")


def test_a_visit_cancelled_while_its_message_is_under_way_is_not_reminded_of(remind, visit, patient_request):
    """Between the claim and the provider: what counts is what is true at the last moment."""
    remind()
    (claim,) = claiming.claim(10, now=timezone.now(), admit=lambda provider, now: None).claims

    cancel_appointment(appointment=visit, reason=patient_request, by=None)

    assert claiming.still_right([claim]) == {claim.reminder.pk: "cancelled"}


def test_a_message_withdrawn_at_the_last_moment_was_never_tried(remind):
    reminder = remind()
    (claim,) = claiming.claim(10, now=timezone.now(), admit=lambda provider, now: None).claims

    claiming.withdraw(claim, "cancelled")

    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason, reminder.tries) == (State.SUPPRESSED, "cancelled", 0)
    assert not reminder.attempts.exists()


# --- Nobody waits for anybody else's trouble ------------------------------------------------------------------------


def test_no_phone_a_broken_text_and_a_dead_provider_hold_nobody_up(remind, others, version, twilio):
    unreachable, misworded, *well = (remind(each) for each in others(5))
    Patient.objects.filter(pk=unreachable.patient_id).update(mobile="")
    broken = version()
    MessageText.objects.create(version=broken, language="en", medium="sms", body="Dear {nobody}")
    Reminder.objects.filter(pk=misworded.pk).update(version=broken)
    by_mail = remind()
    Patient.objects.filter(pk=by_mail.patient_id).update(preferred_channel="email", email="nerys@example.org")
    for _ in range(BREAKS_AT):
        Breaker().note_failure("outbox", "unreachable", timezone.now())

    deliver_due()

    states = {each.pk: (each.state, each.reason) for each in Reminder.objects.all()}
    assert states[unreachable.pk] == (State.SUPPRESSED, "no_contact")
    assert states[misworded.pk] == (State.FAILED, "wording_error")
    assert states[by_mail.pk] == (State.PLANNED, "")
    assert {states[each.pk] for each in well} == {(State.SENT, "")}
    assert len(twilio.taken) == len(well)


def test_a_provider_that_rests_uses_up_no_tries(remind, twilio):
    reminder = remind()
    for _ in range(BREAKS_AT):
        Breaker().note_failure("twilio", "timeout", timezone.now())

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.tries) == (State.PLANNED, 0)
    assert reminder.next_try_at >= ProviderHealth.objects.get(provider="twilio").open_until
    assert not reminder.attempts.exists()
    assert not twilio.taken


def test_who_has_no_time_to_wait_for_a_resting_provider_is_reached_another_way(remind, patient, twilio):
    Patient.objects.filter(pk=patient.pk).update(email="nerys@example.org")
    reminder = remind(not_after=timezone.now() + timedelta(seconds=5))
    for _ in range(BREAKS_AT):
        Breaker().note_failure("twilio", "timeout", timezone.now())

    deliver_due()

    reminder.refresh_from_db()
    assert (reminder.state, reminder.medium) == (State.SENT, "email")


def test_a_provider_that_fails_in_a_row_is_left_alone_and_tried_by_one_message_after_a_while(remind, others, twilio):
    for each in others(8):
        remind(each)
    twilio.behaviour.failures.extend([(503, 20503)] * 20)

    deliver_due()

    health = ProviderHealth.objects.get(provider="twilio")
    assert Attempt.objects.filter(outcome=Attempt.Outcome.TEMPORARY).count() == BREAKS_AT
    assert health.openings == 1
    twilio.behaviour.failures.clear()
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        deliver_due()
        assert len(twilio.taken) == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=4)):
        deliver_due()
    assert set(Reminder.objects.filter(version=None).values_list("state", flat=True)) == {State.SENT}
    health.refresh_from_db()
    assert (health.openings, health.open_until) == (0, None)


def remind_again(reminder: Reminder) -> None:
    """As if the message had been claimed before its visit was changed."""
    Reminder.objects.filter(pk=reminder.pk).update(state=State.PLANNED, reason="")
