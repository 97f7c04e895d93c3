"""`python -m tests.lab.mouth DEVICE SECONDS NAME=INTERVAL_MS ...`: puts frames of the lab on the air through our driver.

Prints a JSON line whenever what is on the air has changed: `at`, `experimental`, `instances`, and `on_air` as the driver tells
it. A driver that cannot be opened ends it with `error` and exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time

import msgspec

from hardware.ble.broadcast import Broadcaster, Frame
from hardware.device import DeviceError, open_device
from tests.lab.ear import say
from tests.lab.frames import named

LOOK_S = 0.2


async def speak(broadcaster: Broadcaster, frames: list[Frame], seconds: float) -> None:
    """Keep the frames on the air for so long."""
    running = asyncio.create_task(broadcaster.run())
    told: object = None
    try:
        await broadcaster.set(frames)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if broadcaster.on_air() != told:
                told = broadcaster.on_air()
                say(
                    {
                        "at": time.time(),
                        "experimental": broadcaster.experimental,
                        "instances": broadcaster.instances,
                        "on_air": msgspec.to_builtins(told),
                    }
                )
            await asyncio.sleep(LOOK_S)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await broadcaster.close()


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.mouth", description=__doc__)
    parser.add_argument("device")
    parser.add_argument("seconds", type=float)
    parser.add_argument("frames", nargs="+", metavar="NAME=INTERVAL_MS[@POWER_DBM]")
    asked = parser.parse_args()
    frames = []
    for text in asked.frames:
        name, _, wish = text.partition("=")
        interval, _, power = wish.partition("@")
        frames.append(Frame(name, named(name).beacon, int(interval), int(power) if power else None))
    try:
        asyncio.run(speak(open_device(asked.device), frames, asked.seconds))
    except DeviceError as wrong:
        say({"error": wrong.sentence, "reason": wrong.reason.value})
        return 1
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
