"""`python -m tests.lab.ear DEVICE SECONDS`: hears through one of our drivers and prints what it heard, as JSON lines.

A line a second while it listens (`at`, `heard`: packets by sender in that second), and a last one with `senders`, `dropped`,
`first_s`, the seconds until the first packet, and `cpu_s` from then on. A driver that fails ends it with `error` and status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import decode_beacon
from hardware.ble.codec import BadPayload
from hardware.ble.radio import Radio
from hardware.device import DeviceError, open_device


@dataclass(slots=True)
class Sender:
    """Everything heard of one address."""

    count: int = 0
    answers: int = 0
    types: set[str] = field(default_factory=set)
    strengths: set[int] = field(default_factory=set)
    beacons: set[str] = field(default_factory=set)

    def take(self, packet: Advertisement) -> None:
        """One more packet. An empty one is an answer to a scan request, which raw drivers pass on as it came."""
        self.types.add(packet.address_type)
        self.strengths.add(packet.rssi_dbm)
        if not packet.payload:
            self.answers += 1
            return
        self.count += 1
        try:
            beacon = decode_beacon(packet.payload)
        except BadPayload as broken:
            self.beacons.add(f"broken: {broken}")
        else:
            self.beacons.add(msgspec.json.encode(beacon).decode())


async def listen(radio: Radio, seconds: float) -> dict[str, Any]:
    """Hear for so long; the last line."""
    senders: dict[str, Sender] = {}
    tick: Counter[str] = Counter()
    began = time.monotonic()
    first_s: float | None = None
    spent = 0.0

    async def tell() -> None:
        while True:
            await asyncio.sleep(1)
            say({"at": time.time(), "heard": dict(tick)})
            tick.clear()

    telling = asyncio.create_task(tell())
    try:
        async with asyncio.timeout(seconds):
            async for packets in radio.scan():
                if first_s is None:
                    first_s, spent = time.monotonic() - began, time.process_time()
                for packet in packets:
                    senders.setdefault(packet.address, Sender()).take(packet)
                    tick[packet.address] += bool(packet.payload)
    except TimeoutError:
        pass
    finally:
        telling.cancel()
        await radio.close()
    return {
        "senders": {
            address: {
                "count": sender.count,
                "answers": sender.answers,
                "types": sorted(sender.types),
                "strengths": sorted(sender.strengths),
                "beacons": [json.loads(text) if text[0] in "{n" else text for text in sorted(sender.beacons)],
            }
            for address, sender in senders.items()
        },
        "dropped": radio.dropped,
        "first_s": first_s,
        "cpu_s": time.process_time() - spent,
    }


def say(line: dict[str, Any]) -> None:
    """One line, at once."""
    print(json.dumps(line), flush=True)


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.ear", description=__doc__)
    parser.add_argument("device")
    parser.add_argument("seconds", type=float)
    asked = parser.parse_args()
    try:
        say(asyncio.run(listen(open_device(asked.device), asked.seconds)))
    except DeviceError as wrong:
        say({"error": wrong.sentence, "reason": wrong.reason.value})
        return 1
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
