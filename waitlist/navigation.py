"""The entry of the waitlist in the rail of every staff page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from carebridge.accounts.models import User
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


def entries(user: User) -> list[dict[str, Any]]:
    """The waitlist, for whoever sees one."""
    if not clinic_ids_with(user, Permission.SEE_WAITLIST):
        return []
    return [{"key": "waitlist", "label": "Waitlist", "icon": "queue", "url": reverse("waitlist:list")}]
