"""Our raw drivers hear what the driver through BlueZ hears, packet by packet: beside BlueZ, and with the controller alone.

They run inside the guest, where the kernel's Bluetooth sockets are, with this machine's Python; slow, since its CPU is emulated.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from tests.lab.appliance import Lab
from tests.lab.frames import FRAMES
from tests.lab.hearing import address, judge, last_line, put_on_air
from tests.lab.kernel import LabError
from tests.lab.machine import Started
from tests.lab.verdict import Row, within

LISTEN_S = 12.0
SENT_EVERY_MS = 200
"""Not faster: BlueZ and bleak in an emulated CPU are to keep up, or the comparison would be about that."""

START_WITHIN_S = 120.0
CHIPS = (("hci0", "on a new chip"), ("hci1", "on an old chip"))


async def raw(lab: Lab) -> list[Row]:
    """On a new and on an old chip: the monitor and the driver through BlueZ at the same time, then the controller alone."""
    await put_on_air(lab, SENT_EVERY_MS)
    rows: list[Row] = []
    try:
        async with lab.all_in_guest():
            for adapter, what in CHIPS:
                (bluez, monitor), sent_per_s = await all_at_once(lab, f"ble:{adapter}", f"ble:raw:{adapter}")
                rows += _compare(f"beside BlueZ {what}", monitor, sent_per_s)
                rows.append(_against(f"against BlueZ {what}", monitor, bluez))
            # Nobody else may have a controller that we take alone.
            await lab.machine.run("pkill -TERM bluetoothd; sleep 1; hciconfig hci0 down; hciconfig hci1 down")
            alone, sent_per_s = await all_at_once(lab, *(f"ble:raw:{adapter}:user" for adapter, _ in CHIPS))
            for (_, what), heard in zip(CHIPS, alone, strict=True):
                rows += _compare(f"taken alone {what}", heard, sent_per_s)
    finally:
        await lab.air.hush()
    return rows


async def all_at_once(lab: Lab, *devices: str) -> tuple[list[dict[str, Any]], float]:
    """What ears in the guest heard at the same time, and how many packets a second were sent meanwhile."""
    before, began = lab.air.sent.total(), time.monotonic()
    ears = [
        (device, lab.machine.start(lab.in_guest("-m", "tests.lab.ear", device, str(LISTEN_S))))
        for device in devices
    ]
    heard = await asyncio.gather(*(_last(lab, ear) for ear in ears))
    return heard, (lab.air.sent.total() - before) / (time.monotonic() - began)


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


def _compare(what: str, heard: dict[str, Any], sent_per_s: float) -> list[Row]:
    """Fields by frame, and the count against what was sent."""
    rows = [
        judge("raw", what, frame, heard["senders"].get(address(number)), number)
        for number, frame in enumerate(FRAMES)
    ]
    asked = f"{sent_per_s:.1f} a second as sent, give or take a tenth, none dropped"
    answers = sum(sender["answers"] for sender in heard["senders"].values())
    got = f"{heard['per_s']:.1f} a second, {answers} empty answers besides, {heard['dropped']} dropped"
    passed = within(heard["per_s"], sent_per_s, 0.1) and not heard["dropped"]
    return [*rows, Row("raw", f"every packet {what}", asked, got, passed)]


def _against(what: str, heard: dict[str, Any], bluez: dict[str, Any]) -> Row:
    """The same senders with the same fields, and at least as many packets: in a slow guest BlueZ tells of fewer."""
    asked = "the same senders and fields, as many a second or more, at less cost"
    ours, theirs = _cost_us(heard), _cost_us(bluez)
    same = _fields(heard) == _fields(bluez)
    got = (
        f"{'the same' if same else 'others'}, {heard['per_s']:.1f} against {bluez['per_s']:.1f} a second, "
        f"{ours:.0f} against {theirs:.0f} us of emulated CPU a packet"
    )
    return Row("raw", what, asked, got, same and heard["per_s"] >= 0.9 * bluez["per_s"] and ours < theirs)


def _fields(heard: dict[str, Any]) -> dict[str, Any]:
    return {who: (sender["types"], sender["beacons"]) for who, sender in heard["senders"].items()}


def _count(heard: dict[str, Any]) -> int:
    return sum(sender["count"] for sender in heard["senders"].values())


def _cost_us(heard: dict[str, Any]) -> float:
    return 1e6 * float(heard["cpu_s"]) / max(_count(heard), 1)
