"""Asks the running door of the same node: one line over its Unix socket, within a few seconds, in bounded size."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from edge.questions import ANSWER_OCTETS, Answer, Question, read_answer, write

ANSWER_WITHIN_S = 5.0
"""A door answers in milliseconds; accepting waits for its disk. Longer, and an installer taps a second time."""


class DoorSilent(Exception):
    """The door does not answer. `why`: "not-running", or "no-answer" where its process is there and says nothing fit."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def ask(folder: Path, question: Question, within_s: float = ANSWER_WITHIN_S) -> Answer:
    """The door's answer. DoorSilent where there is none."""
    # Imported here: it brings asyncio, and a portal whose installer has gone needs none of it.
    from edge.live import at

    until = time.monotonic() + within_s
    try:
        with at(folder) as path, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(within_s)
            line.connect(str(path))
            line.sendall(write(question))
            return read_answer(_line(line, until))
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as wrong:
        raise DoorSilent("not-running") from wrong
    except PermissionError as wrong:
        raise DoorSilent("no-right") from wrong
    except (OSError, ValueError) as wrong:
        raise DoorSilent("no-answer") from wrong


def _line(line: socket.socket, until: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= ANSWER_OCTETS:
        line.settimeout(max(0.01, until - time.monotonic()))
        part = line.recv(65_536)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if part.endswith(b"\n"):
            break
    return b"".join(parts)
