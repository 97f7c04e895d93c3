"""Our scanner hears every kind of beacon that an independent stack sends, with the fields that its octets mean."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec

from tests.lab.appliance import Lab
from tests.lab.frames import FRAMES, Frame
from tests.lab.kernel import LabError
from tests.lab.verdict import Row, listed

LISTEN_S = 8.0
SENT_EVERY_MS = 100
STRENGTH_DBM = -67
LEAST_SHARE = 0.9
"""What is on its way when the scan ends is lost, and under load bluetoothd tells once of two packets of one device."""

LEAST_REPORTS = 0.5 * len(FRAMES) * 1000 * LISTEN_S / SENT_EVERY_MS
"""Half of what six beacons send in the time, so that a scan which begins late or ends early shows on any machine."""

DUTY_LISTEN_S = 30.0
"""Several slices of listening and resting."""

CROWDS = (5, 10, 20)
LEAST_PER_S = 90.0
"""Of 100 offered, and so many still of 200: the emulated machine is the limit, and gives what its host leaves it. Where more
comes than it can take, bluetoothd finds no time to tell anybody, for seconds; that says nothing about a real one."""

SETTLE_S = 5.0
"""What a machine under load has not told of yet is not to count for the next."""


def address(number: int) -> str:
    """The address of the n-th beacon; the first speaks from a public one, as some tags do."""
    return f"00:aa:02:00:00:{number:02x}" if number == 0 else f"c0:00:00:00:00:{number:02x}"


async def put_on_air(lab: Lab, every_ms: int = SENT_EVERY_MS) -> None:
    """All six, each from a sender of its own, half of them such that an active scan asks them for more."""
    for number, frame in enumerate(FRAMES):
        await lab.air.beacon(
            address(number),
            frame.payload,
            interval_ms=every_ms,
            kind="ADV_IND" if number % 2 else "ADV_NONCONN_IND",
            rssi_dbm=STRENGTH_DBM,
            public=number == 0,
        )


async def heard_by(lab: Lab, device: str, seconds: float) -> dict[str, Any]:
    """The last line of `ear` on this device; LabError where the driver failed."""
    async with lab.program("-m", "tests.lab.ear", device, str(seconds)) as ear:
        assert ear.stdout is not None
        async with asyncio.timeout(seconds + 60):
            lines = (await ear.stdout.read()).splitlines()
    return last_line(lines, device)


def last_line(lines: list[bytes], device: str) -> dict[str, Any]:
    """What an ear said at its end."""
    last: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    if "senders" not in last:
        raise LabError(f"{device}: {last.get('error', 'the driver ended without a word')}")
    return last


def fields(frame: Frame) -> dict[str, Any]:
    """The fields of a frame as JSON has them."""
    plain: dict[str, Any] = json.loads(msgspec.json.encode(frame.beacon))
    return plain


def judge(check: str, what: str, frame: Frame, sender: dict[str, Any] | None, number: int) -> Row:
    """One frame of one sender: who, how strong, and every field."""
    kind = "public" if number == 0 else "random"
    asked = f"{address(number)} {kind} {STRENGTH_DBM} dBm, fields equal"
    if sender is None:
        return Row(check, f"{frame.name} {what}", asked, "not heard", False)
    equal = sender["beacons"] == [fields(frame)]
    same = sender["types"] == [kind] and sender["strengths"] == [STRENGTH_DBM]
    got = f"{sender['count']} packets, {listed(sender['types'])}, {listed(sender['strengths'])} dBm, " + (
        "fields equal" if equal else f"fields {sender['beacons']}"
    )
    return Row(check, f"{frame.name} {what}", asked, got, equal and same)


async def hearing(lab: Lab) -> list[Row]:
    """Every frame through BlueZ, on a new and on an old chip."""
    await put_on_air(lab)
    rows: list[Row] = []
    try:
        for number, what in ((0, "on a new chip"), (1, "on an old chip")):
            before = lab.air.chip(number).reports
            last = await heard_by(lab, f"ble:hci{number}", LISTEN_S)
            reports = lab.air.chip(number).reports - before
            rows += [
                judge("hearing", what, frame, last["senders"].get(address(place)), place)
                for place, frame in enumerate(FRAMES)
            ]
            count = sum(sender["count"] for sender in last["senders"].values())
            asked = f"{LEAST_SHARE:.0%} of what the chip reported, and that for {LISTEN_S:.0f} s"
            enough = count >= LEAST_SHARE * reports and reports >= LEAST_REPORTS
            rows.append(Row("hearing", f"every packet {what}", asked, f"{count} of {reports}", enough))
    finally:
        await lab.air.hush()
    return rows


async def rate(lab: Lab) -> list[Row]:
    """How many reports a second come through BlueZ, D-Bus and bleak, and what one costs; and what a duty cycle leaves of them."""
    rows: list[Row] = []
    for count in CROWDS:
        lab.air.load(count, FRAMES[0].payload, SENT_EVERY_MS)
        try:
            last = await heard_by(lab, "ble:hci0", LISTEN_S)
        finally:
            await lab.air.hush()
        heard = sum(sender["count"] for sender in last["senders"].values())
        per_s = heard / (LISTEN_S - (last["first_s"] or 0))
        offered = count * 1000 / SENT_EVERY_MS
        least = min(LEAST_SHARE * offered, LEAST_PER_S)
        asked = f"{offered:.0f} a second offered, {least:.0f} heard at least, of all {count} senders"
        cost_us = 1e6 * last["cpu_s"] / max(heard, 1)
        got = f"{per_s:.0f} a second of {len(last['senders'])} senders, {cost_us:.0f} us of CPU each"
        enough = per_s >= least and len(last["senders"]) == count
        rows.append(Row("rate", "reports through D-Bus", asked, got, enough))
        await asyncio.sleep(SETTLE_S)
    await put_on_air(lab)
    try:
        whole = await heard_by(lab, "ble:hci0", DUTY_LISTEN_S)
        half = await heard_by(lab, "ble:hci0:duty=0.5", DUTY_LISTEN_S)
    finally:
        await lab.air.hush()
    counts = [sum(sender["count"] for sender in last["senders"].values()) for last in (whole, half)]
    share = counts[1] / max(counts[0], 1)
    got = f"{counts[1]} against {counts[0]} packets in {DUTY_LISTEN_S:.0f} s: {share:.0%}; {len(half['senders'])} senders"
    asked = f"half of what is heard all the time (40 to 60 %), of all {len(FRAMES)} beacons"
    rows.append(
        Row(
            "rate",
            "listening half of the time",
            asked,
            got,
            0.4 <= share <= 0.6 and len(half["senders"]) == 6,
        )
    )
    return rows
