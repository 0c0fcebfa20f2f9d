"""Who may do what, where. A role at a clinic is an object permission on that clinic.

What a role opens is in `scheduling.roles`. Whether something is allowed NOW (cut-offs, notice, eligibility) is
`scheduling.policies`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Q, QuerySet
from django.utils import timezone

from carebridge.accounts.models import Role, User
from carebridge.errors import NotAllowed
from scheduling.models.clinic import Clinic, ClinicUserObjectPermission
from scheduling.models.emergency import EmergencyAccess
from scheduling.roles import (
    BOOKS_ELSEWHERE,
    ELSEWHERE,
    FOR_A_PATIENT,
    OWN_APPOINTMENT,
    OWN_BOOKING,
    PEOPLE_ONLY,
    READ_IN_EMERGENCY,
    ROLE_PERMISSIONS,
    Permission,
)


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
    """Which rows with a doctor and a clinic are the user's own: their list, where they hold the role of a doctor."""
    return Q(doctor__user=user, clinic__in=clinics_as_doctor(user))


def clinics_as_doctor(user: User) -> list[int]:
    """Ids of the clinics at which the user holds the role of a doctor, ascending."""
    return sorted(clinic_id for clinic_id, roles in clinic_roles(user).items() if Role.DOCTOR in roles)


def may_with(user: User, permission: Permission, appointment: object) -> bool:
    """Whether the user may do this to an appointment: by role at its clinic, or because it is on their own list."""
    if may(user, permission, appointment.clinic_id):  # type: ignore[attr-defined]
        return True
    if permission in OWN_APPOINTMENT and _on_their_list(user, appointment):
        return True
    return permission in OWN_BOOKING and _booked_elsewhere(user, appointment)


def _on_their_list(user: User, appointment: object) -> bool:
    own = getattr(appointment.doctor, "user_id", None) == user.pk  # type: ignore[attr-defined]
    return own and appointment.clinic_id in clinics_as_doctor(user)  # type: ignore[attr-defined]


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


def may_read_override(user: User, appointment: object) -> bool:
    """Whether the user may see why a rule was set aside: as a note of the team, or because they may decide on it."""
    return may_read(user, Permission.SEE_NOTES, appointment) or may_with(user, Permission.SIGN_OFF, appointment)


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


def holders_of(permission: Permission, clinic_id: int) -> QuerySet[User]:
    """Whoever may do this at the clinic by a role, as long as their account is active."""
    codenames = [f"{role.value}_at" for role in Role if permission in ROLE_PERMISSIONS[role]]
    held = ClinicUserObjectPermission.objects.filter(content_object=clinic_id, permission__codename__in=codenames)
    return User.objects.filter(pk__in=held.values("user"), is_active=True)


def role_at(user: User | None, clinic_id: int) -> str:
    """The role to record in the audit trail: the first one held at the clinic, or an empty string."""
    roles = clinic_roles(user).get(clinic_id) if user is not None else None
    return min(roles).value if roles else ""
