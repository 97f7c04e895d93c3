"""Members' purses at the till: with the hub, cut off within its right, given up where nobody saw an answer; and the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from kiosk_shop import PIN, TillShop, together
from werkzeug.test import TestResponse

from hub.members.book import Book
from hub.members.people_key import people_key
from hub.purse.balances import balances
from hub.purse.moves import grant
from hub.purse.ruling import set_rules
from hub.rebuild import verify
from hub.wire.purse_rules import PunchCard, PurseRules
from hub.wire.sync_members import Fields
from kiosk.app import create_app
from kiosk.buying import Bought, BroughtBack
from kiosk.counter import Counter
from kiosk.purse import Pay, Told
from kiosk.purse_telling import purses_decided_by_hub

MEI = "a" * 32
RULES = PurseRules(
    points_each=1,
    pending_days=0,
    stored=True,
    offline_cents=1_000,
    offline_act_cents=600,
    cards=(PunchCard("coffee", {"en": "Coffee", "zh": "咖啡"}, 2, {"en": "A coffee", "zh": "一杯咖啡"}),),
    timezone="Europe/Vienna",
)


class PurseShop(TillShop):
    """A shop with purses, and Mei, who has 2,000 points and 30.00 in hers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        set_rules(self.store, RULES, "test", self.now() - 60, "ntp")
        book = Book(self.store, people_key(folder / "hub"))
        book.join(MEI, Fields("Mei"), language="en", way="till", at=self.now())
        for unit, amount in (("points", 2_000), ("stored", 3_000)):
            grant(
                self.store,
                MEI,
                unit,  # type: ignore[arg-type]  # two of the units
                amount,
                nonce=f"brought-{unit}",
                why="import",
                by="test",
                now=self.now(),
                clock="ntp",
            )

    def have(self) -> tuple[int, int]:
        purse = balances(self.store, MEI, self.now())
        return purse.points, purse.stored_cents

    def sound(self) -> None:
        assert self.store.purse.check().wrong == ()
        assert verify(self.store).differ == ()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PurseShop]:
    shop = PurseShop(tmp_path)
    yield shop
    shop.close()


def pay(till: Counter, cents: int, nonce: str = "", unit: str = "stored", **more: object) -> Told:
    return till.purses.pay(Pay(nonce or till.random(8).hex(), MEI, unit, "s1", cents, **more))  # type: ignore[arg-type]


def test_the_hub_decides_and_the_till_knows_what_is_left(shop: PurseShop) -> None:
    till, _line = shop.till()
    told = pay(till, 1_250, "nonce-0001")
    assert told.done
    assert told.purse is not None
    assert told.purse.stored_cents == 1_750
    assert pay(till, 1_250, "nonce-0001").act == told.act
    assert pay(till, 1_800).refusal == "purse_too_small"
    assert pay(till, 300, unit="points", basket_cents=200).refusal == "more_than_purchase"
    assert pay(till, 300, unit="points").act.amount == 300  # type: ignore[union-attr]
    assert shop.have() == (1_700, 1_750)
    shop.sound()


def test_two_tills_that_spend_the_same_purse_at_once_spend_it_once(shop: PurseShop) -> None:
    tills = [shop.till(f"Till {number}")[0] for number in range(3)]
    told = together(*(lambda till=till: pay(till, 2_000) for till in tills))
    assert sum(one.done for one in told if isinstance(one, Told)) == 1
    assert shop.have()[1] == 1_000
    shop.sound()


def test_a_till_that_is_cut_off_goes_on_within_its_right_and_never_beyond(shop: PurseShop) -> None:
    till, line = shop.till()
    other, _ = shop.till("Till 2")
    till.purses.look(MEI)
    line.mode = "cut"
    assert pay(till, 601).refusal == "purse_needs_hub"
    first = pay(till, 600)
    assert first.act is not None
    assert first.act.decided_by == "till"
    assert pay(till, 500).refusal == "no_rights_left"
    assert pay(till, 400).done
    assert pay(till, 1).refusal == "no_rights_left"
    # Somebody of whom this till has heard nothing cannot pay here now.
    stranger = till.purses.pay(Pay("nonce-9999", "b" * 32, "stored", "s1", 100))
    assert stranger.refusal == "purse_needs_hub"
    assert pay(other, 2_500).done
    line.mode = "good"
    till.exchange.drain()
    till.exchange.drain()
    assert shop.have()[1] == 3_000 - 2_500 - 1_000
    act = shop.store.purse.purse_act(till.node.device, first.act.nonce)
    assert act is not None
    assert (act.offline, act.beyond) == (True, 100)
    # What the hub has heard of is no risk any more.
    line.mode = "cut"
    assert till.shelf.purse().right_cents == 2_000  # type: ignore[union-attr]
    line.mode = "good"
    shop.sound()


def test_a_till_tells_what_it_did_alone_before_it_asks_again(shop: PurseShop) -> None:
    till, line = shop.till(ask_timeout_s=0.3)
    till.purses.look(MEI)
    line.blind_to = {"/v1/spend"}
    assert pay(till, 600).done
    line.blind_to = set()
    till.exchange.once()
    assert pay(till, 2_600).refusal == "purse_too_small"
    assert shop.have()[1] == 2_400
    shop.sound()


def test_an_answer_that_was_lost_counts_once_whether_the_till_went_on_alone_or_gave_up(
    shop: PurseShop,
) -> None:
    till, line = shop.till()
    till.purses.look(MEI)
    line.deaf_to = {"/v1/spend"}
    alone = pay(till, 500)
    assert alone.act is not None
    assert alone.act.decided_by == "till"
    line.deaf_to = set()
    till.exchange.drain()
    till.exchange.drain()
    assert shop.have()[1] == 2_500
    # More than it may accept alone: the customer pays in another way, and gets back what the hub took.
    line.deaf_to = {"/v1/spend"}
    assert pay(till, 900).refusal == "purse_needs_hub"
    line.deaf_to = set()
    assert shop.have()[1] == 1_600
    till.exchange.once()
    till.purses.settle()
    assert shop.have()[1] == 2_500
    shop.sound()


