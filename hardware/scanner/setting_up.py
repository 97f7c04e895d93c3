"""Writes a scanner's settings over its own serial line, and reads them back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from hardware.reasons import DeviceError, Reason
from hardware.scanner.serial_line import BAUD, SerialLine
from hardware.scanner.setup_codes import (
    GM,
    GM_WRITTEN,
    HONEYWELL,
    gm_answer,
    gm_keep,
    gm_read,
    gm_write,
    over_the_line,
)

ANSWER_S = 1.0
ACK = b"\x06"


def set_up(family: str, port: str, baud: int = BAUD) -> Iterator[str]:
    """Do it step by step; a sentence for each. DeviceError where the scanner does not answer as it should."""
    try:
        line = SerialLine(port, baud)
    except OSError as wrong:
        raise DeviceError(Reason.NOT_FOUND, f"{port} cannot be opened: {wrong.strerror or wrong}") from wrong
    try:
        yield from (_gm(line) if family == "gm" else _honeywell(line))
    except OSError as wrong:
        raise DeviceError(Reason.BROKEN, f"The scanner at {port} went away: {wrong}") from wrong
    finally:
        line.close()


def _gm(line: SerialLine) -> Iterator[str]:
    for register in GM:
        before = gm_answer(_asked(line, gm_read(register.address), lambda data: gm_answer(data) is not None))
        if before is None:
            raise _silent("GM65 or a relative")
        wanted = before & ~register.mask | register.bits
        if wanted != before:
            _written(line, gm_write(register.address, wanted))
        yield f"{register.does}: {'done' if wanted != before else 'was so already'}."
    _written(line, gm_keep())
    yield "Kept for good."


def _honeywell(line: SerialLine) -> Iterator[str]:
    for code in HONEYWELL:
        if ACK not in _asked(line, over_the_line(code), lambda data: ACK in data):
            raise _silent("Honeywell scanner or a relative")
        yield f"{code.does}: done."


def _written(line: SerialLine, frame: bytes) -> None:
    if GM_WRITTEN not in _asked(line, frame, lambda data: GM_WRITTEN in data):
        raise DeviceError(
            Reason.BROKEN, "The scanner did not take a setting. Switch it off and on, and try again."
        )


def _asked(line: SerialLine, question: bytes, enough: Callable[[bytes], bool]) -> bytes:
    line.write(question)
    until, answer = time.monotonic() + ANSWER_S, b""
    while not enough(answer) and (left_s := until - time.monotonic()) > 0:
        answer += b"".join(octets for octets in line.read(min(left_s, 0.1)) if octets)
    return answer


def _silent(what: str) -> DeviceError:
    return DeviceError(
        Reason.NO_SERVICE,
        f"Nothing there answers as a {what} does. Check the port, the speed (--baud), and that the scanner talks over a serial "
        "line: most leave the factory as a keyboard.",
    )
