"""What each role may do, where; and that unseen means not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from carebridge.accounts.models import Role
from scheduling.management.commands.document_permissions import permissions_page
from scheduling.memberships import revoke_membership
from scheduling.models import Clinic, Patient
from scheduling.permissions import forget_roles, may
from scheduling.roles import DESCRIPTIONS, ROLE_PERMISSIONS, Permission

pytestmark = pytest.mark.django_db


def test_every_role_and_permission_is_described():
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert set(DESCRIPTIONS) == set(Permission)


def test_the_permissions_page_says_what_the_code_does(settings):
    assert (Path(settings.BASE_DIR) / "docs" / "permissions.md").read_text() == permissions_page()


def test_a_receptionist_sees_the_clinics_they_work_for_and_no_other(receptionist, harbour, northgate):
    assert list(Clinic.objects.visible_to(receptionist)) == [harbour]


def test_patients_of_another_clinic_are_not_there(receptionist, receptionist_elsewhere, patient):
    assert Patient.objects.visible_to(receptionist).contains(patient)
    assert not Patient.objects.visible_to(receptionist_elsewhere).contains(patient)


@pytest.mark.parametrize(
    ("person", "permission", "allowed"),
    [
        ("receptionist", Permission.BOOK, True),
        ("receptionist", Permission.EDIT_ROSTER, False),
        ("clinic_admin", Permission.EDIT_ROSTER, True),
        ("manager", Permission.BOOK, False),
        ("manager", Permission.SEE_CONTACTS, False),
        ("support", Permission.SEE_PATIENTS, False),
        ("sysadmin", Permission.SEE_PATIENTS, False),
        ("doctor_user", Permission.SEE_SCHEDULE, False),
    ],
)
def test_what_each_role_may_do_at_harbour(request, harbour, person, permission, allowed):
    assert may(request.getfixturevalue(person), permission, harbour.pk) is allowed


def test_a_revoked_role_is_gone_with_the_next_question(receptionist, harbour, clinic_admin):
    revoke_membership(user=receptionist, clinic=harbour, role=Role.RECEPTIONIST, by=clinic_admin)
    forget_roles(receptionist)

    assert not may(receptionist, Permission.BOOK, harbour.pk)


def test_someone_deactivated_may_nothing(receptionist, harbour):
    receptionist.is_active = False
    forget_roles(receptionist)

    assert not may(receptionist, Permission.SEE_DIRECTORY, harbour.pk)
