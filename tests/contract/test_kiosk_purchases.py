"""A till tells what was paid: from its page and from its shell, with a coupon or without, each purchase once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from kiosk_shop import PIN, TillShop, shop_in
from till_counter import field
from werkzeug.test import TestResponse

from hub.store.purchase_records import Purchase
from kiosk.app import create_app
from kiosk.counter import Counter


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


@pytest.fixture
def counter(shop: TillShop) -> Counter:
    return shop.till()[0]


@pytest.fixture
def browser(counter: Counter) -> FlaskClient:
    browser = create_app(counter).test_client()
    assert browser.post("/till/sign-in", data={"staff": "s1", "pin": PIN}).status_code == 303
    return browser


def note(browser: FlaskClient, page: TestResponse, path: str = "/till/paid", **typed: str) -> TestResponse:
    form = {"mark": field(page, "mark"), "form": field(page, "form"), "things": "", "member": "", **typed}
    return browser.post(path, data=form, follow_redirects=True)


def kept(shop: TillShop, counter: Counter) -> list[Purchase]:
    """What the hub knows once the till has told everything."""
    counter.exchange.drain()
    return sorted(shop.store.ledger.purchases(0, 2**33), key=lambda one: one.position)


def test_a_purchase_without_a_coupon_reaches_the_hub_with_who_took_how_much(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    said = note(browser, browser.get("/till/paid"), amount="12,50", things="3", member="m-7f3a9c21")
    assert "Noted" in said.text
    assert "12.50" in said.text
    (one,) = kept(shop, counter)
    assert (one.cents, one.items, one.member, one.staff) == (1_250, 3, "m-7f3a9c21", "s1")
    assert (one.till, one.simulated) == (counter.node.name, False)
    assert one.id.startswith(f"{counter.node.device}/")


def test_a_form_that_is_sent_twice_is_one_purchase(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    page = browser.get("/till/paid")
    note(browser, page, amount="5")
    note(browser, page, amount="5")
    note(browser, browser.get("/till/paid"), amount="5")
    assert [one.cents for one in kept(shop, counter)] == [500, 500]


@pytest.mark.parametrize("amount", ["", "abc", "-3", "1e9", "999999999999"])
def test_what_is_no_sum_is_said_beside_its_field_and_told_to_nobody(
    shop: TillShop, counter: Counter, browser: FlaskClient, amount: str
) -> None:
    answer = note(browser, browser.get("/till/paid"), amount=amount, things="3")
    assert answer.status_code == 422
    assert "Type what was paid" in answer.text
    assert 'value="3"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert kept(shop, counter) == []


def test_a_page_that_nobody_has_typed_in_has_nothing_wrong(browser: FlaskClient) -> None:
    page = browser.get("/till/paid").text
    assert "aria-invalid" not in page
    assert "built-in" not in page


def test_nobody_notes_anything_without_signing_in_nor_by_another_sites_form(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    page = browser.get("/till/paid")
    stranger = create_app(counter).test_client()
    assert stranger.post("/till/paid", data={"amount": "5"}).status_code == 303
    assert note(browser, page, amount="5", mark="forged").status_code == 200
    assert kept(shop, counter) == []


def test_practice_tells_nobody(shop: TillShop, counter: Counter, browser: FlaskClient) -> None:
    browser.post("/till/training", data={"mark": field(browser.get("/till"), "mark"), "training": "on"})
    assert "Training" in note(browser, browser.get("/till/paid"), amount="5").text
    assert kept(shop, counter) == []


def test_what_is_noted_behind_a_redemption_is_the_purchase_of_that_redemption(
    shop: TillShop, counter: Counter, browser: FlaskClient
) -> None:
    coupon = shop.take(counter)
    counter.exchange.drain()
    home = browser.get("/till")
    form = {"mark": field(home, "mark"), "form": field(home, "form"), "text": coupon.token, "basket": "20.00"}
    verdict = browser.post("/till/redeem", data=form, follow_redirects=True)
    found = verdict.text.split('href="/till/paid?of=')[1].split('"')[0]
    path = f"/till/paid?of={found}"
    page = browser.get(path)
    note(browser, page, path, amount=field_of_amount(page))
    note(browser, page, path, amount=field_of_amount(page))
    (one,) = kept(shop, counter)
    act = shop.store.ledger.first_act(coupon.coupon.serial)
    assert act is not None
    assert one.id == act.purchase
    assert one.cents == 2_000 - act.value_cents


def field_of_amount(page: TestResponse) -> str:
    """What stands in the field for the sum."""
    return page.text.split('id="amount"')[1].split('value="')[1].split('"')[0]
