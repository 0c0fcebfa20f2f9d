"""Addresses of links: made here or refused, and what ends them."""

from __future__ import annotations

import random
import string
from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from carebridge.audit.models import LogEntry
from scheduling.booking import book_appointment
from scheduling.errors import LinkOver, LinkUnknown, TooManyTries, WrongBirthDate
from scheduling.links import (
    PURPOSE,
    check_birth_date,
    find_link,
    live_visit,
    manage_link,
    manage_links,
    revoke_link,
    token_of,
)
from scheduling.merging import merge_patients
from scheduling.models import PatientLink
from scheduling.rescheduling import reschedule_appointment
from scheduling.signed_ids import read_signed

pytestmark = pytest.mark.django_db
LETTERS = string.ascii_letters + string.digits + "-_"
WRONG = date(1901, 1, 1)


@pytest.fixture
def link(visit) -> PatientLink:
    return manage_link(appointment=visit)


def found(link: PatientLink) -> PatientLink:
    return find_link(token_of(link), now=timezone.now())


def test_the_same_visit_has_the_same_address_each_time(visit, link):
    assert token_of(manage_link(appointment=visit)) == token_of(link)
    assert PatientLink.objects.count() == 1


def test_an_address_leads_to_its_link(link):
    assert found(link) == link


@pytest.mark.parametrize("mutated", [20_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_no_changed_address_is_taken(link, mutated, django_assert_num_queries):
    token, dice = token_of(link), random.Random(4)
    with django_assert_num_queries(0):
        for _ in range(mutated):
            changed = list(token)
            for place in dice.sample(range(len(token)), dice.randint(1, 3)):
                changed[place] = dice.choice(LETTERS)
            if "".join(changed) == token:
                continue
            with pytest.raises(LinkUnknown):
                read_signed("".join(changed), PURPOSE)


@pytest.mark.parametrize("length", range(42))
def test_an_address_that_was_cut_short_is_not_taken(link, length):
    with pytest.raises(LinkUnknown):
        read_signed(token_of(link)[:length], PURPOSE)


@pytest.mark.parametrize("added", ["=", "A", " ", "/", "\n", "é"])
def test_an_address_with_something_added_is_not_taken(link, added):
    with pytest.raises(LinkUnknown):
        read_signed(token_of(link) + added, PURPOSE)


def test_every_way_of_writing_the_last_letter_but_one_is_refused(link):
    token = token_of(link)
    taken = [last for last in LETTERS if _is_taken(token[:-1] + last)]

    assert taken == [token[-1]]


def _is_taken(token: str) -> bool:
    try:
        read_signed(token, PURPOSE)
    except LinkUnknown:
        return False
    return True


def test_a_link_follows_its_visit_to_another_time(visit, link, at, receptionist):
    moved = reschedule_appointment(appointment=visit, starts_at=at("14:00"), by=receptionist)

    assert live_visit(found(link)) == moved


def test_a_link_ends_two_days_after_the_visit(visit, link):
    with time_machine.travel(visit.ends_at + timedelta(days=2)):
        assert found(link) == link
    with time_machine.travel(visit.ends_at + timedelta(days=2, seconds=1)), pytest.raises(LinkOver):
        found(link)


def test_a_link_ends_when_it_is_revoked_and_the_next_message_holds_another(visit, link):
    revoke_link(link=link)

    with pytest.raises(LinkOver):
        found(link)
    assert token_of(manage_link(appointment=visit)) != token_of(link)


def test_a_link_ends_when_its_visit_becomes_somebody_elses(visit, link, another_patient, clinic_admin):
    merge_patients(keep=another_patient, remove=visit.patient, by=clinic_admin)

    with pytest.raises(LinkOver):
        found(link)


def test_five_wrong_birth_dates_end_trying_for_a_quarter_of_an_hour(link, patient):
    for _ in range(4):
        with pytest.raises(WrongBirthDate):
            check_birth_date(link=link, birth_date=WRONG)
    for birth_date in (WRONG, patient.birth_date):
        with pytest.raises(TooManyTries):
            check_birth_date(link=link, birth_date=birth_date)

    with time_machine.travel(timezone.now() + timedelta(minutes=15)):
        check_birth_date(link=link, birth_date=patient.birth_date)


def test_fifteen_wrong_birth_dates_end_the_link(link, patient):
    now = timezone.now()
    for number in range(15):
        with (
            time_machine.travel(now + timedelta(minutes=15 * number)),
            pytest.raises((WrongBirthDate, TooManyTries, LinkOver)),
        ):
            check_birth_date(link=link, birth_date=WRONG)

    with time_machine.travel(now + timedelta(days=1)), pytest.raises(LinkOver):
        check_birth_date(link=link, birth_date=patient.birth_date)


def test_the_links_of_many_visits_are_made_at_once_and_accounted_for(link, visit, another_patient, at):
    about = {"appointment_type": visit.appointment_type, "doctor": visit.doctor, "clinic": visit.clinic, "by": None}
    others = [book_appointment(patient=another_patient, starts_at=at(when), **about) for when in ("14:00", "15:00")]

    links = manage_links(appointments=[visit, *others])

    assert links[visit.pk] == link
    assert manage_links(appointments=others) == {each.pk: links[each.pk] for each in others}
    made = LogEntry.objects.filter(event="link.made").latest("pk").additional_data
    assert made["links"] == [str(links[each.pk].pk) for each in others]
