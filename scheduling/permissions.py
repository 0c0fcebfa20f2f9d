"""Who may do what, where. A role at a clinic is an object permission on that clinic; this file says what it opens.

Whether something is allowed NOW (cut-offs, notice, eligibility) is `scheduling.policies`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum

from carebridge.accounts.models import Role, User
from carebridge.errors import NotAllowed
from scheduling.models.clinic import ClinicUserObjectPermission


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


def clinic_roles(user: User) -> Mapping[int, frozenset[Role]]:
    """The roles a user holds, by clinic id: one query per user object, then remembered on it.

    A request loads its user afresh, so a revoked role is gone with the next request.
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


def _load_roles(user: User) -> Mapping[int, frozenset[Role]]:
    rows = ClinicUserObjectPermission.objects.filter(user=user).values_list("content_object_id", "permission__codename")
    roles: dict[int, set[Role]] = defaultdict(set)
    for clinic_id, codename in rows:
        if codename.endswith("_at") and codename[:-3] in Role.values:
            roles[clinic_id].add(Role(codename[:-3]))
    return {clinic_id: frozenset(held) for clinic_id, held in roles.items()}


def clinic_ids_with(user: User, permission: Permission) -> list[int]:
    """Ids of the clinics at which some role of the user opens this permission, ascending."""
    return sorted(
        clinic_id
        for clinic_id, roles in clinic_roles(user).items()
        if any(permission in ROLE_PERMISSIONS[role] for role in roles)
    )


def may(user: User, permission: Permission, clinic_id: int) -> bool:
    """Whether the user may do this at the clinic."""
    return any(permission in ROLE_PERMISSIONS[role] for role in clinic_roles(user).get(clinic_id, ()))


def may_with(user: User, permission: Permission, appointment: object) -> bool:
    """Whether the user may do this to an appointment: by role at its clinic, or because it is on their own list."""
    if may(user, permission, appointment.clinic_id):  # type: ignore[attr-defined]
        return True
    own = getattr(appointment.doctor, "user_id", None) == user.pk  # type: ignore[attr-defined]
    return own and permission in OWN_APPOINTMENT


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
