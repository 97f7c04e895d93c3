"""Asks the gate's helper, for the portal."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

from edge.gate.protocol import MESSAGE_OCTETS, Answer, Ask, BadMessage, read_answer, write

TIMEOUT_S = 2.0
LARGEST_ANSWER = 4 << 20


class GateError(Exception):
    """The helper does not answer, or not in its own words; `sentence` is for the log and for staff."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class GateClient:
    """One connection, made when it is needed and again when it is lost. May be used by several threads: they wait in turn."""

    def __init__(self, path: Path | str, timeout_s: float = TIMEOUT_S) -> None:
        self._path = str(path)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._buffer = bytearray(LARGEST_ANSWER)

    def ask(self, ask: Ask) -> Answer:
        """Its answer, which may be `Refused`; GateError where there is none within the time.

        A connection that was lost between two questions is made again without a word: every verb may be asked twice.
        """
        text = write(ask)
        if len(text) > MESSAGE_OCTETS:
            raise GateError(f"The question is too long: {len(text)} octets.")
        with self._lock:
            again = self._line is not None
            while True:
                try:
                    return self._exchange(text)
                except TimeoutError:
                    # Its answer may still come; on this connection it would be taken for that to the next question.
                    self._hang_up()
                    raise GateError(f"The gate does not answer within {self._timeout_s:g} s.") from None
                except (OSError, BadMessage) as wrong:
                    self._hang_up()
                    if not again or isinstance(wrong, BadMessage):
                        raise GateError(f"The gate cannot be asked at {self._path}: {wrong}.") from wrong
                    again = False

    def close(self) -> None:
        """Hang up; the next question connects again."""
        with self._lock:
            self._hang_up()

    def _exchange(self, text: bytes) -> Answer:
        if self._line is None:
            self._line = self._connect()
        self._line.send(text)
        length = self._line.recv_into(self._buffer)
        if not length:
            raise ConnectionResetError("it hung up")
        return read_answer(bytes(memoryview(self._buffer)[:length]))

    def _connect(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            line.settimeout(self._timeout_s)
            # The largest question is larger than a datagram may be by default.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MESSAGE_OCTETS)
            line.connect(self._path)
        except BaseException:
            line.close()
            raise
        return line

    def _hang_up(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.close()
            self._line = None
