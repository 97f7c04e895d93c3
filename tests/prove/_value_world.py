"""The shop of the proof of coupons, with purses: its rules, and the mistakes that are planted into it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec

from hub.app import open_store
from hub.client.shelf import Shelf
from hub.purse.moves import grant
from hub.purse.ruling import set_rules
from hub.store.ledger import SqliteLedger
from hub.store.purse import SqlPurse
from hub.store.purse_records import Account, PurseAct
from hub.store.sqlite import SqliteStore
from hub.wire.purse_rules import PunchCard, PurseRules, PurseSection
from kiosk.counter import Counter
from kiosk.purse import Purses
from tests.prove._coupon_bugs import BUGS as COUPON_BUGS
from tests.prove._coupon_world import START, Till, World
from tests.prove._coupon_world import build as build_shop

MEMBERS = tuple(letter * 32 for letter in "abc")
OFFLINE_CENTS = 1_000
RULES = PurseRules(
    points_each=1,
    earn_cents=10,
    pending_days=1,
    expiry_days=20,
    worth_points=100,
    worth_cents=100,
    stored=True,
    least_topup_cents=100,
    staff_day_cents=0,
    most_stored_cents=0,
    offline_cents=OFFLINE_CENTS,
    offline_act_cents=800,
    cards=(PunchCard("coffee", {"en": "Coffee"}, 3, {"en": "A coffee"}, 300, 200, 5),),
    currency="EUR",
    timezone="Europe/Vienna",
)


class ValueWorld(World):
    """The shop. `settles`: whether tills look after what they gave up; `purses`: how a till's part is put together."""

    def __init__(self, folder: Path, seed: int | str) -> None:
        super().__init__(folder, seed)
        self.settles = True
        self.purses: Callable[[Counter], Purses] | None = None

    def start_till(self, till: Till) -> Counter:
        """Switch a till on."""
        counter = super().start_till(till)
        if self.purses is not None:
            counter.purses = self.purses(counter)
        return counter


def build(folder: Path) -> None:
    """The shop as every day begins: it keeps purses, and every till knows it."""
    build_shop(folder)
    world = World(folder, "template")
    world.hub.start()
    set_rules(world.hub.store, RULES, "proof", START, "ntp")
    for member in MEMBERS:
        for unit, amount, ends in (("points", 3_000, START + 9 * 86_400), ("stored", 8_000, None)):
            grant(
                world.hub.store,
                member,
                unit,  # type: ignore[arg-type]  # two of the units
                amount,
                nonce=f"brought-{unit}-{member[:4]}",
                why="import",
                by="proof",
                expires_at=ends,
                now=START,
                clock="ntp",
            )
    for till in world.tills:
        world.start_till(till).exchange.drain()
    world.stop()
    for path in folder.glob("*/*.db"):
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _ForgetfulBooks(SqliteLedger):
    """The number of an act is ignored: the same payment that comes again, because its answer was lost, is a new one."""

    def purse_act(self, device: str, nonce: str) -> PurseAct | None:
        return None

    def add_purse_act(self, act: PurseAct) -> None:
        twice = super().purse_act(act.device, act.nonce) is not None
        super().add_purse_act(replace(act, nonce=f"{act.nonce}/again/{act.position}") if twice else act)


class _ForgetfulPurse(SqlPurse):
    def purse_act(self, device: str, nonce: str) -> PurseAct | None:
        return None


class _SingleEntry(SqliteLedger):
    """What a member has is written, and where it came from is not: one side of each move."""

    def put_purse_accounts(self, accounts: Mapping[Account, tuple[int, int]]) -> None:
        super().put_purse_accounts({one: told for one, told in accounts.items() if one.kind != "shop"})


class _Generous(Shelf):
    """A till does not look at what it may accept alone."""

    def purse(self) -> PurseSection | None:
        section = super().purse()
        if section is None:
            return None
        rules = msgspec.structs.replace(section.rules, offline_act_cents=10**9, offline_cents=10**9)
        return msgspec.structs.replace(section, rules=rules, right_cents=10**9)


def _opened(change: Callable[[SqliteStore], None]) -> Callable[[ValueWorld], None]:
    def plant(world: ValueWorld) -> None:
        def opened(folder: Path) -> SqliteStore:
            store = open_store(folder)
            change(store)
            return store

        world.hub.open = opened

    return plant


def _forget(store: SqliteStore) -> None:
    store.ledger = _ForgetfulBooks(store.pool)
    store.purse = _ForgetfulPurse(store.pool)


def _write_one_side(store: SqliteStore) -> None:
    store.ledger = _SingleEntry(store.pool)


def _rights_ignored(world: ValueWorld) -> None:
    def purses(counter: Counter) -> Purses:
        return Purses(replace(counter.redeemer.means, shelf=_Generous(counter.pool)))

    world.purses = purses


def _never_given_up(world: ValueWorld) -> None:
    world.settles = False


BUGS: dict[str, Callable[[ValueWorld], None]] = {
    "check and count apart": COUPON_BUGS["check and count apart"],
    "synchronous=NORMAL": COUPON_BUGS["synchronous=NORMAL"],
    "nonce ignored": _opened(_forget),
    "one side of a move": _opened(_write_one_side),
    "rights not looked at": _rights_ignored,
    "what nobody saw is kept": _never_given_up,
}


def draw_cents(draw: random.Random) -> int:
    """A sum as it stands on a receipt."""
    return draw.choice((draw.randrange(50, 900), draw.randrange(900, 9_000), draw.randrange(3_000, 20_000)))
