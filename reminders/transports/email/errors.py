"""What goes wrong with e-mail, told apart: by SMTP reply, or by what a provider's API answers through anymail."""

from __future__ import annotations

import smtplib

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused

from reminders.transports.base import DeliveryFailure, PermanentFailure, TemporaryFailure

NO_SUCH_ADDRESS = {550, 551, 553, 556}


def failure_to_connect(error: OSError) -> DeliveryFailure:
    """Nothing was handed over yet, so nothing can have arrived."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return TemporaryFailure("smtp_auth", "The mail server doesn't accept our password")
    return TemporaryFailure("unreachable", "The mail server can't be reached")


def failure_to_send(error: Exception) -> DeliveryFailure:
    """What the failure of a message means. What isn't known is worth another try."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = min(error.recipients.values(), default=(450, b""))
        # 5.7.x is about policy: the address may be right.
        gone = code in NO_SUCH_ADDRESS and b"5.7." not in said
        return _by_reply(code, "The mail server refused the address", bad_address=gone)
    if isinstance(error, smtplib.SMTPResponseException):
        # The sender or the content was refused: not the address's fault.
        return _by_reply(error.smtp_code, "The mail server refused the message", bad_address=False)
    if isinstance(error, AnymailError):
        return _by_api(error)
    if isinstance(error, OSError):
        return TemporaryFailure("no_answer", "The mail server didn't answer", may_have_arrived=True)
    return PermanentFailure("malformed", "The message can't be put into an e-mail")


def _by_reply(code: int, words: str, *, bad_address: bool) -> DeliveryFailure:
    if code >= 500:
        return PermanentFailure(f"smtp_{code}", words, bad_address=bad_address)
    # 421: the server is closing down. Other 4xx are about this message, such as greylisting.
    return TemporaryFailure(f"smtp_{code}", "The mail server said not now", provider_down=code == 421)


def _by_api(error: AnymailError) -> DeliveryFailure:
    if isinstance(error, AnymailRecipientsRefused | AnymailInvalidAddress):
        return PermanentFailure("address_refused", "The provider refused the address", bad_address=True)
    if not isinstance(error, AnymailAPIError):
        return PermanentFailure("unsupported", "The provider can't send a message like this")
    status = error.status_code or 0
    if not status:
        arrived = not isinstance(error.__cause__, requests.ConnectTimeout)
        return TemporaryFailure("no_answer", "The provider didn't answer", may_have_arrived=arrived)
    if status == 429:
        return TemporaryFailure("api_429", "The provider asks us to slow down", provider_down=False)
    if status in (401, 403) or status >= 500:
        arrived = status in (500, 502, 504)
        return TemporaryFailure(f"api_{status}", "The provider is away", may_have_arrived=arrived)
    return PermanentFailure(f"api_{status}", "The provider refused the message")
