"""A visit, a row of everything that has a page, and people at the admin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from scheduling.models import (
    ScheduleEvent,
    Translation,
)
from tests import factories


@pytest.fixture
def everything(visit, dr_osei, harbour, northgate_room, patient_request, cardiology, patient_elsewhere) -> None:
    """At least one row of every model that has a page."""
    begin = datetime(2030, 1, 1, 9, tzinfo=UTC)
    span = {"starts_at": begin, "ends_at": begin + timedelta(hours=2)}
    factories.ScheduleBlockFactory(resource=dr_osei.resource, **span)
    factories.ExtraSessionFactory(resource=dr_osei.resource, clinic=harbour, **span)
    factories.ClinicClosureFactory(clinic=harbour, **span)
    harbour.online_booking.create(appointment_type=visit.appointment_type, mode="see")
    harbour.page_texts.create(
        place="footer", language="en", version=1, text="Ring twice", written_at=begin, written_by=dr_osei.user
    )
    Translation.objects.create(language="fr", source="Cardiology", text="Cardiologie")
    harbour.day_notes.create(day=begin.date(), text="Fire drill at eleven")
    visit.patient.referrals.create(
        number="R-1", referrer="Dr Hale", valid_from=begin.date(), valid_until=begin.date(), service=cardiology
    )
    event = ScheduleEvent.objects.first()
    event.handler_failures.create(handler="reminders.handlers.plan", error="ValueError", failed_at=begin)


@pytest.fixture
def sign_in():
    def run(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return run
