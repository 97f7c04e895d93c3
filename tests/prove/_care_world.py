"""A shop for a month: members who buy, agree, rest and take their word back; two plans and messages of offers; workers that die.

Real hub, real outbox, real gate; the channel writes down what it was given and when. Time goes from one thing that happens to the
next, whole minutes all of them.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hub.care.frequency import Cap
from hub.care.means import Given
from hub.care.plan import Branch, Came, Gift, Message, Outcome, Plan, Split, Task, Wait, WhenDone, Within
from hub.care.quiet import QuietHours, Stretch
from hub.care.rules import CareRules
from hub.care.tasks import done, tasks_for
from hub.care.work import turn
from hub.members.consent import give, pause, withdraw
from hub.messages.outbox import Letter
from hub.messages.rules import MessageRules, Pace, write_rules
from hub.segments.counting import count
from hub.segments.definition import Bought
from hub.segments.keeping import define
from hub.segments.refreshing import refresh
from hub.wire.events import PurchasePaid, write_event
from hub.wire.snapshot import Shop
from hub.wire.sync_care import TaskRequest
from hub.wire.sync_members import Fields
from tests.care_house import CareHouse
from tests.hub_house import campaign
from tests.prove._care_paths import Rules, Story

ZONE = "Europe/Berlin"
REGULAR = 3
DAY_S = 86_400.0
MINUTE_S = 60.0
EVERY = (0, 1, 2, 3, 4, 5, 6)

QUIET: tuple[tuple[tuple[tuple[int, ...], int, int], ...], ...] = (
    ((EVERY, 20 * 60, 9 * 60),),
    # All of Sunday, and at night but for half an hour that the clock leaves out in spring and shows twice in autumn.
    ((EVERY, 21 * 60, 2 * 60 + 15), (EVERY, 2 * 60 + 45, 8 * 60 + 30), ((6,), 0, 1_440)),
    # Ends within the hour that the clock leaves out in spring.
    ((EVERY, 19 * 60, 2 * 60 + 30), ((5,), 12 * 60, 14 * 60)),
)
CAPS = ((1, 1), (3, 7))


class Died(BaseException):
    """A worker is gone in the middle of what it did: no handler of the product may catch this."""


@dataclass(frozen=True)
class Sent:
    """What the channel was given: to whom, of what, when, by the hub's clock."""

    member: str
    why: str
    plan: str
    step: str
    at: float


def second_visit(percent: int = 10) -> Plan:
    """Two days after the second visit: regulars get a task for staff, and a coupon where something was missing; others a
    message and, a day later, a coupon with another one."""
    text = {"en": "How was it?", "zh": "感觉如何？"}
    return Plan(
        name="After the second visit",
        entry=WhenDone("visit", 2),
        control=percent,
        watch=7,
        first="w1",
        steps=(
            Wait(id="w1", days=2, next="p1"),
            Split(id="p1", branches=(Branch(Within(("Regulars",)), "t1"),), next="m1"),
            Task(
                id="t1",
                text={"en": "Greet", "zh": "问好"},
                outcomes=(
                    Outcome("liked", {"en": "Liked it"}),
                    Outcome("missing", {"en": "Something was missing"}),
                ),
                days=6,
                next="p2",
            ),
            Split(id="p2", branches=(Branch(Came("t1", "missing"), "c1"),)),
            Message(id="m1", text=text, patience=2, next="w2", missing=""),
            Wait(id="w2", days=1, at=9 * 60 + 30, next="c1"),
            Gift(id="c1", campaign=2, next="m2"),
            Message(id="m2", text={"en": "For you: {coupon}"}, full="drop", patience=2),
        ),
    )


def first_purchase() -> Plan:
    """Five minutes after the first purchase: a message, which waits for room for five days."""
    return Plan(
        name="Welcome",
        entry=WhenDone("purchase", 1),
        control=0,
        first="w1",
        steps=(Wait(id="w1", minutes=5, next="m1"), Message(id="m1", text={"en": "Welcome"}, patience=5)),
    )


