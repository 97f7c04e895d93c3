"""The running door, asked by the portal's pages: a Unix socket that the same user alone can open, one line each way.

What is answered holds no address and no pseudonym (`edge.questions`); `edge.guide` and `edge.notes` decide what to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from edge.questions import ANSWER_OCTETS, LINE_OCTETS, Answer, Question, read_question, write

logger = logging.getLogger(__name__)

SOCKET = "edge.sock"
"""In the node's folder; mode 0600."""

QUESTION_WITHIN_S = 2.0
"""A page sends its line at once. Longer, and a program that hangs keeps a place."""

MOST_LINES = 8
"""Questions under way at once: the portal has four threads."""


class Live:
    """Answers questions until it is cancelled. `answer` works in this loop; it may wait for the disk."""

    def __init__(self, folder: Path, answer: Callable[[Question], Awaitable[Answer]]) -> None:
        self._folder = folder
        self._ask = answer
        self._lines: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve; a folder that takes no socket is logged, and the door goes on without its pages."""
        try:
            listening = listen(self._folder)
        except OSError as wrong:
            logger.warning("installer's pages cannot ask this door: %s", wrong.strerror or wrong)
            return
        try:
            server = await asyncio.start_unix_server(self._meet, sock=listening, limit=LINE_OCTETS)
            try:
                await asyncio.Event().wait()
            finally:
                server.close()
                for line in self._lines:
                    line.cancel()
                await asyncio.gather(*self._lines, return_exceptions=True)
        finally:
            listening.close()
            with contextlib.suppress(OSError):
                (self._folder / SOCKET).unlink()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question, one answer, then the line is closed."""
        this = asyncio.current_task()
        if this is None:
            return
        self._lines.add(this)
        try:
            if len(self._lines) <= MOST_LINES:
                async with asyncio.timeout(QUESTION_WITHIN_S):
                    line = await reader.readline()
                writer.write(await self._reply(line))
                async with asyncio.timeout(QUESTION_WITHIN_S):
                    await writer.drain()
        except (TimeoutError, ValueError, ConnectionError, asyncio.LimitOverrunError):
            logger.debug("a line to the installer's pages broke off")
        finally:
            self._lines.discard(this)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _reply(self, line: bytes) -> bytes:
        try:
            question = read_question(line)
        except ValueError as wrong:
            return write(Answer(refused="no-question", detail=str(wrong)[:200]))
        body = write(await self._ask(question))
        return body if len(body) <= ANSWER_OCTETS else write(Answer(refused="too-much"))


def listen(folder: Path) -> socket.socket:
    """A listening socket in this folder. What a process that was killed has left there is removed. Raises OSError."""
    with at(folder) as path, contextlib.ExitStack() as opened:
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
        listening = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        # Before it has a name: unix(7), the new file takes the mode of the socket. Afterwards would leave a moment for others.
        os.fchmod(listening.fileno(), 0o600)
        listening.bind(str(path))
        listening.listen(MOST_LINES)
        listening.setblocking(False)
        opened.pop_all()
    return listening


@contextlib.contextmanager
def at(folder: Path) -> Iterator[Path]:
    """The socket's path, short whatever the folder is called: an address of AF_UNIX has 107 octets (unix(7))."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{handle}") / SOCKET
    finally:
        os.close(handle)