def test_a_question_that_arrives_after_it_was_given_up_takes_nothing(shop: PurseShop) -> None:
    till, line = shop.till()
    line.blind_to = {"/v1/spend"}
    assert pay(till, 900, "nonce-late-1").refusal == "purse_needs_hub"
    line.blind_to = set()
    till.exchange.once()
    till.purses.settle()
    assert pay(till, 900, "nonce-late-1").refusal == "purse_needs_hub"
    assert shop.have()[1] == 3_000
    shop.sound()


def test_an_act_is_taken_back_by_whoever_did_it_also_while_cut_off(shop: PurseShop) -> None:
    till, line = shop.till()
    paid = pay(till, 700, "nonce-0001")
    assert paid.done
    assert till.purses.take_back("nonce-0001", "undo-00001", "s2", "slip").refusal == "undo_not_here"
    assert till.purses.take_back("nonce-0001", "undo-00002", "s1", "slip").refusal == ""
    assert till.purses.take_back("nonce-0001", "undo-00003", "s1", "slip").refusal == ""
    assert shop.have()[1] == 3_000
    line.mode = "cut"
    assert pay(till, 300, "nonce-0002").done
    assert till.purses.take_back("nonce-0002", "undo-00004", "s1", "slip").refusal == ""
    line.mode = "good"
    till.exchange.drain()
    till.exchange.drain()
    assert shop.have()[1] == 3_000
    shop.sound()


def test_a_purchase_and_what_was_brought_back_of_it_travel_like_every_fact(shop: PurseShop) -> None:
    till, line = shop.till()
    line.mode = "cut"
    till.purchases.tell(Bought("receipt-1", "s1", 5_050, 2, MEI))
    till.purchases.bring_back(BroughtBack("receipt-1", "return-1", "s1", 2_000))
    line.mode = "good"
    till.exchange.drain()
    assert shop.have()[0] == 2_030
    shop.sound()


def test_a_hub_that_was_set_back_hears_of_payments_again(shop: PurseShop) -> None:
    till, _line = shop.till()
    assert pay(till, 700, "nonce-0001").done
    facts = purses_decided_by_hub(till.node)(till.pool.here().conn, 0.0)
    assert [type(fact).__name__ for fact in facts] == ["ValueSpent"]


# The page


@pytest.fixture
def browser(shop: PurseShop) -> FlaskClient:
    browser = create_app(shop.till()[0]).test_client()
    assert browser.post("/till/sign-in", data={"staff": "s1", "pin": PIN}).status_code == 303
    return browser


def field(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


def purse_of_mei(browser: FlaskClient) -> str:
    page = browser.get("/till/members")
    met = browser.post("/till/members", data={"mark": field(page, "mark"), "text": MEI})
    assert met.status_code == 303, met.text
    link = re.search(r'href="(/till/purse/[^"]*)"', browser.get(met.headers["Location"]).text)
    assert link
    return link[1]


def send(browser: FlaskClient, at: str, do: str, **values: str) -> TestResponse:
    page = browser.get(at)
    form = {"mark": field(page, "mark"), "form": field(page, "form"), "do": do, **values}
    return browser.post(at, data=form)


def test_staff_pay_with_points_and_take_it_back_on_the_page(shop: PurseShop, browser: FlaskClient) -> None:
    at = purse_of_mei(browser)
    assert "2000" in browser.get(at).text
    paid = send(browser, at, "points", basket="12.00", amount="5")
    assert paid.status_code == 200
    assert "500 points" in paid.text
    assert "Left to pay: €7" in paid.text
    assert shop.have() == (1_500, 3_000)
    undone = send(browser, at, "undo", of=field(paid, "of"))
    assert "Taken back" in undone.text
    assert shop.have() == (2_000, 3_000)


def test_without_a_sum_as_much_as_there_is_is_taken_and_what_is_no_sum_is_said(
    shop: PurseShop, browser: FlaskClient
) -> None:
    at = purse_of_mei(browser)
    assert send(browser, at, "stored", basket="45").status_code == 200
    assert shop.have()[1] == 0
    assert send(browser, at, "points", basket="much").status_code == 422
    assert send(browser, at, "stored", basket="10", amount="3").status_code == 409
    assert send(browser, at, "topup", paid_in="20").status_code == 200
    assert shop.have()[1] == 2_000


def test_the_same_form_sent_twice_is_one_payment_and_a_rehearsal_none(
    shop: PurseShop, browser: FlaskClient
) -> None:
    at = purse_of_mei(browser)
    page = browser.get(at)
    form = {"mark": field(page, "mark"), "form": field(page, "form"), "do": "stored", "amount": "5"}
    for _ in range(2):
        assert browser.post(at, data=form).status_code == 200
    assert shop.have()[1] == 2_500
    browser.post("/till/training", data={"mark": form["mark"], "training": "on"})
    assert "nothing was counted" in send(browser, at, "stored", amount="5").text
    assert shop.have()[1] == 2_500


def test_a_purse_belongs_to_whoever_scanned_the_card(shop: PurseShop, browser: FlaskClient) -> None:
    at = purse_of_mei(browser)
    other = create_app(shop.till("Till 2")[0]).test_client()
    assert other.get(at).status_code == 303
    other.post("/till/sign-in", data={"staff": "s2", "pin": PIN})
    assert other.get(at).headers["Location"].endswith("/till/members")
