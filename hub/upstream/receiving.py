"""Head office's side: a shop's hub joins, and its journal goes into the books of that shop. The shop is the authority: what it
says is kept and added up here, never judged again.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from hub.fleet.plan import Plan
from hub.rebuild import FOLDING
from hub.store.base import Store
from hub.store.chain_records import Heard, ShopBelow
from hub.store.key_records import KeyRecord
from hub.store.records import Device
from hub.upstream.spent import may_have_spent, take_spent
from hub.upstream.taking import take_all
from hub.wire.chain import RELAY_BATCH, RELAY_BYTES, Relay, Relayed
from hub.wire.events import ClockState
from hub.wire.snapshot import Shop, say
from hub.wire.sync import Books, EnrolRequest, Problem

LARGEST_SHOP = 2**16 - 1
ANY = Plan()


def meant_for(store: Store, request: EnrolRequest, plan: Plan) -> EnrolRequest:
    """A new machine for the hub of a shop knows nothing of that shop yet: its code does."""
    if request.shop is not None or not plan.shop or plan.shop not in store.shops():
        return request
    return msgspec.structs.replace(request, shop=store.of_shop(plan.shop).shop.get())


def hubs_of(store: Store, number: int) -> list[Device | None]:
    """Every hub that a shop below has had."""
    return [store.devices.get(one.device) for one in store.chain.below() if one.tenant == number]


def why_not(store: Store, request: EnrolRequest, code_is_for: str | None, plan: Plan = ANY) -> Problem | None:
    """Why the hub of this shop cannot join here; None where it can, and for every other node. `store`: head office's own.

    `code_is_for`: the program of the pairing code. One that is for any device of the shop lets no other shop in; one that is for
    one shop (`plan`) only that one.
    """
    shop = request.shop
    if request.program != "hub":
        return None
    if code_is_for != "hub":
        return Problem("wrong_program", "This code is for a device. Make one for a shop: pair --program hub")
    if shop is None or not 1 <= shop.number <= LARGEST_SHOP:
        return Problem("no_shop_told", "A hub that joins says which shop it is. Bring it to this release.")
    if plan.shop and plan.shop != shop.number:
        return Problem(
            "wrong_shop", f"This code is for the hub of shop {plan.shop}, not of shop {shop.number}."
        )
    if store.chain.upstream() is not None:
        return Problem("not_the_top", "The hub here has a head office itself. Join that one.")
    if shop.number not in store.shops():
        return None
    hubs = hubs_of(store, shop.number)
    if not hubs or any(hub is not None and hub.withdrawn_at is None for hub in hubs):
        return Problem(
            "shop_taken",
            f"The number {shop.number} is taken here. Give this shop another one, or withdraw the hub that it had before.",
        )
    return None


def joined(store: Store, device: str, shop: Shop, now: float) -> None:
    """Keep books for this shop from now on. Call inside `store.writing()`, after `why_not`."""
    tenant = store.of_shop(shop.number)
    if shop.number not in store.shops():
        tenant.shop.save(shop, now)
        tenant.ledger.set_folding(FOLDING)
    store.chain.put_below(ShopBelow(device, shop.number, now))


def receive(
    store: Store, device: str, relay: Relay, books: Books | None, now: float, clock: ClockState
) -> Relayed | None:
    """Take a part of a shop's journal; None where this node is no shop's hub. Call outside of any transaction.

    What was done with coupons of the chain goes into head office's own ledger first: should that be all, it is told again.
    """
    below = store.chain.shop_below(device)
    if below is None:
        return None
    tenant = store.of_shop(below.tenant)
    if may_have_spent(relay.events):
        shop = tenant.shop.get()
        name = "" if shop is None else say(shop.name, "en")
        with store.writing():
            take_spent(store, name or f"{below.tenant}", device, relay.events, now, clock)
    with tenant.writing():
        heard = tenant.chain.heard(device)
        if books is not None:
            _keep_books(tenant, below.tenant, books, now)
        return _take(tenant, heard, relay, now)


def _take(tenant: Store, heard: Heard, relay: Relay, now: float) -> Relayed:
    same = heard.journal == relay.journal
    upto = heard.upto if same else 0
    if relay.after > upto:
        # These books were set back, or this is another journal: from here on, please. What is here already is told by its id.
        tenant.chain.put_heard(replace(heard, journal=relay.journal, upto=upto, last=relay.last, told_at=now))
        return _answer(tenant, relay, Relayed(upto, tenant.journal.last_position()))
    taken = take_all(tenant, relay.events, now, heard.device)
    strange = taken.strange is not None and relay.after + 1 + taken.strange <= upto
    set_back = same and (strange or relay.last < upto)
    upto = max(upto, relay.after + len(relay.events))
    tenant.chain.put_heard(
        Heard(
            heard.device,
            relay.journal,
            upto,
            relay.last,
            now,
            heard.parked + taken.parked,
            heard.set_backs + set_back,
            now if set_back else heard.set_back_at,
        )
    )
    at = tenant.journal.last_position()
    return _answer(tenant, relay, Relayed(upto, at, taken.parked, set_back))


def _answer(tenant: Store, relay: Relay, relayed: Relayed) -> Relayed:
    """With what the shop asks for because it may have lost it."""
    if relay.recall is None:
        return relayed
    texts = tenant.chain.events_after(relay.recall, RELAY_BATCH, RELAY_BYTES)
    upto = relay.recall + len(texts)
    return msgspec.structs.replace(
        relayed,
        recalled=tuple(msgspec.Raw(text) for text in texts),
        recalled_upto=upto,
        more=upto < relayed.at,
    )


def _keep_books(tenant: Store, number: int, books: Books, now: float) -> None:
    """How the shop calls itself, and its keys. Its number is the one under which it joined."""
    shop = msgspec.structs.replace(books.shop, number=number)
    if tenant.shop.get() != shop:
        tenant.shop.save(shop, now)
    for key in books.keys:
        kept = tenant.keys.get(key.number)
        if kept is None or kept.key() != key:
            times = (key.starts_at, key.ends_at, key.withdrawn_at)
            tenant.keys.put(KeyRecord(key.number, key.device, key.public, now, *times))
