"""What came down from head office, as the shop's own snapshots carry it: offers of the chain, its staff, what it called back.

Nothing of it is changed here, and nothing is copied into the shop's own tables: it is gone once the shop has left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from hub.store.base import Store
from hub.upstream.below import picture_section, travelling
from hub.upstream.chain_rights import rights_of_chain
from hub.upstream.offering import cannot_be_of_chain
from hub.wire.chain import CHAIN_FIRST, is_of_chain
from hub.wire.snapshot import (
    PICTURE_PREFIX,
    BadSnapshot,
    Campaign,
    Progress,
    RevocationRule,
    Shop,
    ShopKeys,
    Staff,
    read_section,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FromAbove:
    """Head office's sections. `number`: the shop number that its coupons carry; 0: there is no head office."""

    number: int = 0
    name: Mapping[str, str] = field(default_factory=dict)
    offers: tuple[Campaign, ...] = ()
    staff: tuple[Staff, ...] = ()
    revoked: frozenset[str] = frozenset()
    rules: tuple[RevocationRule, ...] = ()
    progress: tuple[Progress, ...] = ()
    keys: tuple[ShopKeys, ...] = ()

    def offer(self, campaign: int) -> Campaign | None:
        """One of its offers, as head office published it."""
        return next((one for one in self.offers if one.number == campaign), None)


ALONE = FromAbove()


def from_above(store: Store, day_start: float = 0.0) -> FromAbove:
    """What this shop has of head office's; ALONE where it has joined none, or has heard nothing yet. What ended long before
    `day_start` is left out, where that is not decided at head office."""
    shop = _section(store, "shop", Shop)
    if shop is None:
        office = store.chain.office_here()
        return _under_one_roof(store.of_shop(office), day_start) if office else ALONE
    offers = [one for one in _section(store, "campaigns", list[Campaign]) or [] if is_of_chain(one.number)]
    return FromAbove(
        shop.number,
        shop.name,
        tuple(msgspec.structs.replace(one, of_shop=shop.number) for one in offers),
        tuple(_section(store, "staff", list[Staff]) or ()),
        frozenset(_section(store, "revoked", list[str]) or ()),
        tuple(_section(store, "revoked_rules", list[RevocationRule]) or ()),
        tuple(one for one in _section(store, "progress", list[Progress]) or () if is_of_chain(one.campaign)),
        tuple(_section(store, "shop_keys", list[ShopKeys]) or ()),
    )


def _under_one_roof(home: Store, day_start: float) -> FromAbove:
    """The same where head office stands in this shop's own database: read where it lies. Without keys: head office is always
    heard, and looks into the books of every shop."""
    shop = home.shop.get()
    if shop is None:
        return ALONE
    offers = [one for one in travelling(home.campaigns.all(), day_start) if is_of_chain(one.number)]
    return FromAbove(
        shop.number,
        shop.name,
        tuple(msgspec.structs.replace(one, of_shop=shop.number) for one in offers),
        tuple(Staff(one.id, one.name, one.pin, one.member) for one in home.people.staff() if one.active),
        frozenset(home.campaigns.revoked()),
        tuple(one.rule for one in home.keys.rules()),
    )


def version_above(store: Store) -> int:
    """Rises with whatever changes at a head office in this shop's own database; 0 where there is none. What comes down from
    elsewhere raises the shop's own."""
    office = store.chain.office_here()
    return store.of_shop(office).shop.snapshot_version() if office else 0


def offers_here(store: Store, above: FromAbove) -> list[Campaign]:
    """Head office's offers as nodes of this shop have them. Only the hub can ask head office on, so no till decides alone; of a
    limited lot there is in this shop what head office has given it, and the shop shares that among its nodes."""
    rights = rights_of_chain(store)
    found = []
    for offer in above.offers:
        if cannot_be_of_chain(offer) is not None:
            # It became so after it was made one of the chain.
            continue
        right = rights.get(offer.number)
        lot = None if offer.issue_limit is None else right.issue if right is not None else 0
        found.append(msgspec.structs.replace(offer, offline="refuse", issue_limit=lot))
    return found


def staff_here(own: list[Staff], above: FromAbove) -> list[Staff]:
    """The shop's own staff and head office's; where both have an id, it is the shop's."""
    ids = {one.id for one in own}
    return own + [one for one in above.staff if one.id not in ids]


def rules_here(own: list[RevocationRule], above: FromAbove) -> list[RevocationRule]:
    """The same of what was called back, with numbers that no rule of the shop's has."""
    return own + [
        msgspec.structs.replace(one, number=CHAIN_FIRST + one.number)
        for one in above.rules
        if one.campaign is not None and is_of_chain(one.campaign)
    ]


def pictures_here(store: Store, above: FromAbove) -> dict[str, bytes]:
    """The pictures of its offers, as sections."""
    found = {}
    office = store.chain.office_here()
    for digest in {one.offer.picture for one in above.offers if one.offer.picture and one.channels}:
        picture = store.of_shop(office).campaigns.picture(digest) if office else None
        body = picture_section(picture) if picture else store.chain.section(f"{PICTURE_PREFIX}{digest}")
        if body is not None:
            found[f"{PICTURE_PREFIX}{digest}"] = body
    return found


def _section(store: Store, name: str, kind: type[T]) -> T | None:
    """A section that a later release writes otherwise says nothing here, rather than stop the shop."""
    body = store.chain.section(name)
    if body is None:
        return None
    try:
        return read_section(body, kind)
    except BadSnapshot:
        return None
