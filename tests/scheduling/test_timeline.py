"""Bits of five minutes, compared with lists of booleans."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduling import timeline
from scheduling.timeline import Horizon

MASKS = st.integers(0, (1 << 60) - 1)


def as_list(mask: int, length: int = 200) -> list[bool]:
    return [bool(mask >> bit & 1) for bit in range(length)]


@given(MASKS, st.integers(1, 40))
def test_a_run_begins_where_every_one_of_the_next_steps_is_free(mask, length):
    free = as_list(mask)
    assert as_list(timeline.run(mask, length), 60) == [all(free[bit : bit + length]) for bit in range(60)]


@given(st.lists(MASKS, max_size=6), st.integers(0, 7))
def test_at_least_so_many_of_a_pool(masks, wanted):
    pool = [as_list(mask, 60) for mask in masks]
    found = timeline.at_least(masks, wanted, (1 << 60) - 1)
    assert as_list(found, 60) == [sum(each[bit] for each in pool) >= wanted for bit in range(60)]


@given(st.integers(1, 48), st.integers(0, 400))
def test_a_comb_has_a_tooth_every_step(step, length):
    assert list(timeline.bits(timeline.comb(step, length))) == list(range(0, length, step))


@given(st.integers(-20, 60), st.integers(-20, 80))
def test_a_span_is_half_open_and_begins_at_bit_zero_at_the_earliest(first, last):
    assert list(timeline.bits(timeline.span(first, last))) == [bit for bit in range(first, last) if bit >= 0]


def test_busy_rounds_outward_and_working_inward():
    horizon = Horizon(date(2026, 6, 1), 1)
    start, end = datetime(2026, 6, 1, 9, 2, tzinfo=UTC), datetime(2026, 6, 1, 9, 13, tzinfo=UTC)
    assert list(timeline.bits(horizon.busy(start, end))) == [108, 109, 110]
    assert list(timeline.bits(horizon.within(start, end))) == [109]


@given(st.integers(-(10**9), 3 * 10**9))
def test_the_step_of_an_instant_contains_it(seconds):
    instant = datetime.fromtimestamp(seconds, UTC)
    begins = timeline.instant_of(timeline.step_floor(instant))
    assert begins <= instant < begins + timeline.STEP
    assert timeline.instant_of(timeline.step_ceil(instant)) - instant < timedelta(minutes=5)


@given(MASKS, st.integers(0, 59))
def test_a_stretch_is_unbroken_and_cannot_be_longer(mask, at):
    mask |= 1 << at
    first, last = timeline.stretch(mask, at)
    assert all(mask >> bit & 1 for bit in range(first, last))
    assert not mask >> last & 1
    assert first == 0 or not mask >> (first - 1) & 1


@given(MASKS, st.integers(-5, 70), st.integers(1, 4))
def test_the_nearest_bits_are_the_closest_on_either_side(mask, at, count):
    every = [bit for bit in range(60) if mask >> bit & 1]
    before, after = [bit for bit in every if bit < at], [bit for bit in every if bit >= at]
    assert sorted(timeline.bits_near(mask, at, count)) == before[-count:] + after[:count]
