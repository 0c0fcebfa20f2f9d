"""Who works where, in which role: granted and revoked here, and nowhere else.

The right itself is a django-guardian object permission on the clinic, which `scheduling.permissions` reads; the
membership row beside it says since when and by whom.
"""

from __future__ import annotations

from guardian.shortcuts import assign_perm, remove_perm

from carebridge.accounts.models import Role, User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling.models import Clinic, ClinicMembership
from scheduling.permissions import clinic_roles, forget_roles, require, role_at
from scheduling.roles import BOOKS_ELSEWHERE, ROLE_PERMISSIONS, Permission

GROUP_ROLES = frozenset({Role.OPERATIONS_MANAGER, Role.SUPPORT, Role.SYSTEM_ADMINISTRATOR})
"""Roles that look across clinics: a clinic's own administrator can't hand them out."""


@command()
def grant_membership(*, user: User, clinic: Clinic, role: Role, by: User | None) -> ClinicMembership:
    """Give `user` a role at a clinic and return the membership; granting what is held already changes nothing.

    `by` None is the system itself. Raises NotAllowed when `by` may not hand out that role there.
    """
    _lock(user)

    _require_may_grant(by, Role(role), clinic)

    membership, is_new = ClinicMembership.objects.get_or_create(
        user=user, clinic=clinic, role=role, defaults={"granted_by": by}
    )
    assign_perm(_codename(role), user, clinic)
    forget_roles(user)

    if is_new:
        _account(membership, "membership.granted", by, Action.CREATE, (None, Role(role).value))
    return membership


@command()
def revoke_membership(*, user: User, clinic: Clinic, role: Role, by: User | None) -> None:
    """Take a role at a clinic from `user`; it stops counting with their next request.

    Raises NotFound when the role is not held there, NotAllowed when `by` may not take it.
    """
    _lock(user)
    membership = ClinicMembership.objects.filter(user=user, clinic=clinic, role=role).first()
    if membership is None:
        raise NotFound("This person doesn't hold that role at this clinic.")

    _require_may_grant(by, Role(role), clinic)

    _account(membership, "membership.revoked", by, Action.DELETE, (Role(role).value, None))
    membership.delete()
    remove_perm(_codename(role), user, clinic)
    _keep_in_step(user, clinic)
    forget_roles(user)


@command()
def allow_booking_elsewhere(*, membership: ClinicMembership, by: User | None) -> ClinicMembership:
    """Let somebody book from this clinic into the group's other clinics, where they see free times and nothing else.

    Raises NotAllowed, InvalidInput for a role that doesn't book.
    """
    return _set_books_elsewhere(membership, allowed=True, by=by)


@command()
def disallow_booking_elsewhere(*, membership: ClinicMembership, by: User | None) -> ClinicMembership:
    """Take that right back; it stops counting with their next request. Raises NotAllowed."""
    return _set_books_elsewhere(membership, allowed=False, by=by)


def _set_books_elsewhere(membership: ClinicMembership, *, allowed: bool, by: User | None) -> ClinicMembership:
    _lock(membership.user)
    membership = ClinicMembership.objects.select_related("user", "clinic").get(pk=membership.pk)

    _require_may_grant(by, Role(membership.role), membership.clinic)
    if allowed and Permission.BOOK not in ROLE_PERMISSIONS[Role(membership.role)]:
        raise InvalidInput("This role books nothing, so there is nothing to book elsewhere.")
    if membership.books_elsewhere == allowed:
        return membership

    membership.books_elsewhere = allowed
    membership.save(update_fields=["books_elsewhere"])
    _keep_in_step(membership.user, membership.clinic)
    forget_roles(membership.user)

    event = "membership.books_elsewhere_granted" if allowed else "membership.books_elsewhere_revoked"
    log_change(
        membership,
        event=event,
        by=by,
        changes={"books_elsewhere": (not allowed, allowed), "user": (membership.user_id, membership.user_id)},
        clinic_id=membership.clinic_id,
        role=role_at(by, membership.clinic_id),
    )
    return membership


def _keep_in_step(user: User, clinic: Clinic) -> None:
    """The object permission holds while any membership of theirs at the clinic says so."""
    if ClinicMembership.objects.filter(user=user, clinic=clinic, books_elsewhere=True).exists():
        assign_perm(BOOKS_ELSEWHERE, user, clinic)
    else:
        remove_perm(BOOKS_ELSEWHERE, user, clinic)


def _lock(user: User) -> None:
    # Two administrators changing the same person's roles wait for each other, so row and permission stay in step.
    lock_in_order(User, [user.pk])


def _require_may_grant(by: User | None, role: Role, clinic: Clinic) -> None:
    require(by, Permission.GRANT_ACCESS, clinic.pk)
    if by is not None and role in GROUP_ROLES and Role.SYSTEM_ADMINISTRATOR not in clinic_roles(by)[clinic.pk]:
        raise NotAllowed("Only a system administrator hands out this role.", detail={"role": role.value})


def _codename(role: Role) -> str:
    return f"{Role(role).value}_at"


def _account(
    membership: ClinicMembership, event: str, by: User | None, action: int, change: tuple[str | None, str | None]
) -> None:
    log_change(
        membership,
        event=event,
        by=by,
        action=action,
        changes={"role": change, "user": (membership.user_id, membership.user_id)},
        clinic_id=membership.clinic_id,
        role=role_at(by, membership.clinic_id),
    )
