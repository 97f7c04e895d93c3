"""Purses follow from the journal: the same at ingest and at a rebuild, however facts arrive, and their books sum."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from hub.members.consent import withdraw
from hub.members.erasing import forget_asked
from hub.purse.balances import balances
from hub.purse.moves import grant, take_back_as_manager
from hub.purse.ruling import run_out, set_rules
from hub.rebuild import verify
from hub.wire.events import Fact, PurchasePaid, write_event
from hub.wire.events_members import MembersMerged, MembersParted
from hub.wire.events_value import PurchaseReversed, ValueGranted, ValueReversed, ValueSpent
from hub.wire.purse_rules import PunchCard, PurseRules, Tier
from hub.wire.snapshot import Offer, Value
from hub.wire.sync_value import (
    SpendReply,
    SpendRequest,
    TopUpReply,
    TopUpRequest,
    UnspendReply,
    UnspendRequest,
)
from tests.hub_house import NOON, House, HouseNode, campaign, problem
from tests.postgres_server import PostgresServer, postgres_server

DAY = 86_400.0
MEI, BO = "a" * 32, "b" * 32

RULES = PurseRules(
    points_each=1,
    earn_cents=100,
    pending_days=0,
    expiry_days=100,
    worth_points=100,
    worth_cents=100,
    stored=True,
    cards=(PunchCard("coffee", {"en": "Coffee"}, 3, {"en": "A coffee"}, 300, 200),),
    tiers=(Tier({"en": "Gold"}, 100_000, 150),),
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@dataclass
class Shop:
    """A hub with a programme, and a till."""

    house: House
    till: HouseNode = field(init=False)

    def __post_init__(self) -> None:
        self.till = self.house.node()
        self.rule(RULES)

    def rule(self, rules: PurseRules) -> None:
        set_rules(self.house.store, rules, "ines", self.house.now, "ntp")

    def pay(self, name: str, cents: int, member: str = MEI, at: float | None = None) -> None:
        self.till.report(PurchasePaid(id=name, till="Till 1", staff="s1", cents=cents, member=member), at=at)

    def back(self, name: str, cents: int | None = None, act: str = "") -> None:
        self.till.report(
            PurchaseReversed(
                of=name, act=act or f"back-{name}-{cents}", till="Till 1", staff="s1", cents=cents
            )
        )

    def points(self, member: str = MEI) -> int:
        return balances(self.house.store, member, self.house.now).points

    def spend(self, cents: int | None, member: str = MEI, **more: object) -> SpendReply:
        plain = SpendRequest(os.urandom(8).hex(), member, "points", "Till 1", "s1", cents)
        return self.till.told("spend", msgspec.structs.replace(plain, **more), SpendReply)

    def sound(self) -> None:
        """A rebuild changes nothing, and every sum is right."""
        assert verify(self.house.store).differ == ()
        assert self.house.store.purse.check().wrong == ()


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    house = House(tmp_path, database)
    yield Shop(house)
    house.close()


def test_a_purchase_earns_once_however_often_it_is_told_and_late_ones_earn_too(shop: Shop) -> None:
    shop.pay("r/1", 1_250)
    shop.pay("r/1", 9_900)
    assert shop.points() == 12
    # One of before there were purses earns nothing; one that a till tells a day late earns.
    shop.pay("r/0", 5_000, at=NOON - DAY)
    shop.house.now += DAY
    shop.pay("r/2", 199, at=NOON + 60)
    assert shop.points() == 13
    # Nobody's purchase earns nobody anything.
    shop.pay("r/3", 9_900, member="")
    assert shop.points() == 13
    shop.sound()


def test_a_till_that_does_not_know_the_time_loses_nobody_their_points(shop: Shop) -> None:
    event = shop.till.event(
        PurchasePaid(id="r/1", till="Till 1", staff="s1", cents=500, member=MEI), at=3_600.0, clock="unset"
    )
    shop.till.send(write_event(event))
    assert shop.points() == 5
    shop.sound()


def test_what_was_brought_back_is_earned_no_more_also_in_parts_and_before_the_purchase_is_told(
    shop: Shop,
) -> None:
    shop.pay("r/1", 1_050)
    shop.back("r/1", 60)
    # 9.90 stay: one point less than 10.50, as if it had been bought so.
    assert shop.points() == 9
    shop.back("r/1", 60, act="back-r/1-60")
    assert shop.points() == 9
    shop.back("r/1")
    assert shop.points() == 0
    shop.back("r/2", 500)
    shop.pay("r/2", 800)
    assert shop.points() == 3
    shop.back("r/3")
    shop.pay("r/3", 800)
    assert shop.points() == 3
    shop.sound()


def test_points_of_a_purchase_that_comes_back_after_they_were_spent_are_owed_and_paid_by_the_next(
    shop: Shop,
) -> None:
    shop.pay("r/1", 30_000)
    assert shop.spend(300).accepted
    shop.back("r/1")
    assert shop.points() == -300
    assert shop.spend(1).refusal == "purse_too_small"
    shop.pay("r/2", 40_000)
    assert shop.points() == 100
    assert shop.spend(101).refusal == "purse_too_small"
    assert shop.spend(100).accepted
    shop.sound()


def test_points_wait_run_out_oldest_first_and_are_booked_later(shop: Shop) -> None:
    shop.rule(msgspec.structs.replace(RULES, pending_days=14))
    shop.pay("r/1", 10_000)
    have = balances(shop.house.store, MEI, shop.house.now)
    assert (have.points, have.pending) == (0, 100)
    assert shop.spend(50).refusal == "purse_too_small"
    shop.house.now += 50 * DAY
    shop.pay("r/2", 10_000)
    shop.house.now += 20 * DAY
    assert shop.points() == 200
    assert shop.spend(150).accepted
    # Of the first purchase nothing is left: what ends first was spent first.
    shop.house.now = NOON + 99 * DAY
    ends = balances(shop.house.store, MEI, shop.house.now).ends
    assert ends is not None
    assert ends[0] == 50
    assert NOON + 150 * DAY < ends[1] < NOON + 152 * DAY
    shop.house.now = NOON + 152 * DAY
    assert shop.points() == 0
    assert not run_out(shop.house.store, NOON + 151 * DAY, "ntp")
    assert run_out(shop.house.store, NOON + 160 * DAY, "ntp")
    assert not run_out(shop.house.store, NOON + 160 * DAY, "ntp")
    totals = shop.house.store.purse.totals()
    assert totals["shop", "run-out", "points"] == 50
    assert totals["member", "", "points"] == 0
    shop.sound()


def test_a_tier_is_reached_by_what_was_paid_within_a_year_and_lost_again(shop: Shop) -> None:
    shop.pay("r/1", 100_000)
    shop.house.now += 2
    shop.pay("r/2", 10_000)
    assert shop.points() == 1_000 + 150
    assert balances(shop.house.store, MEI, shop.house.now).tier == {"en": "Gold"}
    shop.back("r/1", 60_000)
    assert balances(shop.house.store, MEI, shop.house.now).tier == {}
    shop.pay("r/3", 10_000)
    assert shop.points() == 400 + 150 + 100
    shop.house.now += 366 * DAY
    assert balances(shop.house.store, MEI, shop.house.now).next_cents == 100_000
    shop.sound()


def test_the_same_question_gets_the_same_answer_and_another_under_its_nonce_is_refused(shop: Shop) -> None:
    shop.pay("r/1", 50_000)
    first = shop.spend(200, nonce="nonce-0001")
    again = shop.spend(200, nonce="nonce-0001")
    assert (first.accepted, first.amount, first.at) == (True, 200, again.at)
    assert shop.points() == 300
    other = SpendRequest("nonce-0001", MEI, "points", "Till 1", "s1", 100)
    assert problem(shop.till.post("/v1/spend", msgspec.json.encode(other))).code == "nonce_used"
    refused = shop.spend(900, nonce="nonce-0002")
    shop.pay("r/2", 90_000)
    assert shop.spend(900, nonce="nonce-0002") == refused


def test_a_payment_is_taken_back_once_and_what_ran_out_meanwhile_is_good_for_a_while(shop: Shop) -> None:
    shop.pay("r/1", 30_000)
    paid = shop.spend(300, nonce="nonce-0001")
    undo = UnspendRequest("undo-00001", "nonce-0001", "Till 1", "s2", "slip")
    assert shop.till.told("unspend", undo, UnspendReply).refusal == "undo_not_here"
    shop.house.now += 30 * DAY
    late = msgspec.structs.replace(undo, nonce="undo-00002", staff="s1")
    assert shop.till.told("unspend", late, UnspendReply).refusal == "undo_too_late"
    shop.house.now = NOON + 85 * DAY
    shop.pay("r/2", 100)
    shop.house.now = NOON + 89 * DAY

    def by_manager(reason: str, act: str) -> object:
        return take_back_as_manager(
            shop.house.store,
            shop.till.device,
            "nonce-0001",
            manager="ines",
            reason=reason,
            act_id=act,
            now=shop.house.now,
            clock="ntp",
        ).refusal

    assert paid.accepted
    assert by_manager("wrong member", "act-000001") is None
    assert by_manager("wrong member", "act-000001") is None
    assert by_manager("once more", "act-000002") == "already_reversed"
    assert shop.points() == 301
    shop.house.now = NOON + 102 * DAY
    assert shop.points() == 1
    shop.sound()


def test_stored_value_is_paid_in_spent_in_parts_and_never_twice(shop: Shop) -> None:
    topup = TopUpRequest("topup-0001", MEI, 5_000, "Till 1", "s1")
    assert shop.till.told("topup", topup, TopUpReply).accepted
    assert shop.till.told("topup", topup, TopUpReply).accepted
    assert shop.spend(3_000, unit="stored").accepted
    assert shop.spend(2_500, unit="stored").refusal == "purse_too_small"
    left = shop.spend(2_000, unit="stored")
    assert left.purse is not None
    assert left.purse.stored_cents == 0
    undo = UnspendRequest("undo-00001", "topup-0001", "Till 1", "s1", "slip")
    assert shop.till.told("unspend", undo, UnspendReply).refusal == "topup_spent"
    totals = shop.house.store.purse.totals()
    assert totals["shop", "paid-in", "stored"] == -5_000
    assert totals["shop", "paid-with", "stored"] == 5_000
    shop.sound()


def test_a_punch_card_fills_by_purchases_gives_its_reward_and_begins_anew(shop: Shop) -> None:
    shop.pay("r/0", 150)
    for day in range(4):
        shop.pay(f"r/{day + 1}", 300)
        shop.pay(f"r/{day + 1}-again", 300)
        shop.house.now += DAY
    (card,) = balances(shop.house.store, MEI, shop.house.now).punch
    assert (card.have, card.need) == (4, 3)
    reward = shop.spend(None, unit="punch", card="coffee")
    assert (reward.accepted, reward.amount, reward.cents) == (True, 3, 300)
    assert shop.spend(None, unit="punch", card="coffee").refusal == "purse_too_small"
    shop.back("r/4")
    assert balances(shop.house.store, MEI, shop.house.now).punch[0].have == 0
    shop.sound()


def test_the_purse_goes_where_its_membership_goes_and_back(shop: Shop) -> None:
    shop.pay("r/1", 30_000, MEI)
    shop.pay("r/2", 20_000, BO)
    shop.till.report(MembersMerged(act="m1", member=MEI, into=BO, by="ines"))
    assert (shop.points(BO), shop.points(MEI)) == (500, 500)
    shop.pay("r/3", 1_000, MEI)
    assert shop.spend(350, member=BO).accepted
    assert shop.points(MEI) == 160
    shop.back("r/1", 10_000)
    assert shop.points(BO) == 60
    shop.till.report(MembersParted(act="m1", by="ines"))
    assert shop.points(MEI) + shop.points(BO) == 60
    shop.pay("r/4", 500, MEI)
    assert shop.points(MEI) >= 5
    shop.sound()


def test_an_erased_members_value_stays_in_the_sums_under_an_id_that_stands_for_nobody(shop: Shop) -> None:
    shop.pay("r/1", 30_000)
    shop.spend(100)
    before = shop.house.store.purse.totals()
    with shop.house.store.writing():
        withdraw(shop.house.store, MEI, "all", place="page", proof="link", now=shop.house.now, clock="ntp")
    forget_asked(shop.house.store, shop.house.folder, shop.house.now)
    assert shop.house.store.purse.totals() == before
    assert shop.points() == 0
    assert shop.house.store.purse.acts_of([MEI]) == []
    shop.sound()


def test_a_till_that_was_cut_off_is_believed_counted_once_and_what_was_not_there_is_owed(shop: Shop) -> None:
    shop.pay("r/1", 10_000)
    assert shop.spend(80, nonce="nonce-0001").accepted

    def spent(nonce: str, cents: int, **more: object) -> ValueSpent:
        plain = ValueSpent(
            nonce=nonce,
            member=MEI,
            unit="points",
            amount=cents,
            cents=cents,
            till="Till 1",
            staff="s1",
            offline=True,
        )
        return msgspec.structs.replace(plain, **more)

    # Its answer had been lost, so it decided the same act alone.
    shop.till.report(spent("nonce-0001", 80))
    assert shop.points() == 20
    shop.till.report(spent("nonce-0002", 50))
    assert shop.points() == -30
    act = shop.house.store.purse.purse_act(shop.till.device, "nonce-0002")
    assert act is not None
    assert (act.offline, act.beyond) == (True, 30)
    assert shop.house.store.purse.alone_cents(shop.till.device) == 130
    # Taken back before it was told, by the till itself.
    shop.till.report(
        ValueReversed(
            of="nonce-0003",
            acted=shop.till.device,
            nonce="undo-00001",
            till="Till 1",
            staff="s1",
            by="staff",
            reason="slip",
            offline=True,
        ),
        spent("nonce-0003", 10),
    )
    assert shop.points() == -30
    shop.sound()


def test_nobody_but_the_hub_gives_away_and_no_till_takes_anothers_act_back(shop: Shop) -> None:
    other = shop.house.node(name="Till 2")
    shop.pay("r/1", 10_000)
    shop.spend(50, nonce="nonce-0001")
    facts: list[Fact] = [
        ValueGranted(nonce="gift-00001", member=MEI, unit="points", amount=10**6, why="office"),
        ValueReversed(
            of="nonce-0001",
            acted=shop.till.device,
            nonce="undo-00001",
            till="Till 2",
            staff="s1",
            by="manager",
            reason="x",
        ),
    ]
    other.report(*facts)
    assert shop.points() == 50
    assert shop.house.store.reports.flaw_counts() == [(other.device, 2)]
    shop.sound()


def test_a_voucher_stands_in_the_same_books(shop: Shop) -> None:
    voucher = Offer({"en": "Voucher"}, {}, Value("voucher", 3_000))
    shop.house.publish(campaign(2, offer=voucher, offline="refuse"))
    fact, token = shop.till.mint(2)
    shop.till.report(fact)
    assert shop.till.redeem(token, "voucher-01", amount_cents=1_000).accepted
    assert shop.till.redeem(token, "voucher-02", amount_cents=500).accepted
    assert shop.till.reverse("voucher-02", "undo-00001").reversed
    totals = shop.house.store.purse.totals()
    assert totals["gift", "", "stored"] == 2_000
    assert totals["shop", "vouchers", "stored"] == -3_000
    shop.sound()


def test_a_gift_of_the_office_is_given_once_and_only_of_what_the_shop_keeps(shop: Shop) -> None:
    def give(unit: str, nonce: str, card: str = "") -> object:
        return grant(
            shop.house.store,
            MEI,
            unit,  # type: ignore[arg-type]  # also what there is not
            70,
            nonce=nonce,
            why="office",
            by="ines",
            reason="sorry",
            card=card,
            now=shop.house.now,
            clock="ntp",
        ).refusal

    assert give("points", "gift-00001") is None
    assert give("points", "gift-00001") is None
    assert give("punch", "gift-00002", "tea") == "no_such_purse"
    assert shop.points() == 70
    shop.sound()


@pytest.mark.parametrize("seed", range(2))
def test_how_the_journal_is_cut_into_batches_makes_no_difference(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    facts: list[tuple[Fact, float]] = []
    members = (MEI, BO, "c" * 32)
    for number in range(60):
        member, at = draw.choice(members), NOON + draw.uniform(0, 300) * DAY
        which = draw.random()
        if which < 0.5:
            name = f"r/{draw.randrange(40)}"
            facts.append(
                (PurchasePaid(id=name, till="T", staff="s", cents=draw.randrange(60_000), member=member), at)
            )
        elif which < 0.65:
            cents = draw.choice([None, draw.randrange(1, 30_000)])
            facts.append(
                (
                    PurchaseReversed(
                        of=f"r/{draw.randrange(40)}", act=f"act-{number:05}", till="T", staff="s", cents=cents
                    ),
                    at,
                )
            )
        elif which < 0.9:
            facts.append(
                (
                    ValueSpent(
                        nonce=f"nonce-{draw.randrange(25):03}",
                        member=member,
                        unit=draw.choice(["points", "stored"]),
                        amount=draw.randrange(1, 400),
                        cents=100,
                        till="T",
                        staff="s",
                        offline=True,
                    ),
                    at,
                )
            )
        elif which < 0.96:
            facts.append(
                (MembersMerged(act=f"m{number}", member=member, into=draw.choice(members), by="i"), at)
            )
        else:
            facts.append((MembersParted(act=f"m{draw.randrange(number)}", by="i"), at))
    digests = []
    for cut in (1, 7, 60):
        house = House(tmp_path / str(cut))
        shop = Shop(house)
        shop.till.place = msgspec.structs.replace(shop.till.place, device=shop.till.device)
        texts = [write_event(shop.till.event(fact, at)) for fact, at in facts]
        for start in range(0, len(texts), cut):
            shop.till.send(*texts[start : start + cut])
        shop.sound()
        digests.append(
            {
                name: house.store.ledger.digest()[name]
                for name in ("purse_account", "purse_lot", "purse_purchase")
            }
        )
        house.close()
    assert digests[0] == digests[1] == digests[2]
