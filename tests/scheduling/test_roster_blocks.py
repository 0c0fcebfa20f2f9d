"""Leave, emergencies and outages: what happens to the visits booked there, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from carebridge.events import handles
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.errors import SlotUnavailable
from scheduling.events import RosterChanged
from scheduling.models import ScheduleBlock, ScheduleEvent, Status
from scheduling.roster.blocks import block_time, lift_block
from scheduling.roster.rehearsal import awaiting_review
from tests import factories

pytestmark = pytest.mark.django_db

heard: list[RosterChanged] = []


@handles(RosterChanged)
def listen(event: RosterChanged) -> None:
    heard.append(event)


def at(day: date, clock: str, clinic) -> datetime:
    """A wall-clock time at the clinic."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=clinic.zone)


@pytest.fixture
def book(patient, consultation, dr_osei, harbour, receptionist, monday):
    """Books the patient with Dr Osei on Monday at ten, unless told otherwise."""

    def run(clock: str = "10:00", **changes):
        wish = {
            "patient": patient,
            "appointment_type": consultation,
            "doctor": dr_osei,
            "clinic": harbour,
            "starts_at": at(monday, clock, harbour),
            "by": receptionist,
        }
        return book_appointment(**(wish | changes))

    return run


@pytest.fixture
def block(dr_osei, harbour, clinic_admin, monday):
    """An emergency block for Dr Osei on Monday from ten to eleven, unless told otherwise."""

    def run(begin: str = "10:00", end: str = "11:00", **changes):
        wish = {
            "resource": dr_osei.resource,
            "kind": ScheduleBlock.Kind.EMERGENCY,
            "starts_at": at(monday, begin, harbour),
            "ends_at": at(monday, end, harbour),
            "by": clinic_admin,
        }
        return block_time(**(wish | changes))

    return run


def test_a_block_over_a_visit_sends_it_to_review_and_deletes_nothing(book, block):
    appointment = book()

    block()

    appointment.refresh_from_db()
    assert appointment.status == Status.REQUIRES_REVIEW
    assert appointment.status_before_review == Status.CONFIRMED
    assert appointment.review_reason == "Dr Osei: emergency block 10:00 to 11:00"
    assert appointment.allocations.filter(released_at=None).count() == 2


@pytest.mark.parametrize(
    ("begin", "end", "hit"),
    [("09:30", "10:00", False), ("10:35", "11:00", True), ("10:40", "11:00", False), ("09:30", "10:01", True)],
    ids=["ends as it starts", "in the buffer after it", "after the buffer", "a minute into it"],
)
def test_a_visit_is_hit_when_the_block_meets_it_or_its_buffer(book, block, begin, end, hit):
    appointment = book()

    block(begin, end)

    appointment.refresh_from_db()
    assert (appointment.status == Status.REQUIRES_REVIEW) is hit


def test_a_room_out_of_order_sends_its_visits_to_review(book, block, room_1):
    appointment = book()

    block(resource=room_1, kind=ScheduleBlock.Kind.OUTAGE)

    appointment.refresh_from_db()
    assert appointment.review_reason == "Room 1: out of order 10:00 to 11:00"


def test_leave_over_whole_days_is_named_by_its_dates(book, block, monday):
    appointment = book()

    block("00:00", "00:00", kind="leave", ends_at=at(monday + timedelta(days=5), "00:00", appointment.clinic))

    appointment.refresh_from_db()
    friday = monday + timedelta(days=4)
    assert appointment.review_reason == f"Dr Osei: leave {monday:%-d %b} to {friday:%-d %b}"


def test_lifting_the_block_brings_its_visits_back(book, block, clinic_admin):
    appointment = book()
    laid = block()

    lift_block(block=laid, by=clinic_admin)

    appointment.refresh_from_db()
    assert appointment.status == Status.CONFIRMED
    assert appointment.review_reason == appointment.status_before_review == ""
    assert not ScheduleBlock.objects.exists()


def test_a_patient_already_in_the_waiting_room_is_back_there_afterwards(book, block, clinic_admin, receptionist):
    appointment = book()
    now = timezone.now()
    type(appointment).objects.filter(pk=appointment.pk).update(checked_in_at=now, status=Status.CHECKED_IN)

    laid = block()
    lift_block(block=laid, by=clinic_admin)

    appointment.refresh_from_db()
    assert appointment.status == Status.CHECKED_IN


def test_a_visit_under_two_blocks_returns_only_when_both_are_lifted(book, block, clinic_admin):
    appointment = book()
    first, second = block(), block("09:00", "12:00")

    lift_block(block=first, by=clinic_admin)
    appointment.refresh_from_db()
    assert appointment.status == Status.REQUIRES_REVIEW

    lift_block(block=second, by=clinic_admin)
    appointment.refresh_from_db()
    assert appointment.status == Status.CONFIRMED


