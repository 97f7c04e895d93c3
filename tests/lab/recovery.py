"""What fails comes back by itself, scanning and advertising alike, and the door's warnings say what happened meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.lab.appliance import Lab
from tests.lab.hearing import put_on_air
from tests.lab.shop import Door, beacon_of, open_door, open_guest_door, open_shop, until
from tests.lab.verdict import Row, listed

BACK_WITHIN_S = 90.0
"""What was promised, from the moment at which the service or the adapter is there again."""

AWAY_S = 40.0
"""Long enough that the door finds out by the slowest of its ways (10 s of silence, then a look), that beacons which are off the
air are told of (30 s: a restart needs nobody), and that its list is written (2 s)."""

SPEAKS_WITHIN_S = 30.0
"""From the start of the edge: it asks for the snapshot at once."""

TOLD_AFTER_S = 6.0
"""The status file is written every two seconds, and a packet that was on its way is not taken for one of later."""

UNSTUCK_WITHIN_S = 240.0
"""Silent for 90 s is stuck, looked at every 30 s; the first step (a new scan) gets 30 s to help, then power: 150 s, and the guest
is slow."""

CHECK = "recovery"

Step = Callable[[], Awaitable[None]]


async def recovery(lab: Lab) -> list[Row]:
    """bluetoothd is killed and comes back; the adapter is pulled out and put back."""
    rows: list[Row] = []
    await put_on_air(lab, 200)
    try:
        async with open_shop(lab) as folder, open_door(lab, folder, "ble:hci0") as door:
            ours = beacon_of(folder)
            spoke = await until(lambda: lab.air.spoken("hci0", ours) > 0, SPEAKS_WITHIN_S)
            said = "nothing of ours on the air" if spoke is None else f"on the air after {spoke:.0f} s"
            rows.append(
                Row(CHECK, "the offer's beacon", "on the air from the snapshot", said, spoke is not None)
            )

            async def start() -> None:
                await lab.start_bluetoothd()

            async def pull() -> None:
                await lab.unplug(0)

            async def plug() -> None:
                await lab.plug(0)

            rows += await _outage(lab, door, "bluetoothd killed", ours, (lab.kill_bluetoothd, start))
            rows += await _outage(lab, door, "adapter pulled out", ours, (pull, plug))
    finally:
        await lab.air.hush()
    return rows


async def _outage(lab: Lab, door: Door, what: str, ours: bytes, ways: tuple[Step, Step]) -> list[Row]:
    """Take something away, watch, give it back, watch; nobody touches the edge meanwhile."""
    lose, restore = ways
    await lose()
    await asyncio.sleep(AWAY_S)
    told, checked = door.warnings(), await door.check()
    codes = [code for code in told if code.startswith(("radio-", "air-")) and not code.endswith("-recovered")]
    said = " ".join(told[code] for code in codes)
    asked = "both told, in the status file and by edge check"
    both = any(code.startswith("radio-") for code in codes) and any(code.startswith("air-") for code in codes)
    rows = [
        Row(CHECK, f"{what}: meanwhile", asked, said or listed(told), both and set(codes) <= set(checked))
    ]
    heard = door.heard()
    await restore()
    speaks = asyncio.create_task(_speaks_again(lab, door, ours))
    hears_s = await until(lambda: door.heard() > heard, BACK_WITHIN_S)
    for way, seconds in (("hears", hears_s), ("speaks", await speaks)):
        got = "not back" if seconds is None else f"after {seconds:.0f} s"
        asked = f"by itself within {BACK_WITHIN_S:.0f} s"
        rows.append(Row(CHECK, f"{what}: {way} again", asked, got, seconds is not None))
    await asyncio.sleep(TOLD_AFTER_S)
    after = door.warnings()
    wrong = [code for code in codes if code in after]
    recovered = [after.get("radio-recovered", ""), after.get("air-recovered", "")]
    asked = f"no longer {listed(codes)}, and what happened to both"
    got = " ".join(filter(None, recovered)) or f"nothing of it; {listed(after)}"
    rows.append(Row(CHECK, f"{what}: afterwards", asked, got, all(recovered) and not wrong))
    return rows


async def _speaks_again(lab: Lab, door: Door, ours: bytes) -> float | None:
    """Seconds until the edge says that its frames are on the air and they are.

    Both: a kernel whose bluetoothd was killed goes on with what it had, and nobody changes that any more.
    """
    since = time.time()
    told_s = await until(lambda: door.on_air(since), BACK_WITHIN_S)
    if told_s is None:
        return None
    spoken = lab.air.spoken("hci0", ours)
    spoke_s = await until(lambda: lab.air.spoken("hci0", ours) > spoken, BACK_WITHIN_S - told_s)
    return None if spoke_s is None else told_s + spoke_s


async def stuck(lab: Lab) -> list[Row]:
    """A chip that hears nothing although the kernel has it scan, until it is reset: the edge finds that out and does it.

    The edge runs inside the guest, where the kernel's management socket is.
    """
    await put_on_air(lab, 200)
    try:
        async with (
            open_shop(lab) as folder,
            lab.all_in_guest(),
            open_guest_door(lab, folder, "ble:hci0") as door,
        ):
            lab.air.chip(0).ear = "deaf-until-reset"
            await asyncio.sleep(TOLD_AFTER_S)
            heard = await door.heard()
            rows: list[Row] = []
            seen: dict[str, str] = {}
            began = asyncio.get_running_loop().time()
            while (took_s := asyncio.get_running_loop().time() - began) < UNSTUCK_WITHIN_S:
                await asyncio.sleep(5)
                seen.update(await door.warnings())
                if await door.heard() > heard:
                    break
            back = await door.heard() > heard
            got = f"after {took_s:.0f} s" if back else f"not in {took_s:.0f} s"
            asked = f"by itself within {UNSTUCK_WITHIN_S:.0f} s"
            rows.append(Row("stuck", "a chip deaf until it is reset: hears again", asked, got, back))
            said = seen.get("radio-deaf", "")
            rows.append(
                Row(
                    "stuck",
                    "meanwhile",
                    "the list says that nothing is heard",
                    said or listed(seen),
                    bool(said),
                )
            )
            await asyncio.sleep(TOLD_AFTER_S)
            after = (await door.warnings()).get("radio-recovered", "")
            asked = "which step helped: the adapter was switched off and on"
            rows.append(Row("stuck", "afterwards", asked, after or "nothing", "switched off and on" in after))
            return rows
    finally:
        lab.air.chip(0).ear = "well"
        await lab.air.hush()
