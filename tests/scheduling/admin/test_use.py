"""Switching things off in the admin: the page says which visits it moves and asks once more before it does."""

from __future__ import annotations

import pytest
from django.test import Client

from scheduling.models import Clinic, Doctor, DoctorClinic, Resource, Status
from tests.scheduling.admin.pages import page_form, path

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(clinic_admin):
    client = Client()
    client.force_login(clinic_admin)
    return client


@pytest.fixture
def subject(request, room_1, dr_osei, harbour):
    return {Resource: room_1, Doctor: dr_osei, Clinic: harbour}[request.param]


EACH = pytest.mark.parametrize("subject", [Resource, Doctor, Clinic], indirect=True)


@EACH
def test_the_page_first_says_which_visits_would_move(subject, visit, page):
    url = path(type(subject), "change", subject.pk)

    answer = page.post(url, page_form(page, url, is_active=None))

    shown = answer.content.decode()
    assert "1 visit to come would go to review. Tick the box" in shown
    assert visit.reference in shown
    assert "Nerys Calloway" in shown
    assert 'type="checkbox" name="move_visits"' in shown
    visit.refresh_from_db()
    subject.refresh_from_db()
    assert (visit.status, subject.is_active) == (Status.CONFIRMED, True)


@EACH
def test_with_the_box_ticked_they_move_and_when_it_is_on_again_they_return(subject, visit, page):
    url = path(type(subject), "change", subject.pk)

    assert page.post(url, page_form(page, url, is_active=None, move_visits="on")).status_code == 302
    visit.refresh_from_db()
    subject.refresh_from_db()
    assert (visit.status, subject.is_active) == (Status.REQUIRES_REVIEW, False)

    assert page.post(url, page_form(page, url, is_active="on")).status_code == 302
    visit.refresh_from_db()
    subject.refresh_from_db()
    assert (visit.status, subject.is_active) == (Status.CONFIRMED, True)


@EACH
def test_what_nobody_is_booked_with_is_switched_off_at_once(subject, page):
    url = path(type(subject), "change", subject.pk)

    assert page.post(url, page_form(page, url, is_active=None)).status_code == 302

    subject.refresh_from_db()
    assert not subject.is_active


def test_a_doctor_who_also_works_elsewhere_is_refused_on_the_page(visit, dr_osei, northgate, page):
    DoctorClinic.objects.create(doctor=dr_osei, clinic=northgate)
    url = path(Doctor, "change", dr_osei.pk)

    answer = page.post(url, page_form(page, url, is_active=None, move_visits="on"))

    assert "a clinic that you don&#x27;t configure" in answer.content.decode()
    dr_osei.refresh_from_db()
    assert dr_osei.is_active


def test_saving_a_resource_raises_its_version(room_1, page):
    url = path(Resource, "change", room_1.pk)

    assert page.post(url, page_form(page, url, name="Room 1a")).status_code == 302

    room_1.refresh_from_db()
    assert (room_1.name, room_1.schedule_version) == ("Room 1a", 1)
