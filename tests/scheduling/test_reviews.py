"""Visits that wait for somebody: agreement to an override, and what happens to them meanwhile."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from carebridge.errors import NotAllowed
from scheduling.booking import book_appointment
from scheduling.errors import WrongStatus
from scheduling.models import ScheduleBlock, Status
from scheduling.reviews import resolve_review, sign_off_override
from scheduling.roster.blocks import block_time

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(patient, consultation, dr_osei, harbour, receptionist, monday):
    """A visit before Dr Osei's hours, at a clinic that wants a second person to agree."""
    harbour.override_needs_sign_off = True
    harbour.save()
    return book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(8), tzinfo=harbour.zone),
        by=receptionist,
        override_reason="Before theatre",
    )


def test_a_second_person_agrees_and_the_visit_is_confirmed(waiting, manager):
    assert sign_off_override(appointment=waiting, by=manager).status == Status.CONFIRMED


def test_whoever_overrode_can_not_agree_to_it(waiting, clinic_admin):
    waiting.overridden_by = clinic_admin
    waiting.save()

    with pytest.raises(NotAllowed):
        sign_off_override(appointment=waiting, by=clinic_admin)


def test_a_receptionist_can_neither_agree_nor_wave_it_through(waiting, receptionist):
    with pytest.raises(NotAllowed):
        sign_off_override(appointment=waiting, by=receptionist)
    with pytest.raises(WrongStatus):
        resolve_review(appointment=waiting, by=receptionist)


def test_a_visit_that_was_blocked_meanwhile_stays_in_review(waiting, manager, clinic_admin, dr_osei):
    block_time(
        resource=dr_osei.resource,
        kind=ScheduleBlock.Kind.EMERGENCY,
        starts_at=waiting.starts_at,
        ends_at=waiting.starts_at + timedelta(hours=1),
        by=clinic_admin,
    )

    agreed = sign_off_override(appointment=waiting, by=manager)

    assert (agreed.status, agreed.status_before_review) == (Status.REQUIRES_REVIEW, Status.CONFIRMED)
    assert agreed.review_reason == "Dr Osei: emergency block 08:00 to 09:00"
