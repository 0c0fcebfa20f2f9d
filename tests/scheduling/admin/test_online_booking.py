"""Which types the public may see, ask for or book: a clinic's own matter, and accounted for."""

from __future__ import annotations

import pytest
from django.urls import reverse

from carebridge.audit.models import LogEntry
from scheduling.models import OnlineBooking

pytestmark = pytest.mark.django_db


def test_an_administrator_opens_a_type_to_the_public_and_the_trail_says_so(client, clinic_admin, harbour, consultation):
    client.force_login(clinic_admin)
    sent = {"clinic": harbour.pk, "appointment_type": consultation.pk, "mode": "book"}

    page = client.post(reverse("admin:scheduling_onlinebooking_add"), sent)

    assert page.status_code == 302
    switch = OnlineBooking.objects.get()
    assert (switch.clinic, switch.appointment_type, switch.mode) == (harbour, consultation, "book")
    assert LogEntry.objects.filter(content_type__model="onlinebooking", actor=clinic_admin).exists()


def test_another_clinics_switches_are_neither_seen_nor_changed(client, clinic_admin, northgate, consultation):
    theirs = OnlineBooking.objects.create(clinic=northgate, appointment_type=consultation, mode="see")
    client.force_login(clinic_admin)

    assert client.get(reverse("admin:scheduling_onlinebooking_change", args=[theirs.pk])).status_code == 404


def test_what_is_out_of_use_is_not_public(harbour, consultation):
    OnlineBooking.objects.create(clinic=harbour, appointment_type=consultation, mode="book")
    assert OnlineBooking.objects.public().count() == 1

    consultation.service.is_active = False
    consultation.service.save()

    assert not OnlineBooking.objects.public().exists()
