"""The port of a status light with a buzzer, and what each of the till's four tones looks and sounds like on one.

Pure. A light is set and stays so; who shows a pattern is `hardware.light.player`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """So many seconds in this colour, with or without the buzzer."""

    seconds: float
    red: bool = False
    green: bool = False
    blue: bool = False
    buzzer: bool = False


OFF = Step(0.0)

_REST_S = 2.5
"""How long the colour stays after the sound: until the next customer has come a step closer."""

PATTERNS: dict[str, tuple[Step, ...]] = {
    # Told apart without colours too: one long, two short, three short, one short sound.
    "good": (Step(0.25, green=True, buzzer=True), Step(_REST_S, green=True)),
    "look": (
        Step(0.1, red=True, green=True, buzzer=True),
        Step(0.1),
        Step(0.1, red=True, green=True, buzzer=True),
        Step(_REST_S, red=True, green=True),
    ),
    "no": (
        Step(0.1, red=True, buzzer=True),
        Step(0.08),
        Step(0.1, red=True, buzzer=True),
        Step(0.08),
        Step(0.1, red=True, buzzer=True),
        Step(_REST_S, red=True),
    ),
    "note": (Step(0.08, blue=True, buzzer=True), Step(_REST_S, blue=True)),
}
"""The till's tones. Amber is red and green together."""


class Light(Protocol):
    """One light. Methods are called by one thread; OSError or DeviceError where it cannot be set."""

    simulated: bool

    def set(self, step: Step) -> None:
        """Be so from now on; the step's length is for whoever calls."""

    def describe(self) -> str:
        """One line for screens."""

    def close(self) -> None:
        """Put it out and let go of it. May be called twice."""
