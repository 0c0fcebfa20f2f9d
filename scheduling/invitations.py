"""Letting a new colleague in: an account, a role at a clinic and a link to their mail, in one step."""

from __future__ import annotations

from django.db.models import QuerySet

from carebridge.accounts.invitations import send_invitation
from carebridge.accounts.models import Invitation, Role, User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.memberships import grant_membership
from scheduling.models import Clinic
from scheduling.permissions import clinic_ids_with, require, role_at
from scheduling.roles import Permission

OPENS_ADMIN = frozenset({Role.CLINIC_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR})


@command()
def invite_colleague(
    *, username: str, first_name: str, last_name: str, email: str, clinic: Clinic, role: Role, by: User | None
) -> Invitation:
    """Make an account without a password, give it the role, and mail the link by which its person sets one.

    Raises NotAllowed when `by` may not hand out that role there, InvalidInput when name or address are taken.
    """
    require(by, Permission.GRANT_ACCESS, clinic.pk)
    _refuse_taken(username, email)

    user = User(username=username, first_name=first_name, last_name=last_name, email=email)
    user.is_staff = Role(role) in OPENS_ADMIN
    user.set_unusable_password()
    user.save()
    grant_membership(user=user, clinic=clinic, role=role, by=by)

    log_change(
        user, event="account.created", by=by, action=Action.CREATE, clinic_id=clinic.pk, role=role_at(by, clinic.pk)
    )
    return send_invitation(user=user, by=by)


@command()
def invite_again(*, invitation: Invitation, by: User | None) -> Invitation:
    """Send a new link in place of one that was lost or has run out.

    Raises NotAllowed unless `by` may hand out access wherever the person works.
    """
    if by is not None and not waiting_for(by).filter(pk=invitation.pk).exists():
        raise NotAllowed

    return send_invitation(user=invitation.user, by=by)


def waiting_for(user: User) -> QuerySet[Invitation]:
    """Invitations nobody has followed yet, of people at clinics where `user` hands out access, the latest first."""
    clinics = clinic_ids_with(user, Permission.GRANT_ACCESS)
    rows = Invitation.objects.filter(used_at=None, user__memberships__clinic__in=clinics)
    return rows.select_related("user", "invited_by").distinct().order_by("-created_at")


def _refuse_taken(username: str, email: str) -> None:
    taken = {}
    if User.objects.filter(username__iexact=username).exists():
        taken["username"] = "Somebody has this user name. Choose another one."
    if User.objects.filter(email__iexact=email).exists():
        taken["email"] = "Somebody with this address has an account. Give them the role instead of an invitation."
    if taken:
        raise InvalidInput(fields=taken)
