"""A till whose clock is in 1970, three days behind, two years ahead or jumping, while its line comes and goes and it restarts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hub.client.clock import Clock
from hub.fleet.clocks import AHEAD_S
from hub.store.fleet import SqlFleet
from hub.store.fleet_records import Ahead
from hub.wire.coupon import Issued
from hub.wire.events import ClockState, read_event
from kiosk.redemption import Scan
from kiosk.verdicts import Verdict as Said
from tests.prove import Verdict
from tests.prove._clock_shop import DAY_S, START, WRONGS, ClockShop, Machine, Wrong, campaigns

NAME = "clocks"
PROMISE = (
    "A till whose clock is in 1970, three days behind, two years ahead or jumping keeps the order of its facts, loses none, "
    "refuses no coupon that is good, and what it accepted that was over, or not yet begun, is marked."
)
SIZE_NAME = "days"
DEFAULT_SIZE = 20
CI_SIZE = 4

PLANT_DAYS, PLANT_TURNS = 5, 10
"""A mistake shows in most of such lives; the size of the proof has no part in it."""

STEPS_A_DAY = 16
STEP_S = DAY_S / STEPS_A_DAY
FOLLOW_S = 20.0


@dataclass(slots=True)
class Act:
    """A redemption as it truly was."""

    nonce: str
    serial: str
    valid: bool
    used: bool
    said: Said


@dataclass(slots=True)
class Run:
    """What happened with one kind of clock."""

    wrong: Wrong
    shop: ClockShop
    held: list[Issued] = field(default_factory=list)
    spent: set[str] = field(default_factory=set)
    acts: list[Act] = field(default_factory=list)
    written: list[tuple[int, int]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    refused_valid: int = 0

    def step(self) -> None:
        """An hour and a half of the shop."""
        shop, rnd = self.shop, self.shop.rnd
        shop.now += STEP_S * rnd.uniform(0.5, 1.5)
        if rnd.random() < 0.2:
            shop.wire.cut = not shop.wire.cut
        if rnd.random() < 0.15:
            shop.reboot()
        if self.wrong == "jumping" and rnd.random() < 0.4:
            shop.machine.jump()
        for _ in range(rnd.randint(0, 2)):
            taken = shop.take(rnd.choice((1, 2, 2, 3)), here=rnd.random() < 0.3)
            if taken is not None:
                self.held.append(taken)
        shop.exchange()
        for _ in range(rnd.randint(0, 2)):
            if self.held:
                self.redeem(rnd.choice(self.held[-12:]))
        shop.now += FOLLOW_S
        shop.exchange()

    def redeem(self, issued: Issued) -> None:
        """Somebody brings a coupon to the till."""
        shop, coupon = self.shop, issued.coupon
        starts_at = next(one.starts_at for one in campaigns(shop.days) if one.number == coupon.campaign)
        valid = starts_at <= shop.now < coupon.expires_at
        used = coupon.serial in self.spent
        nonce = shop.rnd.randbytes(12).hex()
        said = shop.till.redeemer.redeem(Scan(issued.token, "s1", nonce))
        self.acts.append(Act(nonce, coupon.serial, valid, used, said))
        if said.accepted:
            self.spent.add(coupon.serial)
            if used:
                self.failures.append(f"{coupon.serial} was accepted twice")
        elif valid and not used:
            self.refused_valid += 1
            self.failures.append(
                f"{coupon.serial} of offer {coupon.campaign} was good and was refused: {said.refusal}"
            )

    def judge(self) -> dict[str, int]:
        """Hold the hub's books against what truly happened; figures."""
        shop = self.shop
        shop.wire.cut = False
        for _ in range(3):
            shop.now += FOLLOW_S
            shop.exchange()
        waiting = shop.till.outbox.counts()
        if waiting.pending or waiting.parked:
            self.failures.append(f"{waiting.pending} facts wait and {waiting.parked} are parked in the end")
        own = shop.till.node.device
        unmarked, marked, doubted = self._flags(own)
        ahead = self._journal(own)
        return {
            "acts": len(self.acts),
            "accepted": sum(act.said.accepted for act in self.acts),
            "alone": sum(act.said.accepted and act.said.offline for act in self.acts),
            "good_but_refused": self.refused_valid,
            "over_and_marked": marked,
            "over_and_unmarked": unmarked,
            "good_and_marked": doubted,
            "stamped_ahead": ahead,
        }

    def _flags(self, own: str) -> tuple[int, int, int]:
        unmarked = marked = doubted = 0
        for act in self.acts:
            if not act.said.accepted:
                continue
            kept = [one for one in self.shop.store.counter.acts_of(act.serial) if one.nonce == act.nonce]
            if not kept:
                self.failures.append(f"{act.nonce}, accepted by {own}, is not in the ledger")
                continue
            if act.valid:
                doubted += kept[0].flag is not None
            elif kept[0].flag is None:
                unmarked += 1
                self.failures.append(f"{act.serial} was over or not begun, was accepted, and is not marked")
            else:
                marked += 1
        return unmarked, marked, doubted

    def _journal(self, own: str) -> int:
        """Order and completeness of the till's journal at the hub, and the marks of stamps that lie ahead; how many of those."""
        store = self.shop.store
        marks = {
            (mark.epoch, mark.first_seq + place)
            for mark in store.fleet.ahead(own, limit=1_000_000)
            for place in range(mark.count)
        }
        arrived: list[tuple[int, int]] = []
        latest: dict[int, float] = {}
        nonces: list[str] = []
        ahead = 0
        for run in store.journal.runs():
            if run.device != own:
                continue
            for text in _texts(run.texts):
                event = read_event(text)
                place = (event.epoch, event.seq)
                arrived.append(place)
                if event.at < latest.get(event.epoch, 0.0):
                    self.failures.append(f"the stamp of {place} lies before the one before it")
                latest[event.epoch] = event.at
                far = event.at > run.received_at + AHEAD_S
                ahead += far
                if far != (place in marks):
                    self.failures.append(f"{place}: stamped ahead is {far}, marked is {place in marks}")
                if event.kind == "coupon.redeemed":
                    nonces.append(_nonce(text))
        if arrived != sorted(arrived) or len(arrived) != len(set(arrived)):
            self.failures.append("the hub's journal is not in the order in which the till wrote")
        for epoch in {epoch for epoch, _ in arrived}:
            seqs = [seq for one, seq in arrived if one == epoch]
            if seqs != list(range(1, len(seqs) + 1)):
                self.failures.append(f"journal {epoch} has a gap")
        done_alone = [act.nonce for act in self.acts if act.said.accepted and act.said.decided_by == "till"]
        if [nonce for nonce in nonces if nonce in set(done_alone)] != done_alone:
            self.failures.append("acts are not in the journal in the order in which they were done")
        return ahead


