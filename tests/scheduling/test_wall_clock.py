"""Whatever the season and wherever the server: screens show a clinic's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.template import Context, Template
from django.urls import reverse

from scheduling.booking import book_appointment
from scheduling.periods import wall_clock

pytestmark = pytest.mark.django_db

JULY = date(2027, 7, 5)


@pytest.fixture(params=["Europe/London", "America/New_York"])
def visit(request, client, patient, consultation, dr_osei, harbour, receptionist):
    """A visit at ten on a Monday in July, at a clinic in London or in New York."""
    harbour.time_zone = request.param
    harbour.save()
    with time_machine.travel(datetime(2027, 7, 1, tzinfo=UTC)):
        yield book_appointment(
            patient=patient,
            appointment_type=consultation,
            doctor=dr_osei,
            clinic=harbour,
            starts_at=datetime.combine(JULY, time(10), tzinfo=harbour.zone),
            by=receptionist,
        )


@pytest.fixture
def reception(client, receptionist, visit):
    """Signed in on that day in July."""
    client.force_login(receptionist, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_the_drawer_and_the_board_show_ten_o_clock(reception, visit):
    drawer = reception.get(reverse("scheduling:appointment", args=[visit.reference])).content.decode()

    assert "10:00 to 10:30" in drawer


def test_the_finder_offers_the_doctors_own_hours(reception, visit, consultation):
    form = {"service": consultation.service_id, "from": JULY.isoformat(), "to": JULY.isoformat()}
    page = reception.post(reverse("scheduling:find"), form).content.decode()

    assert ">08:30<" in page
    assert ">10:00<" not in page


def test_a_template_shows_a_wall_clock_as_it_is(visit):
    shown = Template("{{ visit.local_start|date:'H:i' }}").render(Context({"visit": visit}))

    assert shown == "10:00"
    assert wall_clock(visit.starts_at, visit.clinic.zone) == visit.starts_at
