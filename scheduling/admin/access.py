"""What a person can do, where, and why: read from the memberships and the table of roles, never written down apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from carebridge.accounts.models import Role, User
from scheduling.models import Clinic, ClinicMembership
from scheduling.permissions import clinics_as_doctor, clinics_elsewhere, emergencies_of
from scheduling.roles import DESCRIPTIONS, ELSEWHERE, OWN_APPOINTMENT, OWN_BOOKING, ROLE_PERMISSIONS, Permission


@dataclass(frozen=True, slots=True)
class Right:
    """Something a person may do, and the roles or rights it comes from."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """One clinic of a person: the memberships held there, and what they open."""

    clinic: Clinic
    memberships: Sequence[ClinicMembership]
    rights: Sequence[Right]


@dataclass(frozen=True, slots=True)
class Access:
    """Everything a person can do, as far as the reader administers it."""

    person: User
    places: Sequence[Place]
    own_list: Sequence[str]
    elsewhere: Sequence[Clinic]
    elsewhere_rights: Sequence[Right]
    open_emergencies: int


def access_of(person: User, memberships: Iterable[ClinicMembership]) -> Access:
    """What the person can do, from the memberships that the reader may see, with their clinics."""
    held: dict[int, list[ClinicMembership]] = {}
    for each in memberships:
        held.setdefault(each.clinic_id, []).append(each)
    elsewhere = clinics_elsewhere(person)
    return Access(
        person=person,
        places=[Place(rows[0].clinic, rows, _rights(rows)) for rows in held.values()],
        own_list=_described(OWN_APPOINTMENT) if hasattr(person, "doctor") and clinics_as_doctor(person) else [],
        elsewhere=list(Clinic.objects.filter(pk__in=elsewhere)) if elsewhere else [],
        elsewhere_rights=_rights_elsewhere() if elsewhere else [],
        open_emergencies=len(emergencies_of(person)),
    )


def role_table() -> list[tuple[str, list[bool]]]:
    """Every permission with whether each role, in order, then the own list, opens it: as docs/permissions.md."""
    return [
        (
            DESCRIPTIONS[each],
            [*(each in ROLE_PERMISSIONS[role] for role in Role), each in OWN_APPOINTMENT],
        )
        for each in Permission
    ]


def _rights(memberships: Sequence[ClinicMembership]) -> list[Right]:
    roles = [Role(each.role) for each in memberships]
    opened = {each: [role.label for role in roles if each in ROLE_PERMISSIONS[role]] for each in Permission}
    return [Right(DESCRIPTIONS[each], ", ".join(why)) for each, why in opened.items() if why]


def _rights_elsewhere() -> list[Right]:
    own = [
        Right(DESCRIPTIONS[each], "Only what they booked there themselves")
        for each in Permission
        if each in OWN_BOOKING
    ]
    return [*(Right(what, "The right to book elsewhere") for what in _described(ELSEWHERE)), *own]


def _described(permissions: Iterable[Permission]) -> list[str]:
    wanted = set(permissions)
    return [DESCRIPTIONS[each] for each in Permission if each in wanted]
