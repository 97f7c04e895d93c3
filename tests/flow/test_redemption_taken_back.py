"""A redemption is taken back at the till: by the hub, alone, with replies lost, once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from kiosk_shop import COFFEE, LOCKED, Line, TillShop, shop_in, together

from hub.client.link import Reply, WsgiLink
from hub.store.records import Act
from hub.wire.coupon import Issued
from hub.wire.refusals import Refusal
from hub.wire.rules import UNDO_S
from hub.wire.snapshot import Value
from kiosk.counter import Counter
from kiosk.settling import QUIET_S
from kiosk.verdicts import Reversal, Scan, Undo, Verdict

_nonces = count(1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


@pytest.fixture
def till(shop: TillShop) -> tuple[Counter, Line]:
    return shop.till()


def new() -> str:
    return f"{next(_nonces):032x}"


def redeem(counter: Counter, coupon: Issued, staff: str = "s1", **more: object) -> Verdict:
    return counter.redeemer.redeem(Scan(coupon.token, staff, new(), **more))  # type: ignore[arg-type]


def undo(counter: Counter, verdict: Verdict, staff: str = "s1", nonce: str = "") -> Reversal:
    return counter.redeemer.reverse(Undo(verdict.nonce, staff, nonce or new(), "wrong coupon"))


def acts(shop: TillShop, coupon: Issued) -> list[Act]:
    return shop.store.counter.acts_of(coupon.coupon.serial)


def cut(counter: Counter, line: Line) -> None:
    line.mode = "cut"
    counter.exchange.once()


def mend(counter: Counter, line: Line) -> None:
    line.mode = "good"
    line.deaf_to.clear()
    line.blind_to.clear()
    counter.exchange.drain()


def test_what_the_hub_decided_it_takes_back_and_the_coupon_is_good_again(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, _ = till
    other, _ = shop.till("Till 2")
    coupon = shop.take(counter)
    verdict = redeem(counter, coupon)
    back = undo(counter, verdict)
    assert (back.state, back.offline, back.value_cents) == ("reversed", False, 250)
    said = counter.store.verdict(verdict.nonce)
    assert said is not None
    assert said.reversed_at is not None
    assert not said.printable
    assert counter.store.day_since(0).value_cents == 0
    assert counter.store.day_since(0).accepted == 0
    assert counter.outbox.counts().pending == 0
    found = counter.desk.coupon(coupon.coupon.serial)
    assert found is not None
    assert found[0].used_at is None
    assert redeem(other, coupon).accepted
    assert redeem(counter, coupon).refusal == Refusal.ALREADY_REDEEMED
    assert [act.standing for act in acts(shop, coupon)] == ["reversed", "first"]


class PowerCut(Exception):
    """The till goes off while it waits for its hub."""


class DyingLink:
    """The hub in process; the till dies over its next redemption, after the hub has decided it."""

    def __init__(self, shop: TillShop) -> None:
        self._link = WsgiLink(shop.app)
        self.dies = False

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        reply = self._link.post(path, body, headers, timeout_s)
        if self.dies and path == "/v1/redeem":
            raise PowerCut
        return reply


def test_a_form_that_is_pressed_again_after_its_act_was_taken_back_is_another_act(shop: TillShop) -> None:
    link = DyingLink(shop)
    counter, _ = shop.till(link=link)
    coupon = shop.take(counter)
    form = Scan(coupon.token, "s1", new())
    link.dies = True
    with pytest.raises(PowerCut):
        counter.redeemer.redeem(form)
    link.dies = False
    scanned_anew = redeem(counter, coupon)
    assert (scanned_anew.accepted, scanned_anew.act) == (True, form.nonce)
    assert undo(counter, scanned_anew).state == "reversed"
    pressed_again = counter.redeemer.redeem(form)
    assert pressed_again.accepted
    assert pressed_again.act != form.nonce
    assert counter.redeemer.redeem(form) == pressed_again
    assert [act.standing for act in acts(shop, coupon)] == ["reversed", "first"]


def test_two_taps_are_one_undo_and_a_second_one_is_refused(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, _ = till
    verdict = redeem(counter, shop.take(counter))
    nonce = new()
    first = undo(counter, verdict, nonce=nonce)
    assert undo(counter, verdict, nonce=nonce) == first
    again = undo(counter, verdict)
    assert (again.state, again.refusal) == ("refused", Refusal.ALREADY_REVERSED)


@pytest.mark.parametrize("mode", ["good", "cut"])
def test_staff_take_back_only_what_is_theirs_and_only_within_a_minute(
    shop: TillShop, till: tuple[Counter, Line], mode: str
) -> None:
    counter, line = till
    coupons = [shop.take(counter) for _ in range(2)]
    if mode == "cut":
        cut(counter, line)
    theirs, late = (redeem(counter, coupon) for coupon in coupons)
    assert undo(counter, theirs, staff="s2").refusal == Refusal.UNDO_NOT_HERE
    shop.later(UNDO_S + 1)
    assert undo(counter, late).refusal == Refusal.UNDO_TOO_LATE
    refused = counter.redeemer.redeem(Scan("0000 0000 0001", "s1", new()))
    assert undo(counter, refused).refusal == Refusal.NOT_REDEEMED
    assert redeem(counter, coupons[0]).refusal == Refusal.ALREADY_REDEEMED


def test_what_the_till_decided_alone_it_takes_back_alone_before_the_hub_has_heard_of_it(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    cut(counter, line)
    verdict = redeem(counter, coupon)
    back = undo(counter, verdict)
    assert (back.state, back.offline) == ("reversed", True)
    again = redeem(counter, coupon)
    assert (again.accepted, again.offline) == (True, True)
    mend(counter, line)
    assert [act.standing for act in acts(shop, coupon)] == ["reversed", "first"]
    assert shop.store.counter.conflicts() == []
    assert shop.store.ledger.redeemed(COFFEE) == 1


def test_what_the_till_decided_alone_it_takes_back_alone_after_the_hub_has_heard_of_it(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    cut(counter, line)
    verdict = redeem(counter, coupon)
    mend(counter, line)
    assert len(acts(shop, coupon)) == 1
    assert undo(counter, verdict).state == "reversed"
    # The same till scans it again, before the background exchange: it tells first, and asks then.
    again = redeem(counter, coupon)
    assert (again.accepted, again.decided_by) == (True, "hub")
    counter.exchange.drain()
    assert [act.standing for act in acts(shop, coupon)] == ["reversed", "first"]
    assert shop.store.counter.conflicts() == []


def test_a_right_that_was_spent_alone_is_not_given_back_by_the_till_itself(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    right = counter.shelf.right(COFFEE).accept
    coupon = shop.take(counter)
    cut(counter, line)
    for _ in range(right):
        verdict = redeem(counter, coupon)
        assert verdict.accepted
        assert undo(counter, verdict).state == "reversed"
    assert redeem(counter, coupon).refusal == Refusal.NO_RIGHTS_LEFT
    mend(counter, line)
    assert counter.shelf.right(COFFEE).accept > right
    assert redeem(counter, coupon).accepted


@pytest.mark.parametrize("lost", ["question", "reply"])
def test_an_undo_without_an_answer_stays_open_and_is_one_act(
    shop: TillShop, till: tuple[Counter, Line], lost: str
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    verdict = redeem(counter, coupon)
    (line.blind_to if lost == "question" else line.deaf_to).add("/v1/reverse")
    nonce = new()
    assert undo(counter, verdict, nonce=nonce).state == "open"
    # Somebody taps again, on a page of its own: still the same act.
    assert undo(counter, verdict).nonce == nonce
    cut(counter, line)
    held = redeem(counter, coupon)
    assert (held.accepted, held.refusal) == (False, Refusal.ALREADY_REDEEMED)
    mend(counter, line)
    back = undo(counter, verdict, nonce=nonce)
    assert back.state == "reversed"
    assert redeem(counter, coupon).accepted
    assert [act.standing for act in acts(shop, coupon)] == ["reversed", "first"]


def test_an_open_undo_is_asked_again_in_the_background_once_the_hub_is_back(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    verdict = redeem(counter, coupon)
    line.deaf_to.add("/v1/reverse")
    assert undo(counter, verdict).state == "open"
    cut(counter, line)
    assert counter.redeemer.settle() == 0
    mend(counter, line)
    assert counter.redeemer.settle() == 0, "it is too young: somebody may be waiting for it"
    shop.later(QUIET_S + 1)
    assert counter.redeemer.settle() == 1
    (told,) = counter.store.unseen_reversals()
    assert (told.state, told.of, told.unseen) == ("reversed", verdict.nonce, True)
    said = counter.store.verdict(verdict.nonce)
    assert said is not None
    assert said.reversed_at is not None
    counter.store.mark_seen()
    assert counter.store.unseen_reversals() == []


def test_an_undo_that_never_reached_the_hub_in_time_is_told_to_be_the_managers(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    coupon = shop.take(counter)
    verdict = redeem(counter, coupon)
    line.blind_to.add("/v1/reverse")
    assert undo(counter, verdict).state == "open"
    cut(counter, line)
    counter.redeemer.settle()
    shop.later(UNDO_S + 1)
    mend(counter, line)
    assert counter.redeemer.settle() == 1
    (told,) = counter.store.unseen_reversals()
    assert (told.state, told.refusal) == ("refused", Refusal.UNDO_TOO_LATE)
    assert redeem(counter, coupon).refusal == Refusal.ALREADY_REDEEMED


def test_an_open_undo_survives_a_restart(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, line = till
    coupon = shop.take(counter)
    verdict = redeem(counter, coupon)
    line.deaf_to.add("/v1/reverse")
    undo(counter, verdict)
    counter.stop()
    counter, _ = shop.till()
    shop.later(QUIET_S + 1)
    assert counter.redeemer.settle() == 1
    assert redeem(counter, coupon).accepted


def test_a_manager_who_took_it_back_is_found_out_by_the_next_scan(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    from hub.reversing import reverse_as_manager

    counter, line = till
    coupon = shop.take(counter)
    verdict = redeem(counter, coupon)
    reply = reverse_as_manager(
        shop.store,
        counter.node.device,
        verdict.act,
        manager="mia",
        reason="the customer came back",
        act_id=new(),
        now=shop.now(),
        clock="ntp",
    )
    assert reply.reversed
    again = redeem(counter, coupon)
    assert (again.accepted, again.decided_by) == (True, "hub")
    cut(counter, line)
    held = redeem(counter, coupon)
    assert held.first_use is not None
    assert held.first_use.at == pytest.approx(again.at, abs=5)


def test_a_part_of_a_voucher_comes_back_to_its_balance(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, line = till
    shop.publish(20, Value("voucher", 5_000), offline="refuse")
    voucher = shop.take(counter, 20)
    assert redeem(counter, voucher).refusal == Refusal.AMOUNT_NEEDED
    first = redeem(counter, voucher, amount_cents=2_000)
    assert (first.accepted, first.value_cents, first.balance_cents) == (True, 2_000, 3_000)
    second = redeem(counter, voucher, amount_cents=2_500)
    assert second.balance_cents == 500
    assert counter.desk.balance(voucher.coupon.serial) == 500
    assert redeem(counter, voucher, amount_cents=501).refusal == Refusal.BALANCE_TOO_SMALL
    assert undo(counter, second).state == "reversed"
    assert counter.desk.balance(voucher.coupon.serial) == 3_000
    assert redeem(counter, voucher, amount_cents=3_000).balance_cents == 0
    cut(counter, line)
    assert redeem(counter, voucher, amount_cents=1).refusal == Refusal.HUB_UNREACHABLE


def test_a_part_whose_reply_was_lost_is_not_taken_for_another_part(
    shop: TillShop, till: tuple[Counter, Line]
) -> None:
    counter, line = till
    shop.publish(20, Value("voucher", 5_000), offline="refuse")
    voucher = shop.take(counter, 20)
    line.deaf_to.add("/v1/redeem")
    assert redeem(counter, voucher, amount_cents=2_000).refusal == Refusal.HUB_UNREACHABLE
    mend(counter, line)
    other = redeem(counter, voucher, amount_cents=700)
    assert (other.accepted, other.value_cents, other.balance_cents) == (True, 700, 2_300)
    (late,) = counter.store.unseen()
    assert (late.value_cents, late.balance_cents) == (2_000, 3_000)
    assert undo(counter, late).state == "reversed"
    assert counter.redeemer.look(voucher.token).found[0].balance_cents == 4_300


def test_sixteen_taps_on_undo_at_once_are_one_reversal(shop: TillShop, till: tuple[Counter, Line]) -> None:
    counter, _ = till
    coupon = shop.take(counter, LOCKED)
    verdict = redeem(counter, coupon)
    backs = together(*[lambda: undo(counter, verdict) for _ in range(16)])
    assert all(isinstance(one, Reversal) for one in backs), backs
    assert {one.refusal for one in backs if isinstance(one, Reversal) and one.state == "refused"} <= {
        Refusal.ALREADY_REVERSED
    }
    assert any(isinstance(one, Reversal) and one.state == "reversed" for one in backs)
    assert redeem(counter, coupon).accepted
    assert [act.standing for act in acts(shop, coupon)] == ["reversed", "first"]
