"""What an offer may depend on, at a till with its hub and without: limits, groups, members, pictures, the next visit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from kiosk_shop import COFFEE, LOCKED, Line, TillShop, shop_in

from hub.client.desk import NodeDesk
from hub.snapshots import SnapshotMaker
from hub.wire.conditions import All, Buys, IsMember
from hub.wire.coupon import Issued
from hub.wire.refusals import Refusal
from hub.wire.rules import MOST_FOR_ONE_MEMBER, Refused
from hub.wire.snapshot import Value
from kiosk.counter import Counter
from kiosk.settling import QUIET_S
from kiosk.verdicts import Scan, Undo, Verdict

_nonces = count(1)
FIVE = Value("amount", 500)
ADA_MEMBER, EVE = "m-ada-0001", "m-eve-0002"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


@pytest.fixture
def till(shop: TillShop) -> tuple[Counter, Line]:
    return shop.till()


def new() -> str:
    return f"{next(_nonces):032x}"


def redeem(counter: Counter, coupon: Issued | str, staff: str = "s1", **more: object) -> Verdict:
    text = coupon if isinstance(coupon, str) else coupon.token
    return counter.redeemer.redeem(Scan(text, staff, new(), **more))  # type: ignore[arg-type]


def cut(counter: Counter, line: Line) -> None:
    line.mode = "cut"
    counter.exchange.once()


def mend(counter: Counter, line: Line) -> None:
    line.mode = "good"
    line.deaf_to.clear()
    counter.exchange.drain()


def take(counter: Counter, campaign: int, member: str = "") -> Issued:
    issued = counter.desk.take(campaign, new(), counter.clock.now(), member=member)
    assert isinstance(issued, Issued), issued
    counter.exchange.drain()
    return issued


# A reply that was lost


def test_a_yes_whose_reply_was_lost_is_found_in_the_background_and_nobody_has_to_scan_again(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter, LOCKED)
    line.deaf_to.add("/v1/redeem")
    assert redeem(counter, coupon).refusal == Refusal.HUB_UNREACHABLE
    assert counter.store.day_since(0).value_cents == 0
    mend(counter, line)
    assert counter.redeemer.settle() == 0
    shop.later(QUIET_S + 1)
    asked = line.asked
    assert counter.redeemer.settle() == 1
    (late,) = counter.store.unseen()
    assert (late.accepted, late.decided_by, late.value_cents, late.unseen) == (True, "hub", 3_000, True)
    assert (late.serial, late.staff) == (coupon.coupon.serial, "s1")
    assert counter.store.day_since(0).value_cents == 3_000
    assert counter.redeemer.settle() == 0
    assert line.asked == asked + 1
    counter.store.mark_seen()
    assert counter.store.unseen() == []
    again = redeem(counter, coupon)
    assert again.refusal == Refusal.ALREADY_REDEEMED
    assert len(shop.store.counter.acts_of(coupon.coupon.serial)) == 1


def test_a_question_that_never_arrived_is_not_decided_behind_the_customers_back(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter, LOCKED)
    line.blind_to.add("/v1/redeem")
    assert redeem(counter, coupon).refusal == Refusal.HUB_UNREACHABLE
    line.blind_to.clear()
    shop.later(QUIET_S + 1)
    for _ in range(3):
        assert counter.redeemer.settle() == 0
    assert shop.store.counter.acts_of(coupon.coupon.serial) == []
    assert redeem(counter, coupon).accepted


def test_each_question_is_asked_again_once_for_each_time_that_the_hub_is_back(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    for _ in range(2):
        line.blind_to.add("/v1/redeem")
        redeem(counter, shop.take(counter, LOCKED))
    line.blind_to.clear()
    shop.later(QUIET_S + 1)
    asked = line.asked
    for _ in range(5):
        counter.redeemer.settle()
    assert line.asked == asked + 2
    cut(counter, line)
    counter.redeemer.settle()
    mend(counter, line)
    for _ in range(5):
        counter.redeemer.settle()
    assert line.asked == asked + 4


def test_the_watcher_settles_by_itself(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, line = till
    coupon = shop.take(counter, LOCKED)
    line.deaf_to.add("/v1/redeem")
    redeem(counter, coupon)
    mend(counter, line)
    shop.later(QUIET_S + 1)
    counter.watcher.once(0.0)
    assert [late.serial for late in counter.store.unseen()] == [coupon.coupon.serial]


# Held for a purchase


def test_a_coupon_is_held_for_one_purchase_and_refused_to_every_other(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    other, _ = shop.till("Till 2")
    coupon = shop.take(counter)
    hold = counter.redeemer.reserve(Scan(coupon.token, "s1", new()), 60)
    assert (hold.held, hold.value_cents, hold.refusal) == (True, 250, None)
    assert redeem(other, coupon).refusal == Refusal.RESERVED
    assert redeem(counter, coupon).refusal == Refusal.RESERVED
    assert redeem(counter, coupon, reservation=hold.nonce).accepted
    second = shop.take(counter)
    held = counter.redeemer.reserve(Scan(second.token, "s1", new()), 60)
    assert counter.redeemer.release(held.nonce)
    assert redeem(other, second).accepted
    third = shop.take(counter)
    cut_hold = counter.redeemer.reserve(Scan(third.token, "s1", new()), 60)
    cut(counter, line)
    assert redeem(counter, third).refusal == Refusal.RESERVED
    assert redeem(counter, third, reservation=cut_hold.nonce).accepted


def test_a_hold_ends_by_itself_and_a_till_that_is_cut_off_holds_nothing(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    other, _ = shop.till("Till 2")
    coupon, more = shop.take(counter), shop.take(counter)
    assert counter.redeemer.reserve(Scan(coupon.token, "s1", new()), 10).held
    shop.later(11)
    assert redeem(other, coupon).accepted
    cut(counter, line)
    hold = counter.redeemer.reserve(Scan(more.token, "s1", new()))
    assert (hold.held, hold.refusal) == (False, Refusal.HUB_UNREACHABLE)
    assert not counter.redeemer.release(hold.nonce)
    assert redeem(counter, more).accepted


# Looking up


def test_a_search_says_what_became_of_a_coupon_and_whether_the_hub_said_so(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon, foreign = shop.take(counter), shop.take(shop.till("Till 2")[0])
    for text in (coupon.token, coupon.code, f"  {coupon.code.lower()} "):
        looked = counter.redeemer.look(text)
        assert looked.from_hub
        assert [(one.serial, one.state) for one in looked.found] == [(coupon.coupon.serial, "open")]
    verdict = redeem(counter, coupon, member=EVE)
    (found,) = counter.redeemer.look(coupon.code).found
    assert (found.state, found.till, found.staff, found.value_cents) == ("redeemed", "Till 1", "s1", 250)
    assert [one.serial for one in counter.redeemer.look(EVE).found] == [coupon.coupon.serial]
    cut(counter, line)
    for text in (coupon.code, coupon.token, EVE):
        looked = counter.redeemer.look(text)
        assert not looked.from_hub
        assert [(one.serial, one.state) for one in looked.found] == [(coupon.coupon.serial, "redeemed")]
    assert counter.redeemer.look(foreign.code).refusal == Refusal.CODE_NEEDS_HUB
    assert counter.redeemer.look("nobody").refusal == Refusal.HUB_UNREACHABLE
    assert counter.redeemer.look("").refusal == Refusal.BAD_CODE
    assert verdict.member == EVE


# Training


@pytest.mark.parametrize("mode", ["good", "cut"])
def test_training_says_what_the_rule_says_and_nothing_comes_of_it(
    shop: TillShop, till: tuple[Counter, Line], mode: str
) -> None:
    counter, line = till
    coupon, used = shop.take(counter), shop.take(counter)
    redeem(counter, used)
    asked, right = line.asked, counter.shelf.right(COFFEE).accept
    if mode == "cut":
        cut(counter, line)
    day = counter.store.day_since(0)
    for _ in range(right + 2):
        verdict = redeem(counter, coupon, training=True)
        assert (verdict.accepted, verdict.training, verdict.value_cents) == (True, True, 250)
        assert not verdict.printable
    refused = redeem(counter, used, training=True)
    assert (refused.refusal, refused.training) == (Refusal.ALREADY_REDEEMED, True)
    assert refused.first_use is not None
    assert redeem(counter, "0000 0000 0001", training=True).refusal == Refusal.BAD_CODE
    assert counter.redeemer.reverse(Undo(verdict.nonce, "s1", new(), "none")).refusal == Refusal.NOT_REDEEMED
    assert counter.store.day_since(0) == day
    assert counter.outbox.counts().pending == 0
    assert line.asked == asked
    assert shop.store.counter.acts_of(coupon.coupon.serial) == []
    assert redeem(counter, coupon).accepted


# The next visit


@pytest.mark.parametrize("mode", ["good", "cut"])
def test_a_coupon_for_the_next_visit_comes_with_the_receipt_once_for_each_act(
    shop: TillShop, till: tuple[Counter, Line], mode: str
) -> None:
    counter, line = till
    shop.publish(31, FIVE, channels=(), good_from="next_day")
    shop.publish(30, FIVE, next_visit=31)
    coupon = shop.take(counter, 30)
    assert 31 not in [one.number for one in counter.desk.campaigns(counter.clock.now())]
    if mode == "cut":
        cut(counter, line)
    scan = Scan(coupon.token, "s1", new())
    verdict = counter.redeemer.redeem(scan)
    assert verdict.next_coupon is not None
    assert counter.redeemer.redeem(scan) == verdict
    assert counter.store.verdict(verdict.nonce) == verdict
    found = counter.desk.coupon(verdict.next_coupon)
    assert found is not None
    given = found[0]
    assert given.coupon.campaign == 31
    mend(counter, line)
    assert redeem(counter, given).refusal == Refusal.NEXT_VISIT
    assert redeem(counter, coupon).next_coupon is None
    shop.later(86_400)
    assert redeem(counter, given).accepted
    assert shop.store.ledger.taken(31) == 1


def test_an_offer_that_the_office_stopped_is_given_with_no_receipt(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, _ = till
    gift = shop.publish(31, FIVE, channels=(), good_from="next_day")
    shop.publish(30, FIVE, next_visit=31)
    shop.store.campaigns.save(gift, "paused", shop.now(), "test")
    counter.exchange.once()
    verdict = redeem(counter, shop.take(counter, 30))
    assert (verdict.accepted, verdict.next_coupon) == (True, None)


# Limits


def test_a_limit_on_redemptions_holds_over_two_tills_that_are_cut_off(shop: TillShop) -> None:
    first, first_line = shop.till("Till 1")
    second, second_line = shop.till("Till 2")
    shop.publish(40, FIVE, redemption_limit=16)
    for counter in (first, second, first):
        counter.exchange.once()
    coupons = [take(first, 40) for _ in range(20)]
    second.exchange.once()
    cut(first, first_line)
    cut(second, second_line)
    alone = [redeem(counter, coupons.pop()).accepted for counter in (first, second) for _ in range(4)]
    assert any(alone)
    mend(second, second_line)
    online = sum(redeem(second, coupon).accepted for coupon in coupons)
    assert sum(alone) + online <= 16
    mend(first, first_line)
    rest = sum(redeem(first, coupon).accepted for coupon in coupons)
    assert sum(alone) + online + rest <= 16
    assert shop.store.ledger.redeemed(40) == sum(alone) + online + rest
    assert shop.store.ledger.redeemed(40) >= 14
    assert shop.store.counter.conflicts() == []


def test_a_limit_by_the_day_is_good_again_tomorrow_with_the_hub_and_without(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    shop.publish(41, FIVE, per_day_limit=3)
    coupons = [take(counter, 41) for _ in range(8)]
    assert [redeem(counter, coupons.pop()).refusal for _ in range(4)] == [None] * 3 + [Refusal.DAY_LIMIT]
    cut(counter, line)
    assert redeem(counter, coupons[0]).refusal in (Refusal.DAY_LIMIT, Refusal.NO_RIGHTS_LEFT)
    shop.later(86_400)
    mend(counter, line)
    assert redeem(counter, coupons[0]).accepted


def test_a_group_offer_is_good_once_enough_have_joined_and_the_till_learns_how_many(shop: TillShop) -> None:
    counter, line = shop.till()
    other, _ = shop.till("Till 2")
    shop.publish(42, FIVE, group_size=3)
    coupons = [take(counter, 42), take(other, 42)]
    counter.exchange.once()
    assert counter.desk.joined(42) == 2
    assert redeem(counter, coupons[0]).refusal == Refusal.GROUP_TOO_SMALL
    cut(counter, line)
    assert redeem(counter, coupons[0]).refusal == Refusal.HUB_UNREACHABLE
    mend(counter, line)
    take(other, 42)
    counter.exchange.once()
    assert counter.desk.joined(42) == 3
    cut(counter, line)
    assert redeem(counter, coupons[0]).accepted
    assert counter.desk.joined(COFFEE) is None


def test_a_coupon_given_to_a_member_is_good_for_that_member_alone(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupons = [take(counter, COFFEE, member=EVE) for _ in range(2)]
    for _ in range(2):
        assert redeem(counter, coupons[0]).refusal == Refusal.MEMBER_NEEDED
        assert redeem(counter, coupons[0], member="m-bob").refusal == Refusal.NOT_FOR_THIS_MEMBER
        assert redeem(counter, coupons.pop(), member=EVE).accepted
        cut(counter, line)


def test_nobody_redeems_their_own_coupons_nor_too_many_for_one_member(shop: TillShop) -> None:
    person = next(one for one in shop.store.people.staff() if one.id == "s1")
    shop.store.people.change_staff(replace(person, member=ADA_MEMBER))
    counter, line = shop.till()
    for turn in ("hub", "alone"):
        if turn == "alone":
            cut(counter, line)
        own = shop.take(counter, tell_hub=turn == "hub")
        assert redeem(counter, own, member=ADA_MEMBER).refusal == Refusal.OWN_COUPON
        assert redeem(counter, own, staff="s2", member=ADA_MEMBER).accepted
        member = f"m-many-{turn}"
        coupons = [shop.take(counter, tell_hub=turn == "hub") for _ in range(MOST_FOR_ONE_MEMBER + 1)]
        said = [redeem(counter, coupon, member=member).refusal for coupon in coupons]
        assert said == [None] * MOST_FOR_ONE_MEMBER + [Refusal.STAFF_LIMIT]


def test_products_and_members_are_asked_for_and_what_was_scanned_is_kept_for_another_try(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    shop.publish(43, FIVE, condition=All((Buys(("4006381333931",)), IsMember())))
    for coupon in [take(counter, 43), take(counter, 43)]:
        asked = redeem(counter, coupon)
        assert (asked.refusal, asked.text) == (Refusal.PRODUCTS_NEEDED, coupon.token)
        asked = redeem(counter, coupon, products=("4006381333931",))
        assert (asked.refusal, asked.text) == (Refusal.MEMBER_NEEDED, coupon.token)
        assert redeem(counter, coupon, products=("1",), member=EVE).refusal == Refusal.PRODUCT_MISSING
        assert redeem(counter, coupon, products=("4006381333931",), member=EVE).accepted
        cut(counter, line)


# Pictures that change


@pytest.mark.parametrize("mode", ["good", "cut"])
def test_a_picture_of_a_rotating_coupon_is_worth_nothing_a_minute_later(
    shop: TillShop, till: tuple[Counter, Line], mode: str
) -> None:
    counter, line = till
    shop.publish(44, FIVE, rotating=True)
    coupon, typed = take(counter, 44), take(counter, 44)
    if mode == "cut":
        cut(counter, line)
    serial, now = coupon.coupon.serial, counter.clock.now()
    assert redeem(counter, coupon).refusal == Refusal.CODE_TOO_OLD
    assert redeem(counter, coupon.code).refusal == Refusal.CODE_TOO_OLD
    shown = counter.desk.rotated(serial, now - 300)
    fresh = counter.desk.rotated(serial, now)
    assert shown is not None
    assert fresh is not None
    assert redeem(counter, shown[0]).refusal == Refusal.CODE_TOO_OLD
    assert redeem(counter, fresh[0]).accepted
    digits = counter.desk.rotated(typed.coupon.serial, counter.clock.now())
    assert digits is not None
    assert redeem(counter, f"{typed.code} {digits[1]}").accepted


def test_what_was_seen_of_pictures_survives_a_restart(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, line = till
    shop.publish(44, FIVE, rotating=True)
    coupon = take(counter, 44)
    cut(counter, line)
    fresh = counter.desk.rotated(coupon.coupon.serial, counter.clock.now())
    assert fresh is not None
    verdict = redeem(counter, fresh[0])
    assert verdict.accepted
    assert counter.redeemer.reverse(Undo(verdict.nonce, "s1", new(), "again")).state == "reversed"
    counter.stop()
    counter, line = shop.till(mode="cut")
    assert redeem(counter, fresh[0]).refusal == Refusal.CODE_TOO_OLD
    shop.later(60)
    later = counter.desk.rotated(coupon.coupon.serial, counter.clock.now())
    assert later is not None
    assert redeem(counter, later[0]).accepted


# Lots


def test_a_lot_is_handed_out_by_two_nodes_to_the_last_and_not_beyond(shop: TillShop) -> None:
    first, _ = shop.till("Till 1")
    second, _ = shop.till("Till 2")
    lot = shop.publish(45, FIVE, issue_limit=30)
    taken, refused = 0, 0
    for turn in range(120):
        counter = (first, second)[turn % 3 == 0]
        answer = counter.desk.take(45, new(), counter.clock.now())
        taken += isinstance(answer, Issued)
        refused += answer == Refused(Refusal.SOLD_OUT)
        counter.exchange.once()
    assert taken == 30
    assert refused == 90
    assert shop.store.ledger.taken(45) == 30
    assert lot.issue_limit == 30


def test_a_node_asks_for_more_at_once_when_its_part_of_a_lot_runs_low(shop: TillShop) -> None:
    counter, _ = shop.till()
    shop.publish(45, FIVE, issue_limit=800)
    in_hand: list[int] = []
    desk = NodeDesk(
        counter.pool,
        counter.node,
        counter.outbox,
        counter.shelf,
        "kiosk",
        clock=counter.clock,
        low=lambda: in_hand.append(counter.shelf.right(45).issue),
    )
    for _ in range(40):
        assert isinstance(desk.take(45, new(), counter.clock.now()), Issued)
        counter.exchange.once()
    assert 0 < len(in_hand) < 40
    while isinstance(desk.take(45, new(), counter.clock.now()), Issued):
        in_hand.clear()
    assert in_hand, "also when there is none left"


def test_demand_moves_the_lot_to_where_it_is_wanted_and_the_office_can_see_what_is_stranded(
    shop: TillShop,
) -> None:
    first, _ = shop.till("Till 1")
    second, _ = shop.till("Till 2")
    lot = shop.publish(45, FIVE, issue_limit=100)
    maker = SnapshotMaker(shop.store, shop.key)
    for _ in range(200):
        second.exchange.once()
        if not isinstance(first.desk.take(45, new(), first.clock.now()), Issued):
            first.exchange.once()
            if not isinstance(first.desk.take(45, new(), first.clock.now()), Issued):
                break
        first.exchange.once()
    measured = maker.stranded(lot)
    assert measured.left == 0
    assert measured.in_hands == {second.node.device: second.shelf.right(45).issue}
    assert 0 < measured.share <= 0.02
