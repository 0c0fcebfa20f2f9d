"""Time that opens without a visit having had it: a block lifted, an extra session, a closure taken back."""

from __future__ import annotations

from datetime import time, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from carebridge import events as wiring
from carebridge.events import handler_name
from scheduling.errors import SlotTaken
from scheduling.events import TimeOpened
from scheduling.models import Appointment, AppointmentType, HandlerFailure, Offering, ScheduleBlock, Status
from scheduling.rescheduling import reschedule_appointment
from scheduling.resizing import change_duration
from scheduling.roster.blocks import block_time, lift_block
from scheduling.roster.extra_sessions import add_extra_session
from scheduling.roster.opening import close_clinic, reopen_clinic
from scheduling.sweeps import retry_failed_handlers
from tests import factories
from tests.waitlist.conftest import sorted_by_hand, state_of
from tests.waitlist.promises import broken_promises
from waitlist import handlers
from waitlist.freed import match_due, withheld
from waitlist.models import Cause, Decision, Entry, FreedSlot, Offer, SlotState
from waitlist.offers import decline
from waitlist.queries.figures import summary

pytestmark = pytest.mark.django_db


@pytest.fixture
def block(dr_osei, clinic_admin, at):
    """Dr Osei is away on Monday from ten to eleven, unless told otherwise."""

    def run(resource=None) -> ScheduleBlock:
        return block_time(
            resource=resource or dr_osei.resource,
            kind=ScheduleBlock.Kind.EMERGENCY,
            starts_at=at("10:00"),
            ends_at=at("11:00"),
            by=clinic_admin,
        )

    return run


@pytest.fixture
def evening(dr_osei, harbour, clinic_admin, at):
    """Dr Osei works on Monday from 18:00 to 20:00 as well."""
    return add_extra_session(
        resource=dr_osei.resource, clinic=harbour, starts_at=at("18:00"), ends_at=at("20:00"), by=clinic_admin
    )


def offered() -> list[tuple[int, object]]:
    """Who is being asked, about when, the earliest first."""
    return list(Offer.objects.open().order_by("appointment__starts_at").values_list("entry", "appointment__starts_at"))


def test_the_time_of_a_lifted_block_is_kept_from_patients_and_offered_to_whoever_waits(
    block, waits, harbour, dr_osei, clinic_admin, at
):
    waits(2)
    first = waits(30)
    lift_block(block=block(), by=clinic_admin)

    (opened,) = FreedSlot.objects.all()
    assert (opened.cause, opened.doctor, opened.starts_at, opened.ends_at) == (
        Cause.OPENED,
        dr_osei,
        at("10:00"),
        at("11:00"),
    )
    assert [(each.starts_at, each.ends_at) for each in withheld([harbour.pk], timezone.now())] == [
        (at("10:00"), at("11:00"))
    ]
    assert match_due() == 2
    assert offered()[0] == (first.pk, at("10:00"))
    assert {row[3] for decision in Decision.objects.all() for row in decision.candidates} == {"same"}
    assert not broken_promises()


def test_the_minutes_of_a_visit_made_shorter_go_to_whoever_waits(visit, waits, receptionist, at):
    first = waits(30)
    change_duration(appointment=visit, minutes=75, by=receptionist)
    change_duration(appointment=visit, minutes=30, by=receptionist)

    (opened,) = FreedSlot.objects.all()
    assert (opened.cause, opened.starts_at, opened.ends_at) == (Cause.OPENED, at("10:40"), at("11:25"))
    assert match_due() == 1
    assert offered() == [(first.pk, at("10:45"))]
    assert not broken_promises()

    with pytest.raises(SlotTaken):
        change_duration(appointment=visit, minutes=75, by=receptionist)


def test_minutes_taken_back_before_anybody_was_asked_are_offered_to_nobody(visit, waits, receptionist):
    waits(30)
    for minutes in (75, 30, 75):
        change_duration(appointment=visit, minutes=minutes, by=receptionist)

    assert not match_due()
    assert not Offer.objects.exists()


def test_nobody_hears_of_a_lifted_block_when_the_event_is_not_told(block, waits, clinic_admin, monkeypatch):
    monkeypatch.setitem(wiring._in_transaction, TimeOpened, [])
    waits()
    lift_block(block=block(), by=clinic_admin)

    assert not match_due()
    assert not FreedSlot.objects.exists()


