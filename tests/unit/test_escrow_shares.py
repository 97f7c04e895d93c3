"""Escrow without a store: nothing is oversold, little is stranded, limits hold, a hub that was set back is careful."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.escrow import (
    ACCEPT_AHEAD,
    Demand,
    Hand,
    accept_more,
    hands,
    issue_more,
    left_of_lot,
    may_hand_out,
    room_for,
    stranded,
)
from hub.store.records import Device, Grant, Tally
from hub.wire.identity import ReplayWindow
from hub.wire.snapshot import Campaign
from hub.wire.sync import Held
from tests.hub_house import campaign


def device(name: str, *, withdrawn: bool = False) -> Device:
    at = 5.0 if withdrawn else None
    return Device(name, name.split("-")[0], name, "00" * 32, 0, 1.0, at, None, ReplayWindow())


@dataclass
class Disk:
    """What a hub remembers of one lot: it can be copied, and put back later."""

    grants: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def copy(self) -> Disk:
        return Disk(dict(self.grants), dict(self.known), set(self.gone))


@dataclass
class Place:
    """What really is at a node."""

    held: int = 0
    issued: int = 0
    untold: int = 0


class Shop:
    """A hub and nodes that meet it now and then; every step may be followed by another life of the hub."""

    def __init__(self, lot: Campaign, names: list[str]) -> None:
        self.lot, self.names = lot, names
        self.disk = Disk()
        self.places = {name: Place() for name in names}
        self.demand = Demand()
        self.heard = set(names)
        self.told: dict[str, Held] = {}
        self.now = 0.0

    def hand_out(self, name: str, wanted: int) -> int:
        """A node hands out within what it holds."""
        place = self.places[name]
        count = min(wanted, place.held - place.issued)
        place.issued += count
        place.untold += count
        return count

    def hands(self) -> dict[str, Hand]:
        nodes = [device(name, withdrawn=name in self.disk.gone) for name in self.names]
        tallies = [Tally(1, name, count, 0, 0) for name, count in self.disk.known.items()]
        grants = [Grant(1, name, count, 0) for name, count in self.disk.grants.items()]
        return hands(self.lot, nodes, tallies, grants, self.told)

    def meet(self, name: str, *, lost: bool = False) -> None:
        """One exchange; `lost`: the hub has done its part, and its answer does not arrive."""
        if name in self.disk.gone:
            return
        place, disk = self.places[name], self.disk
        disk.known[name] = disk.known.get(name, 0) + place.untold
        place.untold = 0
        self.heard.add(name)
        self.told[name] = Held(1, place.held, 0, place.issued, 0)
        of_all = self.hands()
        active = [one for one in self.names if one not in disk.gone]
        for one in active:
            self.demand.note(1, one, of_all[one].issued, self.now)
        hand = of_all[name]
        total = hand.issue
        if all(one in self.heard for one in active):
            weights, lately = self.demand.weights(1, active, self.now), self.demand.lately(1, name, self.now)
            more = issue_more(self.lot, name, of_all, weights, lately)
            total = hand.from_issue + more if more else total
        disk.grants[name] = max(disk.grants.get(name, 0), total)
        if not lost:
            place.held = max(place.held, disk.grants[name])

    def start_again(self, disk: Disk) -> None:
        """The hub lives again, with a disk that may be an older one."""
        self.disk, self.demand, self.heard, self.told = disk.copy(), Demand(), set(), {}

    def honoured(self) -> int:
        """Coupons that the shop stands by: of a node that was withdrawn, those that it told of."""
        return sum(
            self.disk.known.get(name, 0) if name in self.disk.gone else place.issued
            for name, place in self.places.items()
        )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["meet", "lost", "take", "take", "take", "copy", "back", "restart", "withdraw", "wait"]
        ),
        st.integers(0, 3),
        st.integers(1, 40),
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(lot=st.integers(1, 300), steps=STEPS)
def test_a_lot_is_never_oversold_whatever_happens_to_lines_and_disks(
    lot: int, steps: list[tuple[str, int, int]]
) -> None:
    """Nodes come in any order, answers are lost, the hub is set back to any earlier copy, nodes are withdrawn."""
    shop = Shop(campaign(issue_limit=lot), [f"kiosk-{place}" for place in range(4)])
    copies = [shop.disk.copy()]
    withdrawn: set[str] = set()
    for what, place, number in steps:
        name = shop.names[place]
        match what:
            case "meet" | "lost":
                shop.meet(name, lost=what == "lost")
            case "take" if name not in withdrawn:
                shop.hand_out(name, number)
            case "copy":
                copies.append(shop.disk.copy())
            case "back":
                # Whoever puts a backup back withdraws again what was withdrawn since: the shop no longer knows of it.
                old = copies[number % len(copies)].copy()
                old.gone |= withdrawn
                shop.start_again(old)
            case "restart":
                shop.start_again(shop.disk)
            case "withdraw" if number < 4:
                shop.disk.gone.add(name)
                withdrawn.add(name)
            case "wait":
                shop.now += number * 60.0
        assert shop.honoured() <= lot
        held = sum(
            min(one.held, shop.disk.known.get(other, 0)) if other in withdrawn else one.held
            for other, one in shop.places.items()
        )
        assert held <= lot


def test_without_hearing_everybody_first_a_hub_that_was_set_back_would_oversell() -> None:
    """The rule is needed: the same steps, and a hub that gives at once."""
    names = ["kiosk-0", "kiosk-1"]
    shop = Shop(campaign(issue_limit=100), names)
    empty = shop.disk.copy()
    for _ in range(25):
        for name in names:
            shop.meet(name)
            shop.hand_out(name, 100)
    shop.meet("kiosk-0")
    assert shop.honoured() > 90
    shop.start_again(empty)
    shop.heard = set(names)
    before = shop.honoured()
    for _ in range(40):
        shop.meet("kiosk-0")
        shop.hand_out("kiosk-0", 100)
    assert shop.honoured() > 100
    careful = Shop(campaign(issue_limit=100), names)
    careful.places = {"kiosk-0": Place(50, 50), "kiosk-1": Place(before - 50, before - 50)}
    careful.start_again(empty)
    for _ in range(40):
        careful.meet("kiosk-0")
        careful.hand_out("kiosk-0", 100)
    assert careful.honoured() == before
    careful.meet("kiosk-1")
    for _ in range(40):
        for name in names:
            careful.meet(name)
            careful.hand_out(name, 100)
    assert careful.honoured() == 100


@pytest.mark.parametrize(
    ("rates", "lot"),
    [((10, 3, 1), 1_000), ((10, 3, 1), 300), ((1, 1, 1, 1), 500), ((10, 3, 1, 0), 1_000)],
)
def test_little_is_stranded_when_nodes_are_reached_half_of_the_time(rates: tuple[int, ...], lot: int) -> None:
    """Demand 10 : 3 : 1, each node cut off for minutes at a time, until one that is reachable asks in vain."""
    parts = sorted(stranded_part(seed, rates, lot) for seed in range(12))
    assert sum(parts) / len(parts) <= 0.005
    assert parts[-1] <= 0.01


def stranded_part(seed: int, rates: tuple[int, ...], lot: int) -> float:
    """What of the lot is in nodes' hands when the hub has none left and somebody asks for one."""
    rnd = random.Random(seed)
    names = [f"kiosk-{place}" for place in range(len(rates))]
    shop = Shop(campaign(issue_limit=lot), names)
    reachable, change_at = dict.fromkeys(names, True), dict.fromkeys(names, 0)
    for second in range(100_000):
        shop.now = float(second)
        for name, rate in zip(names, rates, strict=True):
            if second >= change_at[name]:
                reachable[name] = rnd.random() < 0.5
                change_at[name] = second + rnd.randrange(20, 180)
            asked = rnd.random() < rate / 30
            got = asked and shop.hand_out(name, 1) == 1
            if reachable[name] and (asked or second % 5 == 0):
                shop.meet(name)
                if asked and not got and not shop.hand_out(name, 1):
                    assert left_of_lot(shop.lot, shop.hands()) == 0
                    really = sum(one.held - one.issued for one in shop.places.values())
                    # What nodes that are cut off have handed out the hub cannot know yet: it measures too much, never less.
                    assert really <= sum(stranded(shop.lot, shop.hands()).in_hands.values())
                    return really / lot
    raise AssertionError("the lot was never sold out")


