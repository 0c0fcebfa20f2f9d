"""A doctor, a room or a clinic switched off: visits to come are flagged, and come back when it is on again."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed
from scheduling.booking import book_appointment
from scheduling.errors import SlotUnavailable
from scheduling.memberships import grant_membership
from scheduling.models import Appointment, Doctor, DoctorClinic, ScheduleBlock, ScheduleEvent, Status
from scheduling.reviews import sign_off_override
from scheduling.roster.blocks import block_time, lift_block
from scheduling.roster.in_use import revise_use
from scheduling.roster.opening import Closing, revise_opening
from scheduling.roster.rehearsal import rehearse_clinic_use, rehearse_use
from tests import factories

pytestmark = pytest.mark.django_db


def at(day: date, clock: str, clinic) -> datetime:
    """A wall-clock time at the clinic."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=clinic.zone)


@pytest.fixture
def book(patient, consultation, dr_osei, harbour, receptionist, monday):
    """Books the patient with Dr Osei in Room 1 on Monday at ten, unless told otherwise."""

    def run(clock: str = "10:00", **changes) -> Appointment:
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


def state(visit: Appointment) -> tuple[str, str]:
    visit.refresh_from_db()
    return visit.status, visit.review_reason


def test_a_room_out_of_use_sends_its_visits_to_review_and_back(book, room_1, clinic_admin):
    visit = book()

    revise_use(resource=room_1, in_use=False, by=clinic_admin)
    assert state(visit) == (Status.REQUIRES_REVIEW, "Room 1: out of use")
    assert visit.allocations.filter(released_at=None).count() == 2

    revise_use(resource=room_1, in_use=True, by=clinic_admin)
    assert state(visit) == (Status.CONFIRMED, "")
    room_1.refresh_from_db()
    assert room_1.is_active


def test_the_visits_of_another_room_stand(book, room_1, dr_wilk, another_patient, clinic_admin):
    book()
    elsewhere = book(doctor=dr_wilk, patient=another_patient)

    revise_use(resource=room_1, in_use=False, by=clinic_admin)

    assert state(elsewhere) == (Status.CONFIRMED, "")


def test_a_doctor_goes_out_of_use_with_the_resource(book, dr_osei, clinic_admin):
    visit = book()

    revise_use(resource=dr_osei.resource, in_use=False, by=clinic_admin)
    assert state(visit) == (Status.REQUIRES_REVIEW, "Dr Osei: out of use")
    assert not Doctor.objects.get(pk=dr_osei.pk).is_active
    with pytest.raises(SlotUnavailable):
        book("11:00")

    revise_use(resource=dr_osei.resource, in_use=True, by=clinic_admin)
    assert state(visit) == (Status.CONFIRMED, "")
    book("11:00", patient=factories.PatientFactory(at=[visit.clinic]))


def test_a_clinic_out_of_use_flags_its_visits_and_not_the_neighbours(book, harbour, clinic_admin):
    visit = book()

    revise_opening(clinic=harbour, in_use=False, by=clinic_admin)
    assert state(visit) == (Status.REQUIRES_REVIEW, "Harbour Street: out of use")

    revise_opening(clinic=harbour, in_use=True, by=clinic_admin)
    assert state(visit) == (Status.CONFIRMED, "")


def test_a_visit_that_is_over_or_under_way_is_left_alone(book, room_1, clinic_admin):
    visit = book()
    Appointment.objects.filter(pk=visit.pk).update(status=Status.IN_PROGRESS)

    revise_use(resource=room_1, in_use=False, by=clinic_admin)

    assert state(visit) == (Status.IN_PROGRESS, "")


def test_a_room_that_now_keeps_hours_of_its_own_and_has_none_flags_its_visits(book, room_1, clinic_admin):
    visit = book()

    revise_use(resource=room_1, keeps_own_hours=True, by=clinic_admin)
    assert state(visit) == (Status.REQUIRES_REVIEW, "Room 1: working hours changed")

    revise_use(resource=room_1, keeps_own_hours=False, by=clinic_admin)
    assert state(visit) == (Status.CONFIRMED, "")


def test_a_visit_of_a_room_and_a_doctor_out_of_use_returns_when_both_are_back(book, room_1, dr_osei, clinic_admin):
    visit = book()
    revise_use(resource=room_1, in_use=False, by=clinic_admin)
    revise_use(resource=dr_osei.resource, in_use=False, by=clinic_admin)
    assert state(visit) == (Status.REQUIRES_REVIEW, "Room 1: out of use")

    revise_use(resource=room_1, in_use=True, by=clinic_admin)
    assert state(visit) == (Status.REQUIRES_REVIEW, "Dr Osei: out of use")

    revise_use(resource=dr_osei.resource, in_use=True, by=clinic_admin)
    assert state(visit) == (Status.CONFIRMED, "")


def test_lifting_a_block_brings_nothing_back_while_the_room_is_out_of_use(book, room_1, harbour, clinic_admin, monday):
    visit = book()
    span = {"starts_at": at(monday, "10:00", harbour), "ends_at": at(monday, "11:00", harbour)}
    laid = block_time(resource=room_1, kind=ScheduleBlock.Kind.OUTAGE, by=clinic_admin, **span)
    revise_use(resource=room_1, in_use=False, by=clinic_admin)

    lift_block(block=laid, by=clinic_admin)

    assert state(visit) == (Status.REQUIRES_REVIEW, "Room 1: out of use")


