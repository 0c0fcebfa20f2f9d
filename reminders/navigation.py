"""The entry of messages in the rail of every staff page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from carebridge.accounts.models import User
from reminders.models import Reminder, State
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


def entries(user: User) -> list[dict[str, Any]]:
    """Messages, with how many failed ones wait for somebody who may send them."""
    if not clinic_ids_with(user, Permission.SEE_REMINDERS):
        return []
    sends = clinic_ids_with(user, Permission.SEND_REMINDERS)
    failed = Reminder.objects.visible_to(user).filter(clinic__in=sends, state=State.FAILED, handled_at=None)
    return [
        {
            "key": "messages",
            "label": "Messages",
            "icon": "send",
            "url": reverse("reminders:operations"),
            "count": failed.count() if sends else 0,
            "hint": "did not arrive",
        }
    ]
