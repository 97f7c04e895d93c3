"""A receipt printer that speaks ESC/POS, over any wire: asked before, watched while it prints, asked for its word at the end.

The printer is asked how it is before the first dot. While it prints it tells what changes (automatic status back), and where it
takes nothing more it is watched until it does or says why not. The page has come out when the answer to a mark behind it is back.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from hardware.printer import escpos
from hardware.printer.escpos import Changed, Marked, RealTime, Replies, Reply
from hardware.printer.page import Page
from hardware.printer.painting import NoFont, paint, rows_of
from hardware.printer.printer import NotPrinted, Printed, Status, Trouble, not_printed
from hardware.printer.wires import Wire

ANSWER_S = 2.0
"""A printer answers a real-time question in milliseconds, on a slow line in tens; a busy till may hear it late."""

STALL_S = 12.0
"""The slowest prints 50 mm a second and its buffer holds less than a receipt: longer than this without a sign is no printing."""

LOOK_S = 0.1
LOOK_AGAIN_S = 1.0
QUIET_END_S = 3.0
"""Printers that know no mark (GS r) are believed after this, while they say that all is well."""

_LINES: dict[int, Trouble] = {
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
    errno.EBUSY: "busy",
}


T = TypeVar("T")


class _Broken(Exception):
    """The page cannot go on; why."""

    def __init__(self, reason: Trouble) -> None:
        super().__init__(reason)
        self.reason = reason


class EscPosPrinter:
    """One printer. `open_wire` is called when it is needed; with `keep` the wire stays open between pages, as a serial line and a
    device file should, while a network printer is let go for others. `asks`: whether it can say how it is."""

    def __init__(
        self,
        described: str,
        open_wire: Callable[[], Wire],
        *,
        paper_mm: int,
        keep: bool,
        asks: bool = True,
        drawer_pin: int = 2,
        simulated: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.simulated = simulated
        self._described = described
        self._open_wire = open_wire
        self._paper_mm = paper_mm
        self._keep = keep
        self._asks = asks
        self._pin = drawer_pin
        self._clock = clock
        self._one = threading.Lock()
        self._wire: Wire | None = None
        self._replies = Replies()
        self._owed = 0
        self._marked = False
        self._closed = threading.Event()

    def print(self, page: Page) -> Printed | NotPrinted:
        """Print a page, cut it off, and wait for the printer to say so."""
        try:
            rows, width = rows_of(paint(page, self._paper_mm))
        except NoFont:
            return not_printed("no-font")
        with self._one:
            return self._session(lambda wire: self._print(wire, rows, width))

    def status(self) -> Status:
        """Ask how it is."""
        if not self._asks:
            return Status(answers=False)
        with self._one:
            found = self._session(self._status)
        return Status(found.reason, answers=False) if isinstance(found, NotPrinted) else found

    def kick(self) -> bool:
        """Open the drawer, also while there is no paper."""
        with self._one:
            return self._session(self._kick) is True

    def describe(self) -> str:
        """One line for screens."""
        return self._described

    def close(self) -> None:
        """Let go of it."""
        self._closed.set()
        with self._one:
            self._let_go()

    # One thing at a time

    def _session(self, act: Callable[[Wire], T]) -> T | NotPrinted:
        if self._closed.is_set():
            return not_printed("closed")
        done: T | NotPrinted
        try:
            if self._wire is None:
                self._wire = self._open_wire()
                self._replies = Replies()
            done = act(self._wire)
        except OSError as wrong:
            self._let_go()
            return not_printed(_LINES.get(wrong.errno or 0, "lost"))
        except _Broken as broken:
            done = not_printed(broken.reason)
        if not self._keep:
            self._let_go()
        return done

    def _let_go(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            with contextlib.suppress(OSError):
                wire.close()

    def _print(self, wire: Wire, rows: bytes, width: int) -> Printed | NotPrinted:
        if self._asks:
            before = self._status(wire)
            if before.trouble:
                return not_printed(before.trouble)
        began = False
        try:
            for piece in self._pieces(rows, width):
                began = True
                self._owed = len(piece)
                self._send(wire, piece)
            sure = self._wait_for_end(wire) if self._asks else False
        except OSError:
            self._let_go()
            return not_printed("lost", begun=began)
        except _Broken as broken:
            return not_printed(broken.reason, begun=began)
        self._owed = 0
        return Printed(sure)

    def _pieces(self, rows: bytes, width: int) -> Iterable[bytes]:
        if self._owed:
            # A page broke off. A printer that was in the middle of a picture takes what comes next for the rest of it, so it gets
            # that rest, white; one that could forget it passes zeros over. Then what is left of that page is cut off.
            yield escpos.CLEAR + bytes(self._owed) + escpos.START + escpos.CUT
        yield escpos.START + (escpos.TELL_CHANGES if self._asks else b"")
        yield from escpos.raster(rows, width)
        yield escpos.CUT

    def _send(self, wire: Wire, data: bytes) -> None:
        moved_at = self._clock()
        while data:
            taken = wire.write(data, LOOK_S)
            data = data[taken:]
            now = self._clock()
            moved_at = now if taken else moved_at
            for reply in self._heard(wire, 0.0):
                if isinstance(reply, Changed) and reply.status.trouble:
                    raise _Broken(reply.status.trouble)
            if self._closed.is_set():
                raise _Broken("closed")
            if now - moved_at > STALL_S:
                raise _Broken("off-line")

    def _wait_for_end(self, wire: Wire) -> bool:
        """Whether the printer itself said that all of it is on paper."""
        self._marked = False
        self._send(wire, escpos.MARK)
        sent_at = looked_at = self._clock()
        well_since: float | None = None
        while True:
            if self._marked:
                return self._is_well(wire)
            for reply in self._heard(wire, LOOK_S):
                if isinstance(reply, Changed) and reply.status.trouble:
                    raise _Broken(reply.status.trouble)
            now = self._clock()
            if self._closed.is_set():
                raise _Broken("closed")
            if now - looked_at >= LOOK_AGAIN_S:
                looked_at = now
                well_since = (well_since or now) if self._is_well(wire) else None
            if well_since is not None and now - well_since >= QUIET_END_S:
                return False
            if now - sent_at > STALL_S:
                raise _Broken("off-line")

    def _is_well(self, wire: Wire) -> bool:
        """True where it says that it is well; raises what it says else, and is False where it says nothing."""
        status = self._status(wire)
        if status.trouble == "silent":
            return False
        if status.trouble:
            raise _Broken(status.trouble)
        return True

    def _status(self, wire: Wire) -> Status:
        """Its answers to four questions, one after the other, as they carry no name."""
        for _ in self._heard(wire, 0.0):
            pass
        octets = []
        for question in (escpos.ASK_PRINTER, escpos.ASK_OFFLINE, escpos.ASK_ERROR, escpos.ASK_PAPER):
            octet = self._ask(wire, question)
            if octet is None:
                return Status("silent", answers=False)
            octets.append(octet)
        return escpos.read_status(*octets)

    def _ask(self, wire: Wire, question: bytes) -> int | None:
        until = self._clock() + ANSWER_S
        while question:
            taken = wire.write(question, LOOK_S)
            question = question[taken:]
            if question and self._clock() > until:
                return None
        while (left_s := until - self._clock()) > 0:
            for reply in self._heard(wire, min(left_s, LOOK_S)):
                if isinstance(reply, RealTime):
                    return reply.octet
        return None

    def _heard(self, wire: Wire, timeout_s: float) -> list[Reply]:
        said = wire.read(timeout_s) if self._asks else b""
        replies = self._replies.feed(said) if said else []
        self._marked = self._marked or any(isinstance(reply, Marked) for reply in replies)
        return replies

    def _kick(self, wire: Wire) -> bool:
        blocked = self._asks and self._status(wire).trouble is not None
        self._send(wire, escpos.kick_now(self._pin) if blocked else escpos.kick(self._pin))
        return True
