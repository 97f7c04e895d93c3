"""Making a modem ready: echo off, errors as numbers, PDU mode, the SIM card open, what comes is told.

Every step that a modem need not know is asked and not insisted on; what has to be is: it answers, and it speaks PDU.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from hardware.modem.at import Answer, News
from hardware.modem.modem import Status
from hardware.modem.talk import Hung, Talk
from hardware.modem.trouble import SIM_BUSY, WANTS_PIN, WANTS_PUK, WRONG_PIN, no_sim

WRONG = "The SIM card does not take this PIN, and it is not tried again. Correct it in the modem's name, then start anew."
FEW = "The SIM card has had a wrong PIN before. Put it into a phone, open it with its PIN once, and put it back."
NO_PDU = "This modem does not speak PDU mode (AT+CMGF=0). Use another: the README names some."


class Pin:
    """The SIM card's PIN. A wrong one is tried once and never again: the third locks the card."""

    def __init__(self, digits: str) -> None:
        self._digits = digits
        self._refused = False

    def enter(self, talk: Talk) -> str:
        """Open the card; "" or what is wrong."""
        if not self._digits:
            return no_sim(WANTS_PIN)
        if self._refused:
            return WRONG
        left = re.search(r'"?SIM PIN"?, ?(\d+)', " ".join(talk.ask('AT+CPINR="SIM PIN"').lines))
        if left and int(left[1]) < 3:
            return FEW
        answer = talk.ask(f'AT+CPIN="{self._digits}"', talk.times.opening)
        if answer.good:
            return ""
        self._refused = answer.code == WRONG_PIN or answer.code is None
        return WRONG if self._refused else no_sim(answer.code)


@dataclass(frozen=True, slots=True)
class Ready:
    """A modem that is ready, or why not in its status. `acks`: it waits for our word (AT+CNMA) on what it gives directly."""

    status: Status
    acks: bool = False
    memories: tuple[str, ...] = ()


def make_ready(talk: Talk, pin: Pin, wait: Callable[[float], object], clock: Callable[[], float]) -> Ready:
    """Make it ready; Hung where it falls silent."""
    if not talk.escape():
        raise Hung("AT", handed_over=False)
    # What it said while it started is old news.
    talk.unasked = deque((said for said in talk.unasked if not isinstance(said, News)), talk.unasked.maxlen)
    talk.ask("ATE0")
    talk.ask("AT+CMEE=1")
    model = " ".join(
        filter(None, (_first(talk.ask("AT+CGMI", prefix="")), _first(talk.ask("AT+CGMM", prefix=""))))
    )
    if trouble := _open_card(talk, pin, wait, clock):
        return Ready(Status(False, trouble, model=model))
    # The card may take a moment until its messages can be read.
    until = clock() + talk.times.opening
    while not (answer := talk.ask("AT+CMGF=0")).good:
        if answer.code != SIM_BUSY or clock() > until:
            return Ready(Status(False, NO_PDU, model=model))
        wait(talk.times.again / 4)
    acks = "1" in _fields(talk.ask("AT+CSMS=1"))
    memories = _memories(talk)
    # Also while nobody listens: what is stored waits, what was given directly would be lost.
    route(talk)
    return Ready(look(talk, Status(True, model=model)), acks, memories)


def route(talk: Talk) -> None:
    """Have what comes stored and told; reports stored, else given directly, else none."""
    talk.try_all(
        "AT+CNMI=2,1,0,2,0",
        "AT+CNMI=1,1,0,2,0",
        "AT+CNMI=2,1,0,1,0",
        "AT+CNMI=1,1,0,1,0",
        "AT+CNMI=2,1,0,0,0",
    )


def look(talk: Talk, before: Status) -> Status:
    """Whether there is a network, and how well it is heard."""
    signal = re.search(r"(\d+),", " ".join(talk.ask("AT+CSQ").lines))
    strength = int(signal[1]) if signal else 99
    return replace(
        before,
        network=has_network(talk),
        # 3GPP TS 27.007, 8.5: steps of 2 dB from -113 dBm; 99 is not known.
        signal_dbm=-113 + 2 * strength if strength <= 31 else None,
    )


def has_network(talk: Talk) -> bool:
    """Whether it is registered (1, 5; 6 and 7 for messages only). A modem that cannot say is believed to be."""
    said = False
    for name in ("CREG", "CEREG"):
        state = re.search(r"\d+, ?(\d+)", " ".join(talk.ask(f"AT+{name}?").lines))
        if state:
            said = True
            if state[1] in ("1", "5", "6", "7"):
                return True
    return not said


def _open_card(talk: Talk, pin: Pin, wait: Callable[[float], object], clock: Callable[[], float]) -> str:
    """Open the SIM card; "" or what is wrong."""
    entered = False
    until = clock() + talk.times.opening
    while True:
        answer = talk.ask("AT+CPIN?")
        state = " ".join(answer.lines)
        if answer.good and ("READY" in state or state.endswith("2")):
            # What a second PIN opens is no business of messages.
            return ""
        if answer.good and "SIM PIN" in state:
            if not entered and (trouble := pin.enter(talk)):
                return trouble
            entered = True
        elif answer.good:
            return no_sim(WANTS_PUK)
        elif not answer.kind:
            # A modem without the command, as some for machines have a card that is always open.
            return ""
        elif answer.code != SIM_BUSY:
            return no_sim(answer.code)
        if clock() > until:
            return no_sim(answer.code)
        wait(talk.times.again / 4)


def _memories(talk: Talk) -> tuple[str, ...]:
    """Where messages and reports lie: where those that come are put, and SR where there is one."""
    now = re.findall(r'"(\w+)"', " ".join(talk.ask("AT+CPMS?").lines))
    there = re.findall(r'"(\w+)"', " ".join(talk.ask("AT+CPMS=?").lines))
    names = [*now[2:3], *(["SR"] if "SR" in there else [])]
    return tuple(dict.fromkeys(names))


def _first(answer: Answer) -> str:
    return answer.lines[0].partition(":")[2].strip() or answer.lines[0].strip() if answer.lines else ""


def _fields(answer: Answer) -> list[str]:
    return re.findall(r"\d+", answer.lines[0])[:1] if answer.good and answer.lines else []
