"""The second factor: who needs one, whether this session has shown one, and codes that work once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from carebridge.accounts.models import User

SESSION_KEY = "second_factor_of"
REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Recovery codes only stand in for one of these."""


def needs_factor(user: User) -> bool:
    """Everybody, except the demo's invented people where the demo is switched on."""
    return not (user.is_demo and settings.DEMO_SKIPS_SECOND_FACTOR)


def has_factor(user: User) -> bool:
    """Whether the person has set up an authenticator app or a passkey."""
    return Authenticator.objects.filter(user=user, type__in=REAL).exists()


def is_last_factor(authenticator: Authenticator) -> bool:
    """Whether its owner would be left without one."""
    others = Authenticator.objects.filter(user=authenticator.user_id, type__in=REAL).exclude(pk=authenticator.pk)
    return authenticator.type in REAL and not others.exists()


def mark_shown(session: SessionBase, user: User) -> None:
    """This session has shown the person's second factor."""
    session[SESSION_KEY] = str(user.pk)


def is_complete(session: SessionBase | Mapping[str, Any], user: User) -> bool:
    """Whether a session may go past the sign-in pages: it showed a factor of this very person, or they need none."""
    return session.get(SESSION_KEY) == str(user.pk) or not needs_factor(user)


@transaction.atomic
def accept_code(user: User, code: str) -> Authenticator | None:
    """The authenticator that this code belongs to, used up by it; None when the code is wrong or was used before.

    Locked and kept in the database: two sign-ins in one moment, or a Redis that forgot, must not spend a code twice.
    """
    owned = Authenticator.objects.select_for_update().filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN)
    for authenticator in owned.order_by("-type"):
        if authenticator.type == Authenticator.Type.TOTP:
            counter = matching_counter(decrypt(authenticator.data["secret"]), code)
            if counter is not None:
                return authenticator if spend(authenticator, counter) else None
        elif authenticator.wrap().validate_code(code):
            return authenticator
    return None


def matching_counter(secret: str, code: str) -> int | None:
    """The half minute, counted from 1970, whose code this is: now, just before or just after."""
    now, near = int(time.time()) // app_settings.TOTP_PERIOD, app_settings.TOTP_TOLERANCE
    for counter in range(now - near, now + near + 1):
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


def spend(authenticator: Authenticator, counter: int) -> bool:
    """Note that the code of this half minute was used; False when it, or a later one, was used before."""
    if counter <= authenticator.data.get("last_counter", -1):
        return False
    authenticator.data["last_counter"] = counter
    authenticator.save(update_fields=["data"])
    return True
