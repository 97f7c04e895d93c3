"""Shops of a chain that stand in head office's own database, without a hub of their own: how head office is asked about a coupon
of the chain at one of their tills.

Nothing travels: its books are asked directly, in a transaction of their own before the shop's. Where that is cut off in between,
the till asks again under the same nonce, and head office says the same again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hub.client.clock import Clock
from hub.presenting import Beside
from hub.redeeming import redeem
from hub.setback import RECOVERING, recovering
from hub.store.base import Store
from hub.store.records import Device
from hub.upstream.asking import Asker, Question, ask_on, nonce_above
from hub.upstream.presenting import in_all_books
from hub.upstream.relaying import HeadOffice
from hub.upstream.spent import take_back
from hub.wire.events import ClockState, CouponReversed
from hub.wire.sync import Problem, RedeemReply, RedeemRequest


class Office(Protocol):
    """Head office in this process, as far as it decides."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    def beside(self) -> Beside: ...


class OneRoof:
    """Asks head office in the same database, for the tills of one shop. Safe from several threads."""

    def __init__(self, store: Store, office_of: Callable[[int], Office]) -> None:
        self._store = store
        self._office_of = office_of

    def ask(self, device: Device, request: RedeemRequest) -> Question | None:
        """None where the shop decides by itself, or has decided before. Call outside of any transaction."""
        number = self._store.chain.office_here()
        if not number:
            return None
        office, shop = self._office_of(number), self._store.shop.number
        return ask_on(self._store, device, request, lambda asked: _decide(office, device, asked, shop))


def asker_of(store: Store, above: HeadOffice | None, office_of: Callable[[int], Office]) -> Asker | OneRoof:
    """Who asks head office on for the tills of this shop: over the line where its hub has one, else in the same database."""
    return Asker(store, above) if above is not None else OneRoof(store, office_of)


def decide_below(
    home: Store, device: Device, asked: RedeemRequest, now: float, clock: ClockState, beside: Beside
) -> RedeemReply | tuple[int, Problem]:
    """Head office's decision for the hub of a shop. Call inside `home.writing()`."""
    below = home.chain.shop_below(device.device)
    shop = 0 if below is None else below.tenant
    return redeem(home, device, asked, now, clock, beside, in_all_books(home, asked, device.device), shop)


def _decide(office: Office, device: Device, asked: RedeemRequest, shop: int) -> RedeemReply | Problem:
    """Head office's decision for a till of the shop with that number, on disk when it comes back."""
    home, now, clock = office.store, office.clock.now(), office.clock.state()

    def decide() -> RedeemReply | tuple[int, Problem]:
        if recovering(home, now):
            return RECOVERING
        _learn_what_was_taken_back(home, asked, now, clock)
        shown = in_all_books(home, asked, device.device)
        return redeem(home, device, asked, now, clock, office.beside(), shown, shop)

    answer = home.together(decide)
    return answer[1] if isinstance(answer, tuple) else answer


def _learn_what_was_taken_back(home: Store, request: RedeemRequest, now: float, clock: ClockState) -> None:
    """What a shop took back is good again everywhere."""
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
