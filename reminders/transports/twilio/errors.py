"""What Twilio's error codes mean for a message: worth another try or not, and whether the number is the trouble.

Our own sentences, because Twilio's repeat the number. The same codes come in answers to a request and in statuses.
"""

from __future__ import annotations

from reminders.transports.base import DeliveryFailure, PermanentFailure, TemporaryFailure

BAD_NUMBER = {
    21211: "This isn't a phone number",
    21214: "The number can't be reached",
    21217: "This isn't a phone number",
    21265: "The number can't receive messages",
    21407: "The number can't receive messages",
    21610: "The patient has answered STOP to this sender",
    21614: "This isn't a mobile number",
    21635: "This is a landline",
    30005: "The number isn't in use",
    30006: "This is a landline, or its network takes no SMS",
}
"""The number is wrong or unwilling, for good."""

REFUSED = {
    21408: "The account may not send to this country",
    21602: "The message is empty",
    21603: "The message has no sender",
    21606: "The sender's number can't send to this one",
    21612: "The number can't receive messages from this sender",
    21617: "The message is too long",
    21619: "The message is empty",
    21660: "The sender's number doesn't belong to the account",
    21701: "The account knows no such messaging service",
    21703: "The messaging service has no sender",
    30003: "The phone is switched off or out of reach",
    30004: "The phone or its network blocks our messages",
    30007: "The network took the message for spam",
    30008: "The network didn't say why it failed",
    30022: "The sender's daily number of messages is used up",
    30034: "The sender isn't registered with the networks",
    63038: "The account's daily number of messages is used up",
}
"""Something else about this message or its sender: another try fails again."""

BUSY = {
    20429: "Twilio asks us to slow down",
    21611: "The sender's queue is full",
    30001: "The queue is full",
    30017: "The network is congested",
    30010: "The message would cost more than the account allows now",
}
"""Later, and not because Twilio is down."""

DOWN = {
    20003: "Twilio doesn't know the account or its token",
    20005: "The account isn't active",
    20008: "Twilio doesn't accept test credentials here",
    20500: "Twilio has an error of its own",
    20503: "Twilio is away",
    30002: "The account is suspended",
}
"""Nothing can be sent at the moment, whatever the message."""


def failure_of(code: int | str | None, status: int = 0, *, retry_after: int | None = None) -> DeliveryFailure:
    """What an error is to us, from Twilio's code (None: none given) and the answer's HTTP status, if it had one."""
    number = int(code or 0)
    name = str(number or status or "unknown")
    if number in BAD_NUMBER:
        return PermanentFailure(name, BAD_NUMBER[number], bad_address=True)
    if number in REFUSED:
        return PermanentFailure(name, REFUSED[number])
    if number in BUSY or status == 429:
        words = BUSY.get(number, BUSY[20429])
        return TemporaryFailure(name, words, retry_after=retry_after, provider_down=False)
    if status >= 500:
        # An answer like this is no proof that the message wasn't taken; only their record is. 503 comes before.
        return TemporaryFailure(name, DOWN[20503], retry_after=retry_after, may_have_arrived=status != 503)
    if number in DOWN or status in (401, 403):
        return TemporaryFailure(name, DOWN.get(number, DOWN[20003]))
    return PermanentFailure(name, f"Twilio refused it (code {name})")
