"""`printer:sim`: a printer in memory that keeps what it printed; the same mechanism behind a socket or a terminal for tests.

Faults are set on `mechanism`; `pull()` takes the line away, `lose_after` does so in the middle of a page.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image

from hardware.printer.driver import EscPosPrinter
from hardware.printer.mechanism import Mechanism, Sheet
from hardware.printer.painting import WIDTHS
from hardware.wishes import one_of, read_wishes


class SimLine:
    """A mechanism and the line to it, for several threads."""

    def __init__(self, paper_mm: int) -> None:
        self.mechanism = Mechanism(WIDTHS[paper_mm] // 8)
        self.lose_after: int | None = None
        self._there = True
        self._changed = threading.Condition()

    @contextmanager
    def hands(self) -> Iterator[Mechanism]:
        """The mechanism, for whoever opens a cover or puts in paper."""
        with self._changed:
            yield self.mechanism
            self._changed.notify_all()

    def pull(self, there: bool = False) -> None:
        """Pull the cable out, or put it in again."""
        with self._changed:
            self._there = there
            self._changed.notify_all()

    @property
    def there(self) -> bool:
        """Whether the cable is in."""
        with self._changed:
            return self._there

    def pictures(self) -> list[Image.Image]:
        """What it printed, one picture for each piece of paper, the oldest first."""
        with self._changed:
            return [
                _picture(sheet, self.mechanism.width_bytes) for sheet in self.mechanism.sheets if sheet.rows
            ]

    def wait_for(self, wanted: Callable[[Mechanism], bool], within_s: float) -> bool:
        """Whether the mechanism comes to be so within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: wanted(self.mechanism), within_s)

    def open_wire(self) -> SimWire:
        """A new connection."""
        with self._changed:
            if not self._there:
                raise OSError(errno.ENOENT, "unplugged")
        return SimWire(self)

    def write(self, data: bytes, timeout_s: float) -> int:
        """As a wire."""
        with self._changed:
            self._changed.wait_for(lambda: self.mechanism.room() or not self._there, timeout_s)
            self._insist()
            taken = data[: self.mechanism.room()]
            if self.lose_after is not None:
                taken = taken[: self.lose_after]
                self.lose_after -= len(taken)
                self._there = self.lose_after > 0
                self.lose_after = self.lose_after or None
            self.mechanism.feed(taken)
            self._changed.notify_all()
            return len(taken)

    def read(self, timeout_s: float) -> bytes:
        """As a wire."""
        said = bytearray()

        def hears() -> bool:
            said.extend(self.mechanism.answers())
            return bool(said) or not self._there

        with self._changed:
            self._changed.wait_for(hears, timeout_s)
            self._insist()
            return bytes(said)

    def hang_up(self) -> None:
        """The connection has ended."""
        with self._changed:
            self.mechanism.hang_up()

    def _insist(self) -> None:
        if not self._there:
            raise OSError(errno.EIO, "unplugged")


class SimWire:
    """One connection to a simulated printer."""

    def __init__(self, line: SimLine) -> None:
        self._line = line

    def write(self, data: bytes, timeout_s: float) -> int:
        """How many octets it took."""
        return self._line.write(data, timeout_s)

    def read(self, timeout_s: float) -> bytes:
        """What it said."""
        return self._line.read(timeout_s)

    def close(self) -> None:
        """Hang up."""
        self._line.hang_up()


class SimPrinter(EscPosPrinter):
    """A printer in memory. `line` is its other side."""

    def __init__(self, paper_mm: int, *, asks: bool, drawer_pin: int) -> None:
        self.line = SimLine(paper_mm)
        super().__init__(
            f"Simulated printer, {paper_mm} mm paper",
            self.line.open_wire,
            paper_mm=paper_mm,
            keep=True,
            asks=asks,
            drawer_pin=drawer_pin,
            simulated=True,
        )


def _picture(sheet: Sheet, width_bytes: int) -> Image.Image:
    rows = b"".join(sheet.rows)
    picture = Image.frombytes("1", (width_bytes * 8, len(sheet.rows)), rows)
    return picture.point(lambda level: 255 - level).convert("L")


def open_printer(argument: str, paper_mm: int = 80) -> SimPrinter:
    """The printer of `printer:sim`."""
    _, wishes = read_wishes(
        "printer:sim", argument, {"status": one_of("yes", "no"), "drawer": one_of("2", "5")}
    )
    return SimPrinter(
        paper_mm, asks=wishes.get("status", "yes") == "yes", drawer_pin=int(wishes.get("drawer", "2"))
    )
