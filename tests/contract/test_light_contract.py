"""One suite for every light: the simulated one, and gpiozero on pins that are none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hardware.device import DeviceError, Reason, open_device
from hardware.light.light import OFF, PATTERNS, Light, Step
from hardware.light.player import Player
from hardware.light.sim import SimLight

PINS = {"red": 17, "green": 27, "blue": 22, "buzzer": 23}


class Bench:
    light: Light

    def lit(self) -> dict[str, bool]:
        """What is lit or sounds."""
        raise NotImplementedError


class SimBench(Bench):
    def __init__(self) -> None:
        self.light = self.sim = open_device("light:sim")

    def lit(self) -> dict[str, bool]:
        return {name: getattr(self.sim.now, name) for name in PINS}


class GpioBench(Bench):
    """The real driver; what the pins' voltage is, gpiozero's own mock tells."""

    def __init__(self, active: str = "high") -> None:
        self.low = active == "low"
        self.light = open_device(f"light:gpio:17,27,22,23,active={active}")

    def lit(self) -> dict[str, bool]:
        from gpiozero import Device

        return {
            name: bool(Device.pin_factory.pin(f"GPIO{pin}").state) != self.low for name, pin in PINS.items()
        }


@pytest.fixture
def pins() -> Iterator[Any]:
    gpiozero = pytest.importorskip("gpiozero", reason="needs gpiozero: pip install gpiozero")
    from gpiozero.pins.mock import MockFactory

    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = MockFactory()
    try:
        yield gpiozero.Device.pin_factory
    finally:
        gpiozero.Device.pin_factory.reset()
        gpiozero.Device.pin_factory = before


BENCHES: dict[str, Callable[[], Bench]] = {
    "sim": SimBench,
    "gpio": GpioBench,
    "gpio-low": lambda: GpioBench("low"),
}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, pins: Any) -> Iterator[Bench]:
    made = BENCHES[request.param]()
    try:
        yield made
    finally:
        made.light.close()


def test_a_light_is_what_it_was_set_to_and_dark_in_the_end(bench: Bench) -> None:
    for step in (Step(1, red=True, green=True), Step(1, blue=True, buzzer=True), OFF, Step(1, green=True)):
        bench.light.set(step)
        assert bench.lit() == {name: getattr(step, name) for name in PINS}
    last = bench.lit
    bench.light.close()
    bench.light.close()
    if isinstance(bench, SimBench):
        assert not any(last().values())
    bench.light.set(Step(1, red=True))


def test_a_tone_is_shown_by_its_colour_and_a_new_one_takes_its_place(bench: Bench) -> None:
    player = Player(bench.light)
    player.start()
    try:
        player.show("no")
        wait_for(lambda: bench.lit()["red"])
        player.show("good")
        wait_for(lambda: bench.lit()["green"] and not bench.lit()["red"])
    finally:
        player.stop()


def test_a_tone_goes_out_by_itself() -> None:
    light = SimLight()
    player = Player(light)
    player.start()
    try:
        player.show("note")
        wait_for(lambda: light.now.blue)
        wait_for(lambda: light.now == OFF)
    finally:
        player.stop()


def wait_for(wanted: Callable[[], bool], within_s: float = 20.0) -> None:
    until = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_the_four_tones_are_told_apart_by_their_sound_alone_and_by_their_colour_alone() -> None:
    sounds = {tone: tuple(step.seconds for step in steps if step.buzzer) for tone, steps in PATTERNS.items()}
    colours = {tone: (steps[-1].red, steps[-1].green, steps[-1].blue) for tone, steps in PATTERNS.items()}
    assert set(PATTERNS) == {"good", "look", "no", "note"}
    assert len(set(sounds.values())) == 4
    assert len(set(colours.values())) == 4
    assert all(sum(step.seconds for step in steps) < 4 for steps in PATTERNS.values())
    assert not any(steps[-1].buzzer for steps in PATTERNS.values())


def test_a_light_that_is_not_there_is_told_and_told_again_when_it_is_back() -> None:
    light = SimLight()
    told: list[str] = []
    light.plug(there=False)
    player = Player(light, told.append)
    player.start()
    try:
        wait_for(lambda: len(told) == 1)
        assert told[0]
        light.plug(there=True)
        player.show("good")
        wait_for(lambda: len(told) == 2)
        assert told[1] == ""
    finally:
        player.stop()


def test_a_pin_that_somebody_else_holds_is_told(pins: Any) -> None:
    from gpiozero import LED

    held = LED(27)
    light = open_device("light:gpio:17,27,22,23")
    with pytest.raises(DeviceError) as caught:
        light.set(OFF)
    assert caught.value.reason == Reason.BUSY
    held.close()
    light.set(Step(1, green=True))
    light.close()


@pytest.mark.parametrize(
    "name",
    ["light:gpio:17,27", "light:gpio:17,27,22,x", "light:gpio:17,17,22,23", "light:gpio:99,1,2,3", "light:gpio:-,-,-,-",
     "light:gpio:17,27,22,23,active=perhaps", "light:gpio"],
)  # fmt: skip
def test_a_name_that_makes_no_sense_is_a_mistake_and_no_light(name: str) -> None:
    with pytest.raises(DeviceError) as caught:
        open_device(name)
    assert caught.value.reason == Reason.BAD_NAME


def test_a_light_without_a_buzzer_or_a_colour_is_a_light(pins: Any) -> None:
    light = open_device("light:gpio:17,27,-,-")
    light.set(Step(1, red=True, blue=True, buzzer=True))
    assert pins.pin("GPIO17").state
    assert "blue" not in light.describe()
    light.close()
