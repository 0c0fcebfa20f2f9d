"""Who may do what, where. A role at a clinic is an object permission on that clinic; this file says what it opens.

Whether something is allowed NOW (cut-offs, notice, eligibility) is `scheduling.policies`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from carebridge.accounts.models import Role, User
from carebridge.errors import NotAllowed
from scheduling.models.clinic import Clinic, ClinicUserObjectPermission
from scheduling.models.emergency import EmergencyAccess


class Permission(StrEnum):
    """One thing a person may do at a clinic."""

    SEE_DIRECTORY = "see_directory"
    SEE_SCHEDULE = "see_schedule"
    SEE_PATIENTS = "see_patients"
    SEE_CONTACTS = "see_contacts"
    SEE_NOTES = "see_notes"
    SEE_HISTORY = "see_history"
    EDIT_PATIENTS = "edit_patients"
    BOOK = "book"
    CANCEL = "cancel"
    CHECK_IN = "check_in"
    RUN_VISIT = "run_visit"
    OVERRIDE = "override"
    SIGN_OFF = "sign_off"
    EDIT_ROSTER = "edit_roster"
    CONFIGURE = "configure"
    GRANT_ACCESS = "grant_access"
    BREAK_GLASS = "break_glass"
    REVIEW_ACCESS = "review_access"
    SEE_AUDIT = "see_audit"
    MERGE_PATIENTS = "merge_patients"
    RELEASE_PATIENT_DATA = "release_patient_data"
    EXPORT_DIRECTORY = "export_directory"
    EXPORT_REPORTS = "export_reports"
    EXPORT_AUDIT = "export_audit"


DESCRIPTIONS: Mapping[Permission, str] = {
    Permission.SEE_DIRECTORY: "See clinics, doctors, rooms, services and free times",
    Permission.SEE_SCHEDULE: "See every appointment of the clinic",
    Permission.SEE_PATIENTS: "See the names and birth dates of the clinic's patients",
    Permission.SEE_CONTACTS: "See patients' phone numbers, e-mail and addresses",
    Permission.SEE_NOTES: "See notes on appointments",
    Permission.SEE_HISTORY: "See what happened to an appointment, and who did it",
    Permission.EDIT_PATIENTS: "Register patients and correct their details",
    Permission.BOOK: "Hold, book and move appointments",
    Permission.CANCEL: "Cancel appointments, and undo it",
    Permission.CHECK_IN: "Check patients in, record no-shows",
    Permission.RUN_VISIT: "Start and complete visits",
    Permission.OVERRIDE: "Set a scheduling rule aside, with a reason",
    Permission.SIGN_OFF: "Agree to somebody else's override",
    Permission.EDIT_ROSTER: "Change working hours, leave, blocks and closures",
    Permission.CONFIGURE: "Configure clinics, services and resources in the admin",
    Permission.GRANT_ACCESS: "Invite people, hand out roles, and end sessions and tokens",
    Permission.BREAK_GLASS: "Open one patient's history for an hour in an emergency, with a reason",
    Permission.REVIEW_ACCESS: "Review what was opened in an emergency",
    Permission.SEE_AUDIT: "See who did, saw or tried what",
    Permission.MERGE_PATIENTS: "Merge duplicate patient records, and undo it",
    Permission.RELEASE_PATIENT_DATA: "Give a patient a copy of their data, or anonymise it after its time",
    Permission.EXPORT_DIRECTORY: "Export the clinic's own directories",
    Permission.EXPORT_REPORTS: "Export reports",
    Permission.EXPORT_AUDIT: "Export the audit trail",
}

_SEEING = {
    Permission.SEE_DIRECTORY,
    Permission.SEE_SCHEDULE,
    Permission.SEE_PATIENTS,
    Permission.SEE_CONTACTS,
    Permission.SEE_NOTES,
    Permission.SEE_HISTORY,
}
_RECEPTION = _SEEING | {
    Permission.EDIT_PATIENTS,
    Permission.BOOK,
    Permission.CANCEL,
    Permission.CHECK_IN,
    Permission.RUN_VISIT,
    Permission.OVERRIDE,
    Permission.BREAK_GLASS,
}
_ADMINISTRATION = {
    Permission.SIGN_OFF,
    Permission.EDIT_ROSTER,
    Permission.CONFIGURE,
    Permission.GRANT_ACCESS,
    Permission.REVIEW_ACCESS,
    Permission.SEE_AUDIT,
    Permission.MERGE_PATIENTS,
    Permission.RELEASE_PATIENT_DATA,
    Permission.EXPORT_DIRECTORY,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.RECEPTIONIST: frozenset(_RECEPTION),
    # A doctor sees their own appointments through them being theirs, not through the clinic.
    Role.DOCTOR: frozenset({Permission.SEE_DIRECTORY, Permission.BREAK_GLASS}),
    Role.CLINIC_ADMINISTRATOR: frozenset(_RECEPTION | _ADMINISTRATION),
    Role.OPERATIONS_MANAGER: frozenset(
        {
            Permission.SEE_DIRECTORY,
            Permission.SEE_SCHEDULE,
            Permission.SEE_HISTORY,
            Permission.SIGN_OFF,
            Permission.EDIT_ROSTER,
            Permission.REVIEW_ACCESS,
            Permission.SEE_AUDIT,
            Permission.EXPORT_REPORTS,
        }
    ),
    Role.SUPPORT: frozenset({Permission.SEE_DIRECTORY, Permission.SEE_SCHEDULE, Permission.SEE_HISTORY}),
    Role.SYSTEM_ADMINISTRATOR: frozenset(
        {
            Permission.SEE_DIRECTORY,
            Permission.CONFIGURE,
            Permission.GRANT_ACCESS,
            Permission.SEE_AUDIT,
            Permission.EXPORT_AUDIT,
        }
    ),
}

OWN_APPOINTMENT = frozenset(
    {
        Permission.SEE_SCHEDULE,
        Permission.SEE_PATIENTS,
        Permission.SEE_CONTACTS,
        Permission.SEE_NOTES,
        Permission.SEE_HISTORY,
        Permission.CHECK_IN,
        Permission.RUN_VISIT,
    }
)
"""What a doctor may do with an appointment on their own list."""

PEOPLE_ONLY = frozenset(
    {
        Permission.OVERRIDE,
        Permission.SIGN_OFF,
        Permission.EDIT_ROSTER,
        Permission.CONFIGURE,
        Permission.GRANT_ACCESS,
        Permission.BREAK_GLASS,
        Permission.REVIEW_ACCESS,
        Permission.SEE_AUDIT,
        Permission.MERGE_PATIENTS,
        Permission.RELEASE_PATIENT_DATA,
        Permission.EXPORT_DIRECTORY,
        Permission.EXPORT_REPORTS,
        Permission.EXPORT_AUDIT,
    }
)
"""What needs a person's judgement: a service account never may, whatever role it holds."""

