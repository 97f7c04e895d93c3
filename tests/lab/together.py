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


async def together(lab: Lab, seconds: float) -> list[Row]:
    """Six beacons are heard and two frames are spoken on hci0; an independent listener hears the two all the time."""
    frames = [f"{frame.name}={every_ms}" for frame, every_ms in SPOKEN]
    await put_on_air(lab, SENT_EVERY_MS)
    try:
        async with (
            lab.program("-m", "tests.lab.mouth", "beacon:hci0", str(seconds + 120), *frames) as mouth,
            lab.program("-m", "tests.lab.ear", "ble:hci0", str(seconds + 120)) as ear,
        ):
            await on_air(mouth, len(SPOKEN))
            counting = asyncio.create_task(_ticks(lab, ear, seconds))
            heard = await lab.air.listen(seconds)
            ticks, sent = await counting
    finally:
        await lab.air.hush()
    return [*_heard_rows(ticks, sent, seconds), *_spoken_rows(heard, seconds)]


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


def _heard_rows(ticks: list[Counter[str]], sent: Counter[str], seconds: float) -> list[Row]:
    rows = []
    for number, frame in enumerate(FRAMES):
        who = address(number)
        count, quiet_s = sum(tick[who] for tick in ticks), _longest_quiet(ticks, who)
        asked = f"{LEAST_SHARE:.0%} of {sent[who]} in {seconds:.0f} s, never {LONGEST_QUIET_S:g} s without"
        share = count / sent[who] if sent[who] else 0.0
        got = f"{count} ({share:.1%}), longest without {quiet_s} s"
        passed = share >= LEAST_SHARE and quiet_s < LONGEST_QUIET_S
        rows.append(Row("together", f"{frame.name} heard", asked, got, passed))
    return rows


def _longest_quiet(ticks: list[Counter[str]], who: str) -> int:
    longest = now = 0
    for tick in ticks:
        now = 0 if tick[who] else now + 1
        longest = max(longest, now)
    return longest


def _spoken_rows(heard: list[HeardOnce], seconds: float) -> list[Row]:
    rows = []
    # The beacons around say the same; what is not theirs is ours.
    theirs = {address(number) for number in range(len(FRAMES))}
    for frame, every_ms in SPOKEN:
        times = [one.at for one in heard if frame.part in one.parts and one.address not in theirs]
        # A sender adds up to 10 ms by chance, 5 on average.
        due = seconds * 1000 / (every_ms + 5)
        pause_s = max((b - a for a, b in pairwise(times)), default=seconds)
        limit_s = LONGEST_PAUSE * every_ms / 1000
        asked = f"{due:.0f} packets, give or take a tenth, no pause of {limit_s:g} s"
        got = f"{len(times)} packets, longest pause {pause_s:.2f} s"
        passed = within(len(times), due, 0.1) and pause_s < limit_s
        rows.append(Row("together", f"{frame.name} spoken", asked, got, passed))
    return rows
