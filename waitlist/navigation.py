"""Doors to the waitlist: in the rail of every staff page, and from a free time of the board."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from carebridge.accounts.models import User
from scheduling.permissions import clinic_ids_with
from scheduling.queries.free_time import FreeTime
from scheduling.roles import Permission
from scheduling.views.free_time import Use


def entries(user: User) -> list[dict[str, Any]]:
    """The waitlist, for whoever sees one."""
    if not clinic_ids_with(user, Permission.SEE_WAITLIST):
        return []
    return [{"key": "waitlist", "label": "Waitlist", "icon": "queue", "url": reverse("waitlist:list")}]


def uses(user: User, free: FreeTime) -> list[Use]:
    """Offering a free time, for whoever sees to the waitlist there."""
    if free.clinic_id not in clinic_ids_with(user, Permission.EDIT_WAITLIST):
        return []
    return [Use("queue", "Offer it to who waits", f"{reverse('waitlist:offer-free')}?{free.query}")]
