"""A node sends much at once where the line is good, and little where it is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.client.pace import LEAST, TOO_LONG, Pace
from hub.wire.events import MAX_EVENT_BYTES
from hub.wire.sync import BATCH, MAX_BATCH, MAX_BODY_BYTES


def test_a_good_line_takes_twice_as_much_each_time_up_to_the_limit() -> None:
    pace, sizes = Pace(), []
    for _ in range(4):
        sizes.append(pace.size)
        pace = pace.after(pace.size, 200, 0.05)
    assert sizes == [BATCH, 2 * BATCH, 4 * BATCH, MAX_BATCH]


def test_a_request_that_was_not_full_says_nothing_of_the_line() -> None:
    assert Pace().after(3, 200, 0.05) == Pace()


def test_what_was_not_answered_is_sent_in_halves_until_it_comes_through() -> None:
    pace = Pace(MAX_BATCH)
    for _ in range(12):
        pace = pace.after(pace.size, 0, 10.0)
    assert pace.size == LEAST
    assert Pace(MAX_BATCH).after(100, 0, 10.0).size == 50


def test_a_slow_answer_makes_the_next_request_smaller() -> None:
    assert Pace(1_000).after(1_000, 200, 9.0).size == 500


def test_a_hub_that_is_away_does_not_shrink_what_was_not_tried() -> None:
    assert Pace().after(0, 0, 10.0) == Pace()


def test_the_longest_facts_fit_at_the_smallest_size() -> None:
    assert LEAST * MAX_EVENT_BYTES < MAX_BODY_BYTES


@given(
    st.lists(
        st.tuples(st.integers(0, MAX_BATCH), st.sampled_from([0, 200, TOO_LONG, 507, 401]), st.floats(0, 20)),
        max_size=60,
    )
)
def test_the_size_stays_within_its_limits(turns: list[tuple[int, int, float]]) -> None:
    pace = Pace()
    for sent, status, took_s in turns:
        pace = pace.after(min(sent, pace.size), status, took_s)
        assert LEAST <= pace.size <= MAX_BATCH
