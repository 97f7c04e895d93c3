"""What stands of all that somebody agreed to and took back: a yes only where it is known to be later than every no."""

from __future__ import annotations

from itertools import permutations

import pytest

from hub.members.consent_rules import MEDIA, Merged, paused_until, stands
from hub.store.consent_records import ConsentRow, PauseRow

ANN, ANNA = "a1" * 16, "a2" * 16


def row(
    position: int,
    at: float,
    *,
    given: bool,
    medium: str = "",
    purpose: str = "messages",
    clock: str = "ntp",
    device: str = "till-1",
    member: str = ANN,
) -> ConsentRow:
    return ConsentRow(
        position, member, given, purpose, medium, "1", "en", "till", at, clock, device, "page", False
    )


def yes(position: int, at: float, **more: str) -> ConsentRow:
    return row(position, at, given=True, **more)  # type: ignore[arg-type]  # texts all


def no(position: int, at: float, **more: str) -> ConsentRow:
    return row(position, at, given=False, **more)  # type: ignore[arg-type]  # texts all


def holds(*rows: ConsentRow, medium: str = "sms", merges: tuple[Merged, ...] = ()) -> bool:
    """The same in whatever order the rows come."""
    answers = {stands(some, "messages", medium, merges) is not None for some in permutations(rows)}
    assert len(answers) == 1
    return answers.pop()


def test_nobody_agrees_before_they_said_so() -> None:
    assert not holds()


@pytest.mark.parametrize("medium", MEDIA)
def test_a_yes_without_a_medium_is_for_each(medium: str) -> None:
    assert holds(yes(1, 10), medium=medium)


def test_a_yes_to_one_medium_is_for_that_alone() -> None:
    assert holds(yes(1, 10, medium="sms"), medium="sms")
    assert not holds(yes(1, 10, medium="sms"), medium="mail")


def test_a_no_on_one_medium_leaves_the_others_and_one_without_a_medium_ends_all() -> None:
    assert holds(yes(1, 10), no(2, 20, medium="sms"), medium="mail")
    assert not holds(yes(1, 10), no(2, 20, medium="sms"), medium="sms")
    for medium in MEDIA:
        assert not holds(yes(1, 10), no(2, 20), medium=medium)


def test_the_wish_to_be_forgotten_ends_everything() -> None:
    assert not holds(yes(1, 10), no(2, 20, purpose="all"))


def test_a_late_fact_of_an_earlier_time_changes_nothing() -> None:
    # The no was said after the yes, and heard before it: the till had been cut off.
    assert not holds(no(1, 20, device="hub"), yes(2, 10, device="till-1"))
    assert holds(yes(1, 20, device="hub"), no(2, 10, device="till-1"))


def test_of_two_at_the_same_moment_on_two_devices_the_no_counts() -> None:
    assert not holds(no(1, 10, device="hub"), yes(2, 10))


def test_in_one_journal_the_later_one_counts_even_at_the_same_moment() -> None:
    assert holds(no(1, 10), yes(2, 10))
    assert not holds(yes(1, 10), no(2, 10))


@pytest.mark.parametrize("clock", ["unset", "restored"])
def test_where_a_clock_was_not_right_a_yes_has_to_be_later_in_both_orders(clock: str) -> None:
    assert not holds(no(1, 10, device="hub"), yes(2, 5, clock=clock))
    assert not holds(no(2, 10, device="hub"), yes(1, 50, clock=clock))
    assert holds(no(1, 10, device="hub"), yes(2, 50, clock=clock))
    # A no of a till without the time is not taken for old because its clock begins in another year.
    assert not holds(yes(1, 1_000, device="hub"), no(2, 3, clock=clock))


def test_of_merged_memberships_the_stricter_counts() -> None:
    merged = (Merged(ANNA, ANN, 100.0),)
    assert holds(yes(1, 10, member=ANN), merges=merged)
    assert holds(yes(1, 10, member=ANN), yes(2, 20, member=ANNA), merges=merged)
    # One of them had said no, and the other's yes is later: both were said before anybody knew that they are one person.
    assert not holds(no(1, 10, member=ANNA, device="door"), yes(2, 20, member=ANN), merges=merged)
    assert not holds(yes(1, 10, member=ANNA), no(2, 20, member=ANNA), yes(3, 30, member=ANN), merges=merged)


def test_a_yes_after_the_merging_is_a_yes_of_both() -> None:
    merged = (Merged(ANNA, ANN, 100.0),)
    assert holds(no(1, 10, member=ANNA, device="door"), yes(2, 120, member=ANN, device="hub"), merges=merged)


def test_the_latest_pause_counts_as_the_hub_heard() -> None:
    assert paused_until([]) == 0
    assert paused_until([PauseRow(2, ANN, 0.0, 5.0, ""), PauseRow(1, ANN, 900.0, 9.0, "")]) == 0.0
    assert paused_until([PauseRow(1, ANN, 0.0, 5.0, ""), PauseRow(2, ANN, 900.0, 9.0, "")]) == 900.0
