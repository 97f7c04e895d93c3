"""A shop's day under the recorder: `python -m tests.prove._power_day FOLDER SEED ACTS SYNC [failing]`.

Every act goes through the real programs' own parts to real files. When it has been acknowledged, and not before, a mark says so
in the record. The folder holds an old hub (`make_old_hub`) when it begins. On a day with `failing` every third act meets a disk
that fails once, and what came of it is in doubt unless it was acknowledged.
"""

from __future__ import annotations

import contextlib
import errno
import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.client.db import StorageError, explain
from hub.wire.coupon import Issued
from kiosk.jobs import Queued
from kiosk.verdicts import Scan, Undo
from tests.prove._power_shop import COFFEE, HUB_ONLY, PowerShop, make_old_till
from tests.prove._recorder import Inside

Ack = dict[str, object]

MOST_CALLS = 50
"""An act is some forty calls: on a failing day, one of them fails, or now and then none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a day stands: free coupons, acts that may be taken back, guesses, random numbers."""

    coupons: tuple[Issued, ...]
    lately: tuple[tuple[str, Issued], ...]
    tries: int
    random: tuple[Any, ...]


class Day:
    """One act after the other. `done` says what was acknowledged."""

    def __init__(self, shop: PowerShop, rnd: random.Random) -> None:
        self.shop = shop
        self._rnd = rnd
        self._coupons: list[Issued] = []
        self._lately: list[tuple[str, Issued]] = []
        self._tries = self._guesses = 0
        self._told: Callable[[Ack], None] = lambda ack: Inside().mark(json.dumps(ack))

    def listen(self, told: Callable[[Ack], None]) -> None:
        """Tell somebody else of what is acknowledged within an act."""
        self._told = told

    def keep(self) -> Kept:
        """Where this day stands, so that an act can be begun once more with the same numbers."""
        return Kept(tuple(self._coupons), tuple(self._lately), self._tries, self._rnd.getstate())

    def take_over(self, kept: Kept) -> None:
        """Stand there again."""
        self._coupons, self._lately = list(kept.coupons), list(kept.lately)
        self._tries = kept.tries
        self._rnd.setstate(kept.random)

    def acts(self) -> list[Callable[[], Ack | None]]:
        """What may happen, the more often the more it matters."""
        return [
            *[self.issue] * 4,
            *[self.redeem] * 5,
            *[self.redeem_alone] * 3,
            self.hold_and_redeem,
            self.hold_and_release,
            *[self.reverse] * 2,
            self.reverse_alone,
            self.print_receipt,
            self.wrong_pin,
            self.tell,
            self.tidy,
        ]

    def issue(self, campaign: int = 0) -> Ack:
        """A shopper takes a coupon at the kiosk's screen."""
        number = campaign or self._rnd.choice((COFFEE, COFFEE, HUB_ONLY))
        request = self._hex(16)
        issued = self.shop.till.desk.take(number, request, time.time())
        if not isinstance(issued, Issued):
            raise TypeError(f"no coupon: {issued}")
        self._coupons.append(issued)
        return {"act": "issue", "serial": issued.coupon.serial, "request": request}

    def redeem(self) -> Ack | None:
        """At the till, while its hub answers."""
        issued = self._one()
        nonce = self._hex(8)
        text = self._rnd.choice((issued.token, issued.code))
        verdict = self.shop.till.redeemer.redeem(Scan(text, "s1", nonce))
        if not verdict.accepted:
            return None
        self._lately.append((nonce, issued))
        return {"act": "redeem", "serial": issued.coupon.serial, "nonce": nonce, "by": verdict.decided_by}

    def redeem_alone(self) -> Ack | None:
        """At the till, while its hub is away."""
        return self._away(self.redeem, COFFEE)

    def hold_and_redeem(self) -> Ack | None:
        """The cash register asks first and pays afterwards."""
        issued = self._one()
        hold = self._hold(issued)
        if hold is None:
            return None
        nonce = self._hex(8)
        verdict = self.shop.till.redeemer.redeem(Scan(issued.token, "s1", nonce, reservation=hold))
        if not verdict.accepted:
            return None
        self._lately.append((nonce, issued))
        return {"act": "redeem", "serial": issued.coupon.serial, "nonce": nonce, "by": verdict.decided_by}

    def hold_and_release(self) -> Ack | None:
        """The customer goes without paying."""
        issued = self._one()
        hold = self._hold(issued)
        if hold is None or not self.shop.till.redeemer.release(hold):
            return None
        self._coupons.append(issued)
        return {"act": "release", "serial": issued.coupon.serial, "nonce": hold}

    def print_receipt(self) -> Ack | None:
        """The latest act's receipt goes into the printer's queue."""
        if not self._lately:
            return None
        nonce, _ = self._lately[-1]
        queued = self.shop.till.jobs.print_redemption(nonce)
        return {"act": "print", "nonce": nonce} if queued == Queued.QUEUED else None

    def reverse(self) -> Ack | None:
        """Staff take the last act back at the till."""
        if not self._lately:
            return None
        of, issued = self._lately.pop()
        return self._undo(of, issued)

    def reverse_alone(self) -> Ack | None:
        """An act that the till decided alone is taken back while the hub is still away."""

        def both() -> Ack | None:
            done = self.redeem()
            if done is None:
                return None
            self._mark(done)
            of, issued = self._lately.pop()
            return self._undo(of, issued)

        return self._away(both, COFFEE)

    def wrong_pin(self) -> Ack | None:
        """Somebody guesses: the count is on disk before the answer."""
        self._guesses += 1
        self.shop.guess("0000", self._guesses)
        self._tries += 1
        return {"act": "pin", "tries": self._tries}

    def tell(self) -> Ack:
        """Facts go up, the snapshot comes down."""
        self.shop.reach()
        return {"act": "tell"}

    def tidy(self) -> Ack:
        """What programs do beside: move the log into the file, or end and begin again."""
        how = self._rnd.choice(("TRUNCATE", "PASSIVE", "hub"))
        if how == "hub":
            self.shop.store.checkpoint()
            return {"act": "tidy"}
        try:
            self.shop.till.pool.here().execute(f"PRAGMA wal_checkpoint({how})")
        except sqlite3.Error as wrong:
            raise explain(wrong, self.shop.till.pool.path) from wrong
        return {"act": "tidy"}

    def _undo(self, of: str, issued: Issued) -> Ack | None:
        self._begin(issued)
        nonce = self._hex(8)
        undone = self.shop.till.redeemer.reverse(Undo(of, "s1", nonce, "wrong coupon"))
        if undone.state != "reversed":
            return None
        self._coupons.append(issued)
        return {"act": "reverse", "serial": issued.coupon.serial, "nonce": nonce, "of": of}

    def _hold(self, issued: Issued) -> str | None:
        self.shop.reach()
        nonce = self._hex(8)
        if not self.shop.till.redeemer.reserve(Scan(issued.token, "s1", nonce), lasts_s=900).held:
            return None
        self._mark({"act": "reserve", "serial": issued.coupon.serial, "nonce": nonce})
        return nonce

    def _away(self, act: Callable[[], Ack | None], campaign: int) -> Ack | None:
        # Something that may be redeemed alone comes first, then nobody answers.
        self._mark(self.issue(campaign))
        self.shop.wire.there = False
        self.shop.reach()
        try:
            return act()
        finally:
            self.shop.wire.there = True
            self.shop.reach()

    def _one(self) -> Issued:
        if not self._coupons:
            self._mark(self.issue())
            self.shop.reach()
        # The latest, so that the one that was taken for it is redeemed.
        issued = self._coupons.pop(
            -1 if not self.shop.wire.there else self._rnd.randrange(len(self._coupons))
        )
        self._begin(issued)
        return issued

    def _begin(self, issued: Issued) -> None:
        """What becomes of this coupon is in doubt from here until the act is acknowledged."""
        self._mark({"act": "begin", "serial": issued.coupon.serial})

    def _hex(self, octets: int) -> str:
        return self._rnd.randbytes(octets).hex()

    def _mark(self, ack: Ack) -> None:
        self._told(ack)


