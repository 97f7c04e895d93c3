"""The simulated street as a radio: `ble:sim`, or with wishes `ble:sim:seed=7,busy=2,hours=shop,crowd=5000,speed=10`.

`installer=1` adds somebody who calibrates (`hardware.ble.installer`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from heapq import merge

from hardware.ble import installer
from hardware.ble.advertisement import Advertisement
from hardware.ble.pace import paced
from hardware.ble.radio import Clock
from hardware.ble.street import Street
from hardware.ble.walks import SHAPES
from hardware.device import DeviceError, Reason

# More senders than this would only measure the simulator.
LARGEST_CROWD = 100_000


class SimRadio:
    """Hears the simulated street from the moment scanning begins.

    Street time begins at wall time and runs `speed` times as fast; at speed 1 the two are the same. `street` is the
    truth behind what is heard. With `installer_stays` above 0 somebody walks about with a phone, as
    `hardware.ble.installer` says, and stays so many times as long everywhere.
    """

    simulated = True
    dropped = 0

    def __init__(
        self,
        street: Street,
        speed: float = 1.0,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        installer_stays: float = 0.0,
    ) -> None:
        self.street = street
        self.installer_stays = installer_stays
        self.speed = speed
        self._now = now
        self._monotonic = monotonic
        self._closed = False

    @property
    def clock(self) -> Clock:
        """Wall time at speed 1, else the street's own."""
        return "wall" if self.speed == 1 else "street"

    async def scan(self) -> AsyncIterator[Sequence[Advertisement]]:
        """The street from now on; ends when the radio is closed."""
        async for heard in paced(self._heard_from(self._now()), lambda: self.speed, self._monotonic):
            if self._closed:
                return
            yield heard

    def _heard_from(self, start: float) -> Iterator[Advertisement]:
        street = self.street.run(start)
        if self.installer_stays <= 0:
            return street
        walker = installer.packets(self.street.plan.seed, start, self.installer_stays)
        return merge(street, walker, key=lambda heard: heard.at)

    async def close(self) -> None:
        """Stop at the next packet."""
        self._closed = True
        await asyncio.sleep(0)

    def describe(self) -> str:
        """One line for screens."""
        return "Simulated street"


def open_radio(argument: str, speed: float = 1.0) -> SimRadio:
    """The radio of `ble:sim[:name=value,...]`; a name or value that makes no sense is an error."""
    wishes = {"seed": 1.0, "busy": 1.0, "crowd": 0.0, "offset": 0.0, "speed": speed, "installer": 0.0}
    hours = "always"
    for part in filter(None, argument.split(",")):
        name, _, value = part.partition("=")
        if name == "hours" and value in SHAPES:
            hours = value
            continue
        number = _number(value)
        if name not in wishes or number is None:
            known = ", ".join([*wishes, f"hours ({' or '.join(SHAPES)})"])
            raise DeviceError(
                Reason.BAD_NAME,
                f"ble:sim does not understand {part!r}. It takes {known}; ble:sim:seed=7,busy=2.",
            )
        wishes[name] = number
    if wishes["crowd"] > LARGEST_CROWD:
        raise DeviceError(Reason.BAD_NAME, f"ble:sim takes a crowd of at most {LARGEST_CROWD}.")
    street = Street(int(wishes["seed"]), wishes["busy"], int(wishes["crowd"]), hours, wishes["offset"])
    return SimRadio(street, wishes["speed"], installer_stays=wishes["installer"])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -24 <= value <= 1e9 else None
