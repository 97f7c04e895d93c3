"""Shops of a chain that stand in head office's own database, without a hub of their own: how head office is asked about a coupon
of the chain at one of their tills.

Nothing travels: its books are asked directly, in a transaction of their own before the shop's. Where that is cut off in between,
the till asks again under the same nonce, and head office says the same again.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.store.base import Store
from hub.store.records import Device
from hub.upstream.asking import Question, ask_on, nonce_above
from hub.upstream.presenting import in_all_books
from hub.upstream.spent import take_back
from hub.wire.events import ClockState, CouponReversed
from hub.wire.sync import Problem, RedeemReply, RedeemRequest

Decide = Callable[[int, Device, RedeemRequest, int], RedeemReply | Problem]
"""What head office says: its number, the till, its question, the number of the till's shop."""


class OneRoof:
    """Asks head office in the same database, for the tills of one shop. Safe from several threads."""

    def __init__(self, store: Store, decide: Decide) -> None:
        self._store = store
        self._decide = decide

    def ask(self, device: Device, request: RedeemRequest) -> Question | None:
        """None where the shop decides by itself, or has decided before. Call outside of any transaction."""
        office = self._store.chain.office_here()
        if not office:
            return None
        here = self._store.shop.number
        return ask_on(self._store, device, request, lambda asked: self._decide(office, device, asked, here))


def learn_what_was_taken_back(home: Store, request: RedeemRequest, now: float, clock: ClockState) -> None:
    """What a shop took back is good again everywhere. Call inside `home.writing()`, before a coupon is decided."""
    coupon = in_all_books(home, request, "").coupon
    act = None if coupon is None else home.ledger.first_act(coupon.serial)
    if act is None or not act.booked_in:
        return
    books = home.of_shop(act.booked_in)
    for sold in books.counter.acts_of(act.serial):
        back = books.ledger.reversal(sold.device, sold.nonce)
        if back is None or nonce_above(sold.device, sold.nonce) != act.nonce:
            continue
        fact = CouponReversed(
            serial=back.serial,
            campaign=back.campaign,
            of=back.of,
            redeemed_by=back.device,
            nonce=back.nonce,
            till=back.till,
            staff=back.staff,
            by=back.by,
            reason=back.reason,
            value_cents=back.value_cents,
            simulated=back.simulated,
        )
        take_back(home, "", sold.device, fact, now, clock)