def test_the_busy_node_is_given_more_and_the_idle_one_a_little() -> None:
    lot = campaign(issue_limit=1_000)
    nodes = [device("kiosk-1"), device("kiosk-2")]
    demand = Demand()
    demand.note(1, "kiosk-1", 90, 0.0)
    demand.note(1, "kiosk-2", 10, 0.0)
    of_all = hands(lot, nodes, [], [])
    weights = demand.weights(1, ["kiosk-1", "kiosk-2"], 0.0)
    busy, quiet = (issue_more(lot, name, of_all, weights, 500.0) for name in ("kiosk-1", "kiosk-2"))
    assert 8 <= busy / quiet <= 10
    idle = demand.weights(1, ["kiosk-1", "kiosk-3"], 0.0)
    assert issue_more(lot, "kiosk-1", of_all, idle) > 0
    assert 0 < idle["kiosk-3"] < 0.05


def test_demand_fades_by_half_in_an_hour_and_a_clock_that_runs_back_does_no_harm() -> None:
    demand = Demand()
    demand.note(1, "a", 64, 0.0)
    demand.note(1, "b", 0, 0.0)
    demand.note(1, "b", 16, 2 * 3_600.0)
    assert demand.weights(1, ["a", "b"], 2 * 3_600.0) == pytest.approx({"a": 0.5, "b": 0.5})
    demand.note(1, "b", 16, -1e9)
    assert sum(demand.weights(1, ["a", "b"], -1e9).values()) == pytest.approx(1.0)
    assert demand.weights(1, ["a", "b"], 1e12) == {"a": 0.5, "b": 0.5}


