"""Whom a message comes from: each clinic by its own name, from an address that may send for us."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formataddr, parseaddr

from django.conf import settings

from reminders.models import Medium
from scheduling.models import Clinic


def sender_of(clinic: Clinic, medium: str) -> str:
    """What the recipient sees as sender: a number or name for an SMS ("": the provider's own), name and address else.

    E-mail leaves from DEFAULT_FROM_EMAIL's address under the clinic's name: a clinic's own domain hasn't allowed us.
    """
    if medium == Medium.SMS:
        return settings.SMS_SENDERS.get(clinic.code, settings.SMS_SENDER)
    if medium == Medium.EMAIL:
        return formataddr((clinic.name, _our_address()))
    return clinic.name


def answers_go_to(clinic: Clinic) -> str:
    """The address that a person reads: the clinic's, or the sender's where the clinic has none."""
    return clinic.email or _our_address()


def headers_of(clinic: Clinic, language: str) -> Mapping[str, str]:
    """An email's own headers: where answers go, how to get no more of them, and that a program wrote it."""
    address = answers_go_to(clinic)
    return {
        "Reply-To": address,
        "List-Unsubscribe": f"<mailto:{address}?subject=unsubscribe>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": language,
    }


def _our_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
