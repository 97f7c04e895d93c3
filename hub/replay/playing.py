"""Plays a journey against a hub of its own: month by month, coupons and redemptions one by one in the order of time, visits and
purchases in large parts.

What was done stands in a notebook, so that a journey that was stopped goes on; what is done twice is the same at the hub.
"""

from __future__ import annotations

import bisect
import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.replay.counter import Device, Programs, Unanswered
from hub.replay.house import CLOCK, HUB, Hand, serving
from hub.replay.journey import HEAD_OFFICE, Journey, Redemption, member_of
from hub.replay.notebook import Notebook
from hub.replay.script import DESK, DOOR, STAFF, TILL, acts_by_month, facts_of, months_of, terms_of
from hub.replay.shops import CannotPlay, end_keys, make_shops
from hub.wire.events import Fact
from hub.wire.sync import MAX_BATCH, RedeemRequest

NOTEBOOK, LIST = "notebook.jsonl", "redemptions.csv"
SETTLE_S = 90.0
WORTH_TELLING = 200
"""Fewer facts of a device wait for a later month, as those of one that is seldom on the network: most stores have few a year."""

BEFORE_S = 86_400
"""So long before the first thing that happens the shops are made."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a redemption: accepted, or refused with a code of `hub.wire.refusals`."""

    redemption: Redemption
    accepted: bool
    refusal: str
    serial: str
    campaign: int
    value_cents: int


@dataclass(slots=True)
class Played:
    """What was played. `took_s`: in this run alone; `facts`: those that were new to the hub in this run."""

    outcomes: list[Outcome] = field(default_factory=list)
    facts: int = 0
    exchanges: int = 0
    took_s: float = 0.0
    campaigns: dict[int, int] = field(default_factory=dict)
    """Of the data's campaigns their numbers here."""


def play(journey: Journey, folder: Path, tell: Tell) -> Played:
    """Everything, or what of it is left. CannotPlay with a sentence."""
    if not journey.baskets:
        raise CannotPlay("There are no baskets to play.")
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    notebook = Notebook(folder / NOTEBOOK)
    hand = Hand(folder / CLOCK)
    try:
        hand.move(min(at for at, _ in journey.joined.values()) - BEFORE_S)
        steady = _Steady(tell)
        make_shops(
            folder / HUB,
            journey,
            notebook,
            hand.now(),
            lambda done, all_: steady.say(f"shops: {done:,} of {all_:,}", last=done == all_),
        )
        with serving(folder) as url:
            played = _Playing(journey, folder, notebook, hand, url, steady).play()
        end_keys(folder / HUB, notebook, hand.now())
    finally:
        hand.close()
        notebook.close()
    played.took_s = time.monotonic() - began
    write_list(folder / LIST, journey, played.outcomes)
    return played


