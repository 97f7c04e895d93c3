"""What we put on the air arrives: at an independent stack, and at BlueZ's own monitor, octet by octet and as often as asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from tests.lab.air import HeardOnce, interval_ms
from tests.lab.appliance import Lab
from tests.lab.btmon import Report, read
from tests.lab.frames import FRAMES, Frame
from tests.lab.kernel import LabError
from tests.lab.verdict import Row, within

INTERVALS_MS = (100, 200, 300, 400, 500, 1000)
"""One for each frame, so that a mix-up shows."""

POWER_DBM = -8
"""Within what the virtual chip can, and not what it does without being asked."""

LISTEN_S = 12.0
"""Eleven packets of the slowest."""

ON_AIR_WITHIN_S = 20.0
TOLERANCE = 0.20
OLD_INTERVAL_MS = 200


async def speaking(lab: Lab) -> list[Row]:
    """All six at once from a chip of Bluetooth 5, then one from an older chip."""
    wanted = list(zip(FRAMES, INTERVALS_MS, strict=True))
    rows = await _both_hear(lab, 0, 1, wanted, "", POWER_DBM)
    return rows + await _from_an_old_chip(lab)


async def intervals(lab: Lab) -> list[Row]:
    """Without --experimental BlueZ takes no interval: what our driver tells is then what is on the air, and it says why."""
    await lab.kill_bluetoothd()
    await lab.start_bluetoothd(experimental=False)
    try:
        await lab.power_on(0)
        async with lab.program(
            "-m", "tests.lab.mouth", "beacon:hci0", "120", f"{FRAMES[0].name}=200"
        ) as mouth:
            told = await on_air(mouth, 1)
            heard = await lab.air.listen(LISTEN_S)
    finally:
        await lab.kill_bluetoothd()
        await lab.start_bluetoothd()
        for number in (0, 1):
            await lab.power_on(number)
    return [_as_told("intervals", "without --experimental", told["on_air"][0], heard)]


async def _from_an_old_chip(lab: Lab) -> list[Row]:
    """There the kernel (6.1) takes no interval of an advertisement that nobody can connect to: told is what is on the air."""
    async with lab.program(
        "-m", "tests.lab.mouth", "beacon:hci1", "120", f"{FRAMES[0].name}={OLD_INTERVAL_MS}"
    ) as mouth:
        told = await on_air(mouth, 1)
        heard = await lab.air.listen(LISTEN_S)
    return [_as_told("speaking", f"{FRAMES[0].name} from an old chip", told["on_air"][0], heard)]


def _as_told(check: str, what: str, line: dict[str, Any], heard: Sequence[HeardOnce]) -> Row:
    """Where what was asked for cannot be had: the driver tells what is, and why."""
    times, others = _of_bumble(heard, FRAMES[0])
    every, told_ms, why = interval_ms(times), line["interval_ms"], line["why"]
    asked = f"octets equal, every {told_ms} ms as told; where that is not the {line['asked_interval_ms']} ms asked, why"
    got = f"{len(times)} packets with these octets, every {_ms(every)}: {why or 'no sentence'}"
    as_told = told_ms is not None and within(every, told_ms, TOLERANCE) and not others
    return Row(check, what, asked, got, as_told and (bool(why) or told_ms == line["asked_interval_ms"]))


async def on_air(mouth: asyncio.subprocess.Process, count: int) -> dict[str, Any]:
    """The line of `mouth` that says that so many frames are on the air; LabError where that does not come."""
    assert mouth.stdout is not None
    last: dict[str, Any] = {}
    try:
        async with asyncio.timeout(ON_AIR_WITHIN_S):
            while line := await mouth.stdout.readline():
                last = json.loads(line)
                if "error" in last:
                    raise LabError(str(last["error"]))
                if sum(one["state"] in ("on", "turns") for one in last["on_air"]) == count:
                    return last
    except TimeoutError:
        pass
    raise LabError(f"Not all {count} frames came on the air in {ON_AIR_WITHIN_S:g} s: {last.get('on_air')}")


async def _both_hear(
    lab: Lab, speaker: int, other: int, wanted: Sequence[tuple[Frame, int]], what: str, power_dbm: int | None
) -> list[Row]:
    """Advertise on one adapter; bumble listens beside it, and btmon sees what the other adapter hears."""
    power = "" if power_dbm is None else f"@{power_dbm}"
    frames = [f"{frame.name}={every_ms}{power}" for frame, every_ms in wanted]
    recording = lab.machine.folder / f"hci{other}.snoop"
    monitor = lab.machine.start(f"exec btmon -i hci{other} -w /mnt/out/{recording.name}")
    try:
        async with (
            lab.program("-m", "tests.lab.mouth", f"beacon:hci{speaker}", "300", *frames) as mouth,
            # Somebody has to scan, or there is nothing for the monitor to see.
            lab.program("-m", "tests.lab.ear", f"ble:hci{other}", "300"),
        ):
            told = await on_air(mouth, len(wanted))
            heard = await lab.air.listen(LISTEN_S)
    finally:
        await lab.machine.end(monitor)
    seen = await read(recording)
    rows: list[Row] = []
    for (frame, every_ms), line in zip(wanted, told["on_air"], strict=True):
        rows.append(_row(f"{frame.name}{what} to bumble", frame, every_ms, _of_bumble(heard, frame)))
        rows.append(_row(f"{frame.name}{what} to btmon", frame, every_ms, _of_btmon(seen, frame)))
        asked = f"on, every {every_ms} ms" + (f", {power_dbm} dBm" if power else "")
        got = f"{line['state']}, every {line['interval_ms']} ms" + (
            f", {line['power_dbm']} dBm" if power else ""
        )
        rows.append(Row("speaking", f"{frame.name}{what} as told", asked, got, asked == got))
    return rows


def _row(what: str, frame: Frame, every_ms: int, heard: tuple[list[float], int]) -> Row:
    times, others = heard
    every = interval_ms(times)
    asked = f"octets equal, every {every_ms} ms"
    got = f"{len(times)} packets with these octets, every {_ms(every)}"
    if others:
        got += f"; {others} others of its kind"
    return Row("speaking", what, asked, got, within(every, every_ms, TOLERANCE) and not others)


def _of_bumble(heard: Sequence[HeardOnce], frame: Frame) -> tuple[list[float], int]:
    """When it was heard, and how many packets of its kind had other octets."""
    times = [one.at for one in heard if frame.part in one.parts]
    others = sum(any(_alike(part, frame) and part != frame.part for part in one.parts) for one in heard)
    return times, others


def _of_btmon(seen: Sequence[Report], frame: Frame) -> tuple[list[float], int]:
    times = [one.at for one in seen if one.part == frame.part]
    return times, sum(_alike(one.part, frame) and one.part != frame.part for one in seen)


def _alike(part: tuple[int, bytes], frame: Frame) -> bool:
    """Of the same type of beacon: structure, company or service, and the first octet behind."""
    return part[0] == frame.part[0] and part[1][:3] == frame.part[1][:3]


def _ms(every: float | None) -> str:
    return "- ms" if every is None else f"{every:.0f} ms"