def _texts(body: bytes) -> list[bytes]:
    return [bytes(text) for text in msgspec.json.decode(body, type=list[msgspec.Raw])]


def _nonce(text: bytes) -> str:
    return str(msgspec.json.decode(text)["data"]["nonce"])


class _Trusting(Clock):
    """A mistake: whatever the machine shows is taken for the time."""

    def state(self) -> ClockState:
        return "ntp"

    def now(self) -> float:
        return self.machine()


class _Blind(SqlFleet):
    """A mistake: the hub takes stamps ahead of its own and says nothing."""

    def mark_ahead(self, marks: list[Ahead]) -> None:
        del marks


def _clock(machine: Machine) -> Clock:
    return Clock(machine.wall, lambda: machine.says_ntp, machine.steady)


def _trusting(machine: Machine) -> Clock:
    return _Trusting(machine.wall, lambda: machine.says_ntp, machine.steady)


def live(
    wrong: Wrong,
    days: int,
    seed: str,
    folder: Path,
    *,
    make_clock: Callable[[Machine], Clock] = _clock,
    blind: bool = False,
    forgets: bool = False,
) -> tuple[list[str], dict[str, int]]:
    """So many days with one kind of clock: what was broken, and figures."""
    shop = ClockShop(folder, days, wrong, random.Random(seed), make_clock, forgets)
    try:
        if blind:
            shop.store.fleet = _Blind(shop.store.pool)
        run = Run(wrong, shop)
        while shop.now < START + days * DAY_S:
            run.step()
        figures = run.judge()
        return run.failures, figures
    finally:
        shop.close()


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` days with each kind of clock; then the same with mistakes planted, which have to be found."""
    figures: dict[str, Any] = {}
    failures: list[str] = []
    for wrong in WRONGS:
        broken, figures[wrong] = live(wrong, size, f"{seed} {wrong}", folder / f"run{len(figures)}")
        failures += [f"{wrong}: {line}" for line in broken]
    found = 0
    plants: dict[str, dict[str, Any]] = {
        "trusts its clock, behind": {"wrong": "-3 days", "make_clock": _trusting},
        "trusts its clock, ahead": {"wrong": "+2 years", "make_clock": _trusting},
        "marks nothing": {"wrong": "jumping", "blind": True},
        "forgets what waits": {"wrong": "jumping", "forgets": True},
    }
    for place, (name, plant) in enumerate(plants.items()):
        broken: list[str] = []
        for turn in range(PLANT_TURNS):
            if not broken:
                place_of = folder / f"plant{place}-{turn}"
                broken, _ = live(days=PLANT_DAYS, seed=f"{seed} {name} {turn}", folder=place_of, **plant)
        found += bool(broken)
        figures[f"planted: {name}"] = broken[0] if broken else "not found"
        if not broken:
            failures.append(f"the mistake '{name}' was not found")
    acts = sum(figures[wrong]["acts"] for wrong in WRONGS)
    alone = sum(figures[wrong]["alone"] for wrong in WRONGS)
    marked = sum(figures[wrong]["over_and_marked"] for wrong in WRONGS)
    sentence = (
        f"{size} days each with four kinds of wrong clocks: {acts} coupons shown, {alone} accepted alone, "
        f"{marked} of them over or not begun, all marked; {found} of {len(plants)} planted mistakes found."
    )
    figures["failures"] = failures[:20]
    return Verdict(not failures, sentence if not failures else failures[0], figures)
