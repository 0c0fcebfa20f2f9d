"""Visits that wait for somebody: agreement to an override, and what happens to them meanwhile."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from carebridge.errors import InvalidInput, NotAllowed
from scheduling.booking import book_appointment
from scheduling.errors import WrongStatus
from scheduling.models import ScheduleBlock, Status
from scheduling.reviews import refuse_override, resolve_review, sign_off_override
from scheduling.roster.blocks import block_time, lift_block

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


def test_a_second_person_refuses_and_says_why(waiting, manager):
    refused = refuse_override(appointment=waiting, reason="Theatre is full", by=manager)

    assert (refused.status, refused.review_reason) == (
        Status.REQUIRES_REVIEW,
        "Override refused: Theatre is full",
    )


def test_a_refusal_without_a_reason_is_none(waiting, manager):
    with pytest.raises(InvalidInput):
        refuse_override(appointment=waiting, reason=" ", by=manager)


def test_whoever_overrode_can_not_refuse_it_either(waiting, clinic_admin):
    waiting.overridden_by = clinic_admin
    waiting.save()

    with pytest.raises(NotAllowed):
        refuse_override(appointment=waiting, reason="On second thoughts", by=clinic_admin)


def test_a_refused_override_is_neither_kept_nor_agreed_to_any_more(waiting, receptionist, manager, clinic_admin):
    refuse_override(appointment=waiting, reason="Theatre is full", by=manager)

    with pytest.raises(WrongStatus):
        resolve_review(appointment=waiting, by=receptionist)
    with pytest.raises(WrongStatus):
        sign_off_override(appointment=waiting, by=clinic_admin)


def test_the_refused_visit_keeps_its_place_in_review_when_a_block_comes_and_goes(
    waiting, manager, clinic_admin, dr_osei
):
    refuse_override(appointment=waiting, reason="Theatre is full", by=manager)
    span = {"starts_at": waiting.starts_at, "ends_at": waiting.starts_at + timedelta(hours=1)}
    block = block_time(resource=dr_osei.resource, kind=ScheduleBlock.Kind.EMERGENCY, **span, by=clinic_admin)
    lift_block(block=block, by=clinic_admin)

    waiting.refresh_from_db()
    assert waiting.review_reason == "Override refused: Theatre is full"


@pytest.fixture
def drawer_of(waiting, client):
    def opened(user) -> str:
        client.force_login(user)
        address = f"/appointments/{waiting.reference}/"
        return client.get(address, headers={"hx-request": "true"}).content.decode()

    return opened


def test_the_drawer_says_who_asked_for_which_rule_and_why(drawer_of, manager):
    shown = drawer_of(manager)

    for words in ("Maya Fielding", "Outside the doctor&#x27;s hours", "Before theatre", "Agree to override"):
        assert words in shown
    assert "Refuse the override" in shown


def test_whoever_asked_is_told_that_somebody_else_decides(drawer_of, receptionist):
    shown = drawer_of(receptionist)

    assert "Somebody else decides on it." in shown
    assert "Agree to override" not in shown
    assert "Refuse the override" not in shown


def test_the_worklist_names_the_override_and_who_asked(waiting, client, manager):
    client.force_login(manager)
    shown = client.get("/roster/block/").content.decode()

    assert "outside the doctor&#x27;s hours" in shown
    assert "asked by Maya Fielding" in shown


def test_a_refusal_on_the_drawer_shows_its_reason_there(waiting, client, manager):
    client.force_login(manager)
    answer = client.post(
        f"/appointments/{waiting.reference}/refuse-override/",
        {"reason": "Theatre is full"},
        headers={"hx-request": "true", "hx-target": "drawer"},
    )

    assert answer.status_code == 200
    assert "Override refused: Theatre is full" in answer.content.decode()
