"""Rings of tests run beside each other and are told of as one: no failure is lost, and words do not mingle."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.up.lanes import Step, beside
from hub.up.testing import NONE_CHOSEN, TESTS_FAILED, failed_tests, together

MEET = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
print(f"{mine.name} began")
for _ in range(600):
    if other.exists():
        break
    time.sleep(0.05)
else:
    raise SystemExit(3)
print(f"{mine.name} met {other.name}")
"""


def test_commands_run_at_the_same_time_and_their_words_come_one_after_the_other(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    steps = beside("meet", [["-c", MEET, one, two], ["-c", MEET, two, one]])
    assert [step.status for step in steps] == [0, 0]
    assert [step.last for step in steps] == ["one met two", "two met one"]
    assert capfdbinary.readouterr().out.splitlines() == [
        b"one began",
        b"one met two",
        b"two began",
        b"two met one",
    ]


def test_a_command_that_is_killed_has_not_passed() -> None:
    step = beside("killed", [["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]])[0]
    assert not step.passed


def _lane(status: int, last: str, tail: str = "") -> Step:
    return Step("tests", status, 12.0, last, tail or last)


def test_the_sum_names_what_failed_in_any_lane() -> None:
    told = together(
        [
            _lane(0, "9800 passed, 3 skipped in 900.01s (0:15:00)"),
            _lane(
                TESTS_FAILED,
                "1 failed, 700 passed, 2 errors in 1700.00s",
                "FAILED tests/flow/test_a.py::test_b - no",
            ),
        ]
    )
    assert told.status == TESTS_FAILED
    assert told.last == "10500 passed, 3 skipped, 1 failed, 2 error in 12 s"
    assert failed_tests(told.tail) == ["tests/flow/test_a.py::test_b"]


@pytest.mark.parametrize("broken", [-9, 2, 4])
def test_a_lane_that_broke_is_not_hidden_by_one_that_passed(broken: int) -> None:
    assert together([_lane(0, "5 passed in 1s"), _lane(broken, "stopped")]).status == broken
    assert together([_lane(broken, "stopped"), _lane(TESTS_FAILED, "1 failed in 1s")]).status == broken


def test_a_lane_without_a_chosen_test_is_no_failure_but_two_are() -> None:
    none = _lane(NONE_CHOSEN, "700 deselected in 1s")
    assert together([none, _lane(0, "2 passed in 1s")]).passed
    assert together([none, none]).status == NONE_CHOSEN