BOOKS_ELSEWHERE = "books_elsewhere"
"""Codename of the object permission on the clinic from which somebody may book into the group's other clinics."""

ELSEWHERE = frozenset({Permission.SEE_DIRECTORY, Permission.BOOK})
"""What that right opens at the other clinics: what there is and when it is free, to book it. Nobody else's visits."""

OWN_BOOKING = frozenset({Permission.SEE_SCHEDULE, Permission.SEE_PATIENTS})
"""What it shows there of a visit that the person booked themselves."""

FOR_A_PATIENT = frozenset({Permission.SEE_DIRECTORY, Permission.BOOK})
"""All that is left of a portal's rights while it carries a patient's token."""

READ_IN_EMERGENCY = frozenset({Permission.SEE_PATIENTS, Permission.SEE_NOTES, Permission.SEE_HISTORY})
"""What an opened history shows of each of the patient's appointments. Nothing may be done with them."""


def clinic_roles(user: User) -> Mapping[int, frozenset[Role]]:
    """The roles a user holds, by clinic id: one query per user object, then remembered on it.

    A request loads its user afresh, so a revoked role is gone with the next request. Roles at clinics that the
    request's token doesn't reach are not held.
    """
    if not user.is_authenticated or not user.is_active:
        return {}
    cached = getattr(user, "_clinic_roles", None)
    if cached is None:
        cached = user._clinic_roles = _load_roles(user)  # type: ignore[attr-defined]
    return cached


def forget_roles(user: User) -> None:
    """Make the next question about this user object ask the database again."""
    user.__dict__.pop("_clinic_roles", None)
    user.__dict__.pop("_emergencies", None)
    user.__dict__.pop("_elsewhere", None)


def _load_roles(user: User) -> Mapping[int, frozenset[Role]]:
    held = ClinicUserObjectPermission.objects.filter(user=user)
    if user.only_clinics is not None:
        held = held.filter(content_object__in=user.only_clinics)
    rows = held.values_list("content_object_id", "permission__codename")
    roles: dict[int, set[Role]] = defaultdict(set)
    user._books_from = set()  # type: ignore[attr-defined]
    for clinic_id, codename in rows:
        if codename == BOOKS_ELSEWHERE:
            user._books_from.add(clinic_id)  # type: ignore[attr-defined]
        elif codename.endswith("_at") and codename[:-3] in Role.values:
            roles[clinic_id].add(Role(codename[:-3]))
    return {clinic_id: frozenset(here) for clinic_id, here in roles.items()}


def clinic_ids_with(user: User, permission: Permission) -> list[int]:
    """Ids of the clinics at which the user holds this permission, ascending."""
    here = {clinic_id for clinic_id, roles in clinic_roles(user).items() if _opens(user, roles, permission)}
    return sorted(here | clinics_elsewhere(user)) if permission in ELSEWHERE else sorted(here)


