"""Our raw drivers hear what the driver through BlueZ hears, packet by packet: beside BlueZ, and with the controller alone.

They run inside the guest, where the kernel's Bluetooth sockets are, with this machine's Python; slow, since its CPU is emulated.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.lab.appliance import Lab
from tests.lab.frames import FRAMES
from tests.lab.hearing import address, judge, last_line, put_on_air
from tests.lab.kernel import LabError
from tests.lab.machine import Started
from tests.lab.verdict import Row, within

LISTEN_S = 15.0
SENT_EVERY_MS = 200
"""Not faster: BlueZ and bleak in an emulated CPU are to keep up, or the comparison would be about that."""

START_WITHIN_S = 120.0
SENT_PER_S = len(FRAMES) * 1000 / (SENT_EVERY_MS + 5)
"""5 ms is what chance adds to an interval on average."""


async def raw(lab: Lab) -> list[Row]:
    """On a new and on an old chip: the monitor and the driver through BlueZ at the same time, then the controller alone."""
    await put_on_air(lab, SENT_EVERY_MS)
    rows: list[Row] = []
    try:
        async with lab.all_in_guest():
            for adapter, what in (("hci0", "on a new chip"), ("hci1", "on an old chip")):
                beside = [_start(lab, f"ble:{adapter}"), _start(lab, f"ble:raw:{adapter}")]
                bluez, monitor = await asyncio.gather(*(_last(lab, one) for one in beside))
                rows += _compare(f"beside BlueZ {what}", monitor, bluez)
            # Nobody else may have a controller that we take alone.
            await lab.machine.run("pkill -TERM bluetoothd; sleep 1; hciconfig hci0 down; hciconfig hci1 down")
            for adapter, what in (("hci0", "on a new chip"), ("hci1", "on an old chip")):
                alone = await _last(lab, _start(lab, f"ble:raw:{adapter}:user"))
                rows += _compare(f"taken alone {what}", alone, None)
    finally:
        await lab.air.hush()
    return rows


def _start(lab: Lab, device: str) -> tuple[str, Started]:
    return device, lab.machine.start(lab.in_guest("-m", "tests.lab.ear", device, str(LISTEN_S)))


async def _last(lab: Lab, ear: tuple[str, Started]) -> dict[str, Any]:
    device, started = ear
    try:
        async with asyncio.timeout(LISTEN_S + START_WITHIN_S):
            await started.ended
    except TimeoutError:
        await lab.machine.end(started)
        raise LabError(f"{device} in the guest does not come to an end") from None
    lines = [line for line in lab.machine.said(started).encode().splitlines() if line.startswith(b"{")]
    if not lines:
        raise LabError(f"{device} in the guest: {lab.machine.said(started)[-300:]}")
    return {**last_line(lines, device), "per_s": _per_s([json.loads(line) for line in lines[:-1]])}


def _per_s(ticks: list[dict[str, Any]]) -> float:
    """Packets a second, of the whole seconds in the middle: start and end of a slow program are on neither side."""
    if len(ticks) < 4:
        return 0.0
    middle = ticks[2:-1]
    return sum(sum(tick["heard"].values()) for tick in middle) / float(middle[-1]["at"] - ticks[1]["at"])


def _compare(what: str, heard: dict[str, Any], bluez: dict[str, Any] | None) -> list[Row]:
    """Fields by frame, and the count against what was sent and against what came through BlueZ."""
    rows = [
        judge("raw", what, frame, heard["senders"].get(address(number)), number)
        for number, frame in enumerate(FRAMES)
    ]
    asked = f"{SENT_PER_S:.1f} a second as sent, give or take a tenth, none dropped"
    answers = sum(sender["answers"] for sender in heard["senders"].values())
    got = f"{heard['per_s']:.1f} a second, {answers} empty answers besides, {heard['dropped']} dropped"
    passed = within(heard["per_s"], SENT_PER_S, 0.1) and not heard["dropped"]
    rows.append(Row("raw", f"every packet {what}", asked, got, passed))
    if bluez is not None:
        asked = "as many a second as through BlueZ, give or take a tenth, at less cost"
        ours, theirs = _cost_us(heard), _cost_us(bluez)
        got = (
            f"{heard['per_s']:.1f} against {bluez['per_s']:.1f} a second, "
            f"{ours:.0f} against {theirs:.0f} us of emulated CPU a packet"
        )
        passed = within(heard["per_s"], bluez["per_s"], 0.1) and ours < theirs
        rows.append(Row("raw", f"against BlueZ {what}", asked, got, passed))
    return rows


def _count(heard: dict[str, Any]) -> int:
    return sum(sender["count"] for sender in heard["senders"].values())


def _cost_us(heard: dict[str, Any]) -> float:
    return 1e6 * float(heard["cpu_s"]) / max(_count(heard), 1)
