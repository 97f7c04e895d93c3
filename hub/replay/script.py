"""Who does what when: offers as head office makes them, coupons that are taken and used, what each door and each till tells.

Pure.
"""

from __future__ import annotations

from typing import Any

from hub.replay.journey import WORTH_CENTS, Basket, Campaign, Journey, member_of, month_of
from hub.wire.events import ConsentGiven, Fact, PurchasePaid, VisitClosed

DOOR, TILL = "edge", "kiosk"
"""The programs of the two devices of each store."""

ZONE, STAFF, DESK = "shop", "s1", "Till 1"
CONSENT = "I agree that this shop knows me again when I show my card."


def terms_of(campaign: Campaign) -> dict[str, Any]:
    """A campaign of the data as an offer of the chain."""
    return {
        "title": {"en": f"Campaign {campaign.id} ({campaign.kind})"},
        "value": {"kind": "amount", "cents": WORTH_CENTS},
        "starts_at": campaign.starts_at(),
        "ends_at": campaign.ends_at(),
        "coupon_lasts_s": campaign.ends_at() - campaign.starts_at(),
        "offline": "refuse",
        "channels": ["link"],
        "for_chain": True,
    }


def acts_by_month(journey: Journey) -> dict[str, list[tuple[int, Any]]]:
    """Coupons that are taken and redemptions, in the order of time; whatever came before the first month is in it."""
    starts = {one.id: one.starts_at() for one in journey.campaigns}
    taken: dict[str, tuple[int, int, int]] = {}
    for one in journey.redemptions:
        taken.setdefault(one.coupon, (starts[one.used.campaign], one.used.campaign, one.used.household))
    acts: list[tuple[int, int, str, Any]] = [
        (at, 0, name, (campaign, household, name)) for name, (at, campaign, household) in taken.items()
    ]
    acts += [(one.basket.at, 1, f"{one.used.place:09d}", one) for one in journey.redemptions]
    first = month_of(journey.baskets[0].at)
    by_month: dict[str, list[tuple[int, Any]]] = {}
    for at, _, _, act in sorted(acts, key=lambda one: one[:3]):
        by_month.setdefault(max(first, month_of(at)), []).append((at, act))
    return by_month


def months_of(journey: Journey) -> list[tuple[str, int]]:
    """The months in which something was bought, each with a moment behind its last basket."""
    ends: dict[str, int] = {}
    for one in journey.baskets:
        ends[month_of(one.at)] = one.at + 1
    return sorted(ends.items())


def facts_of(journey: Journey) -> dict[tuple[str, int], list[tuple[float, Fact]]]:
    """What each door and each till tells, in the order of time."""
    facts: dict[tuple[str, int], list[tuple[float, Fact]]] = {
        (program, store): [] for store in journey.stores for program in (DOOR, TILL)
    }
    for household, (at, store) in sorted(journey.joined.items()):
        facts[DOOR, store].append((at, _consent(household)))
    for basket in journey.baskets:
        facts[DOOR, basket.store].append((basket.at, _visit(basket)))
        facts[TILL, basket.store].append((basket.at, _purchase(basket)))
    for some in facts.values():
        some.sort(key=lambda one: one[0])
    return facts


def _consent(household: int) -> ConsentGiven:
    return ConsentGiven(
        member=member_of(household),
        purpose="recognise",
        text=CONSENT,
        text_version="1",
        language="en",
        place=ZONE,
        simulated=True,
    )


def _visit(basket: Basket) -> VisitClosed:
    """The data say when somebody paid, and not how long they stayed."""
    return VisitClosed(
        id=str(basket.id),
        zone=ZONE,
        arrived_at=basket.at,
        departed_at=basket.at,
        dwell_s=0.0,
        peak_dbm=-60,
        known=member_of(basket.household),
        simulated=True,
    )


def _purchase(basket: Basket) -> PurchasePaid:
    return PurchasePaid(
        id=str(basket.id),
        till=DESK,
        staff=STAFF,
        cents=basket.cents,
        member=member_of(basket.household),
        items=max(0, basket.items),
        zone=ZONE,
        simulated=True,
    )
