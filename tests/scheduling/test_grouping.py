"""Visits that belong together are booked together, or not at all."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from carebridge.errors import InvalidInput
from scheduling.errors import PolicyRefused, SlotTaken
from scheduling.grouping import Part, book_group
from scheduling.models import Allocation, Appointment, AppointmentGroup
from tests import factories

pytestmark = pytest.mark.django_db
Kind = AppointmentGroup.Kind


@pytest.fixture
def part(patient, consultation, dr_osei, harbour, monday):
    """A part with Dr Osei, some days after the Monday, at ten unless told otherwise."""

    def make(days: int = 0, clock: str = "10:00", **changes):
        starts_at = datetime.combine(monday + timedelta(days=days), time.fromisoformat(clock), tzinfo=harbour.zone)
        usual = {"patient": patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
        return Part(**(usual | {"starts_at": starts_at} | changes))

    return make


def test_a_series_is_booked_in_order_with_each_part_in_the_ledger(part, receptionist):
    booked = book_group(kind=Kind.SERIES, parts=[part(7), part(0), part(14)], by=receptionist)

    assert [visit.group_position for visit in booked] == [0, 1, 2]
    assert sorted(visit.starts_at for visit in booked) == [visit.starts_at for visit in booked]
    assert len({visit.group_id for visit in booked}) == 1
    assert Allocation.objects.count() == 6


def test_when_one_part_is_taken_nothing_of_the_series_is_booked(part, receptionist, another_patient):
    book_group(kind=Kind.SERIES, parts=[part(7, patient=another_patient)], by=receptionist)

    with pytest.raises(SlotTaken):
        book_group(kind=Kind.SERIES, parts=[part(0), part(7), part(14)], by=receptionist)
    assert Appointment.objects.count() == 1
    assert AppointmentGroup.objects.count() == 1


def test_parts_of_one_day_must_not_overlap_for_the_patient(part, receptionist, dr_wilk, room_2):
    with pytest.raises(PolicyRefused) as refused:
        book_group(kind=Kind.CHAINED, parts=[part(), part(clock="10:15", doctor=dr_wilk)], by=receptionist)

    assert refused.value.code == "patient_busy"


def test_in_a_joint_visit_the_patient_is_with_two_doctors_at_once(part, receptionist, dr_wilk, room_2):
    booked = book_group(kind=Kind.JOINT, parts=[part(), part(doctor=dr_wilk)], by=receptionist)

    assert {visit.doctor for visit in booked} == {part().doctor, dr_wilk}
    assert all(visit.overrides == [] for visit in booked)


def test_a_group_of_nothing_is_refused(receptionist):
    with pytest.raises(InvalidInput):
        book_group(kind=Kind.SERIES, parts=[], by=receptionist)


def test_two_parts_of_a_group_share_no_room(part, receptionist, consultation, harbour):
    alone = factories.DoctorFactory(at=[harbour])
    factories.works_on_weekdays(alone.resource, harbour)
    factories.OfferingFactory(doctor=alone, appointment_type=consultation, clinic=harbour)

    with pytest.raises(SlotTaken):
        book_group(kind=Kind.JOINT, parts=[part(), part(doctor=alone)], by=receptionist)
