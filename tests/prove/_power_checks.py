"""What has to be true of a shop that comes back after a power cut, however it comes back."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from hub.client.db import StorageError
from hub.rebuild import verify
from hub.wire.coupon import Issued
from kiosk.store_acts import use_of
from kiosk.verdicts import Scan
from tests.prove._power_shop import COFFEE, OLD_USE, PowerShop

Ack = dict[str, object]


class Trouble(Exception):
    """Something is not as it has to be. `kind`: corrupt, lost, half done, doubled or stuck."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def look_at(folder: Path, acks: list[Ack]) -> None:
    """Open the shop in this folder, which had acknowledged these acts, look for each, and go on. Trouble where it cannot."""
    try:
        shop = PowerShop(folder)
    except StorageError as wrong:
        raise Trouble("corrupt", f"the hub does not open: {wrong}") from wrong
    try:
        _hub_is_whole(shop)
        if not any(ack["act"] == "enrol" for ack in acks):
            return
        if not shop.is_enrolled():
            raise Trouble("lost", "the till does not know its shop any more")
        _till_is_whole(shop, acks)
        _nothing_is_lost(shop, acks)
        _goes_on(shop)
    except StorageError as wrong:
        raise Trouble("stuck", f"a file cannot be used: {wrong}") from wrong
    finally:
        shop.close()


def _hub_is_whole(shop: PowerShop) -> None:
    unsound = shop.store.is_sound()
    if unsound is not None:
        raise Trouble("corrupt", f"the hub's file: {unsound}")
    if shop.store.pool.read("PRAGMA foreign_key_check"):
        raise Trouble("corrupt", "the hub's file: a row points to one that is not there")
    differ = verify(shop.store).differ
    if differ:
        raise Trouble("half done", f"the hub's {', '.join(differ)} say something else than its journal")


def _till_is_whole(shop: PowerShop, acks: list[Ack]) -> None:
    conn = shop.till.pool.here().conn
    (found,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Trouble("corrupt", f"the till's file: {found}")
    if any(ack["act"] == "old" for ack in acks) and use_of(conn, OLD_USE) is None:
        raise Trouble("lost", "what the oldest release had redeemed is not known any more")
    (first, last, rows) = conn.execute("SELECT min(seq), max(seq), count(*) FROM outbox").fetchone()
    (following,) = conn.execute("SELECT next_seq FROM journal").fetchone()
    if rows and (last - first + 1 != rows or last + 1 != following):
        raise Trouble(
            "half done", f"the till's journal has a gap: {first} to {last} are {rows}, next {following}"
        )
    alone = conn.execute("SELECT count(*) FROM redemption WHERE decided_by = 'till'").fetchone()[0]
    spent = conn.execute("SELECT coalesce(sum(total), 0) FROM spent_right WHERE what = 'accept'").fetchone()[
        0
    ]
    # An own right that was spent is not given back by an undo, so there may be more of these.
    if spent < alone:
        raise Trouble(
            "half done", f"{alone} coupons were accepted alone, and {spent} rights were spent on it"
        )


def _nothing_is_lost(shop: PowerShop, acks: list[Ack]) -> None:
    till = shop.till
    outcome = till.exchange.drain()
    if outcome.retry is not None:
        raise Trouble("stuck", f"hub and till do not get on: {outcome.retry.sentence}")
    # The same act may have been acknowledged twice: once it failed on its way back to staff, and they pressed again.
    acts = Counter(
        serial for serial, _ in {(str(ack["serial"]), ack["nonce"]) for ack in acks if ack["act"] == "redeem"}
    )
    doubts = _in_doubt(acks)
    for ack in acks:
        _is_there(shop, ack)
    for serial, count in acts.items():
        known = len(shop.store.counter.acts_of(serial))
        if known < count:
            raise Trouble("lost", f"{serial} was redeemed {count} times, the ledger knows of {known}")
        if known > count + doubts[serial]:
            raise Trouble("doubled", f"{serial} was redeemed {count} times, the ledger counts {known}")
    if shop.store.counter.conflicts():
        raise Trouble("doubled", f"a coupon was accepted twice: {shop.store.counter.conflicts()[0]}")
    _ends_as_acknowledged(shop, acks)


def _is_there(shop: PowerShop, ack: Ack) -> None:
    till = shop.till
    match ack["act"]:
        case "issue":
            if till.desk.coupon(str(ack["serial"])) is None or till.desk.taken(str(ack["request"])) is None:
                raise Trouble("lost", f"the coupon {ack['serial']} is not there")
        case "redeem":
            verdict = till.store.verdict(str(ack["nonce"]))
            if verdict is None or not verdict.accepted:
                raise Trouble("lost", f"the till does not know of the act {ack['nonce']}")
        case "print":
            if not till.jobs.state_of(str(ack["nonce"])):
                raise Trouble("lost", f"the receipt of {ack['nonce']} is not in the queue")
        case "pin":
            _pins_are_counted(shop, int(str(ack["tries"])))


def _in_doubt(acks: list[Ack]) -> Counter[str]:
    """How many acts on each coupon were begun and never acknowledged: they may have been done, and need not."""
    doubts: Counter[str] = Counter()
    for ack in acks:
        if ack["act"] == "begin":
            doubts[str(ack["serial"])] += 1
        elif ack["act"] in ("redeem", "release", "reverse") and doubts[str(ack["serial"])]:
            doubts[str(ack["serial"])] -= 1
    return doubts


def _ends_as_acknowledged(shop: PowerShop, acks: list[Ack]) -> None:
    """Each coupon is used or free, as the last word on it was."""
    last: dict[str, str] = {}
    for ack in acks:
        if "serial" in ack:
            last[str(ack["serial"])] = str(ack["act"])
    doubts = _in_doubt(acks)
    for serial, act in last.items():
        used = shop.store.ledger.first_act(serial) is not None
        if not doubts[serial] and used != (act == "redeem"):
            raise Trouble("lost", f"{serial} is {'used' if used else 'free'}, and its last act was {act}")


def _pins_are_counted(shop: PowerShop, tries: int) -> None:
    counted, _ = shop.till.staff_rows.wrong_pins(shop.till.pool.here().conn, "staff s1")
    if counted < tries:
        raise Trouble("lost", f"{tries} wrong PINs were tried, {counted} are counted")


def _goes_on(shop: PowerShop) -> None:
    till = shop.till
    issued = till.desk.take(COFFEE, os.urandom(16).hex(), time.time())
    if not isinstance(issued, Issued):
        raise Trouble("stuck", f"no coupon can be taken: {issued}")
    first = till.redeemer.redeem(Scan(issued.token, "s1", os.urandom(8).hex()))
    if not first.accepted or first.decided_by != "hub":
        raise Trouble("stuck", f"a good coupon is not taken: {first}")
    second = till.redeemer.redeem(Scan(issued.token, "s1", os.urandom(8).hex()))
    if second.accepted or second.refusal != "already_redeemed":
        raise Trouble("doubled", f"the same coupon is taken twice: {second}")