def test_the_change_is_on_record_with_whom_it_moved(book, room_1, harbour, clinic_admin):
    visit = book()

    revise_use(resource=room_1, in_use=False, by=clinic_admin)

    event = ScheduleEvent.objects.get(kind="roster.taken_out_of_use")
    assert (event.clinic, event.actor, event.payload["resource_id"]) == (harbour, clinic_admin, room_1.pk)
    assert event.payload["changes"] == {"is_active": [None, False], "to_review": [None, [visit.pk]], "back": [None, []]}
    assert LogEntry.objects.filter(event="roster.taken_out_of_use", actor=clinic_admin).exists()
    moved = ScheduleEvent.objects.get(kind="appointment.review_required")
    assert (moved.appointment, moved.actor) == (visit, clinic_admin)


@pytest.mark.parametrize("who", ["receptionist", "manager", "receptionist_elsewhere"])
def test_whoever_does_not_configure_the_clinic_switches_nothing(who, book, room_1, harbour, request):
    visit, user = book(), request.getfixturevalue(who)

    with pytest.raises(NotAllowed):
        revise_use(resource=room_1, in_use=False, by=user)
    with pytest.raises(NotAllowed):
        revise_opening(clinic=harbour, in_use=False, by=user)
    with pytest.raises(NotAllowed):
        rehearse_use(resource=room_1, in_use=False, by=user)

    assert state(visit) == (Status.CONFIRMED, "")


def test_a_doctor_of_two_clinics_is_switched_off_by_somebody_who_configures_both(
    book, dr_osei, northgate, clinic_admin
):
    DoctorClinic.objects.create(doctor=dr_osei, clinic=northgate)
    visit = book()

    with pytest.raises(NotAllowed, match="a clinic that you don't configure"):
        revise_use(resource=dr_osei.resource, in_use=False, by=clinic_admin)

    grant_membership(user=clinic_admin, clinic=northgate, role="clinic_administrator", by=None)
    revise_use(resource=dr_osei.resource, in_use=False, by=clinic_admin)
    assert state(visit)[0] == Status.REQUIRES_REVIEW


def test_the_preview_counts_what_the_change_then_moves(book, room_1, harbour, clinic_admin):
    visit = book()
    silent = factories.PatientFactory(mobile="", phone="", email="", at=[harbour])
    book("11:00", patient=silent)

    for preview in (
        rehearse_use(resource=room_1, in_use=False, by=clinic_admin),
        rehearse_clinic_use(clinic=harbour, in_use=False, by=clinic_admin),
    ):
        assert (preview.displaced, preview.unreachable, preview.returning) == (2, 1, 0)
        assert preview.visits[0].appointment == visit
    assert state(visit) == (Status.CONFIRMED, "")

    revise_use(resource=room_1, in_use=False, by=clinic_admin)
    assert rehearse_use(resource=room_1, in_use=True, by=clinic_admin).returning == 2


def test_an_override_agreed_to_while_the_room_is_out_of_use_stays_in_review(
    book, room_1, harbour, manager, clinic_admin
):
    harbour.override_needs_sign_off = True
    harbour.save()
    visit = book("08:00", override_reason="Before theatre")
    revise_use(resource=room_1, in_use=False, by=clinic_admin)

    sign_off_override(appointment=visit, by=manager)

    assert state(visit) == (Status.REQUIRES_REVIEW, "Room 1: out of use")


# --- The reason that is shown is one that still stands -----------------------------------------------------------


@pytest.fixture
def block(dr_osei, harbour, clinic_admin, monday):
    def run(begin: str, end: str, **changes) -> ScheduleBlock:
        wish = {
            "resource": dr_osei.resource,
            "kind": ScheduleBlock.Kind.EMERGENCY,
            "starts_at": at(monday, begin, harbour),
            "ends_at": at(monday, end, harbour),
            "by": clinic_admin,
        }
        return block_time(**(wish | changes))

    return run


def test_when_one_of_two_blocks_is_lifted_the_reason_is_the_other_one(book, block, clinic_admin):
    visit = book()
    first = block("10:00", "11:00")
    block("09:00", "12:00", kind=ScheduleBlock.Kind.LEAVE)

    lift_block(block=first, by=clinic_admin)

    assert state(visit) == (Status.REQUIRES_REVIEW, "Dr Osei: leave 09:00 to 12:00")
    event = ScheduleEvent.objects.get(kind="appointment.review_reason_changed")
    assert event.payload["review_reason"] == [
        "Dr Osei: emergency block 10:00 to 11:00",
        "Dr Osei: leave 09:00 to 12:00",
    ]


def test_a_reason_that_still_stands_is_kept(book, block, clinic_admin):
    visit = book()
    block("10:00", "11:00")
    second = block("09:00", "12:00")
    block("08:00", "12:30")

    lift_block(block=second, by=clinic_admin)

    assert state(visit) == (Status.REQUIRES_REVIEW, "Dr Osei: emergency block 10:00 to 11:00")
    assert not ScheduleEvent.objects.filter(kind="appointment.review_reason_changed").exists()


def test_the_reason_left_may_be_the_room_or_the_clinic(book, block, room_1, harbour, clinic_admin, monday):
    visit = book()
    first = block("10:00", "11:00")
    outage = block("10:00", "10:30", resource=room_1, kind=ScheduleBlock.Kind.OUTAGE)
    morning = Closing(at(monday, "08:00", harbour), at(monday, "12:00", harbour), "burst pipe")
    (closure,) = revise_opening(clinic=harbour, close=[morning], by=clinic_admin)

    lift_block(block=first, by=clinic_admin)
    assert state(visit)[1] == "Harbour Street: closed 08:00 to 12:00, burst pipe"

    revise_opening(clinic=harbour, by=clinic_admin, reopen=[closure])
    assert state(visit)[1] == "Room 1: out of order 10:00 to 10:30"

    lift_block(block=outage, by=clinic_admin)
    assert state(visit) == (Status.CONFIRMED, "")
