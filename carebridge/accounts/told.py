"""What Django, django-allauth and django-axes tell us by signals: sign-ins, failures, factors, passwords.

They have no other way to tell. Here it becomes rows of the audit trail and what a session knows about itself.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset, authenticator_used
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from carebridge.accounts import factors, lockout
from carebridge.accounts.models import User
from carebridge.accounts.sessions import note_start, sign_out_everywhere
from carebridge.audit.trail import Action, log_change

NOBODY = User(pk=UUID(int=0), username="unknown account")
"""Stands in where a sign-in names nobody we know: what was typed may be a password, so it is never written down."""


@receiver(user_logged_in)
def signed_in(sender: object, request: HttpRequest, user: User, **more: Any) -> None:
    """Somebody got in, by the site or for a token."""
    if getattr(request, "session", None) is not None and request.session.session_key:
        note_start(request, user)
    log_change(user, event="sign_in.succeeded", by=user, action=Action.ACCESS)


@receiver(user_logged_out)
def signed_out(sender: object, request: HttpRequest, user: User | None, **more: Any) -> None:
    """Somebody left by themselves; sessions that end otherwise are recorded where they end."""
    if user is not None:
        log_change(user, event="sign_out", by=user, action=Action.ACCESS)


@receiver(user_login_failed)
def failed(sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any) -> None:
    """A password or a code was wrong. What is refused unseen is counted only: a flood must not fill the trail."""
    if request is None or lockout.locked_out(request):
        return
    step = "factor" if credentials.get("step") == "factor" else "password"
    changes = {"step": (None, step)}
    log_change(_named(credentials), event="sign_in.failed", by=None, action=Action.ACCESS, changes=changes)


@receiver(user_locked_out)
def locked_out(sender: object, request: HttpRequest, username: str, **more: Any) -> None:
    """The last failure that counts: from here on nobody looks at what is typed, for a quarter of an hour."""
    whose = _named({"username": username.partition(" #")[0]})
    log_change(whose, event="sign_in.locked_out", by=None, action=Action.ACCESS)


@receiver(authenticator_used)
def factor_shown(sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    """A code or passkey was right: this session may go on."""
    factors.mark_shown(request.session, user)
    changes = {"factor": (None, authenticator.type)}
    log_change(user, event="factor.used", by=user, action=Action.ACCESS, changes=changes)


@receiver(authenticator_added)
def factor_added(sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    """A new factor, proved by setting it up. The code it was proved with is used up."""
    counter = getattr(request, "activated_at_counter", None)
    if authenticator.type == Authenticator.Type.TOTP and counter is not None:
        factors.spend(authenticator, counter)
    if authenticator.type in factors.REAL:
        factors.mark_shown(request.session, user)
    _factor_changed("factor.added", user, authenticator, Action.CREATE)


@receiver(authenticator_removed)
def factor_removed(sender: object, user: User, authenticator: Authenticator, **more: Any) -> None:
    """A factor less."""
    _factor_changed("factor.removed", user, authenticator, Action.DELETE)


@receiver(authenticator_reset)
def factor_renewed(sender: object, user: User, authenticator: Authenticator, **more: Any) -> None:
    """New recovery codes; the old ones are worth nothing."""
    _factor_changed("factor.renewed", user, authenticator, Action.UPDATE)


@receiver(password_changed)
def changed_password(sender: object, request: HttpRequest, user: User, **more: Any) -> None:
    """By the person, who knew the old one. Everywhere else they are signed out."""
    log_change(user, event="password.changed", by=user, changes={"password": ("•••", "•••")})
    sign_out_everywhere(user=user, by=user, keep=request.session.session_key)


@receiver(password_reset)
def reset_password(sender: object, request: HttpRequest, user: User, **more: Any) -> None:
    """By a link in the person's mail, which also proves this browser to be theirs."""
    log_change(user, event="password.reset", by=user, changes={"password": ("•••", "•••")})
    sign_out_everywhere(user=user, by=user)
    request.proved_by_link = user  # type: ignore[attr-defined]


def _factor_changed(event: str, user: User, authenticator: Authenticator, action: int) -> None:
    changes = {"factor": (None, authenticator.type)}
    log_change(user, event=event, by=user, action=action, changes=changes)


def _named(credentials: dict[str, Any]) -> User:
    name = lockout.account_name(str(credentials.get("username") or ""))
    return User.objects.filter(username__iexact=name).first() or NOBODY
