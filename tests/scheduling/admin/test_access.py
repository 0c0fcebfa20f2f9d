"""What a person can do, where and why: shown in the admin to those who hand out roles, made from the code."""

from __future__ import annotations

import pytest
from django.test import Client

from scheduling.memberships import allow_booking_elsewhere
from scheduling.models import ClinicMembership
from scheduling.roles import DESCRIPTIONS, Permission

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(clinic_admin):
    def opened(path: str, user=clinic_admin):
        client = Client()
        client.force_login(user)
        return client.get(f"/admin/scheduling/clinicmembership/{path}")

    return opened


def test_a_receptionists_page_says_what_they_can_do_where_and_why(page, receptionist):
    shown = page(f"people/{receptionist.pk}/").content.decode()

    assert "Harbour Street" in shown
    assert "Receptionist since" in shown
    assert f"<td>{DESCRIPTIONS[Permission.BOOK]}</td><td>Receptionist</td>" in shown
    assert DESCRIPTIONS[Permission.SIGN_OFF] not in shown


def test_a_doctors_page_tells_of_the_own_list_and_of_emergencies(page, doctor_user):
    shown = page(f"people/{doctor_user.pk}/").content.decode()

    assert "Visits on their own list" in shown
    assert "for an hour in an emergency" in shown


def test_the_right_to_book_elsewhere_is_shown_with_where_it_leads(page, receptionist, harbour, northgate):
    membership = ClinicMembership.objects.get(user=receptionist)
    allow_booking_elsewhere(membership=membership, by=None)
    shown = page(f"people/{receptionist.pk}/").content.decode()

    assert "Northgate" in shown
    assert "The right to book elsewhere" in shown


def test_people_of_other_clinics_are_unseen(page, receptionist_elsewhere):
    assert page(f"people/{receptionist_elsewhere.pk}/").status_code == 404


def test_only_what_the_reader_administers_is_shown(page, manager):
    shown = page(f"people/{manager.pk}/").content.decode()

    assert "Harbour Street" in shown
    assert "Northgate" not in shown


def test_the_table_of_roles_has_every_permission(page):
    shown = page("roles/").content.decode()

    assert all(text.replace("'", "&#x27;") in shown for text in DESCRIPTIONS.values())


@pytest.mark.parametrize("who", ["receptionist", "manager", "support"])
def test_who_hands_out_no_roles_does_not_read_them_here(request, page, who):
    assert page("roles/", request.getfixturevalue(who)).status_code in (302, 403)


def test_the_admin_lets_somebody_book_elsewhere_through_the_command(clinic_admin, receptionist):
    membership = ClinicMembership.objects.get(user=receptionist)
    client = Client()
    client.force_login(clinic_admin)
    client.post(
        "/admin/scheduling/clinicmembership/", {"action": "allow_elsewhere", "_selected_action": [membership.pk]}
    )

    membership.refresh_from_db()
    assert membership.books_elsewhere
