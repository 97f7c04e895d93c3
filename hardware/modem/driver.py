"""`modem:/dev/ttyUSB2`: a GSM or LTE modem on a serial line, or one on USB that behaves like one.

`baud=115200` where the line is a real one (USB takes any); `pin=1234` opens the SIM card. One thread speaks with it: it opens the
line, makes the modem ready, sends, hears, and brings back in stages one that hangs: the dialogue is left, the modem set back
(ATZ), the line opened anew, the modem restarted (AT+CFUN=1,1). It need not be there yet, and may go and come back.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from hardware.finding import Finder, Place
from hardware.modem.at import Came, Kept
from hardware.modem.awaited import Awaited
from hardware.modem.inbox import Inbox
from hardware.modem.line import ModemLine
from hardware.modem.modem import Gate, Message, NotSent, Owner, Sent, Status
from hardware.modem.opening import Pin, Ready, look, make_ready, route
from hardware.modem.sending import Sender, refused_before
from hardware.modem.talk import LOOK_S, Held, Hung, Line, Talk, Times
from hardware.reasons import DeviceError, Found, Lost, Reason
from hardware.wishes import read_wishes, whole

logger = logging.getLogger(__name__)

BAUD = 115_200
MOST_QUEUED = 16
CLOSE_S = 5.0
"""How long `close` waits for a message under way; the network may take longer, and the thread ends by itself then."""

SILENT = "The modem does not answer, not even after a restart. Pull it out and plug it in again; where it stays so, replace it."
UNSURE = "The modem fell silent while it had the message: it may have gone out or not."
GONE = NotSent("gone", "The modem is not there. Plug it in: it is used as soon as it is.")
HELD = NotSent("held", "It was held back at the last moment.")
CLOSED = NotSent("closed", "The modem has been closed.")
BUSY = NotSent("busy", "Too many messages wait for the modem. Try again in a few seconds.")


@dataclass(frozen=True, slots=True)
class _Job:
    number: str
    text: str
    ticket: str
    gate: Gate | None
    done: Future[Sent | NotSent]


class RealModem:
    """One modem. Nothing of what it sends or hears is kept here but in memory."""

    simulated = False

    def __init__(
        self,
        where: str,
        open_line: Callable[[], Line],
        *,
        pin: str = "",
        times: Times | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._where = where
        self._finder: Finder[Line] = Finder(Place("modem", where), open_line, clock)
        self._times = times or Times()
        self._clock = clock
        self._pin = Pin(pin)
        awaited = Awaited()
        self._sender = Sender(awaited, self._wait)
        self._inbox = Inbox(awaited, clock)
        self._jobs: queue.Queue[_Job] = queue.Queue(MOST_QUEUED)
        self._gate = threading.Lock()
        self._talk: Talk | None = None
        self._status = Status(
            False, "The modem has not been found yet. Plug it in: it is used as soon as it is."
        )
        self._look_at = 0.0
        self._told: Lost | Found | None = None
        self._owner_told: Owner | None = None
        self._new_owner = threading.Event()
        self._thread = threading.Thread(target=self._run, name="modem-line", daemon=True)
        self._thread.start()

    @property
    def sent(self) -> tuple[Message, ...]:
        """Nothing: a real modem keeps nothing."""
        return ()

    def send(self, number: str, text: str, *, ticket: str = "", gate: Gate | None = None) -> Sent | NotSent:
        """Send it when those before are done."""
        refused = refused_before(number, text)
        if refused:
            return refused
        done: Future[Sent | NotSent] = Future()
        with self._gate:
            if self._finder.closing.is_set():
                return CLOSED
            try:
                self._jobs.put_nowait(_Job(number, text, ticket, gate, done))
            except queue.Full:
                return BUSY
        return done.result()

    def listen(self, owner: Owner) -> None:
        """Give what comes to this owner."""
        self._inbox.owner = owner
        self._new_owner.set()

    def status(self) -> Status:
        """How it was when it was last looked at."""
        return self._status

    def describe(self) -> str:
        """One line for screens."""
        model = self._status.model
        return f"Modem on {self._where}" + (f" ({model})" if model else "")

    def close(self) -> None:
        """Let go of it; waits a moment for a message under way."""
        with self._gate:
            self._finder.closing.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_S)

    # The thread

    def _run(self) -> None:
        while not self._finder.closing.is_set():
            try:
                self._turn()
            except OSError as wrong:
                self._lose(wrong)
            except Hung as hung:
                self._bring_back(hung)
            except Exception:
                # Whoever waits for an answer gets one, whatever is wrong here.
                logger.exception("modem: the driver failed")
                self._let_go()
                self._answer_all(NotSent("gone", SILENT))
                self._wait(self._times.again)
        self._let_go()
        self._answer_all(CLOSED)

    def _turn(self) -> None:
        talk = self._talk
        if self._new_owner.is_set():
            self._new_owner.clear()
            if self._inbox.owner is not self._owner_told:
                self._tell(self._told)
            self._look_at = 0.0 if self._status.ready else self._look_at
        if talk is None:
            self._find()
            return
        if not self._status.ready:
            if self._clock() >= self._look_at:
                self._start(talk)
            else:
                talk.wait(LOOK_S)
            if not self._status.ready:
                self._answer_all(NotSent("no-sim", self._status.sentence))
            return
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            talk.wait(LOOK_S)
        else:
            self._work(talk, job)
            # The line may have been opened anew for it: what came meanwhile is heard in the next turn.
            return
        if self._hear(talk) and self._clock() >= self._look_at:
            self._look_around(talk)

    def _find(self) -> None:
        found = self._finder.look(LOOK_S)
        if self._finder.line is not None:
            self._talk = Talk(self._finder.line, self._clock, self._times)
            self._start(self._talk)
        else:
            if isinstance(found, Lost):
                self._change(
                    replace(self._status, ready=False, network=False, sentence=found.sentence), found
                )
            self._answer_all(GONE)

    def _start(self, talk: Talk) -> None:
        ready = make_ready(talk, self._pin, self._wait, self._clock)
        self._begin(ready)

    def _begin(self, ready: Ready) -> None:
        self._inbox.begin(ready.memories, acks=ready.acks)
        if ready.status.ready:
            self._look_at = 0.0
            self._change(ready.status, Found())
        else:
            self._look_at = self._clock() + self._times.stuck
            self._change(ready.status, Lost(Reason.NO_SERVICE, ready.status.sentence))

    def _work(self, talk: Talk, job: _Job) -> None:
        answer: Sent | NotSent = NotSent("unsure", UNSURE)
        try:
            answer = self._send(talk, job)
        except OSError:
            answer = GONE if self._nothing_left(talk) else answer
            raise
        except Hung as hung:
            if not self._nothing_left(talk):
                raise
            answer = NotSent("gone", SILENT)
            if self._bring_back(hung) and self._talk is not None:
                # The modem answers again. A second time it is told.
                answer = self._once_more(self._talk, job)
        finally:
            job.done.set_result(answer)

    def _send(self, talk: Talk, job: _Job) -> Sent | NotSent:
        try:
            return self._sender.send(
                talk, job.number, job.text, job.ticket, lambda: self._hear(talk), job.gate
            )
        except Held:
            # It waits for a message that does not come.
            if not talk.escape():
                raise Hung("AT+CMGS", handed_over=False) from None
            return HELD

    def _once_more(self, talk: Talk, job: _Job) -> Sent | NotSent:
        try:
            return self._send(talk, job)
        except (OSError, Hung):
            self._let_go()
            return NotSent("gone", SILENT) if self._nothing_left(talk) else NotSent("unsure", UNSURE)

    def _nothing_left(self, talk: Talk) -> bool:
        return not (talk.handing_over or self._sender.begun)

    def _hear(self, talk: Talk) -> bool:
        """What came unasked; False where the modem has to be made ready anew."""
        while talk.unasked:
            said = talk.unasked.popleft()
            if isinstance(said, Came):
                if not self._inbox.came(said, talk):
                    self._look_at = self._clock() + self._times.again
            elif isinstance(said, Kept):
                self._inbox.note(said)
                self._look_at = 0.0
            elif said.line.startswith(("+CREG:", "+CEREG:")):
                self._look_at = 0.0
            elif said.line == "RDY" or said.line.startswith(("^BOOT", "+CPIN:")):
                # It has restarted by itself, and forgotten what it was told.
                self._status = replace(self._status, ready=False)
                self._look_at = 0.0
        return self._status.ready

    def _look_around(self, talk: Talk) -> None:
        self._look_at = self._clock() + self._times.look
        self._status = look(talk, self._status)
        if self._inbox.unacknowledged:
            self._inbox.unacknowledged = False
            route(talk)
        if not self._inbox.collect(talk):
            self._look_at = self._clock() + self._times.again

    # What goes wrong

    def _lose(self, wrong: OSError) -> None:
        self._talk = None
        lost = self._finder.lose(wrong)
        self._change(replace(self._status, ready=False, network=False, sentence=lost.sentence), lost)
        self._answer_all(GONE)
        # A line that opens and breaks at once must not keep a core busy.
        self._wait(LOOK_S)

    def _let_go(self) -> None:
        self._talk = None
        self._finder.let_go()

    def _bring_back(self, hung: Hung) -> bool:
        """Stage by stage, until it answers and is ready; whether it does."""
        logger.warning("modem: %s", hung)
        try:
            for stage in (self._by_escape, self._by_reset, self._by_opening, self._by_restart):
                if self._finder.closing.is_set():
                    return False
                try:
                    if stage():
                        logger.warning("modem: it answers again")
                        return self._status.ready
                except Hung:
                    continue
        except OSError as wrong:
            self._lose(wrong)
            return False
        self._let_go()
        self._change(
            replace(self._status, ready=False, network=False, sentence=SILENT), Lost(Reason.BROKEN, SILENT)
        )
        self._answer_all(NotSent("gone", SILENT))
        self._wait(self._times.stuck)
        return False

    def _by_escape(self) -> bool:
        if self._talk is None or not self._talk.escape():
            return False
        self._start(self._talk)
        return True

    def _by_reset(self) -> bool:
        if self._talk is None:
            return False
        self._talk.ask("ATZ")
        self._start(self._talk)
        return True

    def _by_opening(self) -> bool:
        self._let_go()
        # So that the modem sees the line fall (DTR) before it rises again.
        self._wait(min(1.0, self._times.again))
        return self._opened(self._times.answer)

    def _by_restart(self) -> bool:
        """Restart it: it may vanish from USB meanwhile. What it says to this does not count."""
        if self._finder.line is not None:
            talk = Talk(self._finder.line, self._clock, self._times)
            try:
                talk.ask("AT+CFUN=1,1")
            except Hung:
                logger.warning("modem: it does not even answer to a restart")
            except OSError:
                logger.warning("modem: it is gone while it restarts")
        self._let_go()
        return self._opened(self._times.restart)

    def _opened(self, within_s: float) -> bool:
        """Open the line and make the modem ready, as often as it takes."""
        until = self._clock() + within_s
        while self._clock() < until and not self._finder.closing.is_set():
            if self._finder.line is None:
                self._finder.look(LOOK_S)
            if self._finder.line is None:
                continue
            self._talk = Talk(self._finder.line, self._clock, self._times)
            try:
                self._start(self._talk)
            except Hung:
                continue
            except OSError:
                self._let_go()
                continue
            return True
        return False

    # Telling

    def _change(self, status: Status, told: Lost | Found) -> None:
        self._status = status
        if told != self._told:
            self._told = told
            self._tell(told)

    def _tell(self, told: Lost | Found | None) -> None:
        owner = self._inbox.owner
        if owner is None or told is None:
            return
        self._owner_told = owner
        try:
            owner.told(told)
        except Exception as wrong:  # noqa: BLE001 - an owner's trouble is not the modem's
            logger.warning("modem: what happened could not be told (%s)", type(wrong).__name__)

    def _answer_all(self, answer: NotSent) -> None:
        while True:
            try:
                self._jobs.get_nowait().done.set_result(answer)
            except queue.Empty:
                return

    def _wait(self, seconds: float) -> None:
        self._finder.closing.wait(seconds)


def open_modem(
    argument: str, times: Times | None = None, clock: Callable[[], float] = time.monotonic
) -> RealModem:
    """The modem of `modem:PORT[,baud=N,pin=N]`. It need not be there yet."""
    port, wishes = read_wishes("modem", argument, {"baud": whole(300, 4_000_000), "pin": str})
    baud, pin = wishes.get("baud", BAUD), wishes.get("pin", "")
    # The sentence does not repeat the PIN: names of devices are logged.
    if pin and not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise DeviceError(Reason.BAD_NAME, "modem: pin= has to be four to eight digits.")
    return RealModem(port, lambda: ModemLine(port, baud), pin=pin, times=times, clock=clock)
