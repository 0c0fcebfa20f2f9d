"""What an administrator does for somebody who can't get in: open the lock, take away a lost factor, end sessions."""

from __future__ import annotations

from allauth.mfa.models import Authenticator

from carebridge.accounts import lockout
from carebridge.accounts.models import User
from carebridge.accounts.sessions import sign_out_everywhere
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import NotAllowed


@command()
def unlock_account(*, user: User, by: User | None) -> int:
    """Forget the failed sign-ins of `user`; returns how many counters there were. Whether `by` may is asked before."""
    forgotten = lockout.unlock(user.username)

    log_change(user, event="account.unlocked", by=by, action=Action.UPDATE, changes={"failures": (forgotten, 0)})
    return forgotten


@command()
def take_factors(*, user: User, by: User | None) -> int:
    """Remove every second factor of `user`, who lost them, and sign them out everywhere; returns how many there were.

    They sign in with their password once more, and that opens nothing but setting up a new factor. Raises NotAllowed
    when it is one's own: then somebody else must look who is asking.
    """
    lock_in_order(User, [user.pk])

    if by is not None and by.pk == user.pk:
        raise NotAllowed("Somebody else has to take away your second factor.")

    owned = Authenticator.objects.filter(user=user)
    kinds = sorted(owned.values_list("type", flat=True))
    owned.delete()

    log_change(user, event="factor.taken", by=by, action=Action.DELETE, changes={"factors": (", ".join(kinds), None)})
    sign_out_everywhere(user=user, by=by)
    return len(kinds)