def test_lifting_a_block_leaves_visits_that_wait_for_something_else(book, block, clinic_admin, harbour):
    harbour.override_needs_sign_off = True
    harbour.save()
    laid = block()
    appointment = book("12:15", override_reason="He travels tomorrow")
    assert appointment.status == Status.REQUIRES_REVIEW

    lift_block(block=laid, by=clinic_admin)

    appointment.refresh_from_db()
    assert appointment.status == Status.REQUIRES_REVIEW


def test_a_visit_cancelled_meanwhile_stays_cancelled(book, block, clinic_admin, receptionist, patient_request):
    appointment = book()
    laid = block()
    cancel_appointment(appointment=appointment, reason=patient_request, by=receptionist)

    lift_block(block=laid, by=clinic_admin)

    appointment.refresh_from_db()
    assert appointment.status == Status.CANCELLED


def test_blocked_time_can_be_booked_by_nobody(book, block):
    block()

    with pytest.raises(SlotUnavailable) as refusal:
        book()
    assert refusal.value.code == "blocked"


def test_visits_that_are_over_are_facts_and_stay(book, block, harbour, monday):
    appointment = book()
    long_ago = timezone.now() - timedelta(days=3)
    type(appointment).objects.filter(pk=appointment.pk).update(
        starts_at=long_ago, ends_at=long_ago + timedelta(minutes=30)
    )

    block(starts_at=long_ago - timedelta(hours=1), ends_at=at(monday, "12:00", harbour))

    appointment.refresh_from_db()
    assert appointment.status == Status.CONFIRMED


def test_history_audit_and_the_other_apps_learn_of_a_block(book, block, dr_osei, harbour, clinic_admin, monday):
    appointment = book()
    heard.clear()
    version = dr_osei.resource.schedule_version

    block()

    event = ScheduleEvent.objects.get(kind="roster.blocked")
    assert (event.actor, event.clinic, event.doctor) == (clinic_admin, harbour, dr_osei)
    assert event.payload["changes"]["to_review"] == [None, [appointment.pk]]
    assert LogEntry.objects.filter(event="roster.blocked", actor=clinic_admin, clinic_id=harbour.pk).exists()
    assert [(e.doctor_id, e.clinic_ids, e.first_day, e.last_day) for e in heard] == [
        (dr_osei.pk, (harbour.pk,), monday, monday)
    ]
    dr_osei.resource.refresh_from_db()
    assert dr_osei.resource.schedule_version > version


def test_a_receptionist_or_an_administrator_elsewhere_may_not_block(block, receptionist, receptionist_elsewhere):
    for outsider in (receptionist, receptionist_elsewhere):
        with pytest.raises(NotAllowed):
            block(by=outsider)
    assert not ScheduleBlock.objects.exists()


def test_a_doctors_day_at_another_clinic_is_not_ours_to_block(block, dr_osei, northgate, clinic_admin, monday):
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)
    sunday = monday + timedelta(days=6)
    factories.ExtraSessionFactory(
        resource=dr_osei.resource,
        clinic=northgate,
        starts_at=at(sunday, "09:00", northgate),
        ends_at=at(sunday, "12:00", northgate),
    )

    with pytest.raises(NotAllowed):
        block(starts_at=at(sunday, "10:00", northgate), ends_at=at(sunday, "11:00", northgate))


def test_a_block_must_end_after_it_starts_and_within_400_days(block, harbour, monday):
    with pytest.raises(InvalidInput):
        block("11:00", "10:00")
    with pytest.raises(InvalidInput):
        block(ends_at=at(monday + timedelta(days=401), "10:00", harbour))
    with pytest.raises(InvalidInput):
        block(starts_at=datetime(2026, 1, 1, 9), ends_at=datetime(2026, 1, 1, 10, tzinfo=UTC))  # noqa: DTZ001


def test_a_block_is_lifted_once(block, clinic_admin):
    laid = block()
    lift_block(block=laid, by=clinic_admin)

    laid.pk = laid.pk or 1
    with pytest.raises(NotFound):
        lift_block(block=laid, by=clinic_admin)


def test_the_worklist_shows_visits_in_review_to_those_who_see_the_schedule(
    book, block, receptionist, receptionist_elsewhere
):
    appointment = book()
    block()

    assert list(awaiting_review(receptionist)) == [appointment]
    assert not awaiting_review(receptionist_elsewhere).exists()


def test_a_block_that_cannot_be_accounted_for_does_not_happen(book, block, monkeypatch):
    appointment = book()
    monkeypatch.setattr("scheduling.history.log_change", lambda *args, **kwargs: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        block()

    appointment.refresh_from_db()
    assert appointment.status == Status.CONFIRMED
    assert not ScheduleBlock.objects.exists()
