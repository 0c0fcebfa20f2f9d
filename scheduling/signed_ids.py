"""Ids in addresses, with a keyed digest beside them: one that was not made here is refused without asking anybody."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from scheduling.errors import LinkUnknown

SIGNATURE_BYTES = 16


def signed(found: UUID, purpose: str) -> str:
    """An id as it stands in an address: 43 letters, safe in a URL, always the same for one `purpose`."""
    digest = _signature(found, purpose, settings.SECRET_KEY)
    return base64.urlsafe_b64encode(found.bytes + digest).rstrip(b"=").decode()


def read_signed(token: str, purpose: str) -> UUID:
    """The id in an address. Raises LinkUnknown for anything that was not made here for this purpose."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise LinkUnknown from None
    # The last letter of 43 holds four bits that decoding drops: only the one way of writing an address is ours.
    if len(raw) != 16 + SIGNATURE_BYTES or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise LinkUnknown
    found = UUID(bytes=raw[:16])
    keys: list[Any] = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(raw[16:], _signature(found, purpose, key)) for key in keys):
        raise LinkUnknown
    return found


def _signature(found: UUID, purpose: str, key: str) -> bytes:
    return salted_hmac(purpose, found.bytes, secret=key, algorithm="sha256").digest()[:SIGNATURE_BYTES]
