"""Browsers in which somebody has signed in before, told by a signed cookie that only the sign-in pages receive.

The cookie opens nothing. It only keeps strangers' wrong guesses from locking its person out.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from carebridge.accounts.models import User

KEPT = timedelta(days=90)
PATH = "/accounts/"
_SALT = "carebridge.accounts.devices"


def known(request: HttpRequest, name: str) -> str:
    """A short id of this browser if `name` (as lockout normalises it) has signed in here, else an empty string."""
    value = request.COOKIES.get(_cookie(name), "")
    if not value:
        return ""
    try:
        owner, device, stamp = signing.loads(value, salt=_SALT, max_age=KEPT)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    user = User.objects.filter(pk=owner, username__iexact=name, is_active=True).first()
    return device if user and secrets.compare_digest(stamp, _stamp(user)) else ""


def remember(response: HttpResponseBase, user: User, name: str) -> None:
    """Make the browser that gets this answer a known one of `user`."""
    value = signing.dumps([str(user.pk), secrets.token_hex(6), _stamp(user)], salt=_SALT)
    response.set_cookie(
        _cookie(name),
        value,
        max_age=KEPT,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie(name: str) -> str:
    return "device_" + hashlib.sha256(name.encode()).hexdigest()[:12]


def _stamp(user: User) -> str:
    # Changes with the password, so that a new password makes every other browser a stranger again.
    return salted_hmac(_SALT, user.password, algorithm="sha256").hexdigest()[:24]
