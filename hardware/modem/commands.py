"""`python -m hardware modem ...`: what an installer tries before a program uses the modem; a modem to try it with."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hardware.commands import say
from hardware.device import open_device
from hardware.modem.far_side_line import FarSideLine
from hardware.modem.modem import NotSent, Received, Report, TwoWayModem
from hardware.reasons import DeviceError, Found, Lost, Reason

READY_S = 120.0
"""A modem that has just been switched on takes up to a minute until it has a network."""


def add_arguments(commands: Any) -> None:
    """Add the family to the program's commands."""
    group = commands.add_parser("modem", help="text messages").add_subparsers(
        required=True, metavar="COMMAND"
    )
    status = _command(group, "status", "ask a modem how it is: 0 where it can send", _status)
    send = _command(
        group, "send", "send a text message, wait for its report; print what comes meanwhile", _send
    )
    listen = _command(
        group,
        "listen",
        "print what comes and lies on the card, and take it off the card, until Ctrl+C",
        _listen,
    )
    for made in (status, send, listen):
        made.add_argument("device", metavar="DEVICE", help="such as /dev/ttyUSB2,pin=1234")
    for made, seconds in ((status, READY_S), (send, READY_S), (listen, 0.0)):
        made.add_argument(
            "--seconds",
            type=float,
            default=seconds,
            help=f"end after so many (default {seconds:g}; 0: never)",
        )
    send.add_argument("number", metavar="NUMBER", help="with its country: +4366012345678")
    send.add_argument("text", metavar="TEXT", help="what is sent")
    far = _command(
        group, "far-side", "a simulated modem on a serial line that this makes, until Ctrl+C", _far_side
    )
    far.add_argument("place", metavar="PLACE", type=Path, help="where the line is put: /tmp/ttyModem")
    far.add_argument("--text", default="", help="a message that arrives when it is opened")
    far.add_argument("--seconds", type=float, default=0.0, help="end after so many (0: never)")


def _command(group: Any, name: str, about: str, run: Callable[[argparse.Namespace], int]) -> Any:
    made = group.add_parser(name, help=about, description=about)
    made.set_defaults(run=run)
    return made


class _Shown:
    """An owner on the screen."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def received(self, message: Received) -> None:
        when = message.at.isoformat(sep=" ") if message.at else "no time"
        say(f"{when} {message.number}: {message.text or message.data.hex()}")

    def reported(self, report: Report) -> None:
        self.reports.append(report)
        say(f"Report of part {report.reference} to {report.number}: {report.outcome}.")

    def told(self, what: Lost | Found) -> None:
        say("The modem is ready." if isinstance(what, Found) else what.sentence)


def _opened(wanted: argparse.Namespace) -> TwoWayModem:
    modem: TwoWayModem = open_device(f"modem:{wanted.device}")
    return modem


def _until(what: Callable[[], bool], seconds: float) -> bool:
    """Whether it happened within so many seconds (0: no end)."""
    end = time.monotonic() + seconds if seconds else float("inf")
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def _status(wanted: argparse.Namespace) -> int:
    modem = _opened(wanted)
    try:
        _until(lambda: modem.status().ready and modem.status().network, wanted.seconds)
        status = modem.status()
        say(modem.describe())
        if not status.ready:
            say(status.sentence)
            return 1
        signal = f"{status.signal_dbm} dBm" if status.signal_dbm is not None else "not known"
        say(f"Network: {'yes' if status.network else 'no'}. Signal: {signal}.")
        return 0 if status.network else 1
    finally:
        modem.close()


def _send(wanted: argparse.Namespace) -> int:
    modem, shown = _opened(wanted), _Shown()
    try:
        _until(lambda: modem.status().ready, wanted.seconds)
        modem.listen(shown)
        sent = modem.send(wanted.number, wanted.text, ticket="command")
        if isinstance(sent, NotSent):
            raise DeviceError(Reason.BROKEN, sent.sentence)
        say(f"The network took it, in {sent.parts} part{'s' if sent.parts > 1 else ''}.")
        finals = sent.parts
        done = _until(
            lambda: sum(one.outcome != "waiting" for one in shown.reports) >= finals, wanted.seconds
        )
        if not done:
            say("No report came in time; it may still arrive.")
        return 0
    finally:
        modem.close()


def _listen(wanted: argparse.Namespace) -> int:
    modem = _opened(wanted)
    try:
        modem.listen(_Shown())
        _until(lambda: False, wanted.seconds)
        return 0
    finally:
        modem.close()


def _far_side(wanted: argparse.Namespace) -> int:
    if wanted.place.exists() or wanted.place.is_symlink():
        raise DeviceError(Reason.BAD_NAME, f"{wanted.place} is there already. Name a place where nothing is.")
    line = FarSideLine(wanted.place)
    if wanted.text:
        line.modem.arrive("+4366012345678", wanted.text)
    line.plug()
    say(f"modem:{wanted.place} can be opened now. What it is given stays here.")
    told = 0

    def look() -> bool:
        nonlocal told
        for one in line.modem.sent[told:]:
            say(f"{one.number}: {one.text}")
            if one.report:
                line.modem.report(told)
            told += 1
        return False

    try:
        _until(look, wanted.seconds)
        return 0
    finally:
        line.close()
