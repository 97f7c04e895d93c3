"""What forms say of a purchase: amounts, products, a member, six digits; and what came of a day."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.wire.coupon import make_code, show_code
from kiosk.tillpage.day import Sums, is_of, sum_up
from kiosk.tillpage.deciding import with_digits
from kiosk.tillpage.pending import MOST, Pending, Unfinished
from kiosk.tillpage.purchase import (
    FIELDS,
    LONGEST_PRODUCT,
    MOST_PRODUCTS,
    Purchase,
    counted,
    read_purchase,
    show_amount,
)
from kiosk.verdicts import Hold, Verdict

CODE = make_code(bytes(range(7)))


def test_a_form_adds_to_what_was_known_and_changes_nothing_that_it_does_not_ask() -> None:
    first, wrong = read_purchase({"basket": "12,50"})
    assert (first, wrong) == (Purchase(basket_cents=1250), ())
    second, wrong = read_purchase({"product": " 4006381333931 "}, first)
    assert (second, wrong) == (Purchase(basket_cents=1250, products=("4006381333931",)), ())
    third, wrong = read_purchase({"member": "m-7", "product": ""}, second)
    assert wrong == ()
    assert (third.basket_cents, third.products, third.member) == (1250, ("4006381333931",), "m-7")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"basket": "a lot"}, "basket"),
        ({"amount": "x"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"digits": "12345"}, "digits"),
        ({"digits": "12345a"}, "digits"),
    ],
)
def test_a_field_that_makes_no_sense_is_named_and_changes_nothing(form: dict[str, str], field: str) -> None:
    known = Purchase(basket_cents=100, amount_cents=None, digits="")
    found, wrong = read_purchase(form, known)
    assert wrong == (field,)
    assert found == known


def test_digits_may_be_typed_with_spaces_and_in_full_width() -> None:
    found, wrong = read_purchase({"digits": "１２３ 456"})
    assert (found.digits, wrong) == ("123456", ())


def test_a_purchase_holds_no_more_products_than_the_hub_takes() -> None:
    full = Purchase(products=("1",) * MOST_PRODUCTS)
    found, wrong = read_purchase({"product": "2"}, full)
    assert found is full or found == full
    assert wrong == ("product",)


def test_products_are_counted_in_the_order_in_which_they_came_and_one_can_go() -> None:
    purchase = Purchase().with_product("b").with_product("a").with_product("b")
    assert counted(purchase.products) == [("b", 2), ("a", 1)]
    assert purchase.without(0).products == ("a", "b")
    assert purchase.without(7).products == purchase.products


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=80)))
def test_whatever_is_typed_a_purchase_stays_within_what_the_hub_takes(form: dict[str, str]) -> None:
    found, _ = read_purchase(form)
    assert all(len(product) <= LONGEST_PRODUCT and product.isprintable() for product in found.products)
    assert len(found.member) <= 64
    assert found.digits == "" or len(found.digits) == 6
    assert found.amount_cents != 0


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=999_999_999))
def test_an_amount_stands_in_the_field_as_it_is_read(cents: int) -> None:
    assert read_purchase({"basket": show_amount(cents)})[0].basket_cents == cents


def test_two_purchases_that_differ_are_two_acts() -> None:
    said = {
        Purchase().said(),
        Purchase(basket_cents=1).said(),
        Purchase(amount_cents=1).said(),
        Purchase(products=("1",)).said(),
        Purchase(products=("1", "1")).said(),
        Purchase(member="1").said(),
        Purchase(digits="111111").said(),
    }
    assert len(said) == 7


def test_digits_go_behind_a_typed_code_and_nothing_else() -> None:
    assert with_digits(show_code(CODE).lower(), "123456") == f"{CODE}123456"
    assert with_digits(f"{CODE}654321", "123456") == f"{CODE}123456"
    assert with_digits("no coupon", "123456") == "no coupon"
    assert with_digits(CODE, "") == CODE


def verdict(**values: object) -> Verdict:
    return Verdict(
        **{"nonce": "n", "at": 0.0, "accepted": False, "decided_by": "hub", "staff": "s1", **values}
    )  # type: ignore[arg-type]


DAY = [
    verdict(accepted=True, value_cents=250),
    verdict(accepted=True, value_cents=100, offline=True),
    verdict(accepted=True, value_cents=400, reversed_at=5.0),
    verdict(refusal="expired"),
    verdict(accepted=True, value_cents=999, training=True),
    verdict(refusal="expired", training=True),
    # A question that was answered afterwards: no refusal.
    verdict(refusal="basket_needed", text=CODE),
]


def test_practice_counts_for_nothing_and_what_was_taken_back_was_not_given() -> None:
    assert sum_up(DAY) == Sums(accepted=2, given_cents=350, refused=1, taken_back=1, back_cents=400)


def test_each_act_but_a_question_stands_in_one_narrowed_list() -> None:
    assert not any(is_of(DAY[-1], kind) for kind in ("redeemed", "refused", "back"))
    for one in DAY[:-1]:
        assert is_of(one, "all")
        assert sum(is_of(one, kind) for kind in ("redeemed", "refused", "back")) == 1


def test_unfinished_acts_do_not_fill_the_memory_and_holds_end_by_themselves() -> None:
    unfinished = Unfinished()
    for number in range(MOST + 20):
        hold = Hold(f"n{number}", held=True, until=100.0)
        unfinished.keep(f"n{number}", Pending("text", hold=hold, mark="ada"))
    assert unfinished.get("n0") is None
    assert len(unfinished.held("ada", 99.0)) == MOST
    assert unfinished.held("ada", 100.0) == []
    assert unfinished.held("bo", 99.0) == []


def test_products_that_a_scanner_reads_go_to_the_act_that_asks_for_them() -> None:
    unfinished = Unfinished()
    assert not unfinished.add_product("n1", "123")
    unfinished.keep("n1", Pending("text"))
    assert unfinished.add_product("n1", "123")
    assert unfinished.name_member("n1", "m-7")
    pending = unfinished.get("n1")
    assert pending is not None
    assert (pending.purchase.products, pending.purchase.member) == (("123",), "m-7")
    unfinished.seek("ada", "ABC")
    assert (unfinished.sought("ada"), unfinished.sought("ada")) == ("ABC", "")
