"""The page that blocks time: previewed live, confirmed, lifted; nothing for those who edit no roster."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scheduling.booking import book_appointment
from scheduling.models import ScheduleBlock, Status
from tests import factories

pytestmark = pytest.mark.django_db

PAGE = reverse("scheduling:roster-block")
PREVIEW = reverse("scheduling:roster-preview")


@pytest.fixture
def visit(consultation, dr_osei, harbour, receptionist, monday):
    """A patient who can't be reached, with Dr Osei on Monday at ten."""
    silent = factories.PatientFactory(given_name="Nerys", mobile="", phone="", email="", at=[harbour])
    return book_appointment(
        patient=silent,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=receptionist,
    )


@pytest.fixture
def typed(dr_osei, harbour, monday: date) -> dict[str, object]:
    """Leave for Dr Osei on Monday from nine to twelve, as a browser sends it."""
    return {
        "clinic": harbour.pk,
        "resource": dr_osei.resource_id,
        "kind": "leave",
        "from_day": monday.isoformat(),
        "from_time": "09:00",
        "to_day": monday.isoformat(),
        "to_time": "12:00",
        "reason": "Conference",
    }


def sign_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_preview_says_how_many_visits_move_and_who_cannot_be_reached(visit, typed, clinic_admin):
    text = sign_in(clinic_admin).post(PREVIEW, typed).content.decode()

    assert "1 visit to move, 1 can’t be reached" in text
    assert visit.reference in text
    assert visit.patient.full_name in text
    assert "<html" not in text
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_a_manager_who_sees_no_patients_sees_no_names(visit, typed, manager):
    text = sign_in(manager).post(PREVIEW, typed).content.decode()

    assert visit.reference in text
    assert "Nerys" not in text


def test_an_unfinished_form_previews_nothing(typed, clinic_admin):
    answer = sign_in(clinic_admin).post(PREVIEW, typed | {"resource": ""})

    assert answer.status_code == 200
    assert "Choose who and when" in answer.content.decode()


def test_confirming_blocks_the_time_and_the_page_lists_the_visit_to_review(visit, typed, clinic_admin):
    answer = sign_in(clinic_admin).post(PAGE, typed, follow=True)

    assert answer.redirect_chain
    assert "Blocked: " in answer.content.decode()
    assert visit.reference in answer.content.decode()
    visit.refresh_from_db()
    assert visit.status == Status.REQUIRES_REVIEW
    assert visit.review_reason == "Dr Osei: leave 09:00 to 12:00"


def test_lifting_on_the_page_brings_the_visit_back(visit, typed, clinic_admin):
    client = sign_in(clinic_admin)
    client.post(PAGE, typed)

    client.post(reverse("scheduling:roster-lift", args=[ScheduleBlock.objects.get().pk]))

    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_without_javascript_the_preview_button_shows_it_on_the_page(visit, typed, clinic_admin):
    answer = sign_in(clinic_admin).post(PAGE, typed | {"preview": "1"})

    assert "1 visit to move" in answer.content.decode()
    assert not ScheduleBlock.objects.exists()


@pytest.mark.parametrize("wrong", [{"to_time": "08:00"}, {"to_day": "2031-01-01"}, {"from_day": "soon"}, {"kind": "x"}])
def test_times_that_make_no_sense_are_a_422_that_says_why(typed, clinic_admin, wrong):
    answer = sign_in(clinic_admin).post(PAGE, typed | wrong)

    assert answer.status_code == 422
    assert not ScheduleBlock.objects.exists()


def test_a_receptionist_finds_no_such_page(typed, visit, receptionist, receptionist_elsewhere):
    for outsider in (receptionist, receptionist_elsewhere):
        client = sign_in(outsider)
        assert client.get(PAGE).status_code == 404
        assert client.post(PREVIEW, typed).status_code == 404
        assert client.post(PAGE, typed).status_code == 404
    assert not ScheduleBlock.objects.exists()


def test_someone_elses_block_can_be_neither_seen_nor_lifted(northgate_room, clinic_admin, northgate, monday):
    block = factories.ScheduleBlockFactory(
        resource=northgate_room,
        starts_at=datetime.combine(monday, time(10), tzinfo=northgate.zone),
        ends_at=datetime.combine(monday, time(11), tzinfo=northgate.zone),
    )
    client = sign_in(clinic_admin)

    assert client.post(reverse("scheduling:roster-lift", args=[block.pk])).status_code == 404
    assert ScheduleBlock.objects.exists()


def test_the_page_takes_as_many_statements_for_three_blocks_as_for_one(dr_osei, harbour, clinic_admin, monday):
    client = sign_in(clinic_admin)

    def statements(hour: int) -> int:
        factories.ScheduleBlockFactory(
            resource=dr_osei.resource,
            starts_at=datetime.combine(monday, time(hour), tzinfo=harbour.zone),
            ends_at=datetime.combine(monday, time(hour + 1), tzinfo=harbour.zone),
        )
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    first = statements(10)
    statements(11)
    assert statements(12) == first
