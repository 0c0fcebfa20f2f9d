"""Keeping a way to narrow the list, and letting go of it."""

from __future__ import annotations

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from carebridge.errors import InvalidInput
from waitlist.models import SavedFilter

MOST, LONGEST_NAME = 20, 40


@command()
def save_filter(*, name: str, query: str, by: User) -> SavedFilter:
    """Keep the filters of an address under a name, in the place of what was called so before. Raises InvalidInput."""
    name = name.strip()
    theirs = SavedFilter.objects.filter(owner=by)
    if not query:
        raise InvalidInput(fields={"name": "Narrow the list first: there is nothing to keep yet."})
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(fields={"name": f"Give it a name of at most {LONGEST_NAME} letters."})
    if theirs.exclude(name=name).count() >= MOST:
        raise InvalidInput(fields={"name": f"You keep {MOST} already: remove one first."})
    kept, is_new = SavedFilter.objects.update_or_create(owner=by, name=name, defaults={"query": query})
    action = Action.CREATE if is_new else Action.UPDATE
    log_change(kept, event="waitlist.filter_saved", by=by, action=action, facts={"query": query})
    return kept


@command()
def remove_filter(*, kept: SavedFilter, by: User) -> None:
    """Let go of it."""
    log_change(kept, event="waitlist.filter_removed", by=by, action=Action.DELETE, facts={"query": kept.query})
    kept.delete()
