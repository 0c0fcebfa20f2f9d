"""Sending the codes of the public pages: each once, by the medium its reader gave, in the language they read."""

from __future__ import annotations

import uuid

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from reminders.models import ContactBlock, Medium
from reminders.senders import headers_of, sender_of
from reminders.transports.base import DeliveryFailure, Outgoing, transport_for
from scheduling.languages import language_for
from scheduling.models import SelfBooking
from scheduling.public_codes import code_of, next_to_send


def send_waiting() -> int:
    """Hand over the codes that are due. How many were taken; one that fails is asked for again by who waits for it."""
    taken = 0
    while booking := next_to_send(timezone.now()):
        taken += 1
        message = code_message(booking)
        stopped = ContactBlock.objects.filter(medium=message.medium, address__iexact=message.to, lifted_at=None)
        if stopped.exists():
            continue
        try:
            transport_for(message.medium).send(message)
        except DeliveryFailure:
            continue
    return taken


def code_message(booking: SelfBooking) -> Outgoing:
    """The message; nothing of it is kept, as the code can be made again from its booking."""
    patient, medium = booking.patient, Medium(booking.medium)
    language = language_for(patient.language)
    with translation.override(language):
        facts = {"code": code_of(booking), "clinic": booking.clinic.name}
        subject = _("Your code: %(code)s") % facts
        text = _(
            "%(code)s is your code for %(clinic)s. It works for 10 minutes. If you didn't ask for it, you need not do"
            " anything."
        )
    mail = medium == Medium.EMAIL
    return Outgoing(
        key=uuid.uuid5(booking.pk, str(booking.code_number)),
        medium=medium,
        to=patient.email if mail else patient.mobile,
        sender=sender_of(booking.clinic, medium),
        subject=subject if mail else "",
        text=text % facts,
        headers=headers_of(booking.clinic, language) if mail else {},
    )
