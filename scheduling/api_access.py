"""Keys to the API: service accounts for portals and apps, the tokens of people and of such accounts, and their end.

What a token can do at most is what its user's roles open; scopes and clinics narrow it further. Who hands out access
at a clinic hands out tokens that reach it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db.models import Q, QuerySet
from django.utils.text import slugify

from carebridge.accounts.models import Role, User, UserKind
from carebridge.accounts.tokens import ApiToken, Scope
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.memberships import grant_membership
from scheduling.models import Clinic, ClinicMembership
from scheduling.permissions import clinic_ids_with, clinic_roles, may, require
from scheduling.roles import Permission

LONGEST_FOR_PEOPLE, LONGEST_FOR_SERVICES = 90, 365
"""Days a named token may last."""
SERVICE_ROLES = (Role.RECEPTIONIST, Role.SUPPORT, Role.OPERATIONS_MANAGER)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, and its secret, which is known only now."""

    token: ApiToken
    secret: str


@command()
def create_service_account(
    *, name: str, clinics: Collection[Clinic], by: User | None, role: Role = Role.RECEPTIONIST
) -> User:
    """An account for a portal or an app: no password, no screens; a role at each of the clinics.

    Raises InvalidInput, NotAllowed unless `by` hands out that role at every one of the clinics.
    """
    name = name.strip()
    _check_account(name, clinics, role)

    account = User.objects.create(
        username=_free_username(name), first_name=name, kind=UserKind.SERVICE, password=make_password(None)
    )
    for clinic in sorted(clinics, key=lambda each: each.pk):
        grant_membership(user=account, clinic=clinic, role=role, by=by)

    log_change(
        account,
        event="service_account.created",
        by=by,
        action=Action.CREATE,
        clinic_id=min(each.pk for each in clinics),
        facts={"clinics": sorted(each.pk for each in clinics)},
    )
    return account


@command()
def close_service_account(*, account: User, by: User | None) -> None:
    """End a service account and all its tokens, for good. Raises NotAllowed unless `by` hands out access at one of
    its clinics."""
    (account,) = lock_in_order(User, [account.pk])

    clinic_id = _require_may_end(account, by)
    if not account.is_service:
        raise InvalidInput("This is a person's account.")

    account.is_active = False
    account.save(update_fields=["is_active"])
    ended, _ = ApiToken.objects.filter(user=account).delete()

    changes = {"is_active": (True, False), "tokens_ended": (None, ended)}
    log_change(account, event="service_account.closed", by=by, clinic_id=clinic_id, changes=changes)


@command()
def issue_token(
    *, user: User, name: str, scopes: Collection[str], clinics: Collection[Clinic], days: int, by: User
) -> Issued:
    """A named token for oneself, or for a service account by whoever hands out access at each of its clinics.

    It reaches these scopes at these clinics for so many days. Raises InvalidInput naming the fields, NotAllowed.
    """
    (user,) = lock_in_order(User, [user.pk])
    clinic_ids = sorted({each.pk for each in clinics})

    _require_may_issue(user, clinic_ids, by)
    _check_token(user, name.strip(), scopes, clinic_ids, days)

    token, secret = ApiToken.objects.issue(
        user=user,
        lasts=timedelta(days=days),
        name=name.strip(),
        scopes=sorted(set(scopes)),
        clinic_ids=clinic_ids,
        created_by=by,
    )

    changes = {"scopes": (None, ", ".join(token.scopes or ())), "days": (None, days), "user": (None, user.pk)}
    facts = {"clinics": clinic_ids, "token": str(token.pk)}
    log_change(
        token, event="token.issued", by=by, action=Action.CREATE, clinic_id=clinic_ids[0], changes=changes, facts=facts
    )
    return Issued(token, secret)


