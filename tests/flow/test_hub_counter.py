"""The counter at the hub: what a coupon may depend on, taken back, held, spent in parts, looked up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.client.clock import Clock
from hub.code_keys import CodeKeys
from hub.rebuild import verify
from hub.reversing import reverse_as_manager
from hub.store.records import StaffMember
from hub.wire.conditions import Buys, Hours, InSegment, IsMember
from hub.wire.coupon import show_code
from hub.wire.events import CouponReserved, CouponReversed, OfferShown
from hub.wire.rotating import show
from hub.wire.rules import MANAGER_UNDO_S, UNDO_S
from hub.wire.snapshot import Campaign, Value
from hub.wire.sync import LookRequest, ReleaseRequest, ReserveRequest, ReverseRequest, Spare
from tests.hub_house import NOON, House, HouseNode, alone, campaign, problem

DAY = 86_400
MEI, BO = "mei-00000001", "bo-000000001"
MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    assert verify(house.store).differ == (), "whatever happened, a rebuild says the same"
    house.close()


@pytest.fixture
def till(house: House) -> HouseNode:
    return house.node()


def publish(house: House, **changes: object) -> Campaign:
    """Campaign 2, long enough for several days."""
    made = campaign(2, **{"ends_at": int(NOON) + 10 * DAY, **changes})
    house.publish(made)
    return made


def token(till: HouseNode, number: int = 2, member: str = "") -> str:
    fact, text = till.mint(number, expires_at=int(NOON) + 10 * DAY, member=member)
    till.report(fact)
    return text


def voucher(cents: int = 2_000) -> dict[str, object]:
    offer = msgspec.structs.replace(campaign().offer, value=Value("voucher", cents))
    return {"offer": offer, "offline": "refuse"}


def test_hours_and_products_and_members_are_asked_for_and_kept_to(house: House, till: HouseNode) -> None:
    # NOON is a Wednesday, six minutes past twelve in Berlin.
    publish(house, hours=(Hours(MONDAY_TO_FRIDAY, 9 * 60, 11 * 60),))
    assert till.redeem(token(till)).refusal == "not_at_this_hour"
    house.now += 21 * 3_600
    assert till.redeem(token(till)).accepted
    house.now = NOON
    publish(house, condition=Buys(("4006381333931",), at_least=2))
    bought = ("4006381333931", "5012345678900")
    assert till.redeem(token(till)).refusal == "products_needed"
    assert till.redeem(token(till), products=bought).refusal == "product_missing"
    assert till.redeem(token(till), products=bought + bought).accepted
    publish(house, condition=IsMember())
    assert till.redeem(token(till)).refusal == "member_needed"
    assert till.redeem(token(till), member=MEI).accepted
    publish(house, condition=InSegment(("regulars",)))
    assert till.redeem(token(till), member=MEI).refusal == "not_for_this_member"


def test_a_coupon_for_one_member_is_good_for_nobody_else(house: House, till: HouseNode) -> None:
    publish(house)
    text = token(till, member=MEI)
    assert till.redeem(text).refusal == "member_needed"
    assert till.redeem(text, member=BO).refusal == "not_for_this_member"
    assert till.redeem(text, member=MEI).accepted


def test_nobody_redeems_their_own_coupons(house: House, till: HouseNode) -> None:
    house.store.people.add_staff(StaffMember("ann", "Ann", "-", True, NOON, MEI))
    publish(house)
    text = token(till)
    assert till.redeem(text, member=MEI).refusal == "own_coupon"
    assert till.redeem(text, member=MEI, staff="bob").accepted


def test_a_sixth_coupon_for_the_same_member_needs_a_colleague_or_another_day(
    house: House, till: HouseNode
) -> None:
    publish(house)
    for _ in range(5):
        assert till.redeem(token(till), member=MEI).accepted
    assert till.redeem(token(till), member=MEI).refusal == "staff_limit"
    assert till.redeem(token(till), member=BO).accepted
    assert till.redeem(token(till), member=MEI, staff="bob").accepted
    house.now += DAY
    assert till.redeem(token(till), member=MEI).accepted


def test_a_limit_for_the_day_is_counted_on_the_shops_own_clock(house: House, till: HouseNode) -> None:
    publish(house, per_day_limit=2, offline="refuse")
    assert till.redeem(token(till)).accepted
    house.now = NOON + 11.88 * 3_600
    assert till.redeem(token(till)).accepted
    assert till.redeem(token(till)).refusal == "day_limit"
    house.now = NOON + 11.9 * 3_600
    assert till.redeem(token(till)).accepted


def test_a_limit_for_a_person_needs_to_know_who(house: House, till: HouseNode) -> None:
    publish(house, per_person_limit=1, offline="refuse")
    assert till.redeem(token(till)).refusal == "member_needed"
    assert till.redeem(token(till), "nonce-mei-1", member=MEI).accepted
    assert till.redeem(token(till), member=MEI).refusal == "person_limit"
    assert till.redeem(token(till), member=BO).accepted
    assert till.reverse("nonce-mei-1", "back-mei-1").reversed
    assert till.redeem(token(till), member=MEI).accepted


def test_a_group_offer_is_good_once_enough_have_taken_it(house: House, till: HouseNode) -> None:
    publish(house, group_size=3)
    first, _ = token(till), token(till)
    assert till.redeem(first).refusal == "group_too_small"
    token(till)
    assert till.redeem(first).accepted


def test_a_coupon_for_the_next_visit_is_good_from_the_shops_next_day(house: House, till: HouseNode) -> None:
    publish(house, good_from="next_day")
    text = token(till)
    assert till.redeem(text).refusal == "next_visit"
    house.now = NOON + 11.9 * 3_600
    assert till.redeem(text).accepted


def test_a_code_that_changes_is_good_once_and_only_now(house: House, till: HouseNode) -> None:
    publish(house, rotating=True)
    till.send()
    keys = CodeKeys(house.store, house.key).keys()
    fact, text = till.mint(2)
    till.report(fact)
    shown = show(text, fact.serial, keys, house.now)
    assert shown is not None
    assert till.redeem(text).refusal == "code_too_old"
    assert till.redeem(fact.code).refusal == "code_too_old"
    house.now += 300
    assert till.redeem(shown.text).refusal == "code_too_old"
    later = show(text, fact.serial, keys, house.now)
    assert later is not None
    assert till.redeem(fact.code + later.digits, "nonce-typed").accepted
    assert till.reverse("nonce-typed", "back-typed").reversed
    assert till.redeem(later.text).refusal == "code_too_old", "that picture was used"
    house.now += 30
    again = show(text, fact.serial, keys, house.now)
    assert again is not None
    assert till.redeem(again.text).accepted


def test_a_voucher_is_spent_in_parts_and_never_beyond_what_it_is_worth(house: House, till: HouseNode) -> None:
    publish(house, **voucher(2_000))
    text = token(till)
    assert till.redeem(text).refusal == "amount_needed"
    first = till.redeem(text, "nonce-part-1", amount_cents=1_500)
    assert (first.accepted, first.value_cents, first.balance_cents) == (True, 1_500, 500)
    assert till.redeem(text, "nonce-part-1", amount_cents=1_500) == first
    assert problem(till.ask(text, "nonce-part-1", amount_cents=400)).code == "nonce_used"
    assert till.redeem(text, amount_cents=501).refusal == "balance_too_small"
    assert till.redeem(text, amount_cents=500).balance_cents == 0
    assert till.redeem(text, amount_cents=1).refusal == "balance_too_small"
    assert till.reverse("nonce-part-1", "back-part-1").value_cents == 1_500
    assert till.redeem(text, amount_cents=1_500).balance_cents == 0
    assert house.store.reports.conflicts(0, 3e9) == []
    assert [count.value_cents for count in house.store.reports.redeemed(0, 3e9)] == [2_000]


def test_a_voucher_that_a_till_overspent_costs_what_is_beyond_it(house: House, till: HouseNode) -> None:
    publish(house, **voucher(2_000))
    fact, text = till.mint(2)
    till.report(fact)
    till.redeem(text, "nonce-part-1", amount_cents=1_500)
    other = house.node(name="Till 2")
    other.report(alone(fact, "alone-part", 1_200, balance_cents=800))
    (conflict,) = house.store.reports.conflicts(0, 3e9)
    assert (conflict.cost_cents, conflict.first_till, conflict.second_till) == (700, "kiosk-1", "Till")
    assert till.redeem(text, amount_cents=1).refusal == "balance_too_small"
    other.report(back(fact.serial, "alone-part", other, number=2))
    assert house.store.reports.conflicts(0, 3e9) == []
    assert till.redeem(text, amount_cents=500).balance_cents == 0


def back(
    serial: str, of: str, node: HouseNode, staff: str = "ann", number: int = 1, **changes: object
) -> CouponReversed:
    plain = CouponReversed(
        serial=serial,
        campaign=number,
        of=of,
        redeemed_by=node.device,
        nonce=f"back-{of}",
        till="Till",
        staff=staff,
        by="staff",
        reason="a slip",
        value_cents=500,
        offline=True,
    )
    return msgspec.structs.replace(plain, **changes)


def test_staff_take_their_own_redemption_back_within_a_minute(house: House, till: HouseNode) -> None:
    publish(house, redemption_limit=1, offline="refuse")
    text = token(till)
    assert till.redeem(text, "nonce-0001").accepted
    assert till.redeem(token(till)).refusal == "limit_reached"
    assert till.reverse("nonce-none", "back-0000").refusal == "not_redeemed"
    assert till.reverse("nonce-0001", "back-0001", staff="bob").refusal == "undo_not_here"
    house.now += UNDO_S
    done = till.reverse("nonce-0001", "back-0002")
    assert (done.reversed, done.value_cents, done.campaign) == (True, 500, 2)
    assert till.reverse("nonce-0001", "back-0002") == done
    assert till.reverse("nonce-0001", "back-0003").refusal == "already_reversed"
    assert house.store.ledger.redeemed(2) == 0
    assert house.store.reports.redeemed(0, 3e9) == []
    assert till.redeem(text, "nonce-0002").accepted
    house.now += UNDO_S + 1
    assert till.reverse("nonce-0002", "back-0004").refusal == "undo_too_late"


def test_another_till_cannot_take_it_back(house: House, till: HouseNode) -> None:
    till.redeem(till.mint()[1], "nonce-0001")
    assert house.node(name="Till 2").reverse("nonce-0001", "back-0001").refusal == "not_redeemed"
    assert house.store.ledger.redeemed(1) == 1


def test_the_same_nonce_for_something_else_is_refused_whatever_it_is(house: House, till: HouseNode) -> None:
    text, other = token(till, 1), token(till, 1)
    till.redeem(text, "nonce-0001")
    till.reserve(other, "hold-0001")
    till.reverse("nonce-0001", "back-0001")
    asked: list[tuple[str, msgspec.Struct]] = [
        ("reverse", ReverseRequest("nonce-0001", "nonce-0001", "Till", "ann", "a slip")),
        ("reverse", ReverseRequest("hold-0001", "nonce-0001", "Till", "ann", "a slip")),
        ("reverse", ReverseRequest("back-0001", "nonce-0002", "Till", "ann", "a slip")),
        ("reserve", ReserveRequest("nonce-0001", text, "Till", "ann")),
        ("reserve", ReserveRequest("back-0001", text, "Till", "ann")),
        ("reserve", ReserveRequest("hold-0001", text, "Till", "ann")),
    ]
    for path, request in asked:
        reply = till.post(f"/v1/{path}", msgspec.json.encode(request))
        assert (reply.status, problem(reply).code) == (409, "nonce_used"), (path, request)
    for nonce in ("hold-0001", "back-0001"):
        assert problem(till.ask(text, nonce)).code == "nonce_used"


def test_a_manager_takes_back_later_with_a_reason_and_once(house: House, till: HouseNode) -> None:
    text = token(till)
    publish(house, ends_at=int(NOON) + 200 * DAY)
    till.redeem(text, "nonce-0001")
    house.now += 89 * DAY

    def take_back(act_id: str, nonce: str = "nonce-0001", reason: str = "wrong customer") -> object:
        return reverse_as_manager(
            house.store,
            till.device,
            nonce,
            manager="Ines",
            reason=reason,
            act_id=act_id,
            now=house.now,
            clock="ntp",
        )

    with pytest.raises(ValueError, match="reason"):
        take_back("form-0001", reason=" ")
    done = take_back("form-0001")
    house.now += 5
    assert take_back("form-0001") == done
    assert take_back("form-0002") != done
    (reversal,) = house.store.counter.reversals(0, 3e9)
    assert (reversal.by, reversal.staff, reversal.reason, reversal.of) == (
        "manager",
        "Ines",
        "wrong customer",
        "nonce-0001",
    )
    (act,) = house.store.counter.acts_of(reversal.serial)
    assert act.standing == "reversed"
    assert till.redeem(text, "nonce-0001").refusal == "already_reversed"


def test_after_a_quarter_the_books_are_closed(house: House, till: HouseNode) -> None:
    till.redeem(till.mint()[1], "nonce-0001")
    late = reverse_as_manager(
        house.store,
        till.device,
        "nonce-0001",
        manager="Ines",
        reason="late",
        act_id="form-0001",
        now=house.now + MANAGER_UNDO_S + 1,
        clock="ntp",
    )
    assert (late.reversed, late.refusal) == (False, "undo_too_late")


def test_a_coupon_that_was_taken_back_is_redeemed_anew_without_any_conflict(
    house: House, till: HouseNode
) -> None:
    text = token(till, 1)
    till.redeem(text, "nonce-0001")
    till.reverse("nonce-0001", "back-0001")
    assert house.node(name="Till 2").redeem(text).accepted
    assert house.store.reports.conflicts(0, 3e9) == []
    assert house.store.ledger.redeemed(1) == 1


def test_a_till_that_was_cut_off_takes_back_alone(house: House, till: HouseNode) -> None:
    fact, text = till.mint()
    till.send()
    till.report(fact, alone(fact, "alone-001"))
    till.report(back(fact.serial, "alone-001", till), at=NOON + 30)
    assert house.store.ledger.redeemed(1) == 0
    assert till.redeem(text).accepted
    assert [one.flag for one in house.store.counter.reversals(0, 3e9)] == [None]


def test_what_a_till_took_back_alone_too_late_or_for_another_is_flagged(
    house: House, till: HouseNode
) -> None:
    late, other = till.mint()[0], till.mint()[0]
    till.send()
    till.report(late, other, alone(late, "alone-late"), alone(other, "alone-other"))
    till.report(
        back(late.serial, "alone-late", till),
        at=NOON + 61,
    )
    till.report(back(other.serial, "alone-other", till, staff="bob"))
    flags = {one.of: one.flag for one in house.store.counter.reversals(0, 3e9)}
    assert flags == {"alone-late": "undo_too_late", "alone-other": "undo_not_here"}
    assert house.store.ledger.redeemed(1) == 0


def test_a_reversal_that_comes_before_its_redemption_waits_for_it(house: House, till: HouseNode) -> None:
    fact, text = till.mint()
    till.report(fact, back(fact.serial, "alone-001", till))
    till.report(alone(fact, "alone-001"))
    assert house.store.ledger.redeemed(1) == 0
    assert till.redeem(text).accepted
    assert house.store.reports.conflicts(0, 3e9) == []


def test_a_till_cannot_take_back_what_another_redeemed(house: House, till: HouseNode) -> None:
    fact, text = till.mint()
    till.report(fact)
    till.redeem(text, "nonce-0001")
    other = house.node(name="Till 2")
    other.report(back(fact.serial, "nonce-0001", till))
    assert house.store.ledger.redeemed(1) == 1
    assert house.store.reports.flaw_counts() == [(other.device, 1)]


def test_when_the_first_of_two_is_taken_back_the_second_counts_and_costs_nothing(
    house: House, till: HouseNode
) -> None:
    fact, text = till.mint()
    till.report(fact)
    till.redeem(text, "nonce-0001")
    second, third = house.node(name="Till 2"), house.node(name="Till 3")
    second.report(alone(fact, "alone-002", till="Till 2"))
    third.report(alone(fact, "alone-003", till="Till 3"))
    assert [one.cost_cents for one in house.store.reports.conflicts(0, 3e9)] == [500, 500]
    assert till.reverse("nonce-0001", "back-0001").reversed
    (left,) = house.store.reports.conflicts(0, 3e9)
    assert (left.first_till, left.second_till) == ("Till 2", "Till 3")
    standing = {act.nonce: act.standing for act in house.store.counter.acts_of(fact.serial)}
    assert standing == {"nonce-0001": "reversed", "alone-002": "first", "alone-003": "conflict"}
    assert house.store.ledger.redeemed(1) == 1
    reply = till.redeem(text)
    assert (reply.refusal, reply.till) == ("already_redeemed", "Till 2")
    third.report(back(fact.serial, "alone-003", third))
    assert house.store.reports.conflicts(0, 3e9) == []
    assert [bool(one.settled_at) for one in house.store.counter.conflicts()] == [True, True]


def test_goods_given_again_under_a_nonce_that_a_manager_took_back_are_a_second_act(
    house: House, till: HouseNode
) -> None:
    """The hub said yes, its reply was lost; the manager took it back; another till redeemed; the first one then gave alone."""
    fact, text = till.mint()
    till.report(fact)
    till.redeem(text, "nonce-0001")
    taken = {"manager": "Ines", "reason": "reply lost", "now": NOON + 60, "clock": "ntp"}
    reverse_as_manager(house.store, till.device, "nonce-0001", act_id="form-1", **taken)  # type: ignore[arg-type]  # a dict of any
    house.now += 120
    assert house.node(name="Till 2").redeem(text).accepted
    till.report(alone(fact, "nonce-0001"), at=NOON + 200)
    (conflict,) = house.store.reports.conflicts(0, 3e9)
    assert (conflict.cost_cents, conflict.first_till) == (500, "kiosk-2")
    assert till.redeem(text, "nonce-0001").accepted, "the till has given the goods under that nonce"
    till.report(back(fact.serial, "nonce-0001", till), at=NOON + 210)
    assert house.store.reports.conflicts(0, 3e9) == []


def test_a_lost_reply_and_an_act_alone_before_the_manager_took_it_back_are_one(
    house: House, till: HouseNode
) -> None:
    fact, text = till.mint()
    till.report(fact)
    till.redeem(text, "nonce-0001")
    house.now += 60
    reverse_as_manager(
        house.store,
        till.device,
        "nonce-0001",
        manager="Ines",
        reason="goods came back",
        act_id="form-1",
        now=house.now,
        clock="ntp",
    )
    till.report(alone(fact, "nonce-0001"), at=NOON + 3)
    assert house.store.ledger.redeemed(1) == 0
    assert till.redeem(text).accepted


def test_a_held_coupon_is_refused_to_others_until_it_is_used_released_or_run_out(
    house: House, till: HouseNode
) -> None:
    other = house.node(name="Till 2")
    text = token(till, 1)
    held = till.reserve(text, "hold-0001", lasts_s=60)
    assert (held.held, held.value_cents, held.until) == (True, 500, NOON + 60)
    house.now += 30
    assert till.reserve(text, "hold-0001", lasts_s=60) == held
    assert other.redeem(text).refusal == "reserved"
    assert other.redeem(text, reservation="hold-0001").refusal == "reserved", "it is another till's"
    assert other.reserve(text, "hold-0002").refusal == "reserved"
    assert till.redeem(text).refusal == "reserved", "name the purchase that it is held for"
    assert [one.nonce for one in house.store.counter.held(house.now)] == ["hold-0001"]
    assert till.redeem(text, reservation="hold-0001").accepted
    assert house.store.counter.held(house.now) == []
    assert not till.release("hold-0001").was_held

    text = token(till, 1)
    assert till.reserve(text, "hold-0003").held
    assert not other.release("hold-0003").was_held
    assert till.release("hold-0003").was_held
    assert till.release("hold-0003").was_held, "the same question, the same answer"
    assert other.reserve(text, "hold-0004", lasts_s=5).held
    house.now += 5
    assert till.redeem(text).accepted
    assert not other.release("hold-0004").was_held


def test_what_is_held_counts_towards_every_limit(house: House, till: HouseNode) -> None:
    publish(house, redemption_limit=2, offline="refuse")
    assert till.reserve(token(till), "hold-0001").held
    held = token(till)
    assert till.reserve(held, "hold-0002", lasts_s=30).held
    assert till.redeem(token(till)).refusal == "limit_reached"
    assert till.redeem(held, reservation="hold-0002").accepted
    assert till.redeem(token(till)).refusal == "limit_reached"
    till.release("hold-0001")
    assert till.redeem(token(till)).accepted
    publish(house, per_person_limit=1, per_day_limit=9, offline="refuse")
    text = token(till)
    assert till.reserve(text, "hold-0003", member=MEI).held
    assert till.redeem(token(till), member=MEI).refusal == "person_limit"
    assert till.redeem(text, member=MEI, reservation="hold-0003").accepted


def test_a_refused_reservation_says_why_and_says_it_again(house: House, till: HouseNode) -> None:
    text = token(till, 1)
    till.redeem(text)
    refused = till.reserve(text, "hold-0001")
    assert (refused.held, refused.refusal) == (False, "already_redeemed")
    assert till.reserve(text, "hold-0001") == refused
    assert till.reserve("hello", "hold-0002").refusal == "bad_code"


def test_only_the_hub_holds_coupons(house: House, till: HouseNode) -> None:
    fact, text = till.mint()
    forged = CouponReserved(
        serial=fact.serial, campaign=1, nonce="hold-0001", till="Till", staff="ann", until=NOON + 900
    )
    till.report(fact, forged)
    assert house.node(name="Till 2").redeem(text).accepted
    assert house.store.reports.flaw_counts() == [(till.device, 1)]


def test_a_changing_code_that_is_held_need_not_be_shown_again(house: House, till: HouseNode) -> None:
    publish(house, rotating=True)
    till.send()
    fact, text = till.mint(2)
    till.report(fact)
    shown = show(text, fact.serial, CodeKeys(house.store, house.key).keys(), house.now)
    assert shown is not None
    assert till.reserve(shown.text, "hold-0001").held
    house.now += 100
    assert till.redeem(shown.text, reservation="hold-0001").accepted


def test_staff_look_a_coupon_up_and_see_how_it_stands(house: House, till: HouseNode) -> None:
    fact, text = till.mint()
    till.report(fact)

    def state(what: str = text) -> tuple[str, str | None]:
        (found,) = till.look(what).found
        return found.state, found.till

    assert state() == state(show_code(fact.code)) == ("open", None)
    till.reserve(text, "hold-0001", lasts_s=5)
    assert state() == ("reserved", till.device)
    house.now += 5
    till.redeem(text, "nonce-0001")
    assert state() == ("redeemed", till.device)
    till.reverse("nonce-0001", "back-0001")
    assert state() == ("reversed", till.device)
    house.store.campaigns.revoke(fact.serial, house.now, "test", "lost")
    assert state() == ("revoked", None)
    late, late_text = till.mint(expires_at=int(house.now))
    assert state(late_text) == ("expired", None)
    assert (late.serial, fact.code) == (till.look(late_text).found[0].serial, till.look(text).found[0].code)


def test_a_voucher_is_looked_up_with_what_is_left(house: House, till: HouseNode) -> None:
    publish(house, **voucher(2_000))
    text = token(till)
    till.redeem(text, amount_cents=1_500)
    (found,) = till.look(text).found
    assert (found.state, found.balance_cents, found.value_cents) == ("open", 500, 1_500)
    till.redeem(text, amount_cents=500)
    (found,) = till.look(text).found
    assert (found.state, found.balance_cents) == ("redeemed", 0)


def test_a_members_latest_acts_are_found_by_their_opaque_id(house: House, till: HouseNode) -> None:
    publish(house)
    for place in range(3):
        house.now += 1
        till.redeem(token(till), f"nonce-000{place}", member=MEI)
    till.reverse("nonce-0002", "back-0002")
    found = till.look(MEI).found
    assert [one.state for one in found] == ["reversed", "redeemed", "redeemed"]
    assert [one.at for one in found] == [NOON + 3, NOON + 2, NOON + 1]
    assert till.look(BO).found == ()


@pytest.mark.parametrize("how", ["look", "reserve", "redeem"])
def test_guessing_is_stopped_however_it_is_done(house: House, till: HouseNode, how: str) -> None:
    fact, text = till.mint()
    till.report(fact)

    def guess(code: str) -> int:
        if how == "look":
            body: msgspec.Struct = LookRequest(code)
        elif how == "reserve":
            body = ReserveRequest(os.urandom(8).hex(), code, "Till", "ann")
        else:
            return till.ask(code).status
        return till.post(f"/v1/{how}", msgspec.json.encode(body)).status

    assert {guess("0000 0000 0000") for _ in range(20)} == {200}
    assert guess(fact.code) == 429
    assert till.ask(fact.code).status == 429
    assert till.redeem(text).accepted
    house.now += 601
    assert guess(fact.code) == 200


def test_trying_members_is_guessing_and_a_mistyped_code_is_not(till: HouseNode) -> None:
    for _ in range(25):
        assert till.look("AAAA BBBB CCCC").refusal == "bad_code"
    for place in range(20):
        assert till.look(f"member-{place:08}").found == ()
    assert till.post("/v1/look", msgspec.json.encode(LookRequest(MEI))).status == 429


def test_a_forged_token_tells_nothing(house: House, till: HouseNode) -> None:
    fact, text = till.mint()
    till.report(fact)
    till.redeem(text)
    stranger = HouseNode(house, house.key, till.place)
    stranger.key = house.key
    forged = text[:60] + ("A" if text[60] != "A" else "B") + text[61:]
    assert till.look(forged).refusal == "bad_signature"
    assert till.redeem(forged).refusal == "bad_signature"


@pytest.mark.parametrize("path", ["reserve", "release", "reverse", "look"])
def test_a_door_cannot_ask_what_only_tills_may(house: House, path: str) -> None:
    door = house.node("edge", "Door")
    body: dict[str, msgspec.Struct] = {
        "reserve": ReserveRequest("hold-0001", "x", "Till", "ann"),
        "release": ReleaseRequest("hold-0001"),
        "reverse": ReverseRequest("back-0001", "nonce-0001", "Till", "ann", "a slip"),
        "look": LookRequest("x"),
    }
    reply = door.post(f"/v1/{path}", msgspec.json.encode(body[path]))
    assert (reply.status, problem(reply).code) == (403, "not_a_till")


def test_how_often_an_offer_was_shown_is_summed_by_quarter_and_channel(house: House, till: HouseNode) -> None:
    shown = OfferShown(campaign=1, channel="kiosk", times=3, shown_s=24.25)
    till.report(shown, shown, msgspec.structs.replace(shown, channel="portal", simulated=True))
    kiosk, portal = house.store.reports.exposures(NOON - 900, NOON + 900)
    assert (kiosk.campaign, kiosk.channel, kiosk.times, kiosk.shown_s) == (1, "kiosk", 6, 48.5)
    assert (portal.channel, portal.times, portal.simulated) == ("portal", 3, True)


def test_limits_that_a_till_could_not_know_are_flagged_when_it_reports(house: House, till: HouseNode) -> None:
    publish(house, per_day_limit=2)
    house.clock = Clock(wall=lambda: house.now, ntp=lambda: True)
    issues = [till.mint(2)[0] for _ in range(3)]
    till.send()
    till.report(*issues, *(alone(one, f"alone-{place}") for place, one in enumerate(issues)))
    flags = {act.nonce: act.flag for act in house.store.counter.acts(0, 3e9)}
    assert flags["alone-2"] == "day_limit"
    bought = till.mint(3)[0]
    house.publish(campaign(3, condition=Buys(("tea",))))
    till.send()
    till.report(bought, alone(bought, "alone-bought"))
    assert house.store.counter.acts_of(bought.serial)[0].flag is None, "the till saw what was bought"


def test_the_last_of_a_limit_is_a_tills_own_right_and_is_used_up_with_it(
    house: House, till: HouseNode
) -> None:
    publish(house, redemption_limit=4)
    coupons = [till.mint(2) for _ in range(6)]
    till.report(*(fact for fact, _ in coupons))
    till.send()
    assert house.store.ledger.grant_of(2, till.device).accept == 1
    other = house.node(name="Till 2")
    spent = [till.redeem(text).right_spent for _, text in coupons[:3]]
    assert spent == [False, False, False]
    assert other.redeem(coupons[3][1]).refusal == "limit_reached", "the last one is the first till's"
    assert till.reserve(coupons[3][1], "hold-0001").refusal == "limit_reached"
    assert till.redeem(coupons[4][1]).refusal == "limit_reached", (
        "a till that has spent it alone meanwhile does not tell it"
    )
    last = till.redeem(coupons[4][1], "nonce-last", spare=(Spare(2, 1),))
    assert (last.accepted, last.right_spent) == (True, True)
    assert till.redeem(coupons[4][1], "nonce-last") == last
    assert till.redeem(coupons[5][1], spare=(Spare(2, 1),)).refusal == "limit_reached"
    # Its reply was lost and the till decided the same act alone: its right was spent once.
    till.report(alone(coupons[4][0], "nonce-last"))
    (tally,) = house.store.ledger.tallies_of(2)
    assert (tally.redeemed, tally.accepted_alone) == (4, 1)
