"""A silent radio: which step when, what is said of it, and a radio that is stuck until the right step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest

from edge.radio_health import deaf, recovered
from edge.receivers import Receivers
from edge.recovery import (
    CHECK_S,
    DAY_S,
    FIRST_PAUSE_S,
    LADDER,
    LONGEST_PAUSE_S,
    SHORT_LADDER,
    SILENT_S,
    Ladder,
    Recovered,
    Step,
    Tried,
    Verdict,
)
from hardware.ble.advertisement import Advertisement
from hardware.ble.recovery import Outcome


class Adapter:
    """Hears a packet a second, until it is stuck; then it needs a certain step. Not every step can be carried out on it."""

    def __init__(self, needs: Step | None, cannot: Sequence[Step] = (), answers: bool = True) -> None:
        self.needs = needs
        self.cannot = cannot
        self.answers = answers
        self.stuck = True
        self.steps: list[tuple[float, Step]] = []

    def does(self, step: Step, at: float) -> bool:
        self.steps.append((at, step))
        if step in self.cannot:
            return False
        self.stuck = self.stuck and step is not self.needs
        return True


def run(ladder: Ladder, adapter: Adapter, until: float, begin: float = 0.0, others: bool = False) -> None:
    """Time in steps of a look; packets where the adapter hears."""
    at = begin
    while at < until:
        at += CHECK_S
        if not adapter.stuck:
            ladder.heard(at)
        step = ladder.look(at, answers=adapter.answers, others_hear=others)
        if step is not None:
            ladder.went(step, at, done=adapter.does(step, at))


def test_a_radio_that_hears_is_left_alone() -> None:
    ladder = Ladder(0.0)
    for second in range(3600):
        ladder.heard(float(second))
        if second % CHECK_S == 0:
            assert ladder.look(float(second), answers=True, others_hear=False) is None
    assert ladder.verdict(3600.0) is Verdict.HEARS
    assert ladder.recovered is None


@pytest.mark.parametrize("needs", LADDER)
def test_a_stuck_radio_hears_again_at_the_step_that_it_needs_and_the_next_time_begins_at_the_foot(
    needs: Step,
) -> None:
    ladder, adapter = Ladder(0.0), Adapter(needs)
    run(ladder, adapter, 600.0)
    tried = [step for _, step in adapter.steps]
    assert tried == list(LADDER[: LADDER.index(needs) + 1])
    assert adapter.steps[0][0] == SILENT_S
    assert ladder.recovered is not None
    assert ladder.recovered.step is needs
    assert ladder.verdict(600.0) is Verdict.HEARS
    adapter.stuck, adapter.needs, adapter.steps = True, Step.SCAN, []
    run(ladder, adapter, 1200.0, 600.0)
    assert [step for _, step in adapter.steps] == [Step.SCAN]


def test_the_last_step_is_over_within_four_minutes_of_the_last_packet() -> None:
    ladder, adapter = Ladder(0.0), Adapter(Step.RELOAD)
    run(ladder, adapter, 600.0)
    assert adapter.steps[-1][0] <= 240.0


def test_a_step_that_cannot_be_done_makes_room_for_the_next_and_is_told() -> None:
    ladder, adapter = Ladder(0.0), Adapter(None, cannot=(Step.POWER, Step.USB), answers=False)
    run(ladder, adapter, 400.0)
    assert [step for _, step in adapter.steps] == list(LADDER)
    assert ladder.verdict(400.0) is Verdict.STUCK
    assert [one.done for one in ladder.tried] == [True, False, False, True]
    said = deaf(Verdict.STUCK, ladder.tried, "usb", "1-1.2")
    assert "the adapter could not be switched off and on, no USB port could be reset" in said["en"]
    assert said["en"].endswith("Unplug the USB adapter in port 1-1.2, wait ten seconds, plug it in.")
    assert "USB 端口 1-1.2" in said["zh"]


@pytest.mark.parametrize(
    ("answers", "others", "verdict"),
    [
        (True, False, Verdict.QUIET),
        (True, True, Verdict.STUCK),
        (False, False, Verdict.STUCK),
    ],
)
def test_a_quiet_place_is_told_from_a_stuck_adapter(answers: bool, others: bool, verdict: Verdict) -> None:
    ladder = Ladder(0.0)
    run(ladder, Adapter(None, answers=answers), 400.0, others=others)
    assert ladder.verdict(400.0) is verdict


def test_no_place_is_quiet_for_a_day() -> None:
    ladder, adapter = Ladder(0.0), Adapter(None)
    run(ladder, adapter, DAY_S - 60)
    assert ladder.verdict(DAY_S - 60) is Verdict.QUIET
    run(ladder, adapter, DAY_S + 2 * LONGEST_PAUSE_S, DAY_S - 60)
    assert ladder.verdict(DAY_S + 2 * LONGEST_PAUSE_S) is Verdict.STUCK


def test_a_quiet_night_is_disturbed_seldom_and_not_deeply_and_the_first_customer_is_no_recovery() -> None:
    ladder, adapter = Ladder(0.0), Adapter(None)
    run(ladder, adapter, 8 * 3600.0)
    assert [step for _, step in adapter.steps[:4]] == list(LADDER)
    assert {step for _, step in adapter.steps[4:]} == set(SHORT_LADDER)
    assert len(adapter.steps) <= 4 + 2 * 10
    times = [at for at, step in adapter.steps if step is Step.SCAN]
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses[0] >= FIRST_PAUSE_S
    assert max(pauses) <= LONGEST_PAUSE_S + 10 * CHECK_S
    ladder.heard(max(at for at, _ in adapter.steps) + 600)
    assert ladder.recovered is None
    assert ladder.tried == []


def test_a_radio_that_said_why_it_was_away_is_told_with_that_reason() -> None:
    ladder = Ladder(0.0)
    ladder.heard(10.0)
    ladder.failed("no_service")
    ladder.heard(35.0)
    assert ladder.recovered == Recovered(35.0, 25.0, "no_service", None)
    said = recovered(ladder.recovered, 40.0)
    assert said is not None
    assert (
        said["en"]
        == "The Bluetooth service was not running for 25 s. It hears again: it came back by itself."
    )
    assert recovered(ladder.recovered, 35.0 + 3601) is None


def test_a_step_that_helps_while_it_is_still_being_carried_out_is_the_one_that_helped() -> None:
    ladder = Ladder(0.0)
    assert ladder.look(100.0, answers=True, others_hear=True) is Step.SCAN
    ladder.went(Step.SCAN, 100.0, done=True)
    assert ladder.look(131.0, answers=True, others_hear=True) is Step.POWER
    ladder.heard(131.5)
    ladder.went(Step.POWER, 132.0, done=True)
    assert ladder.recovered is not None
    assert ladder.recovered.step is Step.POWER
    assert ladder.tried == []
    assert ladder.look(131.5 + 100.0, answers=True, others_hear=True) is Step.SCAN


def test_what_was_tried_is_said_in_both_languages_also_while_it_goes_on() -> None:
    tried = [Tried(Step.SCAN, True), Tried(Step.POWER, True)]
    said = deaf(Verdict.CLIMBING, tried, "board", "")
    assert said["en"] == (
        "Tried so far: the scan was begun anew, the adapter was switched off and on. It goes on by itself."
    )
    assert deaf(Verdict.STUCK, tried, "board", "")["en"].endswith(
        "switch the machine off, wait ten seconds, switch it on."
    )
    for verdict in Verdict:
        for kind in ("usb", "board", "unknown"):
            assert set(deaf(verdict, tried, kind, "1-1")) == {"en", "zh"}


class StuckRadio:
    """A radio over an adapter that hears only after a step; opened anew it is still the same adapter."""

    simulated = False
    clock = "wall"
    speed = 1.0
    dropped = 0

    def __init__(self, adapter: str, hears: list[bool]) -> None:
        self.adapter = adapter
        self._hears = hears

    async def scan(self) -> AsyncIterator[list[Advertisement]]:
        while True:
            await asyncio.sleep(0.01)
            if self._hears[0]:
                yield [Advertisement("5a:00:00:00:00:01", "random", -60, b"", time.time())]

    async def close(self) -> None:
        return

    def describe(self) -> str:
        return f"Stuck radio {self.adapter}"


class Clock:
    """A clock that runs so fast that a minute of silence takes half a second."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def __call__(self) -> float:
        return (time.monotonic() - self._begin) * 120


