"""What is done about the browser of the shoppers' screen, by how it looked."""

from __future__ import annotations

from kiosk.screen_watch import BACK_OFF_LONGEST_S, SETTLED_S, Judge, Seen, Step

GOOD = Seen()
BLANK = Seen(characters=0)


def steps(*looks: Seen, every_s: float = 2.0) -> list[Step]:
    judge = Judge()
    return [judge.judge(look, number * every_s) for number, look in enumerate(looks)]


def test_a_page_that_is_well_is_left_alone() -> None:
    assert set(steps(*[GOOD] * 50)) == {Step.NOTHING}


def test_a_page_that_crashed_is_loaded_at_once() -> None:
    assert steps(GOOD, Seen(crashed=True)) == [Step.NOTHING, Step.LOAD]


def test_a_page_that_was_well_may_be_blank_for_a_moment_and_is_loaded_again_where_it_stays_so() -> None:
    assert steps(GOOD, BLANK, GOOD, BLANK, GOOD) == [Step.NOTHING] * 5
    assert steps(GOOD, BLANK, BLANK, BLANK) == [Step.NOTHING] * 3 + [Step.LOAD]
    other = Seen(ours=False)
    assert steps(GOOD, other, other, other) == [Step.NOTHING] * 3 + [Step.LOAD]


def test_a_page_that_is_still_being_loaded_gets_the_time_that_a_small_computer_takes() -> None:
    assert steps(*[BLANK] * 12) == [Step.NOTHING] * 12
    assert steps(*[BLANK] * 14)[-1] is Step.LOAD
    assert steps(GOOD, Seen(crashed=True), *[BLANK] * 10)[2:] == [Step.NOTHING] * 10


def test_one_answer_that_is_late_is_forgiven_and_two_in_a_row_are_not() -> None:
    silent = Seen(answered=False)
    assert steps(silent, GOOD, silent, GOOD) == [Step.NOTHING] * 4
    assert steps(silent, silent) == [Step.NOTHING, Step.RESTART]


def test_a_browser_that_is_gone_is_started_again_later_each_time_and_never_later_than_half_a_minute() -> None:
    judge = Judge()
    pauses = []
    for _ in range(12):
        assert judge.judge(Seen(running=False), 0.0) is Step.RESTART
        pauses.append(judge.pause_s())
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses[-1] == BACK_OFF_LONGEST_S


def test_a_browser_that_went_well_for_a_minute_begins_again_with_the_first_pause() -> None:
    judge = Judge()
    for _ in range(5):
        judge.pause_s()
    judge.judge(GOOD, 0.0)
    judge.judge(GOOD, SETTLED_S - 1)
    assert judge.deaths == 5
    judge.judge(GOOD, SETTLED_S)
    assert judge.pause_s() == 0.5


def test_reloads_that_do_not_help_end_in_a_new_browser() -> None:
    found = steps(*[Seen(crashed=True)] * 4)
    assert found == [Step.LOAD, Step.LOAD, Step.LOAD, Step.RESTART]


def test_while_the_server_is_away_the_browser_waits_and_is_not_started_again() -> None:
    error = Seen(ours=False, server=False)
    waiting = Seen(ours=False, waiting=True, server=False)
    assert steps(error, error, error) == [Step.NOTHING, Step.NOTHING, Step.WAIT]
    assert set(steps(*[waiting] * 500)) == {Step.NOTHING}
    assert steps(waiting, Seen(ours=False, waiting=True, server=True)) == [Step.NOTHING, Step.LOAD]
