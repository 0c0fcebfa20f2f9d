"""Cancelling and moving visits: cut-offs, undo, and nothing given up before the new time is sure."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from carebridge.errors import NotAllowed
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.errors import PolicyRefused, SlotTaken, StaleVersion, UndoTooLate, WrongStatus
from scheduling.models import Appointment, Cancellation, ExternalReference, Resource, ScheduleBlock, Status
from scheduling.rescheduling import reschedule_appointment, swap_appointments
from scheduling.roster.blocks import block_time
from scheduling.visits import check_in_patient, complete_visit, mark_no_show, start_visit, undo_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_visit(another_patient, consultation, dr_osei, harbour, receptionist, at):
    """Another patient sees Dr Osei the same day at two."""
    return book_appointment(
        patient=another_patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("14:00"),
        by=receptionist,
    )


# --- Cancelling -------------------------------------------------------------------------------------------------------


def test_cancelling_gives_the_time_back_and_says_how_much_notice_there_was(visit, patient_request, receptionist):
    with time_machine.travel(visit.starts_at - timedelta(hours=48), tick=False):
        cancellation = cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED
    assert not visit.allocations.filter(released_at=None).exists()
    assert (cancellation.notice_minutes, cancellation.is_late) == (48 * 60, False)
    assert cancellation.effects_due_at - cancellation.cancelled_at == timedelta(seconds=8)


def test_at_the_cut_off_minute_a_patient_may_still_cancel(visit, patient_request):
    with time_machine.travel(visit.starts_at - timedelta(hours=24), tick=False):
        cancel_appointment(appointment=visit, reason=patient_request, by=None)

    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED


def test_one_minute_past_the_cut_off_a_patient_is_told_to_call(visit, patient_request):
    with (
        time_machine.travel(visit.starts_at - timedelta(hours=24) + timedelta(minutes=1), tick=False),
        pytest.raises(PolicyRefused, match="call us"),
    ):
        cancel_appointment(appointment=visit, reason=patient_request, by=None)


def test_after_the_cut_off_staff_need_a_reason_and_the_cancellation_is_late(visit, patient_request, receptionist):
    with time_machine.travel(visit.starts_at - timedelta(hours=2), tick=False):
        with pytest.raises(PolicyRefused) as refused:
            cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
        cancellation = cancel_appointment(
            appointment=visit, reason=patient_request, by=receptionist, exception_reason="In hospital"
        )

    assert refused.value.code == "past_cutoff"
    assert cancellation.is_late


def test_the_types_own_cut_off_beats_the_clinics(visit, consultation, patient_request):
    consultation.cancel_cutoff_minutes = 60
    consultation.save()

    with time_machine.travel(visit.starts_at - timedelta(minutes=60), tick=False):
        cancel_appointment(appointment=Appointment.objects.get(pk=visit.pk), reason=patient_request, by=None)


def test_a_cancelled_visit_can_not_be_cancelled_again(visit, patient_request, receptionist):
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    with pytest.raises(WrongStatus):
        cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    assert Cancellation.objects.count() == 1


def test_a_stale_screen_cancels_nothing(visit, patient_request, receptionist):
    with pytest.raises(StaleVersion):
        cancel_appointment(appointment=visit, reason=patient_request, by=receptionist, version=visit.version - 1)


def test_a_receptionist_elsewhere_cancels_nothing_here(visit, patient_request, receptionist_elsewhere):
    with pytest.raises(NotAllowed):
        cancel_appointment(appointment=visit, reason=patient_request, by=receptionist_elsewhere)


def test_undo_brings_a_cancelled_visit_back(visit, patient_request, receptionist):
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    restored = undo_cancellation(appointment=visit, by=receptionist)

    assert restored.status == Status.CONFIRMED
    assert restored.allocations.filter(released_at=None).count() == 2
    assert Cancellation.objects.get().undone_at is not None


def test_undo_into_another_room_leaves_the_review_that_the_first_room_caused(
    visit, room_1, room_2, patient_request, clinic_admin, receptionist, at
):
    room = Resource.objects.get(pk__in=[room_1.pk, room_2.pk], allocations__appointment=visit)
    block_time(
        resource=room,
        kind=ScheduleBlock.Kind.OUTAGE,
        starts_at=at("09:30"),
        ends_at=at("11:00"),
        by=clinic_admin,
        reason="Water leak",
    )
    visit.refresh_from_db()
    assert visit.status == Status.REQUIRES_REVIEW
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    restored = undo_cancellation(appointment=visit, by=receptionist)

    assert restored.status == Status.CONFIRMED
    assert not restored.review_reason


def test_undo_is_refused_when_the_time_was_given_away(
    visit, patient_request, receptionist, another_patient, consultation, dr_osei, harbour, at
):
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    book_appointment(
        patient=another_patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at("10:00"),
        by=receptionist,
    )

    with pytest.raises(SlotTaken):
        undo_cancellation(appointment=visit, by=receptionist)
    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED


def test_what_was_not_cancelled_can_not_be_brought_back(visit, receptionist):
    with pytest.raises(UndoTooLate):
        undo_cancellation(appointment=visit, by=receptionist)


# --- Moving --------------------------------------------------------------------------------------------------------


def test_a_move_keeps_the_calendar_identity_and_points_both_ways(visit, receptionist, at):
    ExternalReference.objects.create(appointment=visit, system="pms", value="A-1")

    moved = reschedule_appointment(appointment=visit, starts_at=at("15:00"), by=receptionist)

    visit.refresh_from_db()
    assert (visit.status, moved.status) == (Status.RESCHEDULED, Status.CONFIRMED)
    assert (moved.moved_from, moved.calendar_uid, moved.calendar_sequence) == (visit, visit.calendar_uid, 1)
    assert moved.external_references.get().value == "A-1"
    assert not visit.allocations.filter(released_at=None).exists()


def test_a_visit_may_move_into_its_own_time(visit, receptionist, at):
    moved = reschedule_appointment(appointment=visit, starts_at=at("10:15"), by=receptionist)

    assert moved.starts_at == at("10:15")


def test_a_refused_move_leaves_the_old_time_booked(visit, other_visit, receptionist, at):
    with pytest.raises(SlotTaken):
        reschedule_appointment(appointment=visit, starts_at=at("14:00"), by=receptionist)

    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert visit.allocations.filter(released_at=None).count() == 2
    assert Appointment.objects.count() == 2


def test_a_patient_may_move_at_the_cut_off_but_not_a_minute_later(visit, at):
    cutoff = visit.starts_at - timedelta(hours=24)
    with time_machine.travel(cutoff + timedelta(minutes=1), tick=False), pytest.raises(PolicyRefused):
        reschedule_appointment(appointment=visit, starts_at=at("15:00"), by=None)
    with time_machine.travel(cutoff, tick=False):
        assert reschedule_appointment(appointment=visit, starts_at=at("15:00"), by=None).pk


def test_a_moved_visit_can_not_be_moved_by_its_old_name(visit, receptionist, at):
    reschedule_appointment(appointment=visit, starts_at=at("15:00"), by=receptionist)

    with pytest.raises(WrongStatus):
        reschedule_appointment(appointment=visit, starts_at=at("16:00"), by=receptionist)


def test_two_visits_swap_their_times(visit, other_visit, receptionist, at):
    first, second = swap_appointments(first=visit, second=other_visit, by=receptionist)

    assert (first.patient, first.starts_at) == (visit.patient, at("14:00"))
    assert (second.patient, second.starts_at) == (other_visit.patient, at("10:00"))


def test_one_patients_two_visits_may_swap_their_times(
    visit, patient, consultation, dr_wilk, room_2, harbour, receptionist, at
):
    with_wilk = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_wilk,
        clinic=harbour,
        starts_at=at("14:00"),
        by=receptionist,
    )

    first, second = swap_appointments(first=visit, second=with_wilk, by=receptionist)

    assert (first.doctor, first.starts_at) == (dr_wilk, at("14:00"))
    assert second.starts_at == at("10:00")


# --- The day itself ------------------------------------------------------------------------------------------------


def test_a_visit_runs_from_arrival_to_completion_and_each_step_can_be_taken_back(visit, receptionist):
    with time_machine.travel(visit.starts_at - timedelta(minutes=5), tick=False):
        visit = check_in_patient(appointment=visit, by=receptionist)
        visit = start_visit(appointment=visit, by=receptionist)
        visit = complete_visit(appointment=visit, by=receptionist)
        assert visit.status == Status.COMPLETED

        visit = undo_status(appointment=visit, by=receptionist)

    assert (visit.status, visit.finished_at) == (Status.IN_PROGRESS, None)
    assert visit.allocations.filter(released_at=None).exists()


def test_a_no_show_can_not_be_recorded_before_the_start(visit, receptionist):
    with time_machine.travel(visit.starts_at - timedelta(minutes=1), tick=False), pytest.raises(WrongStatus):
        mark_no_show(appointment=visit, by=receptionist)


def test_undoing_a_no_show_only_moves_the_status(visit, receptionist):
    with time_machine.travel(visit.starts_at + timedelta(minutes=20), tick=False):
        mark_no_show(appointment=visit, by=receptionist)
        rows = list(visit.allocations.values("id", "released_at"))
        restored = undo_status(appointment=visit, by=receptionist)

    assert restored.status == Status.CONFIRMED
    assert list(visit.allocations.values("id", "released_at")) == rows


def test_nobody_is_checked_in_for_another_day(visit, receptionist):
    assert visit.starts_at - timezone.now() > timedelta(hours=12)

    with pytest.raises(WrongStatus, match="another day"):
        check_in_patient(appointment=visit, by=receptionist)


def test_a_doctor_runs_their_own_visits_but_not_a_colleagues(
    visit, doctor_user, dr_wilk, another_patient, consultation, harbour, receptionist, at
):
    colleagues = book_appointment(
        patient=another_patient,
        appointment_type=consultation,
        doctor=dr_wilk,
        clinic=harbour,
        starts_at=at("10:00"),
        by=receptionist,
    )
    with time_machine.travel(visit.starts_at, tick=False):
        assert check_in_patient(appointment=visit, by=doctor_user).status == Status.CHECKED_IN
        with pytest.raises(NotAllowed):
            check_in_patient(appointment=colleagues, by=doctor_user)
