"""A hub with members who agreed to messages, and channels that do as a test says, for tests of the outbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hub.client.clock import Clock
from hub.members.book import Book
from hub.members.consent import give, withdraw
from hub.members.people_key import PeopleKey, people_key
from hub.messages.channel import ChannelName, Gate, Listener, NotSent, Outcome, Outgoing, Sent
from hub.messages.handing import Hander
from hub.messages.outbox import Letter, NotQueued, Queued, queue
from hub.messages.people import People
from hub.store.message_records import Kept
from hub.wire.fact import Medium
from hub.wire.sync_members import Fields
from tests.hub_house import House

MORNING = 1_795_000_000.0 - 1_795_000_000.0 % 86_400.0 + 10 * 3_600.0
"""Ten o'clock in London, eleven in Berlin: outside of quiet hours."""


@dataclass
class Scripted:
    """A channel that does what `does` says, in the gate and after it; what left is in `left`."""

    name: ChannelName = "modem"
    medium: Medium = "sms"
    does: Callable[[Outgoing], Outcome] = field(default=lambda _message: Sent(1, ("1",)))
    before: Callable[[Outgoing], None] = field(default=lambda _message: None)
    """What happens while the channel prepares: before the gate."""

    inside: Callable[[Outgoing], None] = field(default=lambda _message: None)
    """What happens in the gate, while the last octets leave."""

    left: list[Outgoing] = field(default_factory=list)
    wrong: str = ""
    listener: Listener | None = None

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        self.before(message)
        with gate() as go:
            if not go:
                return NotSent("held")
            self.left.append(message)
            self.inside(message)
        return self.does(message)

    def listen(self, listener: Listener) -> None:
        self.listener = listener

    def trouble(self) -> str:
        return self.wrong

    def close(self) -> None:
        self.wrong = "closed"


class MessageHouse(House):
    """A hub whose clock stands in the morning."""

    def __init__(self, folder: Path, database: str = "") -> None:
        super().__init__(folder, database)
        self.now = MORNING
        self.people: PeopleKey = people_key(folder)
        self.book = Book(self.store, self.people)
        self.numbers = 0

    @property
    def secret(self) -> bytes:
        return self.people.secret

    def member(
        self,
        *,
        media: Iterable[Medium] = ("sms",),
        name: str = "Ann Lee",
        phone: str | None = None,
        mail: str = "",
        language: str = "en",
    ) -> str:
        """Somebody who joined and agreed to messages by these channels."""
        self.numbers += 1
        member = os.urandom(16).hex()
        fields = Fields(name, phone if phone is not None else f"+49301234{self.numbers:04}", mail)
        self.book.join(member, fields, language=language, way="portal", at=self.now)
        for medium in media:
            self.agree(member, medium)
        return member

    def agree(self, member: str, medium: Medium) -> None:
        give(
            self.store,
            member,
            "messages",
            medium,
            words="Write to me.",
            version="1",
            language="en",
            place="portal",
            proof="code",
            now=self.now,
            clock="ntp",
        )

    def stop(self, member: str) -> None:
        withdraw(self.store, member, "messages", place="page", proof="link", now=self.now, clock="ntp")

    def queue(self, letter: Letter) -> int:
        done = queue(self.store, letter, self.now, key=self.secret)
        assert isinstance(done, Queued), done
        return done.number

    def refused(self, letter: Letter) -> str:
        done = queue(self.store, letter, self.now, key=self.secret)
        assert isinstance(done, NotQueued), done
        return done.reason

    def hander(self, channel: Scripted, worker: str = "one") -> Hander:
        clock = Clock(wall=lambda: self.now, ntp=lambda: True)
        return Hander(
            self.store,
            People(self.store, self.people, "https://shop.example"),
            channel,
            self.secret,
            worker=worker,
            now=lambda: self.now,
            clock=clock.state,
        )

    def run(self, hander: Hander, most: int = 50) -> int:
        """Hand over what is due, letting the clock pass where the channel's turn has not come; how many steps it took."""
        for steps in range(most):
            wait_s = hander.once()
            if wait_s is None:
                return steps
            self.now += wait_s
        raise AssertionError(f"there was more to do after {most} steps")

    def kept(self, number: int) -> Kept:
        found = self.store.messages.get(number)
        assert found is not None
        return found

    def facts(self) -> list[str]:
        """The kinds of all facts of messages, in their order."""
        import msgspec

        kinds = []
        for run in self.store.beside.runs_after(0, 10_000):
            kinds += [
                one["kind"] for one in msgspec.json.decode(run.texts) if one["kind"].startswith("message.")
            ]
        return kinds


def letter(place: int, member: str = "", **more: object) -> Letter:
    """A letter of an offer, to a member."""
    plain: dict[str, object] = {"medium": "sms", "why": "campaign", "text": f"Letter {place}"}
    return Letter(id=f"letter-{place}", member=member, **(plain | more))  # type: ignore[arg-type]  # a test's own words
