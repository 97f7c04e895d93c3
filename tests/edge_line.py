"""A door's line to its portal, answered in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge.live import Live, at
from edge.questions import Answer, Question


async def echo(question: Question) -> Answer:
    return Answer(detail=type(question).__name__)


@contextmanager
def answering(folder: Path, answer: Callable[[Question], object] = echo) -> Iterator[None]:
    """A door's loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    running: list[asyncio.Task[None]] = []

    async def play() -> None:
        running.append(asyncio.create_task(Live(folder, answer).run()))  # type: ignore[arg-type]
        await asyncio.gather(*running, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(play(),))
    thread.start()
    try:
        wait_for_door(folder)
        yield
    finally:
        loop.call_soon_threadsafe(running[0].cancel)
        thread.join(5)
        loop.close()


def wait_for_door(folder: Path) -> None:
    for _ in range(500):
        with at(folder) as path, socket.socket(socket.AF_UNIX) as line, suppress(OSError):
            line.connect(str(path))
            return
        time.sleep(0.01)
    pytest.fail("the door does not answer")
