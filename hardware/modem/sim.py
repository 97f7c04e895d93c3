"""A simulated modem: `modem:sim`, or with wishes `modem:sim:delay=2,network=0,credit=5,refuse=0.1,seed=7`.

It keeps the rules of a real one and sends nothing to anybody: one message at a time, seconds for each part, no network, no
credit, refusals of the network, a plug that can be pulled. What it "sent" can be read from `sent`; whoever holds the object lets
messages arrive. (A simulated modem that speaks AT, for the real driver, is `far_side.py`.)
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime

from hardware.device import DeviceError, Reason
from hardware.modem.modem import Gate, Message, NotSent, Owner, Received, Report, Sent, Status
from hardware.modem.pdu import outcome_of
from hardware.modem.sim_inbox import SimInbox
from hardware.modem.text import weigh
from hardware.reasons import Found, Lost

KEPT = 200
"""Messages that can be read again; older ones are forgotten."""

MOST_PARTS = 10
"""TS 23.040 allows 255; networks and phones give up long before."""

SECONDS_A_PART = 2.0
"""A modem on LTE or GSM takes two to six seconds until the network has answered."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class SimModem:
    """Sends into a list. `network` and `credit` (parts that are still paid; None: no end) may be changed while it runs."""

    simulated = True

    def __init__(
        self,
        *,
        delay_s: float = SECONDS_A_PART,
        network: bool = True,
        credit: int | None = None,
        refuse: float = 0.0,
        seed: int = 0,
        sleep: Callable[[float], object] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.network = network
        self.credit = credit
        self._delay_s = delay_s
        self._refuse = refuse
        self._chance = random.Random(seed)
        self._closing = threading.Event()
        # Whoever closes the modem does not wait for the air.
        self._sleep = sleep or self._closing.wait
        self._now = now
        self._line = threading.Lock()
        self._kept: deque[Message] = deque(maxlen=KEPT)
        self._reference = 0
        self._parts = 100
        self._plugged = True
        self._inbox = SimInbox(self._closing)
        self._asked: dict[int, tuple[str, str]] = {}
        self._count = 0

    @property
    def sent(self) -> tuple[Message, ...]:
        """What it was given and took, the oldest first."""
        return tuple(self._kept)

    def send(self, number: str, text: str, *, ticket: str = "", gate: Gate | None = None) -> Sent | NotSent:
        """As a real modem: what is wrong is found before the air, or after the seconds that the network took to say so."""
        if not _E164.fullmatch(number):
            return NotSent("bad-number", "That is no number in international form, such as +4366012345678.")
        parts = weigh(text).parts
        if parts > MOST_PARTS:
            return NotSent(
                "too-long", f"The text needs {parts} messages; a modem sends at most {MOST_PARTS} for one."
            )
        if not self._line.acquire(blocking=False):
            return NotSent("busy", "The modem is sending another message. Try again in a few seconds.")
        try:
            return self._send(number, text, parts, ticket, gate)
        finally:
            self._line.release()

    def _send(self, number: str, text: str, parts: int, ticket: str, gate: Gate | None) -> Sent | NotSent:
        if self._closing.is_set():
            return NotSent("closed", "The modem has been closed.")
        if not self._plugged:
            return NotSent("gone", "The modem is not there. Plug it in: it is used as soon as it is.")
        if not self._hears_network():
            return NotSent("no-network", "The modem finds no network. Check antenna, SIM card and PIN.")
        with gate() if gate is not None else nullcontext(True) as go:
            if not go:
                return NotSent("held", "It was held back at the last moment.")
        self._sleep(self._delay_s * parts)
        if self._closing.is_set():
            return NotSent("closed", "The modem was closed while it sent.")
        if not self._hears_network():
            return NotSent("no-network", "The network was lost while the modem sent.")
        if self.credit is not None and self.credit < parts:
            return NotSent("no-credit", "The SIM card has no credit left. Top it up.")
        if self._chance.random() < self._refuse:
            return NotSent("refused", "The network did not take the message (CMS ERROR 38).")
        if self.credit is not None:
            self.credit -= parts
        self._kept.append(Message(number, text, self._now(), parts))
        self._reference = (self._reference + 1) % 256
        references = tuple((self._parts + part) % 256 for part in range(parts))
        self._parts = (self._parts + parts) % 256
        if ticket:
            self._asked |= dict.fromkeys(references, (number, ticket))
        return Sent(parts, self._reference, references)

    def _hears_network(self) -> bool:
        # Asked anew each time: it may go while a message is on the air.
        return self.network

    # What comes

    def listen(self, owner: Owner) -> None:
        """Give what comes to this owner."""
        self._inbox.listen(owner)

    def status(self) -> Status:
        """How it is."""
        return Status(self._plugged, network=self._plugged and self._hears_network(), model="simulated")

    def arrive(self, number: str, text: str) -> None:
        """A message for this modem; kept until an owner has it."""
        self._count += 1
        at = datetime.fromtimestamp(self._now(), UTC)
        self._inbox.put(Received(f"sim-{self._count}-{at.timestamp()}", number, text, at))

    def report(self, reference: int, status: int = 0) -> None:
        """What became of the part with this reference, where a report was asked for."""
        number, ticket = self._asked.get(reference, ("", ""))
        if not ticket:
            return
        self._count += 1
        at = datetime.fromtimestamp(self._now(), UTC)
        key = f"sim-{self._count}-{at.timestamp()}"
        self._inbox.put(Report(key, number, reference, outcome_of(status), status, at, ticket))

    def unplug(self) -> None:
        """Pull it out; what comes then lies at the network."""
        self._plugged = False
        self._inbox.pause(
            Lost(Reason.NOT_FOUND, "The modem is not there. Plug it in: it is used as soon as it is.")
        )

    def plug(self) -> None:
        """Put it in again."""
        self._parts = 100
        self._plugged = True
        self._inbox.go_on(Found())

    def describe(self) -> str:
        """One line for screens."""
        return "Simulated modem"

    def close(self) -> None:
        """Send no more."""
        self._closing.set()
        self._inbox.close()


def open_modem(argument: str) -> SimModem:
    """The modem of `modem:sim[:name=value,...]`; a name or value that makes no sense is an error."""
    wishes = {"delay": SECONDS_A_PART, "network": 1.0, "credit": -1.0, "refuse": 0.0, "seed": 0.0}
    for part in filter(None, argument.split(",")):
        name, _, value = part.partition("=")
        number = _number(value)
        if name not in wishes or number is None:
            raise DeviceError(
                Reason.BAD_NAME,
                f"modem:sim does not understand {part!r}. It takes {', '.join(wishes)}; modem:sim:delay=2,network=0.",
            )
        wishes[name] = number
    return SimModem(
        delay_s=wishes["delay"],
        network=wishes["network"] != 0,
        credit=None if wishes["credit"] < 0 else int(wishes["credit"]),
        refuse=wishes["refuse"],
        seed=int(wishes["seed"]),
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1e9 else None
