"""Doors to the waitlist: in the rail of every staff page, from a free time of the board, and on a patient's record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone

from carebridge.accounts.models import User
from scheduling.models import Patient
from scheduling.permissions import clinic_ids_with
from scheduling.queries.free_time import FreeTime
from scheduling.roles import Permission
from scheduling.views.free_time import Use
from waitlist.entries import PUT_BACK_WITHIN, taken_off
from waitlist.models import Entry


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


def on_record(user: User, patient: Patient) -> Mapping[str, object] | None:
    """What a patient waits for or did until lately, with the days so far, for whoever sees the waitlist there."""
    if not clinic_ids_with(user, Permission.SEE_WAITLIST):
        return None
    now = timezone.now()
    seen = Entry.objects.visible_to(user).select_related("appointment_type__service", "clinic")
    return {
        "template": "waitlist/on_record.html",
        "waits": [(each, each.waited(now).days) for each in seen.open().filter(patient=patient)],
        "taken_off": seen.filter(pk__in=taken_off(patient.pk, now - PUT_BACK_WITHIN)),
        "may_edit": set(clinic_ids_with(user, Permission.EDIT_WAITLIST)),
    }