@command()
def revoke_token(*, token: ApiToken, by: User | None) -> None:
    """End a token now, and what patients got with it. Raises NotAllowed unless it is one's own, or `by` hands out
    access at a clinic where its user works."""
    lock_in_order(ApiToken, [token.pk])

    clinic_id = None if by is not None and by.pk == token.user_id else _require_may_end(token.user, by)

    log_change(
        token,
        event="token.revoked",
        by=by,
        action=Action.DELETE,
        clinic_id=clinic_id or min(token.clinic_ids or [], default=None),
        changes={"user": (token.user_id, None)},
        facts={"token": str(token.pk)},
    )
    token.delete()


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The user's own tokens that are still good, the newest first; sign-ins among them."""
    return ApiToken.objects.alive().filter(user=user)


def service_accounts_of(user: User) -> QuerySet[User]:
    """Service accounts in use at clinics where the user hands out access."""
    here = ClinicMembership.objects.filter(clinic__in=clinic_ids_with(user, Permission.GRANT_ACCESS))
    return User.objects.filter(kind=UserKind.SERVICE, is_active=True, pk__in=here.values("user")).order_by("first_name")


def revocable_tokens(user: User) -> QuerySet[ApiToken]:
    """Tokens that the user may see and end: their own, and those of their clinics' service accounts."""
    return ApiToken.objects.alive().filter(Q(user=user) | Q(user__in=service_accounts_of(user)))


def grantable_clinics(user: User) -> QuerySet[Clinic]:
    """Where the user hands out access."""
    return Clinic.objects.active().filter(pk__in=clinic_ids_with(user, Permission.GRANT_ACCESS))


def _require_may_issue(user: User, clinic_ids: Sequence[int], by: User) -> None:
    if not user.is_active:
        raise InvalidInput("This account is closed.")
    if user.is_service:
        for clinic_id in clinic_ids:
            require(by, Permission.GRANT_ACCESS, clinic_id)
    elif user.pk != by.pk:
        raise NotAllowed("Everybody makes their own tokens; nobody else should ever know them.")


def _require_may_end(user: User, by: User | None) -> int:
    """A clinic of the user's at which `by` hands out access. Raises NotAllowed."""
    theirs = sorted(set(ClinicMembership.objects.filter(user=user).values_list("clinic", flat=True)))
    allowed = [each for each in theirs if by is None or may(by, Permission.GRANT_ACCESS, each)]
    if not allowed:
        raise NotAllowed
    return allowed[0]


def _check_account(name: str, clinics: Collection[Clinic], role: Role) -> None:
    problems = {}
    if not name:
        problems["name"] = "Say which portal or app this is."
    if not clinics:
        problems["clinics"] = "Choose at least one clinic."
    if role not in SERVICE_ROLES:
        problems["role"] = "A service account works as a receptionist, for support or for operations."
    if problems:
        raise InvalidInput(fields=problems)


def _check_token(user: User, name: str, scopes: Collection[str], clinic_ids: Sequence[int], days: int) -> None:
    problems = {}
    longest = LONGEST_FOR_SERVICES if user.is_service else LONGEST_FOR_PEOPLE
    if not name or len(name) > 80:
        problems["name"] = "Say what the token is for."
    if not scopes or not set(scopes) <= set(Scope.values):
        problems["scopes"] = "Choose what the token may be used for."
    elif Scope.PATIENTS_EXCHANGE in scopes and not user.is_service:
        problems["scopes"] = "Only a service account acts for patients."
    if not clinic_ids or not set(clinic_ids) <= set(clinic_roles(user)):
        problems["clinics"] = "Choose among the clinics where the account works."
    if not 1 <= days <= longest:
        problems["days"] = f"Choose 1 to {longest} days."
    if problems:
        raise InvalidInput(fields=problems)


def _free_username(name: str) -> str:
    stem = f"service.{slugify(name)[:100] or 'account'}"
    taken = set(User.objects.filter(username__startswith=stem).values_list("username", flat=True))
    return next(each for each in (stem, *(f"{stem}.{n}" for n in range(2, 1000))) if each not in taken)
