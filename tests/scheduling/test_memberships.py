"""Roles at clinics: who gets one, who may hand one out, and that it is accounted for."""

from __future__ import annotations

import pytest

from carebridge.accounts.models import Role
from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed, NotFound
from scheduling import memberships
from scheduling.memberships import grant_membership, revoke_membership
from scheduling.models import Clinic, ClinicMembership
from scheduling.permissions import forget_roles, may
from scheduling.roles import Permission
from tests.factories import UserFactory


@pytest.fixture
def newcomer(db):
    return UserFactory(username="newcomer")


def test_a_granted_role_opens_its_permissions_at_that_clinic_only(newcomer, clinic_admin, harbour, northgate):
    grant_membership(user=newcomer, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    assert may(newcomer, Permission.BOOK, harbour.pk)
    assert not may(newcomer, Permission.BOOK, northgate.pk)
    assert newcomer.has_perm("scheduling.receptionist_at", harbour)
    assert ClinicMembership.objects.get(user=newcomer).granted_by == clinic_admin


def test_granting_is_written_to_the_audit_trail_in_the_role_of_the_granter(newcomer, clinic_admin, harbour):
    membership = grant_membership(user=newcomer, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    entry = LogEntry.objects.get(event="membership.granted", actor=clinic_admin)
    assert (entry.clinic_id, entry.role) == (harbour.pk, "clinic_administrator")
    assert entry.object_pk == str(membership.pk)


def test_granting_twice_changes_nothing(newcomer, clinic_admin, harbour):
    first = grant_membership(user=newcomer, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)
    second = grant_membership(user=newcomer, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    assert first == second
    assert LogEntry.objects.filter(event="membership.granted", actor=clinic_admin).count() == 1


def test_a_revoked_role_opens_nothing_any_more(receptionist, clinic_admin, harbour):
    revoke_membership(user=receptionist, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    assert not may(receptionist, Permission.SEE_DIRECTORY, harbour.pk)
    assert not Clinic.objects.visible_to(receptionist).exists()
    assert not ClinicMembership.objects.filter(user=receptionist).exists()
    assert LogEntry.objects.filter(event="membership.revoked", actor=clinic_admin).count() == 1


def test_one_of_two_roles_can_be_revoked(receptionist, clinic_admin, harbour):
    grant_membership(user=receptionist, clinic=harbour, role=Role.CLINIC_ADMINISTRATOR, by=clinic_admin)
    revoke_membership(user=receptionist, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    assert may(receptionist, Permission.CONFIGURE, harbour.pk)


def test_revoking_what_is_not_held_is_refused(newcomer, clinic_admin, harbour):
    with pytest.raises(NotFound):
        revoke_membership(user=newcomer, clinic=harbour, role=Role.SUPPORT, by=clinic_admin)


@pytest.mark.parametrize("who", ["receptionist", "receptionist_elsewhere", "doctor_user", "manager", "support"])
def test_who_does_not_configure_the_clinic_hands_out_no_roles(request, who, newcomer, harbour):
    with pytest.raises(NotAllowed):
        grant_membership(user=newcomer, clinic=harbour, role=Role.RECEPTIONIST, by=request.getfixturevalue(who))

    assert not may(newcomer, Permission.SEE_DIRECTORY, harbour.pk)


def test_a_clinic_administrator_has_no_say_at_another_clinic(newcomer, clinic_admin, northgate):
    with pytest.raises(NotAllowed):
        grant_membership(user=newcomer, clinic=northgate, role=Role.RECEPTIONIST, by=clinic_admin)


@pytest.mark.parametrize("role", sorted(memberships.GROUP_ROLES))
def test_only_a_system_administrator_hands_out_the_roles_of_the_group(newcomer, clinic_admin, sysadmin, harbour, role):
    with pytest.raises(NotAllowed):
        grant_membership(user=newcomer, clinic=harbour, role=role, by=clinic_admin)

    grant_membership(user=newcomer, clinic=harbour, role=role, by=sysadmin)

    assert newcomer.has_perm(f"scheduling.{role}_at", harbour)


def test_a_grant_that_cannot_be_accounted_for_does_not_happen(newcomer, clinic_admin, harbour, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("the audit trail is full")

    monkeypatch.setattr(memberships, "log_change", broken)
    with pytest.raises(RuntimeError):
        grant_membership(user=newcomer, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)

    forget_roles(newcomer)
    assert not may(newcomer, Permission.BOOK, harbour.pk)
