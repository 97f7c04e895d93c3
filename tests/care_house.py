"""A shop with members and care plans for tests: real hub, real outbox, a channel that only writes down, a clock that we turn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from hub.care.desk import add, publish
from hub.care.means import Given, Means
from hub.care.plan import Message, Plan, Wait, WhenDone
from hub.care.rules import CareRules
from hub.care.work import turn
from hub.messages.people import People
from hub.store.care_records import PathLine, Run
from hub.wire.events import PurchasePaid
from hub.wire.fact import Medium
from hub.wire.snapshot import Campaign
from tests.hub_house import HouseNode, campaign
from tests.message_house import MessageHouse, Scripted

HELLO = {"en": "How was it?", "zh": "感觉如何？"}


class CareHouse(MessageHouse):
    """A hub in which every run, task and coupon has a name that follows from `seed`."""

    def __init__(self, folder: Path, database: str = "", seed: int = 1) -> None:
        super().__init__(folder, database)
        self.chance = random.Random(seed)
        self.channel = Scripted()
        self.issued: dict[str, str] = {}
        people = People(self.store, self.people, "https://shop.example")

        def reached(member: str, medium: Medium) -> bool:
            return bool(people.address(member, medium))

        self.means = Means(
            self.store,
            self.book.fields,
            reached,
            self.book.born_on,
            self.give,
            random=lambda count: self.chance.randbytes(count),
        )
        self.till: HouseNode = self.node()

    def give(self, member: str, campaign: int, request: str, now: float) -> Given | None:
        """A coupon; the same request is the same one."""
        serial = self.issued.setdefault(request, f"{len(self.issued) + 1:016x}")
        return Given(serial, f"https://shop.example/coupon/{serial}")

    def bought(self, member: str, cents: int = 1_000, at: float | None = None) -> None:
        """A member pays at the till."""
        if at is not None:
            self.now = at
        name = f"r{self.till.seq}"
        self.till.report(PurchasePaid(id=name, till="Till 1", staff="Ann", cents=cents, member=member))

    def plan(self, plan: Plan, *, publishes: bool = True) -> int:
        """Draw a plan, and let it run; its number."""
        number = add(self.store, plan, lambda count: self.chance.randbytes(count), self.now)
        if publishes:
            found = publish(self.store, number, "Eva", self.now)
            assert isinstance(found, int), found
        return number

    def rules(self, rules: CareRules) -> None:
        """Quiet hours and caps."""
        self.store.care.set_rules(msgspec.json.encode(rules))

    def work(self) -> None:
        """Everything that is due now, and what of it may leave."""
        turn(self.means, self.now)
        self.run(self.hander(self.channel))

    def until(self, end: float, *, most: int = 10_000) -> None:
        """Let the time pass, from one thing that is due to the next, up to `end`."""
        for _ in range(most):
            self.work()
            self.now = min((one for one in self.moments() if one > self.now), default=end)
            if self.now >= end:
                self.now = end
                self.work()
                return
        raise AssertionError("it never came to an end")

    def moments(self) -> list[float]:
        """When something will be due that is known of already."""
        due = self.store.care.next_due()
        coming = [one[2] for one in self.store.care.coming(1e12, 1)]
        waiting = [one.next_at for one in self.store.messages.latest(1_000) if one.state == "waiting"]
        return [*([] if due is None else [due]), *coming, *waiting]

    def long(self, number: int) -> Campaign:
        """An offer that runs for years."""
        return campaign(number, starts_at=int(self.now) - 60, ends_at=int(self.now) + 900 * 86_400)

    def publish_long(self, number: int) -> None:
        """Let it run."""
        self.publish(self.long(number))

    def on(self, text: str) -> float:
        """A time of the shop's clock."""
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()

    def runs(self, number: int) -> list[Run]:
        """Every run of a plan, in the order in which they went in."""
        return sorted(self.store.care.runs_in(number, 10_000), key=lambda one: (one.entered_at, one.run))

    def path(self, run: Run) -> list[str]:
        """What a run went through, as step:outcome."""
        return [f"{line.step}:{line.outcome}" for line in self.lines(run)]

    def lines(self, run: Run) -> Sequence[PathLine]:
        """Every step of a run."""
        return self.store.care.path(run.run)


def plain(**changes: object) -> Plan:
    """After the second visit: two days later a text message. Nobody is held back."""
    steps = (Wait(id="w", days=2, next="m"), Message(id="m", text=HELLO))
    return replace_plan(
        Plan(name="After the second visit", entry=WhenDone(), control=0, first="w", steps=steps), **changes
    )


def replace_plan(plan: Plan, **changes: object) -> Plan:
    """The same plan but for this."""
    return msgspec.structs.replace(plan, **changes)
