"""Visits, messages about them that are due, and providers to send them by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reminders.models import Kind, Reminder, State
from reminders.transports import base
from scheduling.models import Appointment
from tests.reminders.mail_server import Mailbox, serve_mail
from tests.reminders.stand_in import StandIn, stand_in


@pytest.fixture(autouse=True)
def fresh_transports() -> Iterator[None]:
    """Transports are made once per process, by settings that tests change."""
    base._made.clear()
    yield
    base._made.clear()


@pytest.fixture
def remind(visit) -> Callable[..., Reminder]:
    """Makes a message that is due now about the visit or another one, in place of those that rules have planned."""
    Reminder.objects.filter(appointment=visit).delete()

    def make(appointment: Appointment | None = None, **fields: Any) -> Reminder:
        if appointment:
            Reminder.objects.filter(appointment=appointment, state=State.PLANNED).delete()
        appointment, now = appointment or visit, timezone.now()
        due_at = fields.pop("due_at", now - timedelta(minutes=1))
        given = {"kind": Kind.UPCOMING, "clinic": appointment.clinic, "patient": appointment.patient} | {
            "appointment": appointment,
            "starts_at": appointment.starts_at,
            "due_at": due_at,
            "next_try_at": due_at,
            "not_after": appointment.starts_at,
        }
        return Reminder.objects.create(**(given | fields))

    return make


@pytest.fixture
def twilio(settings) -> Iterator[StandIn]:
    """SMS go to a stand-in for Twilio."""
    with stand_in() as server:
        settings.REMINDER_TRANSPORTS = {**settings.REMINDER_TRANSPORTS, "sms": "reminders.transports.twilio.Twilio"}
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "0" * 32, "secret"
        settings.TWILIO_API_BASE = server.address
        settings.SMS_SENDER = "+447700900000"
        settings.REMINDER_RATES = {}
        yield server


@pytest.fixture
def mail_server(settings) -> Iterator[Mailbox]:
    """E-mails go to a mail server of our own, over SMTP."""
    with serve_mail() as (box, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.REMINDER_TRANSPORTS = {**settings.REMINDER_TRANSPORTS, "email": "reminders.transports.email.Email"}
        settings.REMINDER_RATES = {}
        yield box
