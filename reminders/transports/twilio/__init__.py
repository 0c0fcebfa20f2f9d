"""SMS by Twilio's Messages API."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from twilio.base.exceptions import TwilioRestException
from twilio.rest.api.v2010.account.message import MessageInstance

from reminders.models import Attempt
from reminders.transports.base import Accepted, DeliveryFailure, Outgoing, TemporaryFailure
from reminders.transports.twilio.client import make_client, named, reached_them
from reminders.transports.twilio.errors import failure_of

CLOCKS_DIFFER = timedelta(minutes=1)
LOOK_BACK = 100
"""Messages to one number that are looked through."""
LINK = re.compile(r"https?://\S+")


class Twilio:
    """Sends from the message's sender, or SMS_SENDER: a number, a name or a messaging service (MG…)."""

    name = "twilio"
    honours_keys = False

    def __init__(self) -> None:
        client = make_client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_API_BASE)
        self.messages = client.messages  # now, because loading this part of the library takes seconds

    def send(self, message: Outgoing) -> Accepted:
        """Hand the message over. Raises TemporaryFailure or PermanentFailure."""
        sender = message.sender or settings.SMS_SENDER
        by = "messaging_service_sid" if sender.startswith("MG") else "from_"
        try:
            with named(str(message.key)):
                taken = self.messages.create(
                    to=message.to, body=message.text, status_callback=status_callback(message), **{by: sender}
                )
        except (TwilioRestException, requests.RequestException) as error:
            raise _failure(error) from error
        return Accepted(str(taken.sid))

    def find(self, message: Outgoing, since: datetime) -> Accepted | None:
        """Look the message up among those to the same number. Raises TemporaryFailure.

        Twilio keeps no key of ours, so it is known by its words; its links are left out, as one that was
        revoked is made anew and Twilio may shorten them. One that is known to be another message's isn't this one.
        """
        try:
            taken = self.messages.list(to=message.to, limit=LOOK_BACK, page_size=LOOK_BACK)
        except (TwilioRestException, requests.RequestException) as error:
            failure = _failure(error)
            raise TemporaryFailure(failure.code, failure.words) from error
        wanted = _shape(message.text)
        alike = [each for each in taken if _ours(each, since) and _shape(each.body or "") == wanted]
        others = _known(str(each.sid) for each in alike)
        return next((Accepted(str(each.sid)) for each in alike if each.sid not in others), None)


def status_callback(message: Outgoing) -> str:
    """Where Twilio tells what became of the message: the key finds it even before its id is recorded."""
    try:
        path = reverse("reminders:twilio_status", args=[message.key])
    except NoReverseMatch:
        path = f"/webhooks/twilio/status/{message.key}/"
    return settings.PUBLIC_BASE_URL.rstrip("/") + path


def _failure(error: TwilioRestException | requests.RequestException) -> DeliveryFailure:
    if isinstance(error, TwilioRestException):
        return failure_of(error.code, error.status)
    code = "timeout" if isinstance(error, requests.Timeout) else "no_answer"
    return TemporaryFailure(code, "Twilio didn't answer", may_have_arrived=reached_them(error))


def _ours(message: MessageInstance, since: datetime) -> bool:
    made = message.date_created
    outbound = str(message.direction or "").startswith("outbound")
    return outbound and made is not None and made >= since - CLOCKS_DIFFER


def _known(sids: Iterable[str]) -> set[str]:
    return set(Attempt.objects.filter(provider_id__in=list(sids)).values_list("provider_id", flat=True))


def _shape(text: str) -> str:
    return LINK.sub("", text).strip()
