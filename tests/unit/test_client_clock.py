"""A node's clock: the hub's time where there is no better, and never corrected twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.client.clock import RELEASED_AT, Clock, Timesync

NOW = RELEASED_AT + 1_000_000.0


class Machine:
    """A machine whose wall clock somebody sets, and whose steady clock nobody can."""

    def __init__(self, wall: float) -> None:
        self.wall_ahead = wall
        self.steady = 50.0
        self.ntp = False
        self.clock = Clock(
            lambda: self.wall_ahead + self.steady - 50.0, lambda: self.ntp, lambda: self.steady
        )


def test_a_machine_without_a_clock_takes_the_hubs_and_goes_on_by_it() -> None:
    machine = Machine(wall=1_000.0)
    assert machine.clock.state() == "unset"
    machine.clock.hear_hub(NOW)
    machine.steady += 30
    assert machine.clock.now() == pytest.approx(NOW + 30)
    assert machine.clock.state() == "lan"


def test_a_wall_clock_that_is_put_right_after_the_hub_was_heard_is_not_corrected_twice() -> None:
    machine = Machine(wall=1_000.0)
    machine.clock.hear_hub(NOW)
    machine.wall_ahead = NOW
    assert machine.clock.now() == pytest.approx(NOW)
    machine.ntp = True
    assert machine.clock.now() == pytest.approx(NOW)
    assert machine.clock.state() == "ntp"


def test_a_wall_clock_that_jumps_away_moves_nothing_once_the_hub_was_heard() -> None:
    machine = Machine(wall=NOW)
    machine.clock.hear_hub(NOW + 0.5)
    machine.wall_ahead -= 86_400
    machine.steady += 10
    assert machine.clock.now() == pytest.approx(NOW + 10)


def test_a_small_difference_is_the_networks_delay_and_changes_nothing() -> None:
    machine = Machine(wall=NOW)
    machine.clock.hear_hub(NOW + 1.5)
    assert machine.clock.now() == pytest.approx(NOW)
    machine.clock.hear_hub(NOW + 2.5)
    assert machine.clock.now() == pytest.approx(NOW + 2.5)


def test_the_mark_of_the_system_says_that_the_clock_was_set(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    assert not Timesync(mark)()
    mark.touch()
    assert Timesync(mark)()


def test_a_clock_that_jumps_after_ntp_had_set_it_is_not_believed_until_the_hub_says_the_same() -> None:
    machine = Machine(wall=NOW)
    machine.ntp = True
    assert machine.clock.state() == "ntp"
    machine.clock.hear_hub(NOW)
    machine.wall_ahead -= 3 * 86_400
    assert machine.clock.state() == "lan"
    assert machine.clock.now() == pytest.approx(NOW)
    machine.clock.hear_hub(NOW + 5)
    assert machine.clock.state() == "lan", "the hub says something else"
    machine.wall_ahead = NOW + 5
    machine.clock.hear_hub(NOW + 5)
    assert machine.clock.state() == "ntp"


def test_a_jump_before_ntp_has_set_the_clock_is_how_ntp_sets_it() -> None:
    machine = Machine(wall=1_000.0)
    assert machine.clock.state() == "unset"
    machine.wall_ahead = NOW
    machine.ntp = True
    assert machine.clock.state() == "ntp"
    assert machine.clock.now() == pytest.approx(NOW)


@pytest.mark.parametrize("wall", [1_000.0, NOW - 3 * 86_400, NOW + 2 * 365 * 86_400])
def test_a_clock_that_cannot_be_right_goes_on_from_when_the_hub_was_heard(wall: float) -> None:
    machine = Machine(wall)
    machine.clock.start_from(NOW)
    machine.steady += 60
    assert machine.clock.now() == pytest.approx(NOW + 60)
    assert machine.clock.state() in ("unset", "restored"), "it is not known for all that"
    machine.clock.hear_hub(NOW + 9_000)
    assert machine.clock.now() == pytest.approx(NOW + 9_000)


def test_a_clock_that_may_be_right_is_taken_as_it_is_until_the_hub_is_heard() -> None:
    machine = Machine(wall=NOW + 5 * 86_400)
    machine.clock.start_from(NOW)
    assert machine.clock.now() == pytest.approx(NOW + 5 * 86_400)
    assert machine.clock.state() == "restored"
