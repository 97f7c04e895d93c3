"""Plays advertisements that carry their times at the pace of those times; what is due together comes together."""

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
) -> AsyncIterator[list[Advertisement]]:
    """The same advertisements, each when its time comes; speed 0 is as fast as possible.

    The speed is asked again for each packet, so that it can be changed while playing. A time that runs backwards is
    played at once.
    """
    due = monotonic()
    last: float | None = None
    together: list[Advertisement] = []
    while True:
        try:
            heard = next(source, None)
        except Exception:
            # What stood before the place where a recording is broken has been heard all the same.
            if together:
                yield together
            raise
        if heard is None:
            break
        factor = speed()
        if factor > 0 and last is not None:
            due += min(max(heard.at - last, 0.0), LONGEST_PAUSE_S) / factor
        last = heard.at
        wait = due - monotonic() if factor > 0 else 0.0
        if together and (wait > SHORTEST_WAIT_S or len(together) >= TURN_EVERY):
            yield together
            together = []
            await asyncio.sleep(max(wait, 0.0))
        elif wait > SHORTEST_WAIT_S:
            await asyncio.sleep(wait)
        together.append(heard)
    if together:
        yield together