def may(user: User, permission: Permission, clinic_id: int) -> bool:
    """Whether the user may do this at the clinic."""
    if _opens(user, clinic_roles(user).get(clinic_id, frozenset()), permission):
        return True
    return permission in ELSEWHERE and clinic_id in clinics_elsewhere(user)


def clinics_elsewhere(user: User) -> frozenset[int]:
    """Clinics where the user holds no role but may find and book times. One more query for those who hold the right.

    The right counts as long as some role opens booking at the clinic from which it is held.
    """
    roles = clinic_roles(user)
    held_at = (roles.get(each, frozenset()) for each in getattr(user, "_books_from", ()))
    if not any(_opens(user, held, Permission.BOOK) for held in held_at):
        return frozenset()
    cached = getattr(user, "_elsewhere", None)
    if cached is None:
        others = Clinic.objects.filter(is_active=True).exclude(pk__in=roles)
        if user.only_clinics is not None:
            others = others.filter(pk__in=user.only_clinics)
        cached = user._elsewhere = frozenset(others.values_list("pk", flat=True))  # type: ignore[attr-defined]
    return cached


def _opens(user: User, roles: frozenset[Role], permission: Permission) -> bool:
    if (user.is_service and permission in PEOPLE_ONLY) or (user.acts_for_patient and permission not in FOR_A_PATIENT):
        return False
    return any(permission in ROLE_PERMISSIONS[role] for role in roles)


def on_own_list(user: User) -> Q:
    """Which rows with a doctor and a clinic are the user's own, as far as the request's token reaches."""
    own = Q(doctor__user=user)
    return own if user.only_clinics is None else own & Q(clinic__in=user.only_clinics)


def may_with(user: User, permission: Permission, appointment: object) -> bool:
    """Whether the user may do this to an appointment: by role at its clinic, or because it is on their own list."""
    if may(user, permission, appointment.clinic_id):  # type: ignore[attr-defined]
        return True
    if user.only_clinics is not None and appointment.clinic_id not in user.only_clinics:  # type: ignore[attr-defined]
        return False
    own = getattr(appointment.doctor, "user_id", None) == user.pk  # type: ignore[attr-defined]
    if own and permission in OWN_APPOINTMENT:
        return True
    return permission in OWN_BOOKING and _booked_elsewhere(user, appointment)


def _booked_elsewhere(user: User, appointment: object) -> bool:
    by_them = appointment.created_by_id == user.pk  # type: ignore[attr-defined]
    return by_them and appointment.clinic_id in clinics_elsewhere(user)  # type: ignore[attr-defined]


def own_bookings(user: User) -> Q:
    """Which appointments the user may see because they booked them at a clinic where they hold no role."""
    elsewhere = clinics_elsewhere(user)
    return Q(created_by=user, clinic__in=elsewhere) if elsewhere else Q(pk__in=())


def may_read(user: User, permission: Permission, appointment: object) -> bool:
    """Whether the user may see this of an appointment: as `may_with`, or because they opened the patient's history."""
    if may_with(user, permission, appointment):
        return True
    opened = (each.patient_id for each in emergencies_of(user))
    return permission in READ_IN_EMERGENCY and appointment.patient_id in opened  # type: ignore[attr-defined]


def emergencies_of(user: User) -> Sequence[EmergencyAccess]:
    """Histories that the user holds open now, with their patients: one query per user object, read by the clock.

    None for somebody who no longer holds a role that may open them, nor with a token that is limited to clinics.
    """
    if user.only_clinics is not None or not clinic_ids_with(user, Permission.BREAK_GLASS):
        return []
    cached = getattr(user, "_emergencies", None)
    if cached is None:
        rows = EmergencyAccess.objects.filter(opened_by=user).open_at(timezone.now()).select_related("patient")
        cached = user._emergencies = list(rows)  # type: ignore[attr-defined]
    now = timezone.now()
    return [each for each in cached if each.is_open_at(now)]


def require(user: User | None, permission: Permission, clinic_id: int) -> None:
    """Raise NotAllowed unless the user may do this at the clinic. None is the system itself, which may."""
    if user is not None and not may(user, permission, clinic_id):
        raise NotAllowed(detail={"permission": permission.value})


def require_with(user: User | None, permission: Permission, appointment: object) -> None:
    """Raise NotAllowed unless the user may do this to the appointment. None is the system itself, which may."""
    if user is not None and not may_with(user, permission, appointment):
        raise NotAllowed(detail={"permission": permission.value})


def role_at(user: User | None, clinic_id: int) -> str:
    """The role to record in the audit trail: the first one held at the clinic, or an empty string."""
    roles = clinic_roles(user).get(clinic_id) if user is not None else None
    return min(roles).value if roles else ""
