"""How django-allauth behaves here: counted sign-ins, no sign-up, encrypted secrets, a last factor that stays."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any
from urllib.parse import quote

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import reverse

from carebridge.accounts import factors, lockout
from carebridge.accounts.models import User
from carebridge.audit.origin import client_address
from carebridge.audit.trail import Action, log_change


class AccountAdapter(DefaultAccountAdapter):
    """Passwords: checked in turn and counted."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The user of these credentials, or None. A closed account is named only to who knows its password."""
        AuthenticationBackend.unstash_authenticated_user()
        user = lockout.check_password(
            request, username=credentials.get("username", ""), password=credentials.get("password", "")
        )
        return user or AuthenticationBackend.unstash_authenticated_user()

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Whoever signed in within the last minutes needn't prove it again, such as to set up their first factor."""
        return not self._just_signed_in() and super().is_reauthentication_required(app=app)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Staff accounts are made by invitation, never by a visitor."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address shown in the list of sessions."""
        return client_address(request) or "::"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of a reset mail: always to the site's own name, whatever the request said it was."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_BASE_URL + path.replace("UID-KEY", quote(key))

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Only to who has a password: an invitation that ran out is renewed by who gave it, not by a reset.

        A mail leaves in any case, so that the answer takes as long for every address.
        """
        if user.has_usable_password():
            super().send_password_reset_mail(user, email, context)
            log_change(user, event="password.reset_requested", by=None, action=Action.ACCESS)
        else:
            self.send_mail("account/email/unknown_account", email, context)

    def _just_signed_in(self) -> bool:
        records = get_authentication_records(self.request, self.request.user)
        latest = max((record["at"] for record in records), default=0)
        return time.time() - latest < account_settings.REAUTHENTICATION_TIMEOUT


class FactorAdapter(DefaultMFAAdapter):
    """Second factors."""

    def encrypt(self, text: str) -> str:
        """A secret as it is kept in the database."""
        return _vault().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret behind a kept text."""
        return _vault().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of somebody who needs one: they add another first."""
        return not (factors.needs_factor(authenticator.user) and factors.is_last_factor(authenticator))

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        """What a new passkey is called until its person names it."""
        return f"Passkey {Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1}"

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()


def _vault() -> MultiFernet:
    """Encrypts with today's secret key, and still reads what earlier ones wrote."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    digests = (hashlib.sha256(f"second factor {key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
