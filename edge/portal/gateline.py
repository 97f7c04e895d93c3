"""The portal's end of the gate's socket: one message there, one back, within a second."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from pathlib import Path

from edge.gate.protocol import MESSAGE_OCTETS, Answer, Ask, read_answer, write

ANSWER_WITHIN_S = 2.0
"""The gate answers in milliseconds, also for a thousand guests; longer, and it hangs."""


class GateLine:
    """A connection that is made when it is needed, and anew after the gate was restarted. Threads take turns."""

    def __init__(self, path: Path, within_s: float = ANSWER_WITHIN_S) -> None:
        self._path = path
        self._within_s = within_s
        self._lock = threading.Lock()
        self._line: socket.socket | None = None

    def ask(self, message: Ask) -> Answer:
        """The gate's answer; OSError where there is none, ValueError where it makes no sense."""
        with self._lock:
            try:
                if self._line is None:
                    self._line = self._connect()
                self._line.send(write(message))
                text = self._line.recv(MESSAGE_OCTETS)
                if not text:
                    raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
                return read_answer(text)
            except (OSError, ValueError):
                # An answer that comes late must not be taken for that to the next question.
                self._drop()
                raise

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._drop()

    def _connect(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            line.settimeout(self._within_s)
            line.connect(str(self._path))
        except BaseException:
            line.close()
            raise
        return line

    def _drop(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.close()
            self._line = None
