"""Who signs in: the demo logins, and receptionists who only appear in histories."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password

from carebridge.accounts.models import Role, User
from scheduling.demo.places_data import CLINICS
from scheduling.demo.world import World
from scheduling.memberships import grant_membership

PASSWORD = "carebridge-demo"  # noqa: S105 - printed for everyone to see
EVERYWHERE = tuple(spec.code for spec in CLINICS)
LOGINS: tuple[tuple[str, str, str, Role, tuple[str, ...], dict[str, bool]], ...] = (
    ("reception", "Maya", "Fielding", Role.RECEPTIONIST, ("harbour", "northgate"), {}),
    ("doctor", "Amara", "Osei", Role.DOCTOR, ("harbour",), {}),
    ("clinicadmin", "Rosa", "Whitlam", Role.CLINIC_ADMINISTRATOR, ("harbour",), {"is_staff": True}),
    ("manager", "Desmond", "Achterberg", Role.OPERATIONS_MANAGER, EVERYWHERE, {}),
    ("support", "Linnea", "Strand", Role.SUPPORT, EVERYWHERE, {}),
    ("sysadmin", "Idris", "Vaughan", Role.SYSTEM_ADMINISTRATOR, EVERYWHERE, {"is_staff": True, "is_superuser": True}),
)


def make_staff(world: World) -> None:
    """Make the demo logins and two receptionists a clinic, with their roles."""
    password = make_password(PASSWORD)
    for username, given_name, family_name, role, places, flags in LOGINS:
        user = _make_user(username, given_name, family_name, password=password, **flags)
        _employ(world, user, role, places)
    doctor = world.doctor_named("Osei")
    doctor.user = world.users["doctor"]
    doctor.save(update_fields=["user"])
    for spec in CLINICS:
        for name in spec.receptionists:
            given_name, family_name = name.split()
            username = f"{given_name}.{family_name}".lower()
            user = _make_user(username, given_name, family_name, password=make_password(None))
            _employ(world, user, Role.RECEPTIONIST, (spec.code,))


def _make_user(username: str, given_name: str, family_name: str, *, password: str, **flags: bool) -> User:
    # People outlive a wiped demo, because the audit trail points at them.
    user, _ = User.objects.update_or_create(
        username=username,
        defaults={
            "first_name": given_name,
            "last_name": family_name,
            "email": f"{username}@carebridge.example",
            "password": password,
            "is_active": True,
            "is_demo": True,
            **flags,
        },
    )
    return user


def _employ(world: World, user: User, role: Role, places: tuple[str, ...]) -> None:
    world.users[user.username] = user
    for code in places:
        clinic = world.clinic(code)
        grant_membership(user=user, clinic=clinic, role=role, by=None)
        if role == Role.RECEPTIONIST:
            world.receptionists[clinic.pk].append(user)
