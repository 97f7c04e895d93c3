"""What goes on the air from here: the port that `edge` is written against, and its plain values.

A broadcaster keeps wanted frames on the air by itself, through a restart of the Bluetooth service, a pulled adapter, a
power cycle; where an adapter has fewer places than there are frames, they take turns. What it tells is what is on the air
now, with what was made of the wishes, not what was asked.

Pure: values and a protocol. `hardware.ble.broadcaster` is the one that does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

import msgspec

from hardware.ble.beacon import Beacon

State = Literal["on", "turns", "refused", "waiting"]

Because = Literal[
    "turns",
    "own-pace",
    "no-intervals",
    "other-interval",
    "other-power",
    "power-untold",
    "power-fixed",
    "refused",
    "device",
    "full",
    "asking",
    "soon",
]
"""What differs from what was asked, for programs that have sentences of their own; `OnAir.why` has one for each, in English."""

SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS = 20, 10_240
"""Core Specification 5.4, Vol 4 Part E, 7.8.5: 0x0020 to 0x4000 steps of 0.625 ms."""

WEAKEST_POWER_DBM, STRONGEST_POWER_DBM = -127, 20
"""The same, 7.8.53."""


AT_1M_DBM = -59
"""What is heard at 1 m of a radio that sends at 0 dBm, which iBeacon and AltBeacon tell: 40 dB are lost on the way (free space at
2.44 GHz) and 19 dB in two small aerials, the usual figure of beacons' makers. Apps reckon distance by it."""

AT_0M_DBM = AT_1M_DBM + 41
"""The same for Eddystone, which tells it at 0 m (Eddystone Protocol Specification, "Tx Power"; iBeacon's value and 41 dB)."""

NO_COMPANY = 0xFFFF
"""Assigned Numbers, 7.1: what stands where no company's number is held. Readers find AltBeacons by their code, not by this."""


class Frame(msgspec.Struct, frozen=True):
    """One beacon that shall be on the air. `key` is its name as long as it is wanted; what it says may change under it.

    `interval_ms` is from the beginning of one packet to that of the next, to which a radio adds 0 to 10 ms of chance (Core
    Specification 5.4, Vol 6 Part B, 4.4.2.2). `power_dbm` None leaves the adapter its own.
    """

    key: str
    beacon: Beacon
    interval_ms: int = 300
    power_dbm: int | None = None


class OnAir(msgspec.Struct, frozen=True):
    """What became of a frame.

    `state`: `on`; `turns`, it shares the air with others in time, and `interval_ms` is what is left for it on average;
    `refused`, it will not go on the air until it is changed; `waiting`, it will by itself. `interval_ms` is None while it is
    not on the air, `power_dbm` also where the adapter does not tell. `why` has a sentence for everything that differs from
    what was asked, in step with `because`; both are empty where nothing does. `read_back`: the interval was seen in what the
    controller was told, not reckoned from what the Bluetooth service says of itself.
    """

    key: str
    type: str
    asked_interval_ms: int
    interval_ms: int | None
    asked_power_dbm: int | None
    power_dbm: int | None
    state: State
    why: str = ""
    because: tuple[Because, ...] = ()
    read_back: bool = False


class Cause(StrEnum):
    """What took frames off the air that had been on it."""

    SERVICE = "service"
    """The Bluetooth service stopped."""
    ADAPTER = "adapter"
    """The adapter is gone."""
    POWER = "power"
    """The adapter was switched off, which also a power cycle does."""
    RELEASED = "released"
    """The Bluetooth service let go of them without saying why."""


class Outage(msgspec.Struct, frozen=True):
    """A time in which wanted frames were off the air. Times are seconds since 1970; `ended_at` is None while it lasts."""

    cause: Cause
    began_at: float
    ended_at: float | None = None


@runtime_checkable
class Broadcaster(Protocol):
    """Something that keeps frames on the air while `run` runs.

    `instances` is how many it can carry at once, `experimental` whether the Bluetooth service takes intervals and powers;
    both None until the adapter has answered. `outages` are the last ones, oldest first. `simulated` is true where no radio
    is involved: every screen must say so.
    """

    simulated: bool
    instances: int | None
    experimental: bool | None
    outages: tuple[Outage, ...]

    async def set(self, frames: Sequence[Frame]) -> None:
        """Want exactly these from now on; a frame with the same key and other content is changed. Never fails: `on_air` tells."""
        ...

    def on_air(self) -> list[OnAir]:
        """What became of each wanted frame, in their order."""
        ...

    async def run(self) -> None:
        """Keep the wanted frames on the air until cancelled. A device that fails is tried again; nothing is raised for it."""
        ...

    async def close(self) -> None:
        """Take everything off the air and let go of the device; may be called twice."""
        ...

    def describe(self) -> str:
        """One line for screens."""
        ...
