"""The same request twice does its work once, whatever happens in between."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from carebridge.errors import InvalidInput
from scheduling.errors import IdempotencyBusy, IdempotencyMismatch, WrongStatus
from scheduling.idempotency import Answer, idempotent, purge_expired
from scheduling.models import DayNote, IdempotencyRecord
from tests import factories


@pytest.fixture
def note(harbour, receptionist):
    """Ask for a note on the clinic's day, under a key."""

    def ask(key="k-1", request_hash="same", fails=None, user=receptionist):
        def command():
            written = DayNote.objects.create(clinic=harbour, day=timezone.now().date(), text="Fire drill")
            if fails:
                raise fails
            return Answer(201, str(written.pk))

        return idempotent(user=user, key=key, request_hash=request_hash, command=command)

    return ask


def test_a_repetition_gets_the_first_answer_and_does_no_work(note):
    first, second = note(), note()

    assert first == second
    assert DayNote.objects.count() == 1


def test_another_key_is_another_request(note):
    assert note("k-1") != note("k-2")


def test_the_same_key_of_somebody_else_is_another_request(note, support):
    assert note() != note(user=support)


def test_another_body_under_the_same_key_is_refused(note):
    note()

    with pytest.raises(IdempotencyMismatch):
        note(request_hash="other")
    assert DayNote.objects.count() == 1


def test_a_refusal_is_not_remembered_so_the_same_key_may_succeed_later(note):
    with pytest.raises(WrongStatus):
        note(fails=WrongStatus())
    assert not IdempotencyRecord.objects.exists()
    assert not DayNote.objects.exists()

    assert note().status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 121, "schlüssel", "line\nbreak"])
def test_an_unusable_key_is_refused(note, key):
    with pytest.raises(InvalidInput) as refused:
        note(key)
    assert refused.value.code == "invalid_idempotency_key"


def test_answers_are_kept_for_a_day_and_then_forgotten(note):
    note()
    now = timezone.now()

    assert purge_expired(now=now + timedelta(hours=23, minutes=59)) == 0
    assert purge_expired(now=now + timedelta(hours=24, minutes=1)) == 1

    with time_machine.travel(now + timedelta(days=2)):
        note()
    assert DayNote.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_twin_in_flight_is_told_to_wait_and_later_gets_the_answer(receptionist, harbour):
    inside, may_end, answers = threading.Event(), threading.Event(), []

    def slow():
        inside.set()
        assert may_end.wait(10)
        return Answer(201, str(factories.RoomFactory(clinic=harbour).pk))

    def first():
        try:
            answers.append(idempotent(user=receptionist, key="k", request_hash="same", command=slow))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    with pytest.raises(IdempotencyBusy):
        idempotent(user=receptionist, key="k", request_hash="same", command=slow)
    may_end.set()
    thread.join(10)

    again = idempotent(user=receptionist, key="k", request_hash="same", command=slow)
    assert answers == [again]


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_before_the_commit_leaves_neither_work_nor_answer(receptionist, harbour):
    def work():
        return Answer(201, str(factories.RoomFactory(clinic=harbour).pk))

    def work_then_lose_the_connection():
        answer = work()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return answer

    lost = []

    def first():
        try:
            idempotent(user=receptionist, key="k", request_hash="same", command=work_then_lose_the_connection)
        except Exception as error:
            lost.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    thread.join(10)
    assert lost
    assert not IdempotencyRecord.objects.exists()
    assert not harbour.resources.exists()

    assert idempotent(user=receptionist, key="k", request_hash="same", command=work).status_code == 201
    assert harbour.resources.count() == 1
