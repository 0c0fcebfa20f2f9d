"""The waitlist: who waits, in which order, and who may see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from carebridge.errors import InvalidInput, NotAllowed
from waitlist.demo import load_entries
from waitlist.entries import AlreadyWaiting, NotWaiting, close, join, pause, resume
from waitlist.matching import Candidate, draw, rank
from waitlist.models import Entry, Outcome, Urgency

candidates = st.builds(
    Candidate,
    entry_id=st.integers(1, 10**6),
    urgency=st.integers(0, 2),
    waited=st.integers(0, 200 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(candidates, min_size=1, max_size=12, unique_by=lambda each: each.entry_id), st.text(max_size=8))
def test_more_urgent_or_longer_waiting_never_comes_later_all_else_equal(waiting, seed):
    order = [each.candidate for each in rank(waiting, seed=seed)]

    for place, first in enumerate(order):
        for later in order[place + 1 :]:
            assert not (later.urgency >= first.urgency and later.waited > first.waited)
            assert not (later.urgency > first.urgency and later.waited >= first.waited)
            if (later.urgency, later.waited) == (first.urgency, first.waited):
                assert draw(seed, first.entry_id) <= draw(seed, later.entry_id)


@pytest.fixture
def entry(patient, consultation, dr_osei, harbour, receptionist):
    return join(patient=patient, appointment_type=consultation, clinic=harbour, by=receptionist)


@pytest.mark.django_db
def test_a_pause_counts_as_no_waiting_and_loses_none(entry, receptionist):
    start = timezone.now()
    with time_machine.travel(start + timedelta(days=10), tick=False):
        pause(entry=entry, by=receptionist)
    with time_machine.travel(start + timedelta(days=40), tick=False):
        assert Entry.objects.get().waited(timezone.now()).days in (9, 10)
        resume(entry=entry, by=receptionist)
        with pytest.raises(NotWaiting):
            resume(entry=entry, by=receptionist)

    assert round(Entry.objects.get().waited(start + timedelta(days=45)) / timedelta(days=1)) == 15


@pytest.mark.django_db
def test_nobody_waits_twice_for_the_same_until_taken_off(entry, patient, consultation, harbour, receptionist):
    again = {"patient": patient, "appointment_type": consultation, "clinic": harbour, "by": receptionist}
    with pytest.raises(AlreadyWaiting):
        join(**again)
    with pytest.raises(InvalidInput):
        join(**again, urgency=Urgency.URGENT)

    close(entry=entry, outcome=Outcome.WITHDREW, by=receptionist)

    assert join(**again).pk != entry.pk


@pytest.mark.django_db
def test_reception_elsewhere_neither_sees_nor_changes_who_waits_here(entry, receptionist_elsewhere):
    with pytest.raises(NotAllowed):
        pause(entry=entry, by=receptionist_elsewhere)
    client = Client()
    client.force_login(receptionist_elsewhere)

    assert entry.patient.family_name not in client.get("/waitlist/").content.decode()
    assert client.post(f"/waitlist/{entry.pk}/pause/").status_code == 404


@pytest.mark.django_db
def test_reception_puts_patients_on_the_list_and_reads_it_in_few_questions(
    entry, another_patient, consultation, harbour, receptionist, django_assert_max_num_queries
):
    client = Client()
    client.force_login(receptionist)
    asked = {"appointment_type": consultation.pk, "clinic": harbour.pk, "urgency": 2}
    refused = client.post(f"/patients/{another_patient.pk}/waitlist/", asked)
    assert refused.status_code == 422
    asked["urgency_reason"] = "Chest pain"
    assert client.post(f"/patients/{another_patient.pk}/waitlist/", asked).status_code == 302

    with django_assert_max_num_queries(40):
        page = client.get("/waitlist/").content.decode()
    first = Entry.objects.get(patient=another_patient)
    assert page.index(f"entry-{first.pk}") < page.index(f"entry-{entry.pk}")

    assert client.post(f"/waitlist/{first.pk}/close/", {"outcome": "booked"}).status_code == 302
    assert f"entry-{first.pk}" not in client.get("/waitlist/").content.decode()


@pytest.mark.django_db
def test_the_demo_lets_patients_of_the_clinic_wait_once(patient, another_patient, dr_osei, harbour):
    now = timezone.now()

    assert load_entries(now=now)
    assert not load_entries(now=now)

    waiting = Entry.objects.all()
    assert {each.patient for each in waiting} == {patient, another_patient}
    assert all(each.clinic == harbour and each.waited(now) > timedelta(0) for each in waiting)
