"""Letting somebody new in: a link to their mail, by which they set a password and then a second factor."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from carebridge.accounts.models import Invitation, User
from carebridge.accounts.sessions import sign_out_everywhere
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import DomainError, InvalidInput


class InvitationOver(DomainError):
    """The link was used, replaced or has run out."""

    code = "invitation_over"
    status = 410
    message = "This invitation was used already or has run out. Ask whoever invited you for a new one."


@command()
def send_invitation(*, user: User, by: User | None) -> Invitation:
    """Invite `user`, who has no password yet, and mail them the link; earlier links end.

    Whether `by` may is the caller's question. The mail leaves after the commit. Raises InvalidInput when the person has
    no mail address or a password already.
    """
    [user] = lock_in_order(User, [user.pk])

    if not user.email:
        raise InvalidInput(fields={"email": "An invitation needs an e-mail address."})
    if user.has_usable_password():
        raise InvalidInput("This person has set a password already; they can reset it from the sign-in page.")

    now, link = timezone.now(), secrets.token_urlsafe(32)
    user.invitations.filter(used_at=None).delete()
    invitation = Invitation.objects.create(
        user=user,
        digest=_digest(link),
        invited_by=by,
        created_at=now,
        expires_at=now + settings.INVITATION_TIMEOUT,
    )

    log_change(user, event="invitation.sent", by=by, action=Action.CREATE)
    transaction.on_commit(lambda: _mail(invitation, link))
    return invitation


@command()
def accept_invitation(*, link: str, password: str) -> User:
    """Set the first password of whom the link invites, and return them. The link is then used up.

    Raises InvitationOver. The password must have been validated.
    """
    invitation = open_invitation(link, lock=True)
    [user] = lock_in_order(User, [invitation.user_id])

    user.set_password(password)
    user.save(update_fields=["password"])
    invitation.used_at = timezone.now()
    invitation.save(update_fields=["used_at"])

    log_change(user, event="invitation.accepted", by=user, changes={"password": (None, "•••")})
    sign_out_everywhere(user=user, by=user)
    return user


def open_invitation(link: str, *, lock: bool = False) -> Invitation:
    """The invitation behind a link. Raises InvitationOver when it can't be used any more, or never could."""
    rows = Invitation.objects.select_for_update(of=("self",)) if lock else Invitation.objects.all()
    still_open = rows.select_related("user").filter(used_at=None, expires_at__gt=timezone.now(), user__is_active=True)
    invitation = still_open.filter(digest=_digest(link)).first()
    if invitation is None:
        raise InvitationOver
    return invitation


def _mail(invitation: Invitation, link: str) -> None:
    address = settings.PUBLIC_BASE_URL + reverse("account-invitation", args=[link])
    facts = {"user": invitation.user, "invited_by": invitation.invited_by, "address": address, "invitation": invitation}
    text = render_to_string("account/email/invitation_message.txt", facts)
    send_mail("Your CareBridge account", text, None, [invitation.user.email])


def _digest(link: str) -> str:
    return hashlib.sha256(link.encode()).hexdigest()
