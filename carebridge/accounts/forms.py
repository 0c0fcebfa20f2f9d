"""allauth's forms for second factors, with every code counted and none accepted twice."""

from __future__ import annotations

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms

from carebridge.accounts import factors, lockout

CODE = forms.CharField(
    label="Code",
    max_length=16,
    help_text="Six figures from your app, or one of your recovery codes.",
    widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
)


class AuthenticateForm(base.AuthenticateForm):
    """The second step of signing in, by code."""

    code = CODE

    def clean_code(self) -> str:
        """Raises ValidationError for a wrong or used code, and after too many."""
        if lockout.is_locked(context.request, self.user.username):
            raise get_adapter().validation_error("incorrect_code")
        authenticator = factors.accept_code(self.user, self.cleaned_data["code"])
        if authenticator is None:
            lockout.count_failure(context.request, self.user.username)
            raise get_adapter().validation_error("incorrect_code")
        authenticator.user = self.user
        self.authenticator = authenticator
        return self.cleaned_data["code"]


class ReauthenticateForm(AuthenticateForm):
    """Somebody who is signed in proves it is still them, by code."""

    def save(self) -> None:
        post_authentication(context.request, self.authenticator, reauthenticated=True)


class AuthenticateWebAuthnForm(webauthn.AuthenticateWebAuthnForm):
    """The second step of signing in, by passkey."""

    def clean_credential(self) -> Authenticator:
        """Raises ValidationError for a wrong passkey, and after too many failures."""
        if lockout.is_locked(context.request, self.user.username):
            raise get_adapter().validation_error("incorrect_code")
        try:
            return super().clean_credential()
        except forms.ValidationError:
            lockout.count_failure(context.request, self.user.username)
            raise


class ActivateTOTPForm(totp.ActivateTOTPForm):
    """The first code of a new authenticator app, which then counts as used."""

    code = forms.CharField(
        label="Code from the app",
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )

    def clean_code(self) -> str:
        """Raises ValidationError when the code doesn't belong to the secret just shown."""
        code = super().clean_code()
        context.request.activated_at_counter = factors.matching_counter(self.secret, code)
        return code
