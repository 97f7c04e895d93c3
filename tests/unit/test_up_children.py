"""Child processes: started again with back-off, stopped in order."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from hub.up.children import Child, last_line, run_once, stop_in_order
from hub.up.place import Place
from hub.up.sentences import UpError

SLEEPER = "import time; time.sleep(60)"
NOTES_ITS_END = """
import pathlib, signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as file: file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""


def child(tmp_path: Path, told: list[str], code: str, *arguments: str, name: str = "kiosk") -> Child:
    return Child(
        name, "does something", (sys.executable, "-c", code, *arguments), {}, Place(tmp_path), told.append
    )


def wait_until(holds: object, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:  # type: ignore[operator]
        time.sleep(0.02)
    assert holds()  # type: ignore[operator]


def test_a_program_that_dies_is_started_again_and_that_is_told_with_its_last_words(tmp_path: Path) -> None:
    told: list[str] = []
    one = child(tmp_path, told, "import sys; sys.exit('The scanner is not there.')")
    one.start()

    def looked_again() -> bool:
        one.look()
        return one.restarts >= 1

    wait_until(looked_again)
    assert told[0] == "The kiosk stopped with status 1; again in 0.5 s. The scanner is not there."
    stop_in_order([[one]])


def test_a_program_that_dies_at_once_again_and_again_is_started_ever_later(tmp_path: Path) -> None:
    told: list[str] = []
    one = child(tmp_path, told, "raise SystemExit(3)")
    one.start()

    def twice() -> bool:
        one.look()
        return len(told) >= 2

    wait_until(twice)
    assert "again in 0.5 s" in told[0]
    assert "again in 1 s" in told[1]
    stop_in_order([[one]])


def test_a_killed_program_is_told_by_its_signal(tmp_path: Path) -> None:
    told: list[str] = []
    one = child(tmp_path, told, SLEEPER)
    one.start()
    assert one.state == "running"
    assert one.process is not None
    one.process.kill()
    one.process.wait()
    one.look()
    assert told == ["The kiosk stopped by signal SIGKILL; again in 0.5 s."]
    assert one.state == "waiting"
    stop_in_order([[one]])
    assert one.state == "stopped"


def test_programs_stop_rank_by_rank(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    names = ("portal", "edge", "hub")
    children = {name: child(tmp_path, [], NOTES_ITS_END, str(ends), name, name=name) for name in names}
    for one in children.values():
        one.start()
    for name, one in children.items():
        wait_until(lambda one=one: last_line(one.place.log(one.name)) == "ready")
        assert one.memory_kb(), name
    assert stop_in_order([[children[name]] for name in names])
    assert ends.read_text().split() == list(names)
    assert {one.state for one in children.values()} == {"stopped"}
    assert all(one.memory_kb() is None for one in children.values())


def test_a_program_that_was_stopped_is_not_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    one = child(tmp_path, told, SLEEPER)
    one.start()
    stop_in_order([[one]])
    one.look()
    assert (one.restarts, told, one.state) == (0, [], "stopped")


def test_a_command_that_fails_fails_with_its_own_last_sentence() -> None:
    with pytest.raises(UpError, match=r"Pairing did not go through. That is no pairing code."):
        run_once((sys.executable, "-c", "raise SystemExit('That is no pairing code.')"), {}, "Pairing")


def test_a_command_that_hangs_is_given_up() -> None:
    with pytest.raises(UpError, match=r"took longer than 0.2 s"):
        run_once((sys.executable, "-c", SLEEPER), {}, "Pairing", timeout_s=0.2)