def test_an_extra_session_goes_to_as_many_as_fit_in_their_order_each_with_a_time_of_their_own(evening, waits, at):
    entries = [waits(days) for days in (40, 30, 20)]
    assert match_due() == 3
    fourth = waits(10)

    assert [entry for entry, _ in offered()] == [each.pk for each in entries]
    times = [(each.appointment.starts_at, each.appointment.ends_at) for each in Offer.objects.order_by("pk")]
    assert times[0][0] == at("18:00")
    assert all(one[1] <= other[0] for one, other in pairwise(times))
    assert times[-1][1] <= at("20:00")
    for decision in Decision.objects.all():
        assert [row[0] for row in decision.candidates] == sorted_by_hand(decision)
    kept = FreedSlot.objects.filter(state=SlotState.OFFERED)
    assert {(each.starts_at, each.ends_at) for each in kept} == set(times)

    decline(offer=Offer.objects.get(entry=entries[0]), by=None)
    match_due()
    assert offered()[0] == (fourth.pk, at("18:00"))
    assert not broken_promises()


def test_whoever_can_come_late_only_is_asked_for_the_later_part(evening, waits, at):
    late = waits(30, from_time=time(18, 40))
    anytime = waits(3)
    match_due()

    assert offered() == [(anytime.pk, at("18:00")), (late.pk, at("18:45"))]


def test_a_block_set_again_before_the_sweep_is_offered_to_nobody(block, waits, clinic_admin):
    waits()
    lift_block(block=block(), by=clinic_admin)
    lifted = FreedSlot.objects.get()
    again = block()

    assert not match_due()
    assert state_of(lifted) == SlotState.GONE

    lift_block(block=again, by=clinic_admin)
    lift_block(block=block(), by=clinic_admin)
    assert [each.state for each in FreedSlot.objects.order_by("pk")] == ["gone", "withdrawn", "waiting"]


def test_a_visit_that_returns_from_review_keeps_its_time_and_the_rest_is_offered(block, visit, waits, clinic_admin, at):
    entry = waits()
    lift_block(block=block(), by=clinic_admin)
    match_due()

    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert offered() == [(entry.pk, at("10:45"))]


def test_a_clinic_open_again_gives_its_doctors_hours_back_and_a_room_gives_nobodys(
    block, room_1, dr_osei, dr_wilk, harbour, clinic_admin, at
):
    lift_block(block=block(room_1), by=clinic_admin)
    assert not FreedSlot.objects.exists()

    shut = close_clinic(clinic=harbour, starts_at=at("08:00"), ends_at=at("14:00"), reason="Flood", by=clinic_admin)
    reopen_clinic(closure=shut, by=clinic_admin)
    assert set(FreedSlot.objects.values_list("doctor", "starts_at", "ends_at")) == {
        (dr_osei.pk, at("08:30"), at("12:30")),
        (dr_osei.pk, at("13:15"), at("14:00")),
        (dr_wilk.pk, at("09:00"), at("14:00")),
    }


def test_time_that_is_over_opens_for_nobody(dr_osei, clinic_admin):
    now = timezone.now()
    week = timedelta(days=7)
    away = block_time(
        resource=dr_osei.resource,
        kind=ScheduleBlock.Kind.LEAVE,
        starts_at=now - week,
        ends_at=now + week,
        by=clinic_admin,
    )
    lift_block(block=away, by=clinic_admin)

    assert FreedSlot.objects.exists()
    assert not FreedSlot.objects.filter(starts_at__lt=now).exists()


def test_all_the_time_that_a_shortened_visit_gives_back_is_offered(
    visit, waits, receptionist, cardiology, dr_osei, harbour, at
):
    short = factories.AppointmentTypeFactory(service=cardiology, duration_minutes=10, start_step_minutes=10)
    factories.OfferingFactory(doctor=dr_osei, appointment_type=short, clinic=harbour)
    first, second, third = (waits(days, appointment_type=short) for days in (30, 20, 10))
    Offering.objects.filter(appointment_type=visit.appointment_type).update(duration_minutes=10)
    AppointmentType.objects.filter(pk=visit.appointment_type_id).update(buffer_after_minutes=0)

    visit = Appointment.objects.get(pk=visit.pk)
    shorter = reschedule_appointment(appointment=visit, starts_at=visit.starts_at, by=receptionist)
    match_due()

    assert shorter.ends_at == at("10:10")
    assert offered() == [(first.pk, at("10:10")), (second.pk, at("10:20"))]
    assert summary(Entry.objects.filter(pk=third.pk), [harbour], timezone.now())["freed"] == 2
    assert not broken_promises()


def test_what_failed_when_time_opened_is_done_by_the_sweep(block, clinic_admin, monkeypatch):
    name = handler_name(handlers.look_at_opened)

    def broken(event: TimeOpened) -> None:
        raise RuntimeError

    broken.__module__, broken.__qualname__ = name.rsplit(".", 1)
    monkeypatch.setitem(wiring._in_transaction, TimeOpened, [broken])
    lift_block(block=block(), by=clinic_admin)
    assert HandlerFailure.objects.get().handler == name
    monkeypatch.undo()

    assert retry_failed_handlers() == 1
    assert FreedSlot.objects.get().cause == Cause.OPENED
