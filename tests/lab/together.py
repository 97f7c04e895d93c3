"""Scanning and advertising on one adapter at the same time, for minutes, without a loss of either."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import pairwise

from tests.lab.air import HeardOnce
from tests.lab.appliance import Lab
from tests.lab.frames import FRAMES
from tests.lab.hearing import address, put_on_air
from tests.lab.speaking import on_air
from tests.lab.verdict import Row, within

SPOKEN = ((FRAMES[0], 200), (FRAMES[3], 400))
LEAST_SHARE = 0.98
"""Heard of what was sent. The virtual air loses nothing; what is at the edges of the time is on one side only."""

LATE_S = 3

LONGEST_QUIET_S = 2.0
"""Each of the six beacons speaks five times a second: two seconds without it are a hole in the scan."""

SENT_EVERY_MS = 200
"""As beacons do that live for a year. BlueZ tells of one device once where two of its packets come while bluetoothd waits for its
turn, which on a machine under load takes 100 ms: faster, and we would measure the machine."""

LONGEST_PAUSE = 5
"""Intervals of a frame of ours; a machine under load delays one, a hole in the advertising is longer."""


LOOK_S = 0.05
STILL_S = 0.25
MOST_STILL = 0.05
"""The virtual air is a program: where this machine lets it stand still, nothing is sent, and that is no loss of ours. So it is
measured by a clock beside it and taken off a pause; where it comes to such a share, nothing can be said and the check fails."""


class StoodStill:
    """The times in which this program did not run, in seconds of the event loop."""

    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []

    async def watch(self) -> None:
        """Until cancelled: a nap that lasted much too long is one."""
        clock = asyncio.get_running_loop().time
        last = clock()
        while True:
            await asyncio.sleep(LOOK_S)
            now = clock()
            if now - last > STILL_S:
                self.times.append((last, now))
            last = now

    def within(self, begin: float, end: float) -> float:
        """How much of a time it was."""
        return sum(max(0.0, min(end, b) - max(begin, a)) for a, b in self.times)

    @property
    def longest_s(self) -> float:
        """The longest of them."""
        return max((b - a for a, b in self.times), default=0.0)


async def together(lab: Lab, seconds: float) -> list[Row]:
    """Six beacons are heard and two frames are spoken on hci0; an independent listener hears the two all the time."""
    frames = [f"{frame.name}={every_ms}" for frame, every_ms in SPOKEN]
    await put_on_air(lab, SENT_EVERY_MS)
    still = StoodStill()
    watching = asyncio.create_task(still.watch())
    try:
        async with (
            lab.program("-m", "tests.lab.mouth", "beacon:hci0", str(seconds + 120), *frames) as mouth,
            lab.program("-m", "tests.lab.ear", "ble:hci0", str(seconds + 120)) as ear,
        ):
            await on_air(mouth, len(SPOKEN))
            still.times.clear()
            counting = asyncio.create_task(_ticks(lab, ear, seconds))
            heard = await lab.air.listen(seconds)
            ticks, sent = await counting
    finally:
        watching.cancel()
        await lab.air.hush()
    stood_s = sum(b - a for a, b in still.times)
    asked = f"running for {1 - MOST_STILL:.0%} of {seconds:.0f} s"
    got = f"stood still for {stood_s:.1f} s, {still.longest_s:.1f} s at a time"
    machine = Row("together", "this machine", asked, got, stood_s <= MOST_STILL * seconds)
    return [machine, *_heard_rows(ticks, sent, seconds, still), *_spoken_rows(heard, seconds, still)]


async def _ticks(
    lab: Lab, ear: asyncio.subprocess.Process, seconds: float
) -> tuple[list[Counter[str]], Counter[str]]:
    """What the ear heard second by second, and what was sent meanwhile; from the first second in which it hears all six."""
    assert ear.stdout is not None
    ticks: list[Counter[str]] = []
    before: Counter[str] = Counter()
    async with asyncio.timeout(seconds + 60):
        while len(ticks) < seconds:
            line = json.loads(await ear.stdout.readline())
            heard = Counter(line.get("heard", {}))
            if not ticks and not before:
                if len(heard) >= len(FRAMES):
                    before = Counter(lab.air.sent)
                continue
            ticks.append(heard)
        await lab.air.hush()
        sent = Counter({who: count - before[who] for who, count in lab.air.sent.items()})
        # What is still on its way through a machine under load has been sent, and counts.
        for _ in range(LATE_S):
            ticks[-1].update(json.loads(await ear.stdout.readline()).get("heard", {}))
    return ticks, sent


def _heard_rows(
    ticks: list[Counter[str]], sent: Counter[str], seconds: float, still: StoodStill
) -> list[Row]:
    rows = []
    limit_s = LONGEST_QUIET_S + still.longest_s
    for number, frame in enumerate(FRAMES):
        who = address(number)
        count, quiet_s = sum(tick[who] for tick in ticks), _longest_quiet(ticks, who)
        asked = f"{LEAST_SHARE:.0%} of {sent[who]} in {seconds:.0f} s, never {limit_s:.1f} s without"
        share = count / sent[who] if sent[who] else 0.0
        got = f"{count} ({share:.1%}), longest without {quiet_s} s"
        passed = share >= LEAST_SHARE and quiet_s < limit_s
        rows.append(Row("together", f"{frame.name} heard", asked, got, passed))
    return rows


def _longest_quiet(ticks: list[Counter[str]], who: str) -> int:
    longest = now = 0
    for tick in ticks:
        now = 0 if tick[who] else now + 1
        longest = max(longest, now)
    return longest


def _spoken_rows(heard: list[HeardOnce], seconds: float, still: StoodStill) -> list[Row]:
    rows = []
    # The beacons around say the same; what is not theirs is ours.
    theirs = {address(number) for number in range(len(FRAMES))}
    for frame, every_ms in SPOKEN:
        times = [one.at for one in heard if frame.part in one.parts and one.address not in theirs]
        # A sender adds up to 10 ms by chance, 5 on average.
        due = (seconds - sum(b - a for a, b in still.times)) * 1000 / (every_ms + 5)
        pause_s = max((b - a - still.within(a, b) for a, b in pairwise(times)), default=seconds)
        limit_s = LONGEST_PAUSE * every_ms / 1000
        asked = f"{due:.0f} packets, give or take a tenth, no pause of {limit_s:g} s"
        got = f"{len(times)} packets, longest pause {pause_s:.2f} s"
        passed = within(len(times), due, 0.1) and pause_s < limit_s
        rows.append(Row("together", f"{frame.name} spoken", asked, got, passed))
    return rows