def main() -> int:
    """A first start from old files, the acts, and a new start in between."""
    folder, seed, acts, sync = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    failing = sys.argv[5:] == ["failing"]
    recorder = Inside()
    rnd = random.Random(seed)
    now = time.time()
    shop = PowerShop(folder, sync=sync)
    recorder.mark(json.dumps({"act": "migrate", "what": "hub"}))
    shop.add_staff(now)
    shop.enrol_till()
    recorder.mark(json.dumps({"act": "enrol"}))
    make_old_till(folder / "till", now)
    recorder.mark(json.dumps({"act": "old"}))
    day = Day(shop, rnd)
    shop.reach()
    recorder.mark(json.dumps({"act": "migrate", "what": "till"}))
    for number in range(acts):
        if failing and not rnd.randrange(3):
            call = rnd.randint(1, MOST_CALLS)
            recorder.fail(call, call, rnd.choice((errno.EIO, errno.EIO, errno.ENOSPC)))
        ack = None
        with contextlib.suppress(*(StorageError,) if failing else ()):
            ack = rnd.choice(day.acts())()
        recorder.fail_none()
        if ack is not None:
            recorder.mark(json.dumps(ack))
        if number % 40 == 39:
            shop.close()
            shop = day.shop = PowerShop(folder, sync=sync)
            shop.reach()
    shop.close()
    recorder.mark(json.dumps({"act": "closed"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
