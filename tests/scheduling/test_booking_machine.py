"""A clinic's day lived at random: whatever people do, a visit is never in two slots and never in none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from copy import copy
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as site
from django.db import transaction
from django.test import TestCase
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from redis import Redis

from carebridge.errors import DomainError
from scheduling import hold_store, holds
from scheduling.booking import book_appointment, confirm_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.lapsing import expire_lapsed
from scheduling.models import Appointment, ScheduleBlock
from scheduling.rescheduling import reschedule_appointment, swap_appointments
from scheduling.resizing import change_duration
from scheduling.roster.blocks import block_time, lift_block
from tests.scheduling.clinic_day import SmallClinic, check, on_hold_for_others, open_small_clinic

QUARTERS = st.integers(0, 12).map(lambda quarter: timedelta(minutes=15 * quarter))
DOCTOR = st.integers(0, 1)
DESK = st.sampled_from(["", "", "desk-1", "desk-2"])
"""Who is at it: nobody who holds anything, or one of two desks with their holds."""
OFTEN = st.sampled_from([False, False, False, True])


class ClinicDay(RuleBasedStateMachine):
    """Each rule is one command. It may be refused, never half done: the model then stays as it was."""

    opened: SmallClinic
    visits = Bundle("visits")

    def __init__(self) -> None:
        super().__init__()
        self.undone = ExitStack()
        self.undone.enter_context(transaction.atomic())
        self.undone.callback(transaction.set_rollback, True)
        self.day = copy(self.opened)
        self.day.visits = []
        self.blocks: list[ScheduleBlock] = []
        _forget_holds()

    def teardown(self) -> None:
        self.undone.close()

    @initialize(target=visits)
    def four_are_booked(self):
        day = self.day
        return multiple(
            *(
                day.added(
                    book_appointment(
                        patient=patient,
                        appointment_type=day.types[number % 3],
                        doctor=day.doctors[number % 2],
                        clinic=day.clinic,
                        starts_at=day.at(timedelta(minutes=60 * (number // 2))),
                        by=day.staff,
                    )
                )
                for number, patient in enumerate(day.patients)
            )
        )

    @rule(what=st.integers(0, 2), doctor=DOCTOR, offset=QUARTERS, desk=st.sampled_from(["desk-1", "desk-2"]))
    def hold(self, what, doctor, offset, desk):
        day = self.day
        with suppress(DomainError):
            holds.hold_slot(
                appointment_type=day.types[what],
                doctor=day.doctors[doctor],
                clinic=day.clinic,
                starts_at=day.at(offset),
                owner=desk,
                by=day.staff,
            )

    @rule(desk=st.sampled_from(["desk-1", "desk-2", "all"]))
    def holds_end(self, desk):
        _forget_holds() if desk == "all" else holds.spend_hold(desk)

    @rule(
        target=visits,
        who=st.integers(0, 3),
        what=st.integers(0, 2),
        doctor=DOCTOR,
        offset=QUARTERS,
        desk=DESK,
        urgent=OFTEN,
        pending=OFTEN,
        later=OFTEN,
    )
    def book(self, who, what, doctor, offset, desk, urgent, pending, later):
        day = self.day
        # One that is made pending minutes later would outlast the moment at which all pending ones have lapsed.
        expires = timezone.now() + timedelta(minutes=5) if pending and not later else None

        def command() -> Appointment:
            return book_appointment(
                patient=day.patients[who],
                appointment_type=day.types[what],
                doctor=day.doctors[doctor],
                clinic=day.clinic,
                starts_at=day.at(offset),
                by=day.staff,
                hold=desk,
                override_reason="Urgent" if urgent else "",
                pending_until=expires,
            )

        with self.some_minutes_later(later):
            booked = self.place(command, desk)
        return multiple() if booked is None else day.added(booked)

    @rule(number=visits, doctor=DOCTOR, offset=QUARTERS, desk=DESK, urgent=OFTEN, later=OFTEN, former=OFTEN)
    def move(self, number, doctor, offset, desk, urgent, later, former):
        day = self.day

        def command() -> Appointment:
            return reschedule_appointment(
                appointment=self.row(number, former=former),
                starts_at=day.at(offset),
                doctor=day.doctors[doctor],
                by=day.staff,
                hold=desk,
                override_reason="Urgent" if urgent else "",
            )

        with self.some_minutes_later(later):
            moved = self.place(command, desk)
        if moved is not None:
            assert moved.moved_from_id == day.visits[number].row(), "a row that the visit has left was moved"
            day.placed(number, moved)

    @rule(first=visits, second=visits)
    def swap(self, first, second):
        if first == second:
            return
        with suppress(DomainError):
            moved = swap_appointments(first=self.row(first), second=self.row(second), by=self.day.staff)
            self.day.placed(first, moved[0])
            self.day.placed(second, moved[1])

    @rule(number=visits, fives=st.integers(1, 15), former=OFTEN)
    def resize(self, number, fives, former):
        visit, minutes = self.row(number, former=former), 5 * fives
        changed = self.place(lambda: change_duration(appointment=visit, minutes=minutes, by=self.day.staff), "")
        if changed is not None:
            assert changed.pk == self.day.visits[number].row(), "a row that the visit has left was made longer"
            assert changed.ends_at - changed.starts_at == timedelta(minutes=minutes)

    @rule(number=visits, former=OFTEN, taken_back=st.booleans())
    def cancel(self, number, former, taken_back):
        with suppress(DomainError):
            visit = self.row(number, former=former)
            cancel_appointment(appointment=visit, reason=self.day.reason, by=self.day.staff)
            assert visit.pk == self.day.visits[number].row(), "a row that the visit has left was cancelled"
            self.day.visits[number].lives = False
        if taken_back:
            self.take_cancellation_back(number, former)

    @rule(number=visits, former=OFTEN)
    def bring_back(self, number, former):
        self.take_cancellation_back(number, former)

    def take_cancellation_back(self, number: int, former: bool) -> None:
        visit = self.row(number, former=former)
        back = self.place(lambda: undo_cancellation(appointment=visit, by=self.day.staff), "")
        if back is not None:
            assert not self.day.visits[number].lives
            self.day.placed(number, back)

    @rule(number=visits)
    def confirm(self, number):
        with suppress(DomainError):
            confirm_appointment(appointment=self.row(number), by=self.day.staff)

    @rule(which=st.integers(0, 4), offset=QUARTERS, quarters=st.integers(1, 4))
    def block(self, which, offset, quarters):
        begin = self.day.at(offset)
        block = block_time(
            resource=self.day.resources[which],
            kind=ScheduleBlock.Kind.EMERGENCY,
            starts_at=begin,
            ends_at=begin + timedelta(minutes=15 * quarters),
            by=self.day.staff,
        )
        self.blocks.append(block)

    @rule(which=st.integers(0, 3))
    def lift(self, which):
        if which < len(self.blocks):
            lift_block(block=self.blocks.pop(which), by=self.day.staff)

    @rule()
    def pending_ones_lapse(self):
        pending = self.pending()
        assert expire_lapsed(now=timezone.now() + timedelta(minutes=6)) == len(pending)
        self.day.reconcile(pending)

    def place(self, command: Callable[[], Appointment], desk: str) -> Appointment | None:
        """Run a placing command with what follows its commit; None when it was refused."""
        pending, held = self.pending(), hold_store.alive()
        try:
            with TestCase.captureOnCommitCallbacks(execute=True):
                appointment = command()
        except DomainError as refusal:
            if refusal.status >= 500:
                raise
            return None
        finally:
            self.day.reconcile(pending)
        assert not on_hold_for_others(appointment, held, desk)
        assert not desk or all(record.owner != desk for record in hold_store.alive()), "the hold was not spent"
        return appointment

    def row(self, number: int, *, former: bool = False) -> Appointment:
        return Appointment.objects.get(pk=self.day.visits[number].row(former=former))

    def pending(self) -> set[int]:
        return set(Appointment.objects.filter(status="pending").values_list("pk", flat=True))

    def some_minutes_later(self, later: bool) -> ExitStack:
        """With `later`, a moment at which everything that is pending now has lapsed, though no sweep came by."""
        stack = ExitStack()
        if later:
            stack.enter_context(time_machine.travel(timezone.now() + timedelta(minutes=6)))
        return stack

    @invariant()
    def ledger_masks_and_appointments_agree(self) -> None:
        check(self.day)


def _forget_holds() -> None:
    with Redis.from_url(site.REDIS_URL) as client:
        client.flushdb()


def live_a_day(*, examples: int, steps: int) -> None:
    ClinicDay.opened = open_small_clinic()
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        ClinicDay,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks
        ),
    )


def test_whatever_people_do_the_ledger_the_masks_and_the_visits_agree(db):
    live_a_day(examples=15, steps=24)


@pytest.mark.full
def test_they_agree_after_many_long_days(db):
    live_a_day(examples=400, steps=60)
