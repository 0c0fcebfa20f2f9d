"""The waitlist: who waits, in which order, and who may see it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.merging import merge_patients, undo_merge
from scheduling.models import Clinic, Patient
from scheduling.patient_copy import release_patient_data
from scheduling.retention import anonymise_patient
from tests import factories
from waitlist.demo import load_entries
from waitlist.entries import change, close, join, pause, put_back, resume
from waitlist.errors import AlreadyWaiting, NotWaiting
from waitlist.matching import Candidate, draw, rank
from waitlist.models import Entry, EntryStatus, Outcome, Urgency
from waitlist.sweeps import end_pauses

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
def test_a_pause_ends_by_itself_on_its_day_where_the_clinic_is(entry, receptionist):
    zone = ZoneInfo("Pacific/Auckland")
    Clinic.objects.update(time_zone=zone.key)
    today = timezone.now().astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        with pytest.raises(InvalidInput):
            pause(entry=entry, by=receptionist, until=day)
    until = today + timedelta(days=10)
    pause(entry=entry, by=receptionist, until=until)
    begins = datetime.combine(until, time(), tzinfo=zone)

    with time_machine.travel(begins - timedelta(seconds=1), tick=False):
        assert end_pauses() == 0
        before = Entry.objects.get().waited(timezone.now())
    with time_machine.travel(begins + timedelta(seconds=1), tick=False):
        assert (end_pauses(), end_pauses()) == (1, 0)

    left = Entry.objects.get()
    assert (left.status, left.paused_until) == (EntryStatus.ACTIVE, None)
    assert left.waited(begins + timedelta(seconds=1)) == before


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
def test_what_is_waited_for_can_change_and_the_wait_goes_on(entry, receptionist, dr_osei, northgate):
    since = entry.waiting_since
    wait = {"entry": entry, "clinic": entry.clinic, "by": receptionist}

    change(**wait, doctor=dr_osei, urgency=Urgency.URGENT, urgency_reason="Chest pain", other_clinics=[northgate])
    changed = Entry.objects.get()
    assert (changed.doctor, changed.urgency_set_by, changed.other_clinic_ids) == (dr_osei, receptionist, [northgate.pk])
    change(**wait, weekdays=[0, 2])

    changed = Entry.objects.get()
    assert (changed.urgency, changed.urgency_reason, changed.urgency_set_by, changed.doctor) == (0, "", None, None)
    assert (changed.weekdays, changed.other_clinic_ids, changed.waiting_since) == ([0, 2], [], since)
    rows = LogEntry.objects.filter(event="waitlist.changed")
    assert "urgency" in rows.last().changes
    assert "Chest pain" not in str(list(rows.values_list("changes", flat=True)))
    change(**wait, weekdays=[0, 2])
    assert rows.count() == 2, "nothing has changed the third time"


@pytest.mark.django_db
def test_nobody_waits_for_what_nobody_does_and_a_closed_wait_changes_no_more(entry, receptionist, northgate, dr_wilk):
    for wrong in ({"clinic": northgate}, {"clinic": entry.clinic, "latest_day": date(2020, 1, 1)}):
        with pytest.raises((InvalidInput, NotAllowed)):
            change(entry=entry, by=receptionist, **wrong)
    assert Entry.objects.get().latest_day is None
    close(entry=entry, outcome=Outcome.WITHDREW, by=receptionist)
    with pytest.raises(NotWaiting):
        change(entry=entry, clinic=entry.clinic, by=receptionist)


@pytest.mark.django_db
def test_who_was_taken_off_by_mistake_is_put_back_within_a_week_and_has_lost_nothing(entry, receptionist):
    client = Client()
    client.force_login(receptionist)
    record, back = f"/patients/{entry.patient_id}/", f"/waitlist/{entry.pk}/put-back/"
    client.post(f"/waitlist/{entry.pk}/close/", {"outcome": "unreachable"})
    assert back in client.get(record).content.decode()

    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False), pytest.raises(NotWaiting):
        put_back(entry=entry, by=receptionist)
    client.post(back)

    again = Entry.objects.get()
    assert (again.status, again.outcome, again.waiting_since) == ("active", "", entry.waiting_since)
    assert back not in client.get(record).content.decode()
    close(entry=entry, outcome=Outcome.WITHDREW, by=receptionist)
    join(patient=entry.patient, appointment_type=entry.appointment_type, clinic=entry.clinic, by=receptionist)
    with pytest.raises(AlreadyWaiting):
        put_back(entry=entry, by=receptionist)


@pytest.mark.django_db
def test_reception_elsewhere_neither_sees_nor_changes_who_waits_here(entry, receptionist_elsewhere):
    with pytest.raises(NotAllowed):
        pause(entry=entry, by=receptionist_elsewhere)
    client = Client()
    client.force_login(receptionist_elsewhere)

    assert entry.patient.family_name not in client.get("/waitlist/").content.decode()
    assert client.post(f"/waitlist/{entry.pk}/pause/").status_code == 404
    assert client.get(f"/waitlist/{entry.pk}/change/").status_code == 404


@pytest.mark.django_db
def test_reception_puts_patients_on_the_list_and_takes_them_off(
    entry, another_patient, consultation, harbour, receptionist
):
    client = Client()
    client.force_login(receptionist)
    asked = {"appointment_type": consultation.pk, "clinic": harbour.pk, "urgency": 2}
    refused = client.post(f"/patients/{another_patient.pk}/waitlist/", asked)
    assert refused.status_code == 422
    asked["urgency_reason"] = "Chest pain"
    assert client.post(f"/patients/{another_patient.pk}/waitlist/", asked).status_code == 302

    page = client.get("/waitlist/").content.decode()
    first = Entry.objects.get(patient=another_patient)
    assert page.index(f"entry-{first.pk}") < page.index(f"entry-{entry.pk}")

    assert client.post(f"/waitlist/{first.pk}/close/", {"outcome": "booked"}).status_code == 302
    assert f"entry-{first.pk}" not in client.get("/waitlist/").content.decode()


@pytest.mark.django_db
def test_the_list_costs_the_same_for_one_who_waits_and_for_three(
    entry, consultation, harbour, receptionist, statements_of
):
    client = Client()
    client.force_login(receptionist)

    def read() -> str:
        return client.get("/waitlist/").content.decode()

    read()
    for_one = statements_of(read)
    for _ in range(2):
        join(
            patient=factories.PatientFactory(at=[harbour]),
            appointment_type=consultation,
            clinic=harbour,
            by=receptionist,
        )
    for_three = statements_of(read)

    assert read().count('id="entry-') == 3
    assert for_one == for_three


@pytest.mark.django_db
def test_of_two_records_of_one_patient_the_longer_wait_stays_and_both_wait_again_when_parted(
    entry, patient, another_patient, consultation, dr_osei, harbour, receptionist, clinic_admin
):
    check_up = factories.AppointmentTypeFactory(service=consultation.service)
    factories.OfferingFactory(clinic=harbour, appointment_type=check_up, doctor=dr_osei)
    wait = {"clinic": harbour, "by": receptionist}
    with time_machine.travel(timezone.now() - timedelta(days=3), tick=False):
        earlier = join(patient=another_patient, appointment_type=consultation, **wait)
    other = join(patient=another_patient, appointment_type=check_up, **wait)

    merge = merge_patients(keep=patient, remove=another_patient, by=clinic_admin)

    assert set(Entry.objects.open()) == {earlier, other}
    assert {each.patient for each in Entry.objects.all()} == {patient}
    assert Entry.objects.get(pk=entry.pk).outcome == Outcome.JOINED

    undo_merge(merge=merge, by=clinic_admin)

    assert dict(Entry.objects.open().values_list("pk", "patient")) == {
        entry.pk: patient.pk,
        earlier.pk: another_patient.pk,
        other.pk: another_patient.pk,
    }


@pytest.mark.django_db
def test_entries_go_back_through_every_merge_that_is_undone(entry, patient, another_patient, harbour, clinic_admin):
    third = factories.PatientFactory(at=[harbour])
    first = merge_patients(keep=another_patient, remove=patient, by=clinic_admin)
    second = merge_patients(keep=third, remove=another_patient, by=clinic_admin)

    owners = []
    for merge in (second, first):
        undo_merge(merge=merge, by=clinic_admin)
        owners.append(Entry.objects.get().patient)

    assert owners == [another_patient, patient]


@pytest.mark.django_db
def test_a_patient_reads_what_they_wait_for_and_nothing_of_it_outlasts_them(
    patient, consultation, dr_osei, harbour, receptionist, clinic_admin
):
    join(
        patient=patient,
        appointment_type=consultation,
        clinic=harbour,
        by=receptionist,
        urgency=Urgency.URGENT,
        urgency_reason="Chest pain",
    )
    asked = {"patient": patient, "by": clinic_admin, "reason": "Asked for it at the desk"}

    (row,) = release_patient_data(**asked, form="json").as_dict()["waitlist"]
    assert (row["status"], row["reason"]) == ("active", "Chest pain")

    Patient.objects.update(created_at=timezone.now() - timedelta(days=366 * 9))
    anonymise_patient(patient=patient, by=clinic_admin)
    left = Entry.objects.get()
    assert (left.urgency_reason, left.outcome) == ("", Outcome.WITHDREW)


@pytest.mark.django_db
def test_the_demo_lets_patients_of_the_clinic_wait_once(patient, another_patient, dr_osei, harbour):
    now = timezone.now()

    assert load_entries(now=now)
    assert not load_entries(now=now)

    waiting = Entry.objects.all()
    assert {each.patient for each in waiting} == {patient, another_patient}
    assert all(each.clinic == harbour and each.waited(now) > timedelta(0) for each in waiting)
