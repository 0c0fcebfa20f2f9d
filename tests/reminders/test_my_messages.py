"""The page on which people who work here say what they want to be told."""

from __future__ import annotations

import pytest
from django.urls import reverse

from carebridge.audit.models import LogEntry
from reminders.models import Kind, StaffWish

pytestmark = pytest.mark.django_db

PAGE = "reminders:my-messages"
NUMBER = "+44 7700 900461"


def held(user) -> set[tuple[str, str, str]]:
    return set(StaffWish.objects.filter(user=user).values_list("kind", "medium", "mobile"))


def test_a_doctor_wishes_changes_by_sms_and_the_list_by_email(client, doctor_user, receptionist):
    client.force_login(doctor_user)

    client.post(reverse(PAGE), {"staff_change": "sms", "staff_tomorrow": "email", "mobile": NUMBER})

    assert held(doctor_user) == {
        (Kind.STAFF_CHANGE, "sms", "+447700900461"),
        (Kind.STAFF_TOMORROW, "email", ""),
    }
    assert not held(receptionist)


def test_saving_what_holds_already_changes_and_records_nothing(client, doctor_user):
    client.force_login(doctor_user)
    wishes = {"staff_change": "email", "staff_tomorrow": ""}

    client.post(reverse(PAGE), wishes)
    client.post(reverse(PAGE), wishes)

    assert LogEntry.objects.filter(event="staff_wish.saved").count() == 1


def test_a_wish_is_taken_back(client, doctor_user):
    client.force_login(doctor_user)
    client.post(reverse(PAGE), {"staff_change": "email"})

    client.post(reverse(PAGE), {"staff_change": ""})

    assert not held(doctor_user)


@pytest.mark.parametrize("number", ["", "07", "+44", "call me"])
def test_an_sms_needs_a_number_that_can_be_reached(client, doctor_user, number):
    client.force_login(doctor_user)

    answer = client.post(reverse(PAGE), {"staff_change": "sms", "mobile": number})

    assert answer.status_code == 422
    assert "full mobile number" in answer.content.decode()
    assert not held(doctor_user)


def test_the_account_leads_to_the_page_and_the_page_shows_what_holds(client, doctor_user):
    client.force_login(doctor_user)
    client.post(reverse(PAGE), {"staff_tomorrow": "sms", "mobile": NUMBER})

    assert reverse(PAGE) in client.get("/accounts/").content.decode()
    assert "+447700900461" in client.get(reverse(PAGE)).content.decode()
