"""Speaking with Chromium over two pipes: the DevTools protocol, one JSON text and a zero byte each way.

Pipes instead of a port: nobody else on this machine can take hold of the screen. Chromium reads file 3 and writes file 4
(`--remote-debugging-pipe`). One thread reads; whoever asks waits for the answer with its number.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import threading
from typing import Any

HIGH = 20
"""Files are moved up to here first, so that giving them the numbers 3 and 4 overwrites none of them."""

CHUNK = 65_536
PLACE = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execvp(sys.argv[3], sys.argv[3:])"
"""What stands between: a shell knows no file above 9."""

MOST_EVENTS = 1_000


class PipeError(Exception):
    """Chromium did not answer, or said that it cannot; the text says which."""


class PipeRefused(PipeError):
    """Chromium lives, and cannot do this now: a page that is just being replaced cannot be asked."""


class Pipe:
    """One Chromium's ear and mouth. Make it, start Chromium with `words`, then call `opened`."""

    def __init__(self) -> None:
        self._answers: dict[int, dict[str, Any]] = {}
        self._crashed: set[str] = set()
        self._news = threading.Condition()
        self._write_lock = threading.Lock()
        self._number = 0
        self._closed = False
        child_reads, ours_writes = os.pipe()
        ours_reads, child_writes = os.pipe()
        self._out = ours_writes
        self._in = ours_reads
        self.theirs = (_moved_up(child_reads), _moved_up(child_writes))
        self._reader = threading.Thread(target=self._read, name="browser-pipe", daemon=True)

    def words(self, command: list[str]) -> list[str]:
        """The command that starts the browser with its two files in their places."""
        reads, writes = self.theirs
        return [sys.executable, "-I", "-S", "-c", PLACE, str(reads), str(writes), *command]

    def opened(self) -> None:
        """The browser runs and has its ends: give up ours of them, and listen."""
        for number in self.theirs:
            os.close(number)
        self._reader.start()

    def ask(
        self,
        method: str,
        parameters: dict[str, Any] | None = None,
        *,
        session: str = "",
        within_s: float = 5.0,
    ) -> dict[str, Any]:
        """What Chromium answers; PipeError where it does not in time, or refuses."""
        with self._news:
            self._number += 1
            number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        try:
            with self._write_lock:
                os.write(self._out, json.dumps(message).encode() + b"\0")
        except OSError as wrong:
            raise PipeError(f"the browser is gone ({wrong.strerror})") from None
        with self._news:
            self._news.wait_for(lambda: number in self._answers or self._closed, within_s)
            answer = self._answers.pop(number, None)
        if answer is None:
            raise PipeError(f"no answer to {method} within {within_s:g} s")
        if "error" in answer:
            raise PipeRefused(f"{method}: {answer['error'].get('message', 'refused')}")
        result: dict[str, Any] = answer.get("result", {})
        return result

    def has_crashed(self, session: str) -> bool:
        """Whether the page of this session has lost its renderer since this was asked last."""
        with self._news:
            crashed = session in self._crashed
            self._crashed.discard(session)
            return crashed

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            os.close(self._out)
        if self._reader.ident is not None:
            self._reader.join(2.0)
        with contextlib.suppress(OSError):
            os.close(self._in)

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                chunk = os.read(self._in, CHUNK)
            except OSError:
                chunk = b""
            if not chunk:
                break
            *whole, rest = (rest + chunk).split(b"\0")
            for text in whole:
                self._heard(text)
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _heard(self, text: bytes) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        with self._news:
            if "id" in message:
                self._answers[message["id"]] = message
                # Answers that came too late belong to nobody.
                while len(self._answers) > MOST_EVENTS:
                    del self._answers[next(iter(self._answers))]
            elif message.get("method") == "Inspector.targetCrashed":
                self._crashed.add(message.get("sessionId", ""))
            self._news.notify_all()


def _moved_up(number: int) -> int:
    moved = fcntl.fcntl(number, fcntl.F_DUPFD, HIGH)
    os.close(number)
    return moved
