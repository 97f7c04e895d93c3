"""What waits for the printer: redeemed first, printed after; paper that runs out loses nothing.

The queue is on disk and holds the nonces and serials of what is to be printed, and nothing of what it says; a job is wiped when
its day is over. A job of which it is not known whether it came out is printed again, marked COPY.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from enum import StrEnum

from hardware.printer.printer import Printed, Printer, Status
from hub.client.db import StorageError
from hub.client.warnings import Holding
from kiosk.device_health import LOST, PRINTER_CODES, receipts_waiting
from kiosk.printing import Pages
from kiosk.store_jobs import Job, JobKind, JobStore

logger = logging.getLogger(__name__)

LOOK_S = 10.0
"""How often a printer that has nothing to do is asked how it is: staff hear of the last metre of paper before it is needed."""

AGAIN_S = 1.0
"""How soon a printer that could not print is tried again: whoever puts in paper watches it."""

WIPE_S = 3_600.0


class Queued(StrEnum):
    """What became of the wish to print."""

    QUEUED = "queued"
    KNOWN = "known"
    """This was asked for before: the same receipt is not printed twice by itself."""
    NOTHING = "nothing"
    """There is nothing to print: a refusal, or an act that this till does not know."""
    NO_PRINTER = "no_printer"
    FULL = "full"
    """Too many wait."""


class Jobs:
    """The print queue of one counter. All methods may be called from any thread and return at once.

    `printer` is None where the settings name none. `drawer`: whether a redemption opens the cash drawer. `now` is seconds of UTC.
    """

    def __init__(
        self,
        printer: Printer | None,
        store: JobStore,
        pages: Pages,
        now: Callable[[], float],
        *,
        drawer: bool = False,
    ) -> None:
        self._printer = printer
        self._store = store
        self._pages = pages
        self._now = now
        self._drawer = drawer
        self._status = Status()
        self._kick_wanted = threading.Event()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self._wiped_at = 0.0
        self._stopped = False

    def print_redemption(self, nonce: str, language: str | None = None) -> Queued:
        """Print the receipt of an accepted act, with its next-visit coupon where there is one, and open the drawer where the
        settings say so. The same act again prints nothing more. `language`: the shop's first where none is said."""
        if not self._pages.has_receipt(nonce):
            return Queued.NOTHING
        queued = self._add("receipt", nonce, language, copy=False)
        if queued == Queued.QUEUED and self._drawer:
            self._kick_wanted.set()
            self._wake.set()
        return queued

    def reprint(self, nonce: str, language: str | None = None) -> Queued:
        """Print an act's receipt again, marked COPY; one of the training mode is marked as such. Opens no drawer."""
        if not self._pages.has_receipt(nonce, practice=True):
            return Queued.NOTHING
        return self._add("receipt", nonce, language, copy=True)

    def print_coupon(self, serial: str, language: str | None = None) -> Queued:
        """Print a coupon that a shopper took at this kiosk. One whose code changes all the time is not for paper."""
        if not self._pages.has_coupon(serial):
            return Queued.NOTHING
        return self._add("coupon", serial, language, copy=False)

    def waiting(self) -> int:
        """How many wait for the printer."""
        return self._store.waiting(self._now()) if self._printer else 0

    def state_of(self, nonce: str) -> str:
        """How an act's receipt is: "waiting", "printing", "printed", or "" where none was asked for."""
        state = self._store.state_of(nonce)
        return {"begun": "printing"}.get(state, state) if state else ""

    def sentence(self) -> str:
        """What is wrong with the printer, for programs and shells; empty while all is well."""
        return self._status.sentence

    def holding(self) -> list[Holding]:
        """What is wrong with printing, for the counter's list of warnings."""
        if self._printer is None:
            return []
        found = []
        trouble = self._status.trouble
        if trouble:
            code = PRINTER_CODES.get(trouble, "printer-lost")
            found.append(Holding(code, LOST.get(trouble, "") if code == "printer-lost" else ""))
        elif self._status.paper == "near-end":
            found.append(Holding("printer-near-end"))
        waiting = self.waiting()
        if waiting:
            found.append(Holding("receipts-wait", receipts_waiting(waiting)))
        return found

    def try_out(self) -> None:
        """Ask the printer once, for a look from a shell while nothing runs. Not between `start` and `stop`."""
        if self._printer is not None:
            self._status = self._printer.status()

    def start(self) -> None:
        """Begin to print what waits."""
        if self._printer is not None:
            self._thread.start()

    def stop(self) -> None:
        """End after the page under way, within seconds. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self._stopping.set()
        self._wake.set()
        if self._printer is not None:
            if self._thread.ident is not None:
                self._thread.join(3)
            # A page that is still under way is broken off, and is a copy after the next start.
            self._printer.close()
            if self._thread.ident is not None:
                self._thread.join(5)

    # The thread

    def _add(self, kind: JobKind, what: str, language: str | None, *, copy: bool) -> Queued:
        if self._printer is None:
            return Queued.NO_PRINTER
        added = self._store.add(kind, what, self._pages.language(language), copy=copy, now=self._now())
        if added is None:
            return Queued.FULL
        self._wake.set()
        return Queued.QUEUED if added else Queued.KNOWN

    def _run(self) -> None:
        assert self._printer is not None  # noqa: S101 - the thread is started with a printer only
        pause_s = 0.0
        while not self._stopping.is_set():
            self._wake.wait(pause_s)
            self._wake.clear()
            if self._stopping.is_set():
                return
            try:
                pause_s = self._once(self._printer)
            except (StorageError, sqlite3.Error) as wrong:
                # What cannot be written down as begun is not begun: it waits until the disk is well.
                logger.warning("print queue: %s", wrong)
                pause_s = AGAIN_S

    def _once(self, printer: Printer) -> float:
        """Print one page, or ask how the printer is; how long to wait before the next."""
        now = self._now()
        if self._kick_wanted.is_set():
            # Not kept on disk: a drawer that opens after a restart helps nobody.
            self._kick_wanted.clear()
            printer.kick()
        if abs(now - self._wiped_at) >= WIPE_S:
            self._wiped_at = now
            self._store.wipe(now)
        job = self._store.next(now)
        if job is None or self._status.trouble:
            # A printer that could not print is asked before it is tried again: each try is written down.
            self._status = printer.status()
        if job is None:
            return LOOK_S
        if self._status.trouble:
            return AGAIN_S
        try:
            return self._print(printer, job)
        except (StorageError, sqlite3.Error):
            raise
        except Exception:
            # One page that cannot be made must not keep all others from being printed.
            logger.exception("print job %s was given up", job.id)
            self._store.drop(job)
            return AGAIN_S

    def _print(self, printer: Printer, job: Job) -> float:
        page = self._pages.page(job)
        if page is None:
            self._store.drop(job)
            return 0.0
        self._store.begin(job)
        outcome = printer.print(page)
        if isinstance(outcome, Printed):
            self._store.printed(job, self._now())
            return 0.0
        logger.warning("printer: %s", outcome.sentence)
        if not outcome.begun:
            self._store.not_begun(job)
        self._status = Status(outcome.reason)
        return AGAIN_S
