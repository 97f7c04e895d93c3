"""Head office learns what a shop did with coupons of the chain: acts in the shop's journal become acts in its own ledger,
where the first one counts and every other is a conflict with its cost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import HUB, RedeemedHere, write_fact
from hub.reading import read_relayed
from hub.spending import standing_act
from hub.store.base import Store
from hub.upstream.asking import nonce_above
from hub.wire.chain import is_of_chain
from hub.wire.events import ClockState, CouponReversed

_MARKS = (b'"coupon.redeemed"', b'"coupon.reversed"')
_OF_CHAIN = re.compile(rb'"campaign":(\d{10})[,}]')
_redeemed = msgspec.json.Decoder(RedeemedHere)
_reversed = msgspec.json.Decoder(CouponReversed)


def may_have_spent(texts: Sequence[msgspec.Raw]) -> bool:
    """Whether some of these events may be acts with coupons of the chain: most have none, and need no transaction."""
    return any(_may_be(bytes(text)) for text in texts)


def _may_be(text: bytes) -> bool:
    found = _OF_CHAIN.search(text) if any(mark in text for mark in _MARKS) else None
    return found is not None and is_of_chain(int(found[1]))


def take_spent(
    home: Store, shop: str, device: str, texts: Sequence[msgspec.Raw], now: float, clock: ClockState
) -> int:
    """How many acts were new. Call inside `home.writing()`; the same events again change nothing.

    `shop`: what the shop is called, for those who read where a coupon was used; `device`: its hub's name here.
    """
    wanted = [text for text in texts if _may_be(bytes(text))]
    count = 0
    for event in read_relayed(wanted).events if wanted else ():
        if event is None:
            continue
        try:
            if event.kind == "coupon.redeemed":
                count += _spend(home, shop, device, event.device, _redeemed.decode(event.data), now, clock)
            elif event.kind == "coupon.reversed":
                count += take_back(home, shop, device, _reversed.decode(event.data), now, clock)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # The shop's own books say what is wrong with it.
            continue
    return count


def _spend(
    home: Store, shop: str, device: str, by: str, fact: RedeemedHere, now: float, clock: ClockState
) -> int:
    """An acceptance within the shop's rights. What head office decided itself it has."""
    if not (is_of_chain(fact.campaign) and fact.offline):
        return 0
    till = fact.asked_by if by == HUB and fact.asked_by else by
    nonce = nonce_above(till, fact.nonce)
    if home.ledger.act(device, nonce) is not None:
        return 0
    here = msgspec.structs.replace(
        fact,
        nonce=nonce,
        asked_by=device,
        till=f"{shop}: {fact.till}"[:200],
        right_spent=True,
        reservation="",
        booked_in=below.tenant if (below := home.chain.shop_below(device)) is not None else 0,
    )
    fold(home.ledger, [append_own(home, "coupon.redeemed", write_fact(here), now, clock)])
    return 1


def take_back(
    home: Store, shop: str, device: str, fact: CouponReversed, now: float, clock: ClockState
) -> int:
    """What the shop took back is good again everywhere."""
    if not is_of_chain(fact.campaign):
        return 0
    of = nonce_above(fact.redeemed_by, fact.of)
    act = standing_act(home.ledger, device, of)
    if act is None or home.ledger.reversal(device, act.nonce) is not None:
        return 0
    here = msgspec.structs.replace(
        fact,
        of=of,
        redeemed_by=device,
        nonce=nonce_above(fact.redeemed_by, fact.nonce),
        till=f"{shop}: {fact.till}"[:200],
    )
    fold(home.ledger, [append_own(home, "coupon.reversed", write_fact(here), now, clock)])
    return 1
