"""What every provider is to us, whoever it is: it takes a message, or says why not, and knows what it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from reminders.models import Medium


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A finished message. `key` is the reminder's: a provider that honours keys takes it once."""

    key: UUID
    medium: Medium
    to: str
    sender: str
    text: str
    subject: str = ""
    html: str = ""
    calendar: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted:
    """The provider has it, and calls it this."""

    provider_id: str


class DeliveryFailure(Exception):
    """The provider didn't take it. `code` is the provider's or ours; `words` never hold an address or a name."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code)
        self.code, self.words = code[:40], words[:240]


class TemporaryFailure(DeliveryFailure):
    """Worth another try, after `retry_after` seconds if the provider said so.

    `may_have_arrived` is true when the answer was lost, so that the message may be with the provider already.
    `provider_down` is true when the provider and not this message is the trouble: it counts for the breaker.
    """

    def __init__(
        self,
        code: str,
        words: str,
        *,
        retry_after: int | None = None,
        may_have_arrived: bool = False,
        provider_down: bool = True,
    ) -> None:
        super().__init__(code, words)
        self.retry_after, self.may_have_arrived, self.provider_down = retry_after, may_have_arrived, provider_down


class PermanentFailure(DeliveryFailure):
    """Trying again would fail again. `bad_address` is true when the address itself is wrong or unwilling."""

    def __init__(self, code: str, words: str, *, bad_address: bool = False) -> None:
        super().__init__(code, words)
        self.bad_address = bad_address


class Transport(Protocol):
    """A provider. Made once per process; `send` is called from several threads at once."""

    name: str
    """Stored with every message it took."""
    honours_keys: bool
    """Whether handing it the same key twice leaves one message."""

    def send(self, message: Outgoing) -> Accepted:
        """Hand the message over. Raises TemporaryFailure or PermanentFailure."""

    def find(self, message: Outgoing, since: datetime) -> Accepted | None:
        """What the provider's own record says of a message that may have been handed over at or after `since`.

        None: it was not. Raises NoRecord if this provider can't tell, TemporaryFailure if it can't be asked now.
        """


class NoRecord(Exception):
    """This provider keeps no record that could be asked."""


def transport_for(medium: str) -> Transport:
    """The provider that carries this medium, by REMINDER_TRANSPORTS: made once per process.

    Raises KeyError for a medium without a provider.
    """
    if medium not in _made:
        _made[medium] = import_string(settings.REMINDER_TRANSPORTS[medium])()
    return _made[medium]


_made: dict[str, Transport] = {}
