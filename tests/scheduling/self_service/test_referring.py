"""A practice books for its patients by its link: within what the link is for, and without learning who is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from carebridge.errors import InvalidInput
from reminders.models import Reminder
from scheduling.errors import LinkOver
from scheduling.models import Appointment, Patient, Referral, ReferrerLink, SelfBooking
from scheduling.referrer_links import make_referrer_link, token_of, withdraw_referrer_link
from scheduling.views.self_service.public_form import stamp
from tests import factories

pytestmark = pytest.mark.django_db

SAM = {"given_name": "Sam", "family_name": "Whitlock", "day": "27", "month": "3", "year": "1958"}


class Practice(Client):
    """The browser of whoever was sent the link."""

    def __init__(self, link: ReferrerLink) -> None:
        super().__init__(enforce_csrf_checks=True)
        self.start = f"/p/refer/{token_of(link)}/"

    def sends(self, kind, **typed: str):
        typed = {**SAM, "contact": "sam@example.org", "stamp": stamp(timezone.now() - timedelta(seconds=30)), **typed}
        return self.post(f"{self.start}?type={kind.pk}", typed)


@pytest.fixture
def make_link(harbour, consultation, dr_osei, receptionist):
    def make(**facts) -> ReferrerLink:
        terms = {"mode": "book", "most_patients": 2, "last_day": timezone.localdate() + timedelta(days=28), **facts}
        return make_referrer_link(
            referrer="Quay Street Surgery",
            clinic=harbour,
            appointment_types=[consultation],
            by=receptionist,
            **terms,
        )

    return make


@pytest.fixture
def ten(dr_osei, harbour, at) -> str:
    """Monday at ten with Dr Osei, as the button sends it."""
    return f"{dr_osei.pk}.{harbour.pk}.{at('10:00').isoformat()}"


def test_a_practice_books_a_visit_that_needs_a_referral_and_the_patient_is_written_to(
    make_link, consultation, ten, at, monday
):
    consultation.requires_referral = True
    consultation.save()
    practice = Practice(make_link())
    assert b"Quay Street Surgery" in practice.get(practice.start).content
    assert ten in practice.get(f"{practice.start}?type={consultation.pk}&from={monday}").content.decode()
    assert b"The patient" in practice.post(f"{practice.start}?type={consultation.pk}", {"slot": ten}).content

    done = practice.sends(consultation, slot=ten, sure="1", number="QS-4711")

    visit = Appointment.objects.get()
    assert (visit.status, visit.starts_at, visit.referral.number) == ("confirmed", at("10:00"), "QS-4711")
    assert visit.referral.referrer == "Quay Street Surgery"
    assert visit.reference in practice.get(done["Location"]).content.decode()
    assert Reminder.objects.filter(appointment=visit, kind="booked").exists()
    assert SelfBooking.objects.get().code_sent_at is None


def test_who_is_known_keeps_the_one_record_and_the_practice_is_told_the_same(
    make_link, consultation, harbour, dr_osei, at
):
    facts = {"given_name": "Sam", "family_name": "Whitlock", "search_name": "sam whitlock"}
    known = factories.PatientFactory(**facts, birth_date="1958-03-27", email="sam@example.org", at=[harbour])
    practice = Practice(make_link())

    def books(time: str, **typed: str) -> str:
        slot = f"{dr_osei.pk}.{harbour.pk}.{at(time).isoformat()}"
        done = practice.sends(consultation, slot=slot, sure="1", number="QS-1", **typed)
        page = practice.get(done["Location"]).content.decode().partition("</main>")[0]
        visit = Appointment.objects.latest("pk")
        return page.replace(visit.reference, "").replace(time.lstrip("0"), "").replace(time, "")

    told_of_known = books("10:00")
    told_of_new = books("11:00", given_name="Ann", contact="ann@example.org")

    assert told_of_known == told_of_new
    first, second = Appointment.objects.order_by("starts_at")
    assert (first.patient, first.referral.patient) == (known, known)
    assert second.patient.given_name == "Ann"
    assert second.referral.number.startswith("QS-1-")
    assert not Patient.objects.filter(email="sam@example.org").exclude(pk=known.pk).exists()


def test_a_link_that_only_asks_leaves_the_time_to_reception(make_link, consultation, client, receptionist, ten):
    practice = Practice(make_link(mode="request"))

    assert practice.sends(consultation, slot=ten, sure="1").status_code == 422
    done = practice.sends(consultation, clinic=str(make_link().clinic_id), wishes="Short of breath on stairs")

    assert b"call or write to the patient" in practice.get(done["Location"]).content
    assert not Appointment.objects.exists()
    assert Referral.objects.get().patient == SelfBooking.objects.get().patient
    client.force_login(receptionist)
    page = client.get("/requests/").content
    assert b"referred by Quay Street Surgery" in page
    assert b"Short of breath on stairs" in page


def test_a_link_ends_when_it_was_used_up_withdrawn_or_ran_out(make_link, consultation, receptionist, ten):
    used_up, withdrawn, old = make_link(most_patients=1), make_link(), make_link(last_day=timezone.localdate())
    last = Practice(used_up)
    done = last.sends(consultation, slot=ten, sure="1")
    withdraw_referrer_link(link=withdrawn, by=receptionist)

    assert last.get(done["Location"]).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        for link in (used_up, withdrawn, old):
            practice = Practice(link)
            assert practice.get(practice.start).status_code == 410
            assert practice.sends(consultation, slot=ten, sure="1").status_code == 410
    with pytest.raises(LinkOver):
        withdraw_referrer_link(link=withdrawn, by=receptionist)
    assert Appointment.objects.count() == 1


def test_a_link_reaches_no_other_visit_and_no_other_address(make_link, ten):
    practice = Practice(make_link())

    assert practice.sends(factories.AppointmentTypeFactory(), slot=ten, sure="1").status_code == 404
    other = practice.start[:-2] + ("A/" if practice.start[-2] != "A" else "B/")
    assert practice.get(other).status_code == 404
    page = practice.get(practice.start)
    assert page["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page["X-Robots-Tag"]


@pytest.mark.parametrize(
    "wrong",
    [{"most_patients": 0}, {"most_patients": 501}, {"last_day": timezone.localdate() - timedelta(days=1)}],
)
def test_a_link_for_nobody_or_for_ever_is_refused(make_link, wrong):
    with pytest.raises(InvalidInput):
        make_link(**wrong)


def test_reception_makes_a_link_sends_it_on_and_withdraws_it(client, receptionist, harbour, consultation, dr_osei):
    client.force_login(receptionist)
    terms = {"referrer": "Quay Street Surgery", "clinic": harbour.pk, "appointment_types": [consultation.pk]}
    until = timezone.localdate() + timedelta(days=10)
    assert client.post("/referrers/", {**terms, "mode": "book", "most_patients": 0}).status_code == 422
    client.post("/referrers/", {**terms, "mode": "book", "most_patients": 5, "last_day": until})

    link = ReferrerLink.objects.get()
    assert token_of(link) in client.get("/referrers/").content.decode()
    client.post(f"/referrers/{link.pk}/withdraw/")

    link.refresh_from_db()
    assert link.withdrawn_at
    assert token_of(link) not in client.get("/referrers/").content.decode()
