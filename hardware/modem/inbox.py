"""What has come: read off the modem's memories, put together, given to the owner, and then only taken away."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import OrderedDict
from collections.abc import Callable

from hardware.modem.at import Answer, Came, Kept
from hardware.modem.awaited import Awaited
from hardware.modem.fields import BadPdu
from hardware.modem.joining import Joined, Joiner
from hardware.modem.modem import Owner, Received, Report
from hardware.modem.pdu import Deliver, StatusReport, outcome_of, read_incoming
from hardware.modem.talk import Talk

logger = logging.getLogger(__name__)

Place = tuple[str, int]

MOST_KEYS = 1_024
"""Keys of what was given, so that what could not be taken away is not given again while this program runs."""

MOST_HELD = 64
"""Messages that came directly and that the owner could not keep yet."""


class Inbox:
    """One modem's. `memories` are those that are looked through; more come as they are told of."""

    def __init__(self, awaited: Awaited, clock: Callable[[], float]) -> None:
        self.owner: Owner | None = None
        self.memories: dict[str, None] = {}
        self.acks = False
        self.unacknowledged = False
        """Something was not acknowledged, and the modem may have stopped to tell of what comes (TS 27.005, 3.4.4)."""
        self._awaited = awaited
        self._clock = clock
        self._joiner: Joiner[Place] = Joiner()
        self._octets: dict[Place, str] = {}
        """What lies at the places of parts, as digests."""
        self._given: OrderedDict[str, None] = OrderedDict()
        self._held: OrderedDict[str, Received | Report] = OrderedDict()

    def begin(self, memories: tuple[str, ...], *, acks: bool) -> None:
        """A modem is ready, which need not hold the same card as the one before: places are read anew."""
        self.memories = dict.fromkeys(memories)
        self.acks = acks
        self._joiner.displace()
        self._octets.clear()

    def note(self, kept: Kept) -> None:
        """The modem told of something in this memory."""
        # MT is both the card and the modem's own: what lies there would be seen twice, at two places.
        if "MT" not in self.memories:
            self.memories.setdefault(kept.memory)

    def collect(self, talk: Talk) -> bool:
        """Look through the memories; whether all that is whole has an owner now."""
        if self.owner is None:
            return True
        well = self._give_held()
        # One that tells of no memory has one all the same.
        for memory in list(self.memories) or [""]:
            if memory and not talk.ask(f'AT+CPMS="{memory}"', talk.times.lists).good:
                continue
            well = self._collect(talk, memory) and well
        return well

    def _give_held(self) -> bool:
        """Whether the owner has all that came directly."""
        # Each is tried, whatever became of the one before.
        return sum(not self._give(thing) for thing in list(self._held.values())) == 0

    def _collect(self, talk: Talk, memory: str) -> bool:
        answer = talk.ask("AT+CMGL=4", talk.times.lists)
        well = True
        for index, pdu in _listed(answer):
            read = _read(pdu)
            if isinstance(read, Deliver) and read.piece and _digest(pdu) in self._given:
                # Of a message that is kept: the plug was pulled before this part could be taken away.
                self._empty(talk, memory, index)
            elif isinstance(read, Deliver):
                joined = self._joiner.add(read, (memory, index), self._clock())
                if read.piece:
                    self._octets[memory, index] = _digest(pdu)
                well = self._take(joined, talk) and well
            elif isinstance(read, StatusReport):
                well = self._take_report(read, pdu, (memory, index), talk) and well
            else:
                # It will never be readable, and the card has room for few.
                logger.warning("modem: a message that is none was dropped (%d octets)", len(pdu))
                self._empty(talk, memory, index)
        return self._take(self._joiner.late(self._clock()), talk) and well

    def came(self, came: Came, talk: Talk) -> bool:
        """Something came directly, and is acknowledged when the owner has it; whether it has.

        A part of a long message is acknowledged when it is held here: the network does not wait for the others.
        """
        read = _read(came.pdu)
        if isinstance(read, Deliver):
            well = self._take(self._joiner.add(read, None, self._clock()), talk)
        elif isinstance(read, StatusReport):
            well = self._take_report(read, came.pdu, None, talk)
        else:
            well = True
        if self.acks and well and self.owner is not None:
            # Modems that had our word already, or no longer wait for it, say so; nothing is lost by that.
            talk.ask("AT+CNMA")
        elif self.acks:
            self.unacknowledged = True
        return well

    def _take(self, joined: list[Joined[Place]], talk: Talk) -> bool:
        well = True
        for one in joined:
            message = Received(_key(one), one.first.sender, one.text, one.first.at, one.data, one.missing)
            if not self._give(message, hold=not one.places):
                well = False
                continue
            # All of its parts are remembered before the first is taken away.
            for place in one.places:
                self._remember(self._octets.pop(place, ""))
            for memory, index in one.places:
                self._empty(talk, memory, index)
        return well

    def _take_report(self, read: StatusReport, pdu: bytes, place: Place | None, talk: Talk) -> bool:
        outcome = outcome_of(read.status)
        key = hashlib.sha256(b"report\0" + pdu).hexdigest()
        ticket = self._awaited.ticket(read.reference, read.number, final=False)
        report = Report(key, read.number, read.reference, outcome, read.status, read.done_at, ticket)
        if not self._give(report, hold=place is None):
            return False
        if outcome != "waiting":
            self._awaited.ticket(read.reference, read.number, final=True)
        if place:
            self._empty(talk, *place)
        return True

    def _empty(self, talk: Talk, memory: str, index: int) -> None:
        # A long message's parts may lie in several memories.
        if memory and len(self.memories) > 1 and not talk.ask(f'AT+CPMS="{memory}"', talk.times.lists).good:
            # The place would be one of another memory. It is taken away the next time.
            return
        talk.ask(f"AT+CMGD={index}", talk.times.lists)

    def _give(self, thing: Received | Report, *, hold: bool = False) -> bool:
        """Whether the owner has it."""
        if thing.key in self._given:
            self._held.pop(thing.key, None)
            return True
        if not self._kept_by_owner(thing):
            if hold:
                self._held[thing.key] = thing
                while len(self._held) > MOST_HELD:
                    self._held.popitem(last=False)
            return False
        self._held.pop(thing.key, None)
        self._remember(thing.key)
        return True

    def _remember(self, key: str) -> None:
        self._given[key] = None
        while len(self._given) > MOST_KEYS:
            self._given.popitem(last=False)

    def _kept_by_owner(self, thing: Received | Report) -> bool:
        if self.owner is None:
            return False
        try:
            if isinstance(thing, Received):
                self.owner.received(thing)
            else:
                self.owner.reported(thing)
        except Exception as wrong:  # noqa: BLE001 - whatever keeps the owner from keeping it, it stays here
            # No words of the message, and no number, in a log.
            logger.warning("modem: what came could not be kept yet (%s)", type(wrong).__name__)
            return False
        return True


def _digest(pdu: bytes) -> str:
    return hashlib.sha256(b"part\0" + pdu).hexdigest()


def _listed(answer: Answer) -> list[tuple[int, bytes]]:
    """The messages of AT+CMGL that came from the network (0: unread, 1: read), with their places."""
    found: list[tuple[int, bytes]] = []
    index = None
    for line in answer.lines:
        head = re.match(r"\+CMGL: ?(\d+), ?(\d+)", line)
        if head:
            index = int(head[1]) if head[2] in ("0", "1") else None
        elif index is not None:
            found.append((index, bytes.fromhex(line)))
            index = None
    return found


def _read(pdu: bytes) -> Deliver | StatusReport | None:
    try:
        return read_incoming(pdu)
    except BadPdu:
        return None


def _key(one: Joined[Place]) -> str:
    """The same for the same message, whenever and in whatever order its parts are read."""
    parts = [one.first.sender, one.first.at.isoformat() if one.first.at else "", one.text, one.data.hex()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
