"""People who need a second factor, and what they hold in their hands."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisGone

from carebridge.accounts.models import User
from tests.accounts.counting import ASKED, CountingHasher
from tests.factories.people import PASSWORD

LOGIN = "/accounts/login/"


class Phone:
    """An authenticator app on somebody's phone."""

    def __init__(self, user: User) -> None:
        self.secret = generate_totp_secret()
        TOTP.activate(user, self.secret)

    def code(self, ahead: int = 0) -> str:
        """What it shows now, or so many half minutes later."""
        return format_hotp_value(hotp_value(self.secret, int(time.time()) // 30 + ahead))


@pytest.fixture
def colleague(receptionist: User) -> User:
    """The receptionist, no longer an invented person: needs a second factor and has none yet."""
    User.objects.filter(pk=receptionist.pk).update(is_demo=False)
    receptionist.refresh_from_db()
    return receptionist


@pytest.fixture
def phone(colleague: User) -> Phone:
    return Phone(colleague)


@pytest.fixture
def recovery_codes(colleague: User, phone: Phone) -> list[str]:
    RecoveryCodes.activate(colleague)
    return Authenticator.objects.get(user=colleague, type="recovery_codes").wrap().get_unused_codes()


@pytest.fixture
def sign_in():
    """Types a user name and password at the site's door."""

    def run(username, password=PASSWORD, client=None, **more):
        client = client or Client()
        answer = client.post(LOGIN, {"login": username, "password": password}, **more)
        return client, answer

    return run


@pytest.fixture
def redis_gone(monkeypatch):
    """From here on nobody reaches Redis."""

    def gone(*args, **kwargs):
        raise RedisGone

    monkeypatch.setattr(cache._cache, "get_client", gone)


@pytest.fixture
def hashed(settings):
    """Counts how often a guess reaches the hash check."""
    settings.PASSWORD_HASHERS = ["tests.accounts.counting.CountingHasher"]
    CountingHasher.seconds = 0.0
    ASKED.clear()
    return ASKED
