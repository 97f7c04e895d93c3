"""A shop with two members, two workers and one stop, interleaved as a seed says; what left, and when, against when the stop was
known."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hub.client.trouble import StorageError
from hub.ingest import read_batch, take
from hub.members.book import Book
from hub.members.consent import give, withdraw
from hub.members.people_key import PeopleKey
from hub.messages.channel import ChannelName, Gate, Listener, NotSent, Outcome, Outgoing, Sent, Unsure
from hub.messages.handing import LEASE_S, Hander
from hub.messages.outbox import Letter, Queued, queue, silence
from hub.messages.people import People
from hub.store.whole import HubStore
from hub.wire.events import ClockState, make_event, write_event
from hub.wire.events_members import ConsentWithdrawn
from hub.wire.events_messages import Why
from hub.wire.fact import Medium
from hub.wire.snapshot import Shop
from hub.wire.sync import SyncRequest
from hub.wire.sync_members import Fields
from tests.prove._stop_turns import Crash, Turns, TurnsPool, TurnsStore

NAMES = ["queuer", "first", "second", "stopper", "time"]
NODE = "till-1"
STOPS = ("page", "channel", "node", "number", "cancel", "forget")
MORNING = 1_795_000_000.0


class Awake(People):
    """Members for whom it is never night, and whom no cap holds up: what is looked at is the stop."""

    def moment(self, member: str, medium: Medium, why: Why, now: float) -> float:
        return now


class TurnsChannel:
    """A channel before, in and behind whose gate others come in between. What leaves is written down with when."""

    name: ChannelName = "modem"
    medium: Medium = "sms"

    def __init__(self, world: World) -> None:
        self.world = world

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        world = self.world
        world.turns.step()
        outcome = world.chance.choices(
            (Sent(1, (message.id,)), NotSent("gone"), Unsure("silent"), Unsure("nothing left")), (14, 2, 2, 1)
        )[0]
        with gate() as go:
            if not go:
                return NotSent("held")
            world.turns.step()
            if outcome not in (NotSent("gone"), Unsure("nothing left")):
                self.leave(message)
            world.turns.step()
        world.turns.step()
        return outcome

    def leave(self, message: Outgoing) -> None:
        """The last octets go."""
        number = int(message.id.rpartition("-")[2])
        self.world.left.setdefault(number, []).append(self.world.turns.happened())

    def listen(self, listener: Listener) -> None:
        """Nothing comes in here."""

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Made:
    """A letter of this interleaving: to whom, what for, and when it was in the outbox."""

    letter: Letter
    number: int
    queued_at: int


@dataclass
class Parts:
    """What a mistake may put others in the place of."""

    store: Callable[[Path, Turns], HubStore] = field(
        default=lambda path, turns: TurnsStore(TurnsPool(path, turns))
    )
    readers: Callable[[HubStore, PeopleKey], Awake] = field(default=lambda store, key: Awake(store, key, ""))
    channel: Callable[[World], TurnsChannel] = field(default=lambda world: TurnsChannel(world))


class World:
    """The shop, for many interleavings one after the other."""

    def __init__(self, folder: Path, parts: Parts | None = None) -> None:
        self.parts = parts or Parts()
        self.turns = Turns(NAMES)
        self.store = self.parts.store(folder / "hub.db", self.turns)
        self.store.shop.save(Shop(7, {"en": "Corner"}, timezone="Europe/Berlin"), MORNING)
        self.key = PeopleKey(bytes(range(32)))
        self.book = Book(self.store, self.key)
        self.now = MORNING
        self.seq = 0
        self.workers = 0
        self.chance = random.Random(0)
        self.left: dict[int, list[int]] = {}
        self.made: dict[str, Made] = {}
        self.known_at = 0
        self.crashes = 0
        self.kinds: dict[str, int] = {}

    def close(self) -> None:
        self.turns.close()
        self.store.close()

    def clock(self) -> ClockState:
        return "ntp"

    def play(self, seed: int) -> list[str]:
        """One interleaving; what was wrong with it."""
        self.chance = random.Random(seed)
        self.left, self.made, self.known_at = {}, {}, 0
        self.now = max(self.now, MORNING) + 10.0
        mark = f"{seed}-{self.seq}"
        members = [self._join(place) for place in range(2)]
        mailing = self.store.mailings.add("{}", "test", self.now)
        self.store.mailings.turn(mailing, "draft", "running", "test", self.now)
        kind = self.chance.choice(STOPS)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        letters = self._letters(mark, members, mailing)
        works: dict[str, Callable[[], None]] = {
            "queuer": lambda: self._queuer(letters),
            "first": self._worker,
            "second": self._worker,
            "stopper": lambda: self._stopper(kind, members[0], mailing),
            "time": self._time,
        }
        rate = self.chance.choice((0.0, 0.01, 0.04))
        self.turns.run(works, self.chance, {"first": rate, "second": rate, "queuer": rate / 2})
        self._drain()
        return [
            f"interleaving {seed}, stop by {kind}: {wrong}"
            for wrong in self._judge(kind, members[0], mailing)
        ]

    # The actors

    def _letters(self, mark: str, members: list[str], mailing: int) -> list[Letter]:
        whys: list[tuple[Why, int]] = [("campaign", mailing), ("plan", 0), ("answer", 0), ("keyword", 0)]
        letters = [
            Letter(f"{mark}-{place}-{why}", "sms", why, "Hello", member=member, mailing=number)
            for place, member in enumerate(members)
            for why, number in self.chance.sample(whys, 2)
        ]
        letters.append(Letter(f"{mark}-number", "sms", "keyword", "Hello", number=self._number(0)))
        self.chance.shuffle(letters)
        return letters

    def _number(self, place: int) -> str:
        return f"+49301{self.seq:06}{place}"

    def _join(self, place: int) -> str:
        if place == 0:
            self.seq += 1
        member = self.chance.randbytes(16).hex()
        self.book.join(member, Fields("Ann", self._number(place)), language="en", way="portal", at=self.now)
        words = {
            "words": "Write to me.",
            "version": "1",
            "language": "en",
            "place": "portal",
            "proof": "code",
        }
        give(self.store, member, "messages", "sms", **words, now=self.now, clock="ntp")
        return member

    def _queuer(self, letters: list[Letter]) -> None:
        left = list(letters)
        while left:
            try:
                done = queue(self.store, left[0], self.now, key=self.key.secret)
                assert isinstance(done, Queued), done
                if left[0].id not in self.made:
                    self.made[left[0].id] = Made(left[0], done.number, self.turns.committed_at())
                left.pop(0)
            except Crash:
                # It begins again with all of them, as a program does that was killed: the same ids are the same messages.
                self.crashes += 1
                left = list(letters)

    def _worker(self) -> None:
        hander = self._hander()
        for _turn in range(9):
            try:
                hander.sweep()
                wait_s = hander.once()
                self.now += wait_s or 0.0
                self.turns.step()
            except Crash:
                self.crashes += 1
                hander = self._hander()

    def _hander(self) -> Hander:
        self.workers += 1
        return Hander(
            self.store,
            self.parts.readers(self.store, self.key),
            self.parts.channel(self),
            self.key.secret,
            worker=f"worker-{self.workers}",
            now=lambda: self.now,
            clock=self.clock,
        )

    def _stopper(self, kind: str, member: str, mailing: int) -> None:
        for _wait in range(self.chance.randrange(40)):
            self.turns.step()
        store, now = self.store, self.now
        if kind in ("page", "channel", "forget"):
            purpose, medium = (
                ("all", "") if kind == "forget" else ("messages", "sms" if kind == "channel" else "")
            )
            withdraw(store, member, purpose, medium, place="page", proof="link", now=now, clock="ntp")  # type: ignore[arg-type]  # words
        elif kind == "node":
            self._from_node(member)
        elif kind == "number":
            with store.writing():
                silence(store, self.key.secret, self._number(0), now)
                withdraw(store, member, "messages", place="sms", proof="word", now=now, clock="ntp")
        else:
            store.mailings.turn(mailing, "running", "cancelled", "test", now)
        self.known_at = self.turns.committed_at()

    def _from_node(self, member: str) -> None:
        """A stop that was said at a till that was cut off comes with its facts."""
        fact = ConsentWithdrawn(member=member, purpose="messages", place="till", proof="card")
        event = make_event(NODE, 1, self.seq, fact, at=self.now, clock="ntp")
        request = SyncRequest(events=(msgspec.Raw(write_event(event)),))
        read = read_batch(NODE, msgspec.json.encode(request))
        assert not isinstance(read, str), read
        with self.store.writing():
            take(self.store, read[1], self.now, "ntp")

    def _time(self) -> None:
        for _turn in range(self.chance.randrange(4)):
            for _wait in range(self.chance.randrange(30)):
                self.turns.step()
            self.now += LEASE_S + 1

    def _drain(self) -> None:
        """Afterwards everything goes well, and time passes: nothing is left to do in the end."""
        hander = self._hander()
        for _round in range(40):
            self.now += LEASE_S + 1
            hander.sweep()
            while (wait_s := hander.once()) is not None:
                self.now += wait_s
            if not self.store.messages.latest(1, state="waiting"):
                return
        raise AssertionError("messages wait for ever")

    # What has to be true

    def _judge(self, kind: str, member: str, mailing: int) -> list[str]:
        wrong = []
        for made in self.made.values():
            what, left = made.letter, self.left.get(made.number, [])
            kept = self.store.messages.get(made.number)
            if len(left) > 1:
                wrong.append(f"{what.why} message left {len(left)} times")
            if self._stopped_by(kind, what, made.queued_at, member, mailing):
                late = [tick for tick in left if tick > self.known_at]
                if late:
                    wrong.append(
                        f"{what.why} message left {late[0] - self.known_at} steps after the stop was known"
                    )
            state = kept.state if kept is not None else "gone"
            if state == "sent" and len(left) != 1:
                wrong.append(f"{what.why} message is called sent and left {len(left)} times")
            if state in ("stopped", "failed") and left:
                wrong.append(f"{what.why} message is called {state} and left")
            if state not in ("sent", "stopped", "unsure", "failed"):
                wrong.append(f"{what.why} message is {state} in the end")
            if state in ("stopped", "failed") and not self._may_stop(kind, what, member, mailing):
                wrong.append(f"{what.why} message was held back for no reason")
        return wrong

    def _stopped_by(self, kind: str, what: Letter, queued_at: int, member: str, mailing: int) -> bool:
        """Whether this stop means this letter, whenever it leaves afterwards."""
        if kind == "cancel":
            return what.mailing == mailing
        if what.number:
            return kind == "number" and queued_at < self.known_at
        if what.member != member:
            return False
        return kind == "forget" or what.why in ("campaign", "plan") or queued_at < self.known_at

    def _may_stop(self, kind: str, what: Letter, member: str, mailing: int) -> bool:
        if kind == "cancel":
            return what.mailing == mailing
        return what.member == member or (kind == "number" and bool(what.number))


def fresh(folder: Path) -> Path:
    """A folder of its own for one shop."""
    place = folder / os.urandom(4).hex()
    place.mkdir(parents=True)
    return place


__all__ = ["Crash", "Parts", "StorageError", "World", "fresh"]