@pytest.mark.parametrize("needs", [Step.SCAN, Step.POWER, Step.USB, Step.RELOAD])
def test_the_door_brings_a_stuck_radio_back_and_leaves_the_other_alone(needs: Step) -> None:
    hears = {"hci0": [False], "hci1": [True]}
    opened: list[str] = []
    done: list[tuple[Step, str]] = []

    def open_radio(name: str) -> StuckRadio:
        adapter = name.removeprefix("ble:")
        opened.append(adapter)
        if needs is Step.SCAN and opened.count("hci0") > 1:
            hears["hci0"][0] = True
        return StuckRadio(adapter, hears[adapter])

    def act(step: Step, adapter: str) -> Outcome:
        done.append((step, adapter))
        if step is needs:
            hears[adapter][0] = True
        return Outcome(True, "Done.")

    acts = {step: lambda adapter, step=step: act(step, adapter) for step in LADDER[1:]}

    async def scenario() -> tuple[set[int], Receivers]:
        receivers = Receivers(["ble:hci0", "ble:hci1"], open_radio, Clock(), acts, check_s=0.25)
        running = asyncio.create_task(receivers.run())
        numbers: set[int] = set()
        async with asyncio.timeout(5):
            while 0 not in numbers:
                numbers |= {number for number, _ in await receivers.batch(0.1)}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return numbers, receivers

    numbers, receivers = asyncio.run(scenario())
    assert numbers == {0, 1}
    assert done == [(step, "hci0") for step in LADDER[1 : LADDER.index(needs) + 1]]
    assert opened.count("hci1") == 1
    back = receivers.scanners[0].ladder.recovered
    assert back is not None
    assert back.step is needs
    assert receivers.scanners[1].ladder.recovered is None
