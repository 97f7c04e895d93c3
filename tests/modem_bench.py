"""A modem on the bench: the simulated one, or the real driver with a simulated modem at the far end of a pseudo terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from hardware.device import open_device
from hardware.modem.far_side import Faults
from hardware.modem.far_side_line import FarSideLine
from hardware.modem.modem import Received, Report, TwoWayModem
from hardware.modem.talk import Times
from hardware.reasons import Found, Lost

NUMBER = "+4366012345678"
SOON_S = 20.0

QUICK = Times(
    answer=0.3, prompt=0.5, network=1.0, lists=2.0, opening=1.0, again=0.1, look=60.0, restart=2.0, stuck=0.2
)
"""A modem on a pseudo terminal answers in milliseconds."""


def until(what: Callable[[], object], within_s: float = SOON_S) -> None:
    """Wait for something, not longer than that."""
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


class Keeper:
    """An owner, who keeps in memory. `full`: it can keep nothing at the moment."""

    def __init__(self) -> None:
        self.messages: list[Received] = []
        self.reports: list[Report] = []
        self.news: list[Lost | Found] = []
        self.full = False
        self.refused = threading.Event()
        self.kept: Callable[[], None] = lambda: None

    def received(self, message: Received) -> None:
        self._ready()
        self.messages.append(message)
        self.kept()

    def reported(self, report: Report) -> None:
        self._ready()
        self.reports.append(report)
        self.kept()

    def told(self, what: Lost | Found) -> None:
        self.news.append(what)

    def _ready(self) -> None:
        if self.full:
            self.refused.set()
            raise OSError("no space left on device")

    def texts(self) -> list[tuple[str, str]]:
        return [(one.number, one.text) for one in self.messages]


class SimBench:
    """`modem:sim`."""

    def __init__(self, folder: Path) -> None:
        self.sim = open_device("modem:sim:delay=0")
        self.modem: TwoWayModem = self.sim
        self.keeper = Keeper()
        self._references: tuple[int, ...] = ()

    def arrive(self, number: str, text: str) -> None:
        self.sim.arrive(number, text)

    def report(self, reference: int, status: int = 0) -> None:
        self.sim.report(reference, status)

    def unplug(self) -> None:
        self.sim.unplug()

    def plug(self) -> None:
        self.sim.plug()

    def network(self, there: bool) -> None:
        self.sim.network = there

    def taken(self) -> list[tuple[str, str]]:
        """What the network has."""
        return [(one.number, one.text) for one in self.sim.sent]

    def close(self) -> None:
        self.modem.close()


class FarBench(SimBench):
    """The driver, a pseudo terminal, a modem that speaks AT.

    `open_modem` opens another driver on the same modem, as after a restart of the program.
    """

    def __init__(
        self,
        folder: Path,
        faults: Faults | None = None,
        *,
        plugged: bool = True,
        pin: str = "",
        times: Times = QUICK,
    ) -> None:
        self.line = FarSideLine(folder / "ttyModem", faults=faults)
        if plugged:
            self.line.plug()
        self._times = times
        self._pin = f",pin={pin}" if pin else ""
        self.keeper = Keeper()
        self.modem = self.open_modem()
        if plugged and not pin and (faults is None or faults.sim == "READY"):
            until(lambda: self.modem.status().ready)

    def open_modem(self) -> TwoWayModem:
        opened: TwoWayModem = open_device(
            f"modem:{self.line.place},baud=115200{self._pin}", times=self._times
        )
        return opened

    @property
    def far(self) -> FarSideLine:
        return self.line

    def arrive(self, number: str, text: str) -> None:
        self.line.modem.arrive(number, text)

    def report(self, reference: int, status: int = 0) -> None:
        at = next(n for n, one in enumerate(self.line.modem.sent) if one.reference == reference)
        self.line.modem.report(at, status)

    def unplug(self) -> None:
        self.line.unplug()

    def plug(self) -> None:
        self.line.plug()

    def network(self, there: bool) -> None:
        self.line.modem.faults.registered = 1 if there else 2

    def taken(self) -> list[tuple[str, str]]:
        texts: list[tuple[str, str]] = []
        for one in self.line.modem.sent:
            if one.piece and one.piece.number > 1:
                number, before = texts.pop()
                assert number == one.number
                texts.append((number, before + one.text))
            else:
                texts.append((one.number, one.text))
        return texts

    def close(self) -> None:
        self.modem.close()
        self.line.close()
