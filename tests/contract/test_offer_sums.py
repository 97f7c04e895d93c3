"""What the sums of offers say after any journal, however it came and was cut: the same as the books of single coupons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.folding import fold
from hub.ledger import HUB, RedeemedHere
from hub.store.grains import Asked
from hub.store.records import Act
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import (
    KIND_OF,
    CouponIssued,
    CouponRefused,
    CouponReversed,
    Event,
    Fact,
    OfferSeen,
    OfferShown,
    VisitClosed,
)
from hub.wire.snapshot import Shop

AT = 1_795_000_000.0
SERIALS = tuple(f"{number:02d}" * 8 for number in range(4))
CAMPAIGN = {serial: 1 + place % 2 for place, serial in enumerate(SERIALS)}
MEASURES = (
    "shown",
    "opened",
    "taken",
    "redeemed",
    "refused",
    "reversed",
    "alone",
    "conflicts",
    "conflict_cents",
    "given_cents",
    "baskets",
    "earned_cents",
    "baskets_once",
    "earned_once_cents",
)
Cell = tuple[int, str, str, str]
"""Campaign, way, staff, till."""


@st.composite
def happenings(draw: st.DrawFn) -> tuple[str, Fact]:
    """Something that happens to an offer: in whose journal, and what."""
    till, serial = draw(st.sampled_from(["kiosk-1", "kiosk-2"])), draw(st.sampled_from(SERIALS))
    campaign, nonce = CAMPAIGN[serial], draw(st.sampled_from(["n-1", "n-2", "n-3", "n-4"]))
    match draw(st.sampled_from(["take", "take", "use", "use", "use", "back", "no", "see", "show", "come"])):
        case "take":
            return "edge-3", CouponIssued(
                serial=serial,
                campaign=campaign,
                code="0" * 12,
                key_number=3,
                expires_at=int(AT) + 86_400,
                channel=draw(st.sampled_from(["portal", "poster"])),
            )
        case "use":
            by_hub = draw(st.booleans())
            return HUB if by_hub else till, RedeemedHere(
                serial=serial,
                campaign=campaign,
                nonce=nonce,
                till=till,
                staff=draw(st.sampled_from(["ann", "bo"])),
                value_cents=draw(st.sampled_from([150, 500])),
                basket_cents=draw(st.sampled_from([None, 1200, 3000])),
                purchase=draw(st.sampled_from(["", "receipt-1", "receipt-2"])),
                offline=not by_hub,
                asked_by=till if by_hub else None,
                booked_in=draw(st.sampled_from([0, 0, 0, 7])),
                member=draw(st.sampled_from(["", "m-1", "m-2"])),
            )
        case "back":
            by = draw(st.sampled_from(["staff", "manager"]))
            return HUB, CouponReversed(
                serial=serial,
                campaign=campaign,
                of=nonce,
                redeemed_by=till,
                nonce=f"back-{nonce}",
                till=till,
                staff="cy",
                by=by,
                reason="a slip",
                value_cents=500,
            )
        case "no":
            return till, CouponRefused(
                refusal="expired",
                nonce="no",
                till=till,
                staff="ann",
                campaign=draw(st.sampled_from([None, campaign])),
            )
        case "come":
            at = AT + draw(st.integers(0, 40)) * 86_400.0
            known = draw(st.sampled_from(["m-1", "m-2"]))
            return "edge-3", VisitClosed(
                id="v", zone="door", arrived_at=at, departed_at=at + 60, dwell_s=60, peak_dbm=-60, known=known
            )
        case "see":
            return "edge-3", OfferSeen(campaign=campaign, channel="beacon")
    return "kiosk-1", OfferShown(campaign=campaign, channel="kiosk", times=3, shown_s=30.0)


def journal(happened: list[tuple[str, Fact]]) -> list[tuple[int, Event]]:
    seqs: Counter[str] = Counter()
    placed = []
    for position, (device, fact) in enumerate(happened, 1):
        seqs[device] += 1
        kind = KIND_OF.get(type(fact), "coupon.redeemed")
        text = msgspec.Raw(msgspec.json.encode(fact))
        placed.append((position, Event(device, 1, seqs[device], kind, AT + position * 30_137.0, "ntp", text)))
    return placed


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    made = []
    for name in ("one", "cut"):
        store = SqliteStore(tmp_path_factory.mktemp(name) / FILE)
        store.shop.save(Shop(1, {"en": "Corner"}, timezone="Asia/Kathmandu"), AT)
        made.append(store)
    yield made[0], made[1]
    for store in made:
        store.close()


def folded(store: SqliteStore, batches: list[list[tuple[int, Event]]]) -> dict[str, str]:
    with store.writing():
        store.ledger.empty_projections()
        for batch in batches:
            fold(store.ledger, batch)
    return store.ledger.digest()


def cut(placed: list[tuple[int, Event]], places: list[int]) -> list[list[tuple[int, Event]]]:
    ends = sorted({place % (len(placed) + 1) for place in places} | {len(placed)})
    return [placed[start:end] for start, end in zip([0, *ends], ends, strict=False) if placed[start:end]]


def sums(store: SqliteStore) -> dict[Cell, dict[str, int]]:
    asked = Asked("offers", MEASURES, (1,), 700_000, 800_000, ("campaign", "channel", "staff", "till"))
    return {
        row.key: {name: number for name, number in zip(MEASURES, row.numbers, strict=True) if number}  # type: ignore[misc]  # four cuts, four parts
        for row in store.rollups.sums(asked)
    }


def returned(store: SqliteStore, placed: list[tuple[int, Event]]) -> Counter[tuple[int, str]]:
    """Redemptions after which their member was here again on a later day within four weeks, by campaign and way."""
    clock = ZoneInfo("Asia/Kathmandu")

    def day(at: float) -> date:
        return datetime.fromtimestamp(at, clock).date()

    acts = [
        act for serial in SERIALS for act in store.counter.acts_of(serial) if act.counts and not act.booked_in
    ]
    days = {(act.member, day(act.at)) for act in acts if act.member}
    for _, event in placed:
        if event.kind == "visit.closed":
            data = msgspec.json.decode(event.data)
            days.add((data["known"], day(data["arrived_at"])))
    ways = count_facts(placed, defaultdict(Counter))
    found: Counter[tuple[int, str]] = Counter()
    for act in acts:
        here = day(act.at)
        if any(who == act.member and 0 < (other - here).days <= 28 for who, other in days):
            found[act.campaign, ways.get(act.serial, "")] += 1
    return found


def by_the_books(store: SqliteStore, placed: list[tuple[int, Event]]) -> dict[Cell, dict[str, int]]:
    """The same from single coupons and facts, the plain way."""
    found: dict[Cell, Counter[str]] = defaultdict(Counter)
    ways = count_facts(placed, found)
    acts = [act for serial in SERIALS for act in store.counter.acts_of(serial) if not act.booked_in]
    for act in acts:
        way = ways.get(act.serial, "")
        cell = found[act.campaign, way, act.staff, act.till]
        if act.counts:
            cell.update(redeemed=1, alone=int(act.offline), given_cents=act.value_cents)
        back = store.ledger.reversal(act.device, act.nonce)
        if act.standing == "reversed" and back is not None:
            found[back.campaign, way, back.staff, back.till]["reversed"] += 1
        for conflict in store.ledger.conflicts_of(act.serial):
            if conflict.position == act.position:
                cell.update(conflicts=1, conflict_cents=conflict.cost_cents)
    count_baskets([act for act in acts if act.counts and act.basket_cents is not None], ways, found)
    plain = {cell: {name: n for name, n in counted.items() if n} for cell, counted in found.items()}
    return {cell: counted for cell, counted in plain.items() if counted}


def count_facts(placed: list[tuple[int, Event]], found: dict[Cell, Counter[str]]) -> dict[str, str]:
    ways: dict[str, str] = {}
    for _, event in placed:
        data = msgspec.json.decode(event.data)
        match event.kind:
            case "coupon.refused":
                found[data.get("campaign", 0), "", data["staff"], data["till"]]["refused"] += 1
            case "offer.seen":
                found[data["campaign"], "beacon", "", ""]["opened"] += 1
            case "offer.shown":
                found[data["campaign"], "kiosk", "", ""]["shown"] += 3
            case "coupon.issued" if data["serial"] not in ways:
                ways[data["serial"]] = data["channel"]
                found[data["campaign"], data["channel"], "", ""]["taken"] += 1
    return ways


def count_baskets(acts: list[Act], ways: dict[str, str], found: dict[Cell, Counter[str]]) -> None:
    purchases: dict[str, list[Act]] = defaultdict(list)
    for act in sorted(acts, key=lambda one: (one.at, one.device, one.nonce)):
        purchases[act.purchase or f"{act.device}/{act.nonce}"].append(act)
    for together in purchases.values():
        campaigns: set[int] = set()
        for act in together:
            cell = found[act.campaign, ways.get(act.serial, ""), act.staff, act.till]
            if not campaigns:
                cell.update(baskets_once=1, earned_once_cents=act.basket_cents)
            if act.campaign not in campaigns:
                cell.update(baskets=1, earned_cents=act.basket_cents)
            campaigns.add(act.campaign)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(happenings(), min_size=1, max_size=24), st.lists(st.integers(0, 100), max_size=5))
def test_sums_of_offers_are_what_the_books_of_single_coupons_say_however_the_journal_was_cut(
    stores: tuple[SqliteStore, SqliteStore], happened: list[tuple[str, Fact]], places: list[int]
) -> None:
    one, other = stores
    placed = journal(happened)
    whole = folded(one, [placed])
    assert folded(other, cut(placed, places)) == whole
    assert sums(one) == by_the_books(one, placed)
    asked = Asked("offers", ("returned",), (1,), 700_000, 800_000, ("campaign", "channel"))
    assert {row.key: row.numbers[0] for row in one.rollups.sums(asked) if row.numbers[0]} == returned(
        one, placed
    )


def test_a_redemption_that_came_before_its_issue_moves_to_the_way_by_which_the_coupon_was_taken(
    stores: tuple[SqliteStore, SqliteStore],
) -> None:
    store = stores[0]
    used = RedeemedHere(
        serial=SERIALS[0],
        campaign=1,
        nonce="n-1",
        till="Till 1",
        staff="ann",
        value_cents=150,
        basket_cents=1_900,
    )
    taken = CouponIssued(
        serial=SERIALS[0],
        campaign=1,
        code="0" * 12,
        key_number=3,
        expires_at=int(AT) + 9_000,
        channel="poster",
    )
    placed = journal([("kiosk-1", used), ("edge-3", taken)])
    folded(store, [placed[:1]])
    amounts = {
        "redeemed": 1,
        "given_cents": 150,
        "baskets": 1,
        "earned_cents": 1_900,
        "baskets_once": 1,
        "earned_once_cents": 1_900,
    }
    assert sums(store) == {(1, "", "ann", "Till 1"): amounts}
    folded(store, [placed[:1], placed[1:]])
    assert sums(store) == {(1, "poster", "ann", "Till 1"): amounts, (1, "poster", "", ""): {"taken": 1}}
