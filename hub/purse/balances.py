"""What is in a member's purse at a moment, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from hub.store.base import Store
from hub.store.base_purse import PurseReading
from hub.store.purse_records import POINTS, PUNCH, STORED, Account, Ruled
from hub.wire.purse_rules import YEAR_S, PurseRules, Tier, next_tier, tier_of, worth
from hub.wire.sync_members import Punch
from hub.wire.sync_value import PurseSeen

SOON_S = 60 * 86_400.0
"""Points that run out within this are told beside the balance."""


@dataclass(frozen=True, slots=True)
class Balances:
    """`points` can be spent now, `pending` wait; `tier`: its name by language, empty beneath the first. `stored_cents` in
    hundredths of the shop's currency. Points and stored value may be less than nothing, where a purchase was taken back whose
    points are spent. `worth_cents`: what the points pay for. `ends`: points that run out next, and when (None: none do soon).
    `next_cents`: what is missing for the next tier, `next_tier` its name."""

    points: int = 0
    pending: int = 0
    tier: dict[str, str] = field(default_factory=dict)
    stored_cents: int = 0
    punch: tuple[Punch, ...] = ()
    worth_cents: int = 0
    ends: tuple[int, float] | None = None
    next_cents: int = 0
    next_tier: dict[str, str] = field(default_factory=dict)


def latest(ruled: Sequence[Ruled], now: float) -> PurseRules | None:
    """The rules in force; None where the shop has never decided about purses."""
    held = [one for one in ruled if one.since <= now]
    found = max(held, key=lambda one: (one.since, one.position), default=None)
    return found.rules if found is not None else None


def rules_now(store: Store, now: float) -> PurseRules | None:
    """The rules in force, with the shop's currency and clock as they are now; None where there are none."""
    rules = latest(store.purse.purse_rules(), now)
    shop = store.shop.get()
    if rules is None or shop is None:
        return rules
    return msgspec.structs.replace(rules, currency=shop.currency, timezone=shop.timezone)


def usable(purse: PurseReading, owner: str, unit: str, now: float) -> int:
    """What can be spent of a unit now; less than nothing where something is owed."""
    _, debt = purse.purse_account(Account("member", owner, unit))
    return sum(row.lot.left for row in purse.purse_lots(owner, unit) if row.lot.good(now)) - debt


def balances(store: Store, member: str, now: float) -> Balances:
    """What a member has. `now`: seconds of UTC. Nothing for somebody whom nobody knows."""
    rules = rules_now(store, now)
    if rules is None:
        return Balances()
    purse = store.purse
    owner = purse.purse_owner(member)
    lots = [row.lot for row in purse.purse_lots(owner, POINTS)]
    _, debt = purse.purse_account(Account("member", owner, POINTS))
    points = sum(lot.left for lot in lots if lot.good(now)) - debt
    ending = sorted(
        (lot.expires_at, lot.left)
        for lot in lots
        if lot.good(now) and lot.expires_at is not None and lot.expires_at <= now + SOON_S
    )
    tier, ahead, missing = _tiers(store, rules, owner, now)
    return Balances(
        points=points,
        pending=sum(lot.left for lot in lots if lot.usable_at > now),
        tier=tier.name if tier is not None else {},
        stored_cents=usable(purse, owner, STORED, now),
        punch=tuple(
            Punch(card.id, card.title, max(0, usable(purse, owner, f"{PUNCH}{card.id}", now)), card.needs)
            for card in rules.cards
        ),
        worth_cents=worth(rules, points) if rules.points_each else 0,
        ends=(sum(left for end, left in ending if end == ending[0][0]), ending[0][0]) if ending else None,
        next_cents=missing,
        next_tier=ahead.name if ahead is not None else {},
    )


def _tiers(store: Store, rules: PurseRules, owner: str, now: float) -> tuple[Tier | None, Tier | None, int]:
    if not rules.tiers:
        return None, None, 0
    members = store.purse.purse_members(owner)
    paid = store.purse.purse_year_cents(members, now - YEAR_S, now)
    ahead = next_tier(rules, paid)
    return tier_of(rules, paid), ahead, ahead.from_cents - paid if ahead is not None else 0


def seen(store: Store, member: str, now: float) -> PurseSeen:
    """The same as a till hears it."""
    have = balances(store, member, now)
    return PurseSeen(
        points=have.points,
        pending=have.pending,
        worth_cents=have.worth_cents,
        stored_cents=have.stored_cents,
        punch={card.card: card.have for card in have.punch},
        tier=have.tier,
    )
