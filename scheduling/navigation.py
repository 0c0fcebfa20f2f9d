"""What every staff page shows around its content: only doors that the person may open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from carebridge.accounts.models import Role, User
from scheduling.models import EmergencyAccess, SelfBooking
from scheduling.permissions import clinic_ids_with, clinic_roles, clinics_as_doctor, emergencies_of
from scheduling.roles import Permission


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: rail, search, new booking and configuration, as far as the user's roles open them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_active:
        return {}
    return {
        # Only whole pages show the rail, whose counts are asked of the database.
        "nav_items": SimpleLazyObject(lambda: nav_items(user)),
        "search_url": reverse("scheduling:search") if clinic_ids_with(user, Permission.SEE_DIRECTORY) else "",
        "search_covers": search_covers(user),
        "new_booking_url": reverse("scheduling:find") if clinic_ids_with(user, Permission.BOOK) else "",
        "invite_url": reverse("scheduling:invite") if clinic_ids_with(user, Permission.GRANT_ACCESS) else "",
        "admin_url": reverse("admin:index") if user.is_staff else "",
        "role_names": role_names(user),
        "api_access_url": reverse("scheduling:api-access") if clinic_roles(user) else "",
        "records_urls": records_urls(user),
        "emergencies": emergencies_of(user),
        "emergency_url": reverse("scheduling:emergency-open") if clinic_ids_with(user, Permission.BREAK_GLASS) else "",
    }


Entries = Callable[[User], list[dict[str, Any]]]
_of_apps_above: list[Entries] = []


def show_entries(entries: Entries) -> None:
    """Let an app above add its own entries to the rail; called once, when that app is ready."""
    _of_apps_above.append(entries)


def nav_items(user: User) -> list[dict[str, Any]]:
    """Entries of the rail, in order."""
    items: list[dict[str, Any]] = []
    if clinic_ids_with(user, Permission.SEE_SCHEDULE):
        items.append({"key": "board", "label": "Board", "icon": "board", "url": reverse("scheduling:board")})
    elif clinics_as_doctor(user):
        items.append({"key": "board", "label": "My day", "icon": "steth", "url": reverse("scheduling:board")})
    if clinic_ids_with(user, Permission.BOOK):
        items.append({"key": "find", "label": "Find slot", "icon": "find", "url": reverse("scheduling:find")})
        items += _requests(user)
    if clinic_ids_with(user, Permission.SEE_PATIENTS):
        items.append({"key": "search", "label": "Patients", "icon": "user", "url": reverse("scheduling:search")})
    if clinic_ids_with(user, Permission.EDIT_ROSTER):
        items.append({"key": "roster", "label": "Roster", "icon": "away", "url": reverse("scheduling:roster-block")})
    for entries in _of_apps_above:
        items += entries(user)
    if clinic_ids_with(user, Permission.REVIEW_ACCESS):
        waiting = EmergencyAccess.objects.visible_to(user).unreviewed().exclude(opened_by=user).count()
        items.append(
            {
                "key": "emergency-review",
                "label": "Emergency",
                "icon": "bolt",
                "url": reverse("scheduling:emergency-review"),
                "count": waiting,
                "hint": "to review",
            }
        )
    if clinic_ids_with(user, Permission.SEE_AUDIT):
        items.append({"key": "audit", "label": "Audit", "icon": "shield", "url": reverse("audit:all")})
    elif clinic_ids_with(user, Permission.SEE_REFUSED):
        items.append({"key": "audit", "label": "Refused", "icon": "shield", "url": reverse("audit:refused")})
    return items


def _requests(user: User) -> list[dict[str, Any]]:
    """The door to what people asked for on the public pages, while anything waits."""
    waiting = SelfBooking.objects.visible_to(user).requests().count()
    if not waiting:
        return []
    url = reverse("scheduling:requests")
    entry = {"key": "requests", "label": "Requests", "icon": "mail", "url": url, "count": waiting, "hint": "to answer"}
    return [entry]


def search_covers(user: User) -> str:
    """What the search finds for this person, as the words in its box."""
    found = {
        "patients": clinic_ids_with(user, Permission.SEE_PATIENTS),
        "bookings": clinic_ids_with(user, Permission.SEE_SCHEDULE) or clinics_as_doctor(user),
        "doctors": clinic_ids_with(user, Permission.SEE_DIRECTORY),
    }
    return ", ".join(words for words, clinics in found.items() if clinics)


def records_urls(user: User) -> list[tuple[str, str]]:
    """Entries of the account menu about patients and their records: (words, address)."""
    items = []
    if clinic_ids_with(user, Permission.BOOK):
        items.append(("Referrers’ links", reverse("scheduling:referrers")))
    if clinic_ids_with(user, Permission.MERGE_PATIENTS):
        items.append(("Possible duplicates", reverse("scheduling:duplicates")))
    if clinic_ids_with(user, Permission.RELEASE_PATIENT_DATA):
        items.append(("Retention of patient data", reverse("scheduling:retention")))
    if clinic_ids_with(user, Permission.EXPORT_DIRECTORY):
        items.append(("Export a directory", reverse("scheduling:exports")))
    return items


def role_names(user: User) -> str:
    """What the person is, over all their clinics: Receptionist, Doctor."""
    held = {role for roles in clinic_roles(user).values() for role in roles}
    return ", ".join(role.label for role in Role if role in held)
