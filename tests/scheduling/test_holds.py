"""Holding a time: all of it or nothing, for one person, for some minutes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time

import pytest
from django.utils import timezone
from redis import Redis

from carebridge.errors import NotAllowed
from scheduling import hold_store
from scheduling.availability import SlotSearch, explain_slot, find_slots
from scheduling.errors import HoldGone, HoldsUnavailable, SlotHeld, SlotUnavailable
from scheduling.holds import extend_hold, find_hold, hold_slot, release_hold, spend_hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(dr_osei, consultation, harbour, monday, receptionist):
    """Hold Dr Osei at an hour of the Monday."""

    def ask(owner, hour=10, minute=0, **more):
        starts_at = datetime.combine(monday, time(hour, minute), tzinfo=harbour.zone).astimezone(UTC)
        facts = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist, **more}
        return hold_slot(starts_at=starts_at, owner=owner, **facts)

    return ask


def times(consultation, clinic, monday, owner=""):
    search = SlotSearch(
        appointment_type_id=consultation.pk,
        clinic_ids=(clinic.pk,),
        from_day=monday,
        to_day=monday,
        now=timezone.now(),
        owner=owner,
    )
    return [f"{slot.starts_at.astimezone(clinic.zone):%H:%M}" for slot in find_slots(search)]


def test_a_held_time_is_offered_to_its_owner_and_to_nobody_else(ask, consultation, harbour, monday):
    hold = ask("maya")
    assert "10:00" not in times(consultation, harbour, monday)
    assert "10:00" in times(consultation, harbour, monday, owner="maya")
    assert 295 < (hold.expires_at - timezone.now()).total_seconds() <= 300


def test_somebody_elses_hold_is_refused_with_a_word(ask):
    ask("maya")
    with pytest.raises(SlotHeld):
        ask("reuben")
    with pytest.raises(SlotHeld):
        ask("reuben", 10, 15)  # overlaps the end of the same visit


def test_the_owner_may_choose_another_overlapping_time(ask, consultation, harbour, monday):
    first = ask("maya")
    second = ask("maya", 10, 15)
    release_hold(first.id, "maya")
    assert find_hold(second.id, "maya").starts_at == second.starts_at
    with pytest.raises(SlotHeld):
        ask("reuben", 10, 15)


def test_a_released_time_is_free_again_and_releasing_twice_is_no_error(ask):
    hold = ask("maya")
    release_hold(hold.id, "maya")
    release_hold(hold.id, "maya")
    ask("reuben")


def test_only_the_owner_can_release_or_extend(ask):
    hold = ask("maya")
    release_hold(hold.id, "reuben")
    with pytest.raises(HoldGone):
        extend_hold(hold.id, "reuben")
    assert find_hold(hold.id, "maya").id == hold.id


def test_a_hold_is_extended_once_by_three_minutes(ask):
    hold = ask("maya")
    longer = extend_hold(hold.id, "maya")
    assert (longer.expires_at - hold.expires_at).total_seconds() == 180
    assert not longer.may_extend
    with pytest.raises(HoldGone):
        extend_hold(hold.id, "maya")


def test_a_caller_that_knows_only_its_token_finds_its_hold(ask):
    hold = ask("maya")
    assert extend_hold("maya", "maya").id == hold.id
    release_hold("maya", "maya")
    with pytest.raises(HoldGone):
        find_hold(hold.id, "maya")


def test_a_spent_hold_leaves_nothing_behind(ask, settings):
    ask("maya")
    spend_hold("maya")
    assert hold_store.alive() == []
    with Redis.from_url(settings.REDIS_URL) as client:
        assert client.keys(f"{settings.REDIS_PREFIX}:*cell*") == []


def test_a_time_that_the_rules_exclude_cannot_be_held(ask):
    with pytest.raises(SlotUnavailable) as refused:
        ask("maya", 12, 30)
    assert "on_break" in {reason["code"] for reason in refused.value.detail["reasons"]}


def test_only_those_who_may_book_may_hold(ask, receptionist_elsewhere):
    with pytest.raises(NotAllowed):
        ask("reuben", by=receptionist_elsewhere)


def test_redis_knows_ids_and_nothing_else(ask, settings, receptionist):
    ask("maya-token")
    with Redis.from_url(settings.REDIS_URL) as client:
        stored = " ".join(str(client.get(key)) for key in client.keys("*:hold:*"))
    assert str(receptionist.pk) in stored
    assert "Maya" not in stored
    assert "Osei" not in stored


def test_of_many_who_claim_the_same_cells_one_gets_them():
    def record(number: int) -> hold_store.HoldRecord:
        cells = ((1, 1000, 1008), (2 + number % 3, 1000, 1010))
        return hold_store.HoldRecord(f"hold{number}", f"owner{number}", None, 1, 1, 1, 1000, 1008, cells, 0.0)

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda number: hold_store.claim(record(number), 60_000), range(64)))
    assert won.count(True) == 1


def test_without_redis_holding_says_so_and_search_still_answers(ask, consultation, harbour, monday, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(HoldsUnavailable):
        ask("maya")
    assert "10:00" in times(consultation, harbour, monday)
    spend_hold("maya")


def test_explaining_a_held_time_says_that_a_colleague_holds_it(ask, consultation, dr_osei, harbour):
    hold = ask("maya")
    why = explain_slot(
        appointment_type_id=consultation.pk,
        doctor_id=dr_osei.pk,
        clinic_id=harbour.pk,
        starts_at=hold.starts_at,
        now=timezone.now(),
    )
    assert "held" in {reason.code for reason in why.reasons}
    assert len(why.nearest) == 3
