"""A till and its hub: together, cut off, and together again."""

from __future__ import annotations

import random
import time
from collections import Counter as Counts
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from kiosk_shop import COFFEE, LOCKED, SMALL, TENTH, Line, TillShop, shop_in, together

from hub.client.clock import Clock
from hub.store.records import Act
from hub.wire.coupon import Issued
from hub.wire.events import DeviceHealth, read_event, read_fact
from hub.wire.refusals import Refusal
from kiosk.counter import TELL_S, Counter
from kiosk.health import holding
from kiosk.redemption import Scan
from kiosk.store import Verdict

_nonces = count(1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


@pytest.fixture
def till(shop: TillShop) -> tuple[Counter, Line]:
    return shop.till()


def scan(text: str, basket_cents: int | None = None) -> Scan:
    return Scan(text, "s1", f"{next(_nonces):032x}", basket_cents)


def redeem(counter: Counter, coupon: Issued | str, basket_cents: int | None = None) -> Verdict:
    text = coupon if isinstance(coupon, str) else coupon.token
    return counter.redeemer.redeem(scan(text, basket_cents))


def acts(shop: TillShop, coupon: Issued) -> list[Act]:
    return shop.store.counter.acts_of(coupon.coupon.serial)


def cut(counter: Counter, line: Line) -> None:
    line.mode = "cut"
    counter.exchange.once()


def test_the_hub_decides_while_it_answers_and_the_till_writes_no_fact_of_its_own(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    verdict = redeem(counter, coupon)
    assert (verdict.accepted, verdict.decided_by, verdict.offline) == (True, "hub", False)
    assert verdict.value_cents == 250
    assert counter.outbox.counts().pending == 0
    assert line.asked == 1
    (act,) = acts(shop, coupon)
    assert (act.till, act.staff, act.offline) == ("Till 1", "s1", False)
    found = counter.desk.coupon(coupon.coupon.serial)
    assert found is not None
    assert found[0].used_at is not None


def test_a_second_redemption_is_refused_with_time_and_place_of_the_first(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, _ = till
    other, _ = shop.till("Till 2")
    coupon = shop.take(counter)
    before = time.time()
    redeem(counter, coupon.code)
    for again in (redeem(counter, coupon), redeem(other, coupon.code)):
        assert again.refusal == Refusal.ALREADY_REDEEMED
        assert again.first_use is not None
        assert again.first_use.till == "Till 1"
        assert before <= again.first_use.at <= time.time()
    assert len(acts(shop, coupon)) == 1


def test_the_same_act_sent_twice_gets_the_same_answer(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, _ = till
    act = scan(shop.take(counter).token)
    assert counter.redeemer.redeem(act) == counter.redeemer.redeem(act)
    assert counter.redeemer.redeem(act).accepted


@pytest.mark.parametrize("mode", ["good", "cut"])
def test_sixteen_threads_with_one_coupon_at_one_till_get_it_once(
    shop: TillShop, till: tuple[Counter, Line], mode: str
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    line.mode = mode
    verdicts = together(*[lambda: redeem(counter, coupon) for _ in range(16)])
    accepted = [one for one in verdicts if isinstance(one, Verdict) and one.accepted]
    used = [one for one in verdicts if isinstance(one, Verdict) and one.refusal == Refusal.ALREADY_REDEEMED]
    assert (len(accepted), len(used)) == (1, 15)
    assert all(one.first_use and one.first_use.till == "Till 1" for one in used)
    line.mode = "good"
    counter.exchange.drain()
    assert len(acts(shop, coupon)) == 1


def test_a_till_that_is_cut_off_goes_on_within_its_rights_and_the_hub_hears_of_each_once(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    right = counter.shelf.right(COFFEE).accept
    coupons = [shop.take(counter) for _ in range(right + 1)]
    cut(counter, line)
    verdicts = [redeem(counter, coupon) for coupon in coupons]
    assert [one.accepted for one in verdicts] == [True] * right + [False]
    assert all(one.offline and one.decided_by == "till" for one in verdicts)
    assert verdicts[-1].refusal == Refusal.NO_RIGHTS_LEFT
    assert line.asked == 0
    again = redeem(counter, coupons[0])
    assert again.refusal == Refusal.ALREADY_REDEEMED
    assert again.first_use is not None
    line.mode = "good"
    counter.exchange.drain()
    assert counter.outbox.counts().pending == 0
    assert [len(acts(shop, coupon)) for coupon in coupons] == [1] * right + [0]
    assert all(act.offline for coupon in coupons[:right] for act in acts(shop, coupon))
    assert shop.store.counter.conflicts() == []


def test_the_till_says_that_it_is_cut_off_and_comes_back_by_itself(tmp_path: Path) -> None:
    with shop_in(tmp_path) as shop:
        counter, line = shop.till(ask_timeout_s=0.1)
        coupons = [shop.take(counter) for _ in range(3)]
        assert counter.condition().cut_off_since is None
        line.mode = "silent"
        first = redeem(counter, coupons[0])
        assert (first.accepted, first.offline) == (True, True)
        assert counter.condition().cut_off_since is not None
        assert [one.code for one in counter.watcher.look()] == ["hub-silent"]
        asked = line.asked
        began = time.monotonic()
        assert redeem(counter, coupons[1]).offline
        assert time.monotonic() - began < 0.1
        assert line.asked == asked
        line.mode = "good"
        counter.start()
        deadline = time.monotonic() + 15
        while counter.condition().cut_off_since is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert counter.condition().cut_off_since is None
        last = redeem(counter, coupons[2])
        assert (last.accepted, last.decided_by) == (True, "hub")
        counter.stop()
        assert [len(acts(shop, coupon)) for coupon in coupons] == [1, 1, 1]


def test_three_quick_failures_in_a_row_are_enough_to_stop_asking(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupons = [shop.take(counter) for _ in range(5)]
    line.mode = "broken"
    assert all(redeem(counter, coupon).offline for coupon in coupons)
    assert line.asked == 3


def test_a_reply_that_is_lost_and_the_acceptance_here_are_one_act(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    line.mode = "deaf"
    verdict = redeem(counter, coupon)
    assert (verdict.accepted, verdict.offline) == (True, True)
    line.mode = "good"
    counter.exchange.drain()
    assert len(acts(shop, coupon)) == 1
    assert shop.store.ledger.redeemed(COFFEE) == 1
    assert shop.store.counter.conflicts() == []


def test_a_lost_reply_to_an_offer_that_needs_the_hub_is_settled_by_the_next_scan(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter, LOCKED)
    line.mode = "deaf"
    assert redeem(counter, coupon).refusal == Refusal.HUB_UNREACHABLE
    line.mode = "good"
    counter.exchange.drain()
    verdict = redeem(counter, coupon)
    assert (verdict.accepted, verdict.decided_by) == (True, "hub")
    assert redeem(counter, coupon).refusal == Refusal.ALREADY_REDEEMED
    assert len(acts(shop, coupon)) == 1


def test_an_open_question_survives_a_restart(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, line = till
    coupon = shop.take(counter, LOCKED)
    line.mode = "deaf"
    redeem(counter, coupon)
    counter.stop()
    counter, _ = shop.till()
    assert redeem(counter, coupon).accepted
    assert len(acts(shop, coupon)) == 1


def test_a_question_left_open_without_its_amount_does_not_stand_in_the_way_of_one_with_it(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter, TENTH)
    line.mode = "deaf"
    assert redeem(counter, coupon).refusal == Refusal.BASKET_NEEDED
    line.mode = "good"
    counter.exchange.drain()
    verdict = redeem(counter, coupon, 1250)
    assert (verdict.accepted, verdict.value_cents) == (True, 125)


def test_what_this_till_accepted_alone_is_refused_before_the_hub_has_heard_of_it(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    cut(counter, line)
    redeem(counter, coupon)
    line.mode = "good"
    counter.exchange.once(limit=0)
    assert counter.line.cut_off_since() is None
    assert counter.outbox.counts().pending == 1
    assert redeem(counter, coupon).refusal == Refusal.ALREADY_REDEEMED
    counter.exchange.drain()
    assert len(acts(shop, coupon)) == 1


@pytest.mark.parametrize(
    ("campaign", "basket_cents", "refusal"),
    [
        (LOCKED, None, Refusal.HUB_UNREACHABLE),
        (TENTH, None, Refusal.BASKET_NEEDED),
        (SMALL, 1999, Refusal.BASKET_TOO_SMALL),
        (SMALL, 2000, None),
        (TENTH, 1000, None),
    ],
)
def test_the_same_rule_holds_while_cut_off(
    shop: TillShop,
    till: tuple[Counter, Line],
    campaign: int,
    basket_cents: int | None,
    refusal: Refusal | None,
) -> None:
    counter, line = till
    coupon = shop.take(counter, campaign)
    cut(counter, line)
    assert redeem(counter, coupon, basket_cents).refusal == refusal


def test_a_code_that_another_node_issued_has_to_wait_for_the_hub(shop: TillShop) -> None:
    here, line = shop.till("Till 1")
    other, _ = shop.till("Till 2")
    here.exchange.drain()
    own, foreign = shop.take(here), shop.take(other)
    cut(here, line)
    assert redeem(here, own.code).accepted
    assert redeem(here, foreign.code).refusal == Refusal.CODE_NEEDS_HUB
    assert redeem(here, foreign.token).accepted


def test_a_forged_token_is_refused_with_the_hub_and_without(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    first, second = shop.take(counter), shop.take(counter)
    # The payload of one coupon under the signature of another, and a token that is not whole.
    forged = first.token[:34] + second.token[34:]
    assert redeem(counter, forged).refusal in (Refusal.BAD_SIGNATURE, Refusal.UNKNOWN_COUPON)
    cut(counter, line)
    assert redeem(counter, forged).refusal in (Refusal.BAD_SIGNATURE, Refusal.UNKNOWN_COUPON)
    assert redeem(counter, first.token[:-1]).refusal == Refusal.UNKNOWN_COUPON
    assert redeem(counter, "0000 0000 0001").refusal == Refusal.BAD_CODE
    assert redeem(counter, first).accepted


def test_an_expired_coupon_is_refused_while_cut_off(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, line = till
    coupon = shop.take(counter)
    cut(counter, line)
    shop.later(15 * 86_400)
    assert redeem(counter, coupon).refusal == Refusal.EXPIRED


def test_what_the_hub_decided_is_known_when_the_till_is_cut_off_later(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    other, _ = shop.till("Till 2")
    here, there = shop.take(counter), shop.take(counter)
    redeem(counter, here)
    redeem(other, there)
    redeem(counter, there)
    cut(counter, line)
    for coupon, where in ((here, "Till 1"), (there, "Till 2")):
        verdict = redeem(counter, coupon)
        assert verdict.refusal == Refusal.ALREADY_REDEEMED
        assert verdict.first_use is not None
        assert verdict.first_use.till == where


def test_a_coupon_accepted_by_two_tills_that_are_cut_off_is_a_conflict_with_both_places(
    shop: TillShop,
) -> None:
    first, first_line = shop.till("Till 1")
    second, second_line = shop.till("Till 2")
    first.exchange.drain()
    coupon = shop.take(first)
    cut(first, first_line)
    cut(second, second_line)
    assert redeem(first, coupon).accepted
    assert redeem(second, coupon).accepted
    for till, line in ((first, first_line), (second, second_line)):
        line.mode = "good"
        till.exchange.drain()
    (conflict,) = shop.store.counter.conflicts()
    assert (conflict.first_till, conflict.second_till, conflict.cost_cents) == ("Till 1", "Till 2", 250)


def test_a_withdrawn_till_is_told_so_and_decides_nothing_alone(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, _ = till
    coupon = shop.take(counter)
    shop.store.devices.withdraw(counter.node.device, time.time())
    verdict = redeem(counter, coupon)
    assert (verdict.accepted, verdict.refusal) == (False, "withdrawn")
    counter.exchange.once()
    assert not redeem(counter, coupon).accepted
    assert counter.condition().refused_because


def test_two_programs_of_one_till_may_count_apart(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, _ = till
    coupons = [shop.take(counter) for _ in range(2)]
    for _ in range(3):
        beside, _ = shop.till()
        beside.exchange.drain()
    assert redeem(counter, coupons[0]).accepted
    assert redeem(counter, coupons[1]).decided_by == "hub"


def test_a_till_that_starts_without_the_time_accepts_within_its_rights_and_the_hub_marks_it(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    counter.stop()
    line.mode = "cut"
    timeless = Counter(counter.config, link=line, clock=Clock(wall=lambda: 1000.0, ntp=lambda: False))
    timeless.exchange.once()
    alone = redeem(timeless, coupon)
    assert alone.accepted
    assert alone.offline
    assert "clock-unset" in [one.code for one in holding(timeless.condition())]
    line.mode = "good"
    timeless.exchange.drain()
    assert timeless.clock.state() == "lan"
    (act,) = shop.store.counter.acts_of(coupon.coupon.serial)
    assert act.flag is None, "it was good whatever the time was, so there is nothing to look at"
    timeless.stop()


def test_a_till_without_the_time_refuses_what_was_over_when_it_last_heard_the_hub(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    shop.later(31 * 86_400)
    counter.exchange.drain()
    counter.stop()
    line.mode = "cut"
    timeless = Counter(counter.config, link=line, clock=Clock(wall=lambda: 1000.0, ntp=lambda: False))
    assert redeem(timeless, coupon).refusal == Refusal.EXPIRED
    timeless.stop()


def test_the_hub_is_told_how_the_till_is_when_that_changes_and_every_few_minutes(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    told: list[tuple[str, ...]] = []

    def look(monotonic: float) -> None:
        counter.watcher.once(monotonic)
        for _, _, text in counter.outbox.pending(10):
            fact = read_fact(read_event(text))
            assert isinstance(fact, DeviceHealth)
            told.append(fact.warnings)
        counter.exchange.drain()

    look(0.0)
    look(2.0)
    line.mode = "cut"
    counter.exchange.once()
    look(4.0)
    line.mode = "good"
    counter.exchange.drain()
    told.clear()
    look(6.0)
    look(8.0)
    look(6.0 + TELL_S)
    assert told == [(), ()]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_line_does_every_acceptance_reaches_the_hub_once(tmp_path: Path, seed: int) -> None:
    """Two tills, some coupons, lines that come and go, programs that are started again at any moment."""
    rnd = random.Random(seed)
    with shop_in(tmp_path) as shop:
        tills = {name: shop.till(name) for name in ("Till 1", "Till 2")}
        coupons = [shop.take(tills["Till 1"][0], campaign) for campaign in (COFFEE, COFFEE, LOCKED, COFFEE)]
        tills["Till 2"][0].exchange.drain()
        accepted: Counts[tuple[str, str]] = Counts()
        for _ in range(40):
            name = rnd.choice(list(tills))
            counter, line = tills[name]
            match rnd.randrange(8):
                case 0:
                    line.mode = "good"
                    counter.exchange.drain()
                case 1 | 2:
                    line.mode = rnd.choice(["cut", "deaf", "good"])
                case 3:
                    counter.exchange.once()
                case 4:
                    counter.stop()
                    mode = line.mode
                    tills[name] = shop.till(name, mode=mode)
                case _:
                    coupon = rnd.choice(coupons)
                    verdict = redeem(counter, coupon)
                    accepted[name, coupon.coupon.serial] += verdict.accepted
        for counter, line in tills.values():
            line.mode = "good"
            counter.exchange.drain()
            assert counter.outbox.counts().pending == 0
        assert max(accepted.values(), default=0) <= 1
        for coupon in coupons:
            serial = coupon.coupon.serial
            at_hub = Counts(act.till for act in acts(shop, coupon))
            assert max(at_hub.values(), default=0) <= 1
            assert {till for till in tills if accepted[till, serial]} <= set(at_hub)
        twice = sum(max(0, len(acts(shop, coupon)) - 1) for coupon in coupons)
        assert len(shop.store.counter.conflicts()) == twice