def test_rights_go_only_to_nodes_that_hand_the_offer_out() -> None:
    door = campaign(issue_limit=9, channels=("portal",))
    assert [may_hand_out(door, program) for program in ("edge", "kiosk", "site")] == [True, False, True]
    receipt = campaign(issue_limit=9, channels=())
    assert [may_hand_out(receipt, program) for program in ("edge", "kiosk", "site")] == [False, True, False]
    stopped = msgspec.structs.replace(receipt, stopped=True)
    assert not may_hand_out(stopped, "kiosk")
    assert not may_hand_out(campaign(), "kiosk")


def test_what_a_withdrawn_node_had_left_returns_and_what_it_handed_out_does_not() -> None:
    lot = campaign(issue_limit=100)
    grants = [Grant(1, "kiosk-1", 60, 0)]
    tallies = [Tally(1, "kiosk-1", 25, 0, 0)]
    there = hands(lot, [device("kiosk-1"), device("kiosk-2")], tallies, grants)
    gone = hands(lot, [device("kiosk-1", withdrawn=True), device("kiosk-2")], tallies, grants)
    assert (left_of_lot(lot, there), left_of_lot(lot, gone)) == (40, 75)
    assert issue_more(lot, "kiosk-1", gone, {"kiosk-1": 1.0}) == 0


def test_without_a_limit_a_till_may_always_accept_so_many_more_than_it_has() -> None:
    till = [device("kiosk-1")]
    assert accept_more(campaign(), "kiosk-1", hands(campaign(), till, [], []), {}) == ACCEPT_AHEAD
    spent = hands(campaign(), till, [Tally(1, "kiosk-1", 0, 0, 7)], [Grant(1, "kiosk-1", 0, ACCEPT_AHEAD)])
    assert accept_more(campaign(), "kiosk-1", spent, {}) == 7
    assert accept_more(campaign(offline="refuse"), "kiosk-1", spent, {}) == 0
    assert accept_more(campaign(), "edge-1", hands(campaign(), [device("edge-1")], [], []), {}) == 0


class Till:
    """What really is at one till of a limited offer."""

    def __init__(self) -> None:
        self.accept = self.spent = 0
        self.untold = 0
        self.open: list[bool] = []
        """Questions whose replies were lost: whether the hub used up a right for each."""

    @property
    def spare(self) -> int:
        """As `kiosk.facts.rights_left` counts."""
        return self.accept - self.spent - len(self.open)