class World:
    """One month. `size` members; `deaths`: of a hundred times that a worker makes something, so often it dies with it."""

    def __init__(
        self, folder: Path, begin: datetime, size: int, seed: int, *, deaths: int = 4, plan: bool = True
    ) -> None:
        self.rnd = random.Random(seed)
        self.begin = begin.replace(tzinfo=ZoneInfo(ZONE)).timestamp()
        self.end = (begin + timedelta(days=31)).replace(tzinfo=ZoneInfo(ZONE)).timestamp()
        self.house = CareHouse(folder, seed=seed)
        house, store = self.house, self.house.store
        house.now = self.begin - DAY_S
        store.shop.save(Shop(7, {"en": "Corner", "zh": "街角"}, timezone=ZONE), house.now)
        house.publish(campaign(2, starts_at=int(self.begin) - 60, ends_at=int(self.end) + 86_400))
        store.messages.set_rules(
            write_rules(MessageRules(paces={"modem": Pace(a_minute=60_000)}, late_hours=720))
        )
        quiet = QUIET[seed % len(QUIET)]
        self.rules = Rules(ZONE, quiet, CAPS)
        house.rules(
            CareRules(QuietHours(tuple(Stretch(*one) for one in quiet)), tuple(Cap(*one) for one in CAPS))
        )
        made = define(store, None, "Regulars", "", Bought(at_least=REGULAR), house.now, "test")
        assert not isinstance(made, dict), made
        count(store, lambda: house.now)
        self.deaths = deaths
        self.died = 0
        self.means = replace(house.means, random=self.random, give=self.give)
        self.sent: list[Sent] = []
        self.channel_before = 0
        self.stories = {story.member: story for story in (self.story(number) for number in range(size))}
        self.acts = self.month()
        house.now = self.begin
        self.numbers = [house.plan(second_visit()), house.plan(first_purchase())] if plan else []

    # What a worker makes

    def random(self, octets: int) -> bytes:
        """Chance, and now and then the end of the worker."""
        self.maybe_die()
        return self.rnd.randbytes(octets)

    def give(self, member: str, offer: int, request: str, now: float) -> Given | None:
        """A coupon; the worker may die when it is made and nothing else is."""
        given = self.house.give(member, offer, request, now)
        self.maybe_die()
        return given

    def maybe_die(self) -> None:
        if self.rnd.random() * 100 < self.deaths:
            self.died += 1
            raise Died

    # The month

    def story(self, number: int) -> Story:
        """One member joins before the month begins; most agree to messages."""
        house, rnd = self.house, self.rnd
        member = rnd.randbytes(16).hex()
        house.book.join(
            member,
            Fields(f"Member {number}", f"+4930{1_000_000 + number}"),
            language=rnd.choice(("en", "zh")),
            way="portal",
            at=house.now,
        )
        story = Story(member, agreed=rnd.random() < 0.85, answer=rnd.randrange(2))
        purposes = ("recognise", "messages") if story.agreed else ("recognise",)
        for purpose in purposes:
            give(
                house.store, member, purpose, "sms" if purpose == "messages" else "",
                words="Yes.", version="1", language="en", place="portal", proof="code", now=house.now, clock="ntp",
            )  # fmt: skip
        return story

    def month(self) -> list[tuple[float, int, Callable[[], None]]]:
        """Everything that people do, in its order."""
        rnd, acts = self.rnd, []
        for story in self.stories.values():
            at = self.begin + rnd.randrange(1, 60 * 24 * 12) * MINUTE_S
            while at < self.end - DAY_S:
                story.bought.append(at)
                acts.append((at, 0, self.buys(story, at)))
                at += max(1, int(rnd.expovariate(1 / (6 * 1_440)))) * MINUTE_S
            if story.agreed and rnd.random() < 0.12:
                story.withdrew = self.begin + rnd.randrange(60 * 24 * 31) * MINUTE_S
                acts.append((story.withdrew, 1, self.withdraws(story, story.withdrew)))
            if rnd.random() < 0.1:
                said = self.begin + rnd.randrange(60 * 24 * 25) * MINUTE_S
                until = said + rnd.randrange(60, 60 * 24 * 4) * MINUTE_S
                story.paused.append((said, until))
                acts.append((said, 1, self.rests(story, said, until)))
            for _ in range(rnd.randrange(8)):
                when = self.begin + rnd.randrange(60 * 24 * 30) * MINUTE_S
                acts.append((when, 2, self.offers(story, when)))
        return sorted(acts, key=lambda one: (one[0], one[1]))

    def buys(self, story: Story, at: float) -> Callable[[], None]:
        """They pay; staff do what they were asked to do, and touch what came of it."""

        def act() -> None:
            house = self.house
            for task in tasks_for(house.store, story.member, at):
                device = house.store.devices.get(house.till.device)
                assert device is not None
                nonce = self.rnd.randbytes(8).hex()
                asked = TaskRequest(task.task, list(task.outcomes)[story.answer], nonce, "Till 1", "ann")
                with house.store.writing():
                    first = done(house.store, device, asked, at, "ntp")
                    again = done(house.store, device, asked, at, "ntp")
                assert first == again, "a till that asks again hears the same"
            fact = PurchasePaid(
                id=f"r{house.till.seq}", till="Till 1", staff="ann", cents=self.rnd.randrange(200, 6_000),
                member=story.member,
            )  # fmt: skip
            house.till.send(write_event(house.till.event(fact, at)))

        return act

    def withdraws(self, story: Story, at: float) -> Callable[[], None]:
        return lambda: withdraw(
            self.house.store, story.member, "messages", place="page", proof="link", now=at, clock="ntp"
        )

    def rests(self, story: Story, at: float, until: float) -> Callable[[], None]:
        return lambda: pause(self.house.store, story.member, until, place="page", now=at, clock="ntp")

    def offers(self, story: Story, at: float) -> Callable[[], None]:
        """A message of an offer, which counts for the caps as well."""

        def act() -> None:
            letter = Letter(
                f"offer/{story.member}/{at}", "sms", "campaign", "News", member=story.member, campaign=1
            )
            self.house.queue(replace(letter, not_after=at + 3 * DAY_S))

        return act

    def run(self) -> None:
        """Let the month pass."""
        house, place = self.house, 0
        while True:
            coming = self.acts[place][0] if place < len(self.acts) else self.end
            due = min((one for one in house.moments() if one > house.now), default=self.end)
            # The outbox looks again within the minute; the shop keeps whole ones.
            now = min(coming, -(-due // MINUTE_S) * MINUTE_S, self.end)
            if now > self.end or (now == self.end and house.now == self.end):
                return
            house.now = now
            while place < len(self.acts) and self.acts[place][0] <= now:
                self.acts[place][2]()
                place += 1
            self.work()

    def work(self) -> None:
        """All that is due in this minute: segments, plans, what may leave."""
        house, now = self.house, self.house.now
        while refresh(house.store, now):
            pass
        self.turn()
        hander = house.hander(house.channel)
        for _ in range(10_000):
            wait_s = hander.once()
            if wait_s is None:
                break
            house.now += wait_s
        house.now = now
        for letter in house.channel.left[self.channel_before :]:
            kept = house.kept(int(letter.id.partition("-")[2]))
            self.sent.append(Sent(kept.member, kept.why, kept.plan, kept.step, now))
            self.stories[kept.member].got.append(now)
        self.channel_before = len(house.channel.left)

    def turn(self) -> None:
        """Workers have their turn until one lives to its end; now and then two at the same time."""
        if self.rnd.random() < 0.03:
            threads = [threading.Thread(target=self.until_alive) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        else:
            self.until_alive()

    def until_alive(self) -> None:
        while True:
            try:
                turn(self.means, self.house.now)
            except Died:
                continue
            return

    def plan_json(self, number: int) -> dict[str, Any]:
        """What was published, as the database has it."""
        kept = self.house.store.care.version(number, 1)
        assert kept is not None
        found: dict[str, Any] = msgspec.json.decode(kept.body)
        return found