class _Playing:
    def __init__(
        self, journey: Journey, folder: Path, notebook: Notebook, hand: Hand, url: str, steady: _Steady
    ) -> None:
        self._journey = journey
        self._folder = folder
        self._notebook = notebook
        self._hand = hand
        self._url = url
        self._steady = steady
        self._programs = Programs(url)
        self._office: str = notebook.told("key", str(HEAD_OFFICE))
        self._shop_of = {store: HEAD_OFFICE + 1 + place for place, store in enumerate(journey.stores)}
        self._devices: dict[tuple[str, int], Device] = {}
        self._campaigns: dict[int, int] = {}
        self._played = Played()

    def play(self) -> Played:
        """Month by month."""
        self._devices_join()
        self._publish()
        acts = acts_by_month(self._journey)
        facts = facts_of(self._journey)
        sent = dict.fromkeys(facts, 0)
        total = sum(len(some) for some in facts.values())
        done = 0
        months = months_of(self._journey)
        for month, end in months:
            for at, act in acts.get(month, ()):
                self._hand.move(at)
                if isinstance(act, Redemption):
                    self._redeem(act)
                else:
                    self._take(*act)
            self._hand.move(end)
            for whose, some in facts.items():
                upto = bisect.bisect_left(some, float(end), key=lambda one: one[0])
                if upto - sent[whose] < WORTH_TELLING and month != months[-1][0]:
                    continue
                self._tell(whose, some, sent[whose], upto)
                done += upto - sent[whose]
                sent[whose] = upto
                self._steady.say(
                    f"{month}: {done:,} of {total:,} facts, {len(self._played.outcomes):,} of "
                    f"{len(self._journey.redemptions):,} redemptions, {self._rate():,.0f} facts a second"
                )
            self._steady.say(
                f"{month}: {done:,} of {total:,} facts, {len(self._played.outcomes):,} of "
                f"{len(self._journey.redemptions):,} redemptions, {self._rate():,.0f} facts a second",
                last=True,
            )
        self._played.campaigns = self._campaigns
        return self._played

    def _rate(self) -> float:
        return self._played.facts / max(0.001, self._told_s)

    _told_s = 0.0

    def _devices_join(self) -> None:
        count = 2 * len(self._shop_of)
        for store, shop in self._shop_of.items():
            key = self._notebook.told("key", str(shop))
            for program, name in ((DOOR, "Door"), (TILL, DESK)):
                folder = self._folder / "devices" / f"{shop}-{program}"
                device = Device.known(self._url, folder)
                if device is None:
                    code = self._programs.ask("POST", "/devices/pairings", key, {"program": program})["code"]
                    device = Device.joined(self._url, folder, code, program, name)
                self._devices[program, store] = device
                self._steady.say(
                    f"devices: {len(self._devices):,} of {count:,}", last=len(self._devices) == count
                )

    def _publish(self) -> None:
        for campaign in self._journey.campaigns:
            name = str(campaign.id)
            number = self._notebook.told("campaign", name)
            if number is None:
                made = self._programs.ask(
                    "POST", "/campaigns", self._office, terms_of(campaign), once=f"campaign-{name}"
                )
                number = made["number"]
                if made["state"] == "draft":
                    turn = {"action": "publish"}
                    self._programs.ask(
                        "POST", f"/campaigns/{number}/turns", self._office, turn, once=f"publish-{name}"
                    )
                self._notebook.note("campaign", name, number)
            self._campaigns[campaign.id] = number

    def _take(self, campaign: int, household: int, name: str) -> None:
        if self._notebook.told("taken", name) is not None:
            return
        asked = {"campaign": self._campaigns[campaign], "member": member_of(household)}
        until = time.monotonic() + SETTLE_S
        while True:
            try:
                told = self._programs.ask("POST", "/coupons", self._office, asked, once=name)
                break
            except Unanswered as refused:
                # The hub's own site has not heard of the offer yet.
                if time.monotonic() > until or refused.code != "not_offered":
                    raise
                time.sleep(0.2)
        self._notebook.note("taken", name, [told["serial"], told["token"]])

    def _redeem(self, act: Redemption) -> None:
        name, basket = str(act.used.place), act.basket
        told = self._notebook.told("redeemed", name)
        if told is None:
            _, token = self._notebook.told("taken", act.coupon)
            reply = self._devices[TILL, basket.store].redeem(
                RedeemRequest(
                    nonce=f"journey-{act.used.place:05d}",
                    text=token,
                    till=DESK,
                    staff=STAFF,
                    basket_cents=basket.cents,
                    member=member_of(act.used.household),
                    purchase=str(basket.id),
                )
            )
            told = [
                reply.accepted,
                reply.refusal or "",
                reply.serial or "",
                reply.campaign or 0,
                reply.value_cents,
            ]
            self._notebook.note("redeemed", name, told)
        self._played.outcomes.append(Outcome(act, *told))

    def _tell(
        self, whose: tuple[str, int], some: Sequence[tuple[float, Fact]], first: int, upto: int
    ) -> None:
        device = self._devices[whose]
        name = f"{whose[0]}-{whose[1]}"
        begun = max(first, self._notebook.told("told", name) or 0)
        for low in range(begun, upto, MAX_BATCH):
            high = min(upto, low + MAX_BATCH)
            began = time.monotonic()
            events = [device.event(seq, at, fact) for seq, (at, fact) in enumerate(some[low:high], low + 1)]
            self._played.facts += device.tell(events)
            self._played.exchanges += 1
            self._told_s += time.monotonic() - began
            self._notebook.note("told", name, high)


def write_list(path: Path, journey: Journey, outcomes: Sequence[Outcome]) -> None:
    """Every redemption of the data with what became of it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(
            [
                "row",
                "household",
                "campaign",
                "coupon",
                "day",
                "store",
                "basket",
                "outcome",
                "refusal",
                "serial",
            ]
        )
        for one in sorted(outcomes, key=lambda one: one.redemption.used.place):
            used, basket = one.redemption.used, one.redemption.basket
            said = "accepted" if one.accepted else "refused"
            rows.writerow(
                [
                    *(used.place, used.household, used.campaign, used.coupon, used.day.isoformat()),
                    *(basket.store, basket.id, said, one.refusal, one.serial),
                ]
            )
        for used in journey.without:
            rows.writerow(
                [
                    *(used.place, used.household, used.campaign, used.coupon, used.day.isoformat()),
                    *("", "", "not played", "the household has no basket on that day", ""),
                ]
            )


class _Steady:
    """Says how far it is, every other second."""

    EVERY_S = 2.0

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._said_at = 0.0

    def say(self, line: str, *, last: bool = False) -> None:
        """Unless something was said just now."""
        now = time.monotonic()
        if last or now - self._said_at >= self.EVERY_S:
            self._said_at = now
            self._tell(line)
