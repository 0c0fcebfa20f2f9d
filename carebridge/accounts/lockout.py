"""How many guesses a password or a code survives, and why nobody can lock a colleague out (docs/adr).

django-axes keeps the failures. An account stands ten in a quarter of an hour, from all the world together. A browser
in which the person has signed in before carries a device cookie and is counted apart: whatever strangers try, it is
still let in. An address stands a hundred, because a whole clinic may sit behind one.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off, get_failure_limit
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_login_failed
from django.db import connection, transaction
from django.db.models import Sum
from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from prometheus_client import Counter

from carebridge.accounts import devices

REFUSED_UNSEEN = Counter(
    "carebridge_sign_ins_refused_total", "Sign-ins refused without looking at the password: too many failed before."
)
_NAME_LENGTH = 200


def account_name(typed: str) -> str:
    """The account a typed name means: sign-in ignores case and form, so counting must too."""
    plain = unicodedata.normalize("NFKC", typed).casefold().strip().replace("\0", "")
    return plain if len(plain) <= _NAME_LENGTH else hashlib.sha256(plain.encode()).hexdigest()


def account_key(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Under which name failures are counted: the account for strangers, account and device for a known browser."""
    name = account_name(str((credentials or {}).get("username") or ""))
    device = devices.known(request, name)
    return f"{name} #{device}" if device else name


class LockoutHandler(AxesDatabaseHandler):
    """Counts as the module says, instead of one limit for everything."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Failures within the cool-off time, in shares of the account's limit."""
        key = account_key(request, credentials)
        recent = AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - get_cool_off(request))
        of_account = _failures(recent.filter(username=key))
        if "#" in key or not request.axes_ip_address:  # type: ignore[attr-defined]
            return of_account
        of_address = _failures(recent.filter(ip_address=request.axes_ip_address))  # type: ignore[attr-defined]
        share = get_failure_limit(request, credentials) / settings.AXES_ADDRESS_FAILURE_LIMIT
        return max(of_account, int(of_address * share))

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Forget this person's own failures, from this address: what others tried elsewhere still counts."""
        own = AccessAttempt.objects.filter(
            username=account_key(request, credentials),
            ip_address=request.axes_ip_address,  # type: ignore[attr-defined]
        )
        return own.delete()[0]


def check_password(request: HttpRequest, *, username: str, password: str) -> AbstractBaseUser | None:
    """The user of these credentials, or None; then `locked_out(request)` says whether they were looked at.

    Sign-ins for one account take turns, so that a thousand at once can't all be counted as the first.
    """
    credentials = {"username": username}
    if is_locked(request, username):
        return None
    try:
        with transaction.atomic():
            _take_turn(account_key(request, credentials))
            return authenticate(request, username=username, password=password)
    except OperationalError:
        refuse(request)  # the turn didn't come within the lock timeout: somebody is trying very hard
        return None


def is_locked(request: HttpRequest, username: str) -> bool:
    """Whether this account takes no more guesses from where the request comes; the answer is then "wait"."""
    if AxesProxyHandler.is_allowed(request, {"username": username}):
        return False
    refuse(request)
    return True


def refuse(request: HttpRequest) -> None:
    """Answer "wait", whatever the credentials are."""
    REFUSED_UNSEEN.inc()
    request.axes_locked_out = True  # type: ignore[attr-defined]


def locked_out(request: HttpRequest) -> bool:
    """Whether the request was refused for too many failures."""
    return bool(getattr(request, "axes_locked_out", False))


def wait_page(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """What a person sees instead of an answer to their password; it repeats nothing of what was typed."""
    page = render(request, "429.html", status=429)
    page["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return page


def count_failure(request: HttpRequest, username: str) -> None:
    """A second factor was wrong: it counts like a wrong password."""
    user_login_failed.send(sender=__name__, credentials={"username": username, "step": "factor"}, request=request)


def unlock(username: str) -> int:
    """Forget every failure of an account; returns how many counters there were."""
    name = account_name(username)
    own = AccessAttempt.objects.filter(username=name) | AccessAttempt.objects.filter(username__startswith=f"{name} #")
    return own.delete()[0]


def _failures(attempts: Any) -> int:
    return attempts.aggregate(total=Sum("failures_since_start"))["total"] or 0


def _take_turn(key: str) -> None:
    number = int.from_bytes(hashlib.sha256(f"sign-in {key}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