class Limited:
    """A limit on redemptions: tills that ask the hub, tills that are cut off, replies that are lost."""

    def __init__(self, limit: int, names: list[str]) -> None:
        self.limited = campaign(redemption_limit=limit)
        self.limit = limit
        self.tills = {name: Till() for name in names}
        self.known = 0
        self.used = dict.fromkeys(names, 0)
        self.granted, self.tally, self.told = (dict.fromkeys(names, 0) for _ in range(3))
        self.real = 0

    def of_all(self) -> dict[str, Hand]:
        nodes = [device(name) for name in self.tills]
        tallies = [Tally(1, name, 0, self.used[name], self.tally[name]) for name in self.tills]
        grants = [Grant(1, name, 0, self.granted[name]) for name in self.tills]
        said = {name: Held(1, 0, till.accept, 0, self.told[name]) for name, till in self.tills.items()}
        return hands(self.limited, nodes, tallies, grants, said)

    def meet(self, name: str) -> None:
        """An exchange: what was accepted alone goes up, the rights come down; open questions are settled."""
        till = self.tills[name]
        self.known += till.untold
        self.used[name] += till.untold
        self.tally[name] += till.untold
        till.untold = 0
        till.spent += sum(till.open)
        till.open.clear()
        self.told[name] = till.spent
        of_all, weights = self.of_all(), dict.fromkeys(self.tills, 1 / len(self.tills))
        more = accept_more(self.limited, name, of_all, weights, redeemed=self.known)
        if more > 0:
            self.granted[name] = of_all[name].from_accept + more
        till.accept = max(till.accept, self.granted[name])

    def alone(self, name: str) -> None:
        till = self.tills[name]
        if till.spare > 0:
            till.spent += 1
            till.untold += 1
            self.real += 1

    def ask(self, name: str, *, lost: bool, waits: bool = False) -> None:
        """The hub decides as `hub.gathering` does. Where its yes is lost the till accepts the same act alone, or waits."""
        till = self.tills[name]
        room = room_for(self.limited, name, self.of_all())
        by_right = self.known + room.with_others + room.own >= self.limit
        if by_right and (room.own == 0 or till.spare <= 0 or self.known + room.with_others >= self.limit):
            return
        self.known += 1
        self.used[name] += 1
        self.real += 1
        self.tally[name] += by_right
        if not lost:
            till.spent += by_right
        elif till.spare > 0 and not waits:
            # One act, and its fact arrives later: it counts as accepted alone, and nothing as redeemed.
            till.spent += 2
            self.tally[name] += 1
        else:
            till.open.append(by_right)


@settings(max_examples=200, deadline=None)
@given(
    limit=st.integers(1, 120),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["meet", "alone", "ask", "lost", "waits"]), st.integers(0, 2), st.integers(1, 20)
        ),
        max_size=120,
    ),
)
def test_a_limit_on_redemptions_holds_over_tills_that_are_cut_off_and_replies_that_are_lost(
    limit: int, steps: list[tuple[str, int, int]]
) -> None:
    shop = Limited(limit, [f"kiosk-{place}" for place in range(3)])
    for what, place, times in steps:
        name = f"kiosk-{place}"
        for _ in range(times if what != "meet" else 1):
            match what:
                case "meet":
                    shop.meet(name)
                case "alone":
                    shop.alone(name)
                case _:
                    shop.ask(name, lost=what != "ask", waits=what == "waits")
        assert shop.real <= limit


def test_a_limit_can_be_used_up_by_tills_that_are_reached_but_for_what_idle_ones_hold() -> None:
    shop = Limited(100, [f"kiosk-{place}" for place in range(4)])
    for name in shop.tills:
        shop.meet(name)
    idle = sum(till.accept for name, till in shop.tills.items() if name != "kiosk-0")
    assert shop.tills["kiosk-0"].accept > 0
    for _ in range(150):
        shop.ask("kiosk-0", lost=False)
    assert shop.real == 100 - idle
    assert idle <= 20


def test_hands_tell_apart_what_is_known_and_what_was_told() -> None:
    of_all = hands(
        campaign(issue_limit=50),
        [device("kiosk-1")],
        [Tally(1, "kiosk-1", 5, 2, 1), Tally(2, "kiosk-1", 99, 99, 99)],
        [Grant(1, "kiosk-1", 10, 4)],
        {"kiosk-1": Held(1, 12, 4, 7, 3)},
    )
    hand = of_all["kiosk-1"]
    assert (hand.issue, hand.issued, hand.known_issued, hand.unspent) == (12, 7, 5, 5)
    assert (hand.accept, hand.accepted, hand.may_accept, hand.redeemed) == (4, 3, 1, 2)
    assert replace(hand, gone=True).moved == 5
