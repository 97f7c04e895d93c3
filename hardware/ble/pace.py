"""Plays advertisements that carry their times at the pace of those times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

from hardware.ble.advertisement import Advertisement

# Shorter waits than this cost more than they are worth; packets that close together come in one go.
SHORTEST_WAIT_S = 0.002
# The event loop gets a turn at least this often, or a replay without pauses would starve everything else.
TURN_EVERY = 64
# A pause in a recording is played as at most this many seconds: nobody wants to wait out a lunch break.
LONGEST_PAUSE_S = 3600.0


async def paced(
    source: Iterator[Advertisement], speed: Callable[[], float], monotonic: Callable[[], float]
) -> AsyncIterator[Advertisement]:
    """The same advertisements, each when its time comes; speed 0 is as fast as possible.

    The speed is asked again for each packet, so that it can be changed while playing. A time that runs backwards is
    played at once.
    """
    due = monotonic()
    last: float | None = None
    since_turn = 0
    for heard in source:
        factor = speed()
        if factor > 0 and last is not None:
            due += min(max(heard.at - last, 0.0), LONGEST_PAUSE_S) / factor
        last = heard.at
        wait = due - monotonic() if factor > 0 else 0.0
        since_turn += 1
        if wait > SHORTEST_WAIT_S or since_turn >= TURN_EVERY:
            await asyncio.sleep(max(wait, 0.0))
            since_turn = 0
        yield heard
