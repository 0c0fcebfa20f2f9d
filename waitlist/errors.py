"""What can't be done with the waitlist."""

from __future__ import annotations

from carebridge.errors import Conflict, DomainError


class AlreadyWaiting(Conflict):
    """The patient waits for this visit at this clinic already."""

    code = "already_waiting"
    message = "This patient is on the waitlist for this visit already."


class NotWaiting(DomainError):
    """The entry is not in a state from which this is possible."""

    code = "not_waiting"
    message = "This entry was changed meanwhile. Look at the list again."


class OfferOver(Conflict):
    """The offer was answered, withdrawn, or its time is over."""

    code = "offer_over"
    message = "This offer is over: it was answered, or nobody answered in time."


class AskedEnough(Conflict):
    """The patient has as many offers open as one person gets at once."""

    code = "asked_enough"
    message = "This patient is being asked about as many times at once as anybody is."


class HasEarlier(Conflict):
    """The patient has booked such a visit meanwhile that is no later, or hardly."""

    code = "has_earlier"
    message = "This patient has such a visit already that is no later."
