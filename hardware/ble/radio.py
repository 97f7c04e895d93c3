"""What every Bluetooth radio is, real or not: the port that `edge` is written against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol, runtime_checkable

from hardware.ble.advertisement import Advertisement

Clock = Literal["wall", "street", "capture"]


@runtime_checkable
class Radio(Protocol):
    """Something that hears advertisements.

    `clock` says what `Advertisement.at` counts: "wall" is real time now; "street" begins at real time and runs
    `speed` times as fast (the same as "wall" at speed 1); "capture" is the time of the recording. `simulated` is true
    when no radio is involved: every screen must say so. `dropped` counts packets lost on this side of the air.
    """

    simulated: bool
    clock: Clock
    speed: float
    dropped: int

    def scan(self) -> AsyncIterator[Sequence[Advertisement]]:
        """Listen until closed (a replay: until its end); raises DeviceError when the device fails.

        Yields what came together, in its order, never nothing: a crowd costs one turn of the loop for many packets.
        """
        ...

    async def close(self) -> None:
        """Stop listening and let go of the device; may be called twice."""
        ...

    def describe(self) -> str:
        """One line for screens."""
        ...
