"""Points and value in the office: what a shop decides, what members have, what is taken back and given, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.alerts import look_at_counter
from hub.cli import main
from hub.members.book import Book
from hub.members.people_key import people_key
from hub.people import add_manager
from hub.purse.balances import balances, rules_now
from hub.purse.typed import as_typed
from hub.roles import Role
from hub.store.records import StaffMember
from hub.wire.events import PurchasePaid
from hub.wire.purse_rules import PurseRules
from hub.wire.snapshot import Shop
from hub.wire.sync_members import Fields
from hub.wire.sync_value import SpendReply, SpendRequest, TopUpReply, TopUpRequest
from tests.hub_house import NOON, House, HouseNode
from tests.hub_office import PASSWORD, Office, words

MEI = "a" * 32

PLAIN = {
    **as_typed(PurseRules(points_each=1, stored=True)),
    "card1_title_en": "Coffee",
    "card1_title_zh": "咖啡",
    "card1_needs": "10",
    "card1_reward_en": "A coffee",
    "tier1_name_en": "Gold",
    "tier1_from": "500",
    "tier1_factor": "150",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "hub")
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="shell") is None
    Book(made.store, people_key(made.folder)).join(MEI, Fields("Mei"), language="en", way="till", at=NOON)
    yield made
    made.close()


@pytest.fixture
def office(house: House) -> Office:
    office = Office(house, folder=house.folder)
    assert office.log_in().status_code == 303
    return office


def top_up(till: HouseNode, cents: int, nonce: str = "topup-0001", staff: str = "s1") -> TopUpReply:
    return till.told("topup", TopUpRequest(nonce, MEI, cents, "Till 1", staff), TopUpReply)


def pay(till: HouseNode, cents: int, nonce: str, staff: str = "s1") -> SpendReply:
    return till.told("spend", SpendRequest(nonce, MEI, "stored", "Till 1", staff, cents), SpendReply)


def test_a_shop_decides_in_one_form_and_what_is_wrong_stands_beside_its_field(
    house: House, office: Office
) -> None:
    assert "No purses yet" in words(office.get("/purse"))
    assert "This is a proposal" in words(office.get("/purse/rules"))
    assert rules_now(house.store, house.now) is None
    wrong = {
        **PLAIN,
        "most_percent": "120",
        "card1_reward_en": "",
        "card1_reward_zh": "",
        "earn_cents": "much",
    }
    answer = office.post("/purse/rules", wrong)
    assert answer.status_code == 422
    assert "Give a whole number from 1 to 100." in words(answer)
    assert "Say what they get for a full card." in words(answer)
    assert "Give an amount of money" in words(answer)
    assert rules_now(house.store, house.now) is None
    assert office.post("/purse/rules", PLAIN).status_code == 303
    rules = rules_now(house.store, house.now)
    assert rules is not None
    (card,) = rules.cards
    assert (card.title, card.needs, card.per_day) == ({"en": "Coffee", "zh": "咖啡"}, 10, 1)
    assert rules.tiers[0].from_cents == 50_000
    # Saved again with another number, the card is the same card: punches on it stay.
    house.now += 60
    again = {**PLAIN, "card1_id": card.id, "card1_needs": "8"}
    assert office.post("/purse/rules", again).status_code == 303
    after = rules_now(house.store, house.now)
    assert after is not None
    assert (after.cards[0].id, after.cards[0].needs) == (card.id, 8)
    assert "decided about points and value" in words(office.get("/record"))


def test_a_currency_without_cents_takes_whole_sums_only(house: House, office: Office) -> None:
    house.store.shop.save(Shop(7, {"en": "Corner"}, timezone="Asia/Tokyo", currency="JPY"), NOON)
    wrong = office.post("/purse/rules", {**PLAIN, "worth_cents": "0.50"})
    assert "This currency has no smaller coins than 1." in words(wrong)
    assert office.post("/purse/rules", {**PLAIN, "worth_cents": "100"}).status_code == 303
    rules = rules_now(house.store, house.now)
    assert rules is not None
    assert (rules.currency, rules.worth_cents) == ("JPY", 10_000)


def test_what_was_paid_and_taken_in_is_seen_and_taken_back_with_a_reason_once(
    house: House, office: Office
) -> None:
    office.post("/purse/rules", PLAIN)
    till = house.node()
    house.store.people.add_staff(StaffMember("s1", "Ann", "x", True, NOON))
    assert top_up(till, 5_000).accepted
    assert pay(till, 1_200, "nonce-0001").accepted
    page = words(office.get("/purse"))
    assert "Taken in by Ann" in page
    assert "€38" in page
    form = {"device": till.device, "nonce": "nonce-0001", "act_id": "c" * 32, "reason": ""}
    assert office.post("/purse/back", form, "/purse").status_code == 422
    form["reason"] = "wrong member"
    assert office.post("/purse/back", form, "/purse").status_code == 303
    assert office.post("/purse/back", form, "/purse").status_code == 303
    assert office.post("/purse/back", {**form, "act_id": "d" * 32}, "/purse").status_code == 409
    assert balances(house.store, MEI, house.now).stored_cents == 5_000
    assert house.store.purse.check().wrong == ()


def test_a_member_is_given_something_once_on_their_own_page(house: House, office: Office) -> None:
    office.post("/purse/rules", PLAIN)
    page = f"/people/{MEI}"
    assert "Give them something" in words(office.get(page))
    gift = {"nonce": "e" * 32, "unit": "points", "amount": "70", "reason": "we were late"}
    for _ in range(2):
        assert office.post(f"{page}/purse", gift, page).status_code == 303
    wrong = office.post(f"{page}/purse", {**gift, "nonce": "f" * 32, "amount": "-3"}, page)
    assert "purse-give-wrong" in wrong.headers["Location"]
    assert balances(house.store, MEI, house.now).points == 70
    shown = words(office.get(page))
    assert "Points 70" in shown


def test_something_that_was_brought_back_is_noted_on_the_members_page_once(
    house: House, office: Office
) -> None:
    office.post("/purse/rules", {**PLAIN, "pending_days": "0"})
    house.now += 60
    till = house.node()
    till.report(PurchasePaid(id="r/1", till="Till 1", staff="s1", cents=5_000, member=MEI))
    page = f"/people/{MEI}"
    assert "What they bought last" in words(office.get(page))
    back = {"purchase": "r/1", "act": "a1" * 16, "amount": "20"}
    for _ in range(2):
        assert office.post(f"{page}/returned", back, page).status_code == 303
    assert balances(house.store, MEI, house.now).points == 30
    assert "€20 back" in words(office.get(page))
    assert office.post(f"{page}/returned", {**back, "purchase": "r/2"}, page).status_code == 400


def test_the_shell_adds_the_books_up_and_looks_into_a_purse(
    house: House, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.post("/purse/rules", PLAIN)
    assert top_up(house.node(), 2_000).accepted
    assert house.store.purse.totals_at_once()["member", "", "stored"] == 2_000
    at = ["--dir", str(house.folder)]
    assert main(["purse", *at, "check"]) == 0
    assert "1 moves between 2 accounts: every account is what came less what went." in capsys.readouterr().out
    assert main(["purse", *at, "look", MEI]) == 0
    assert '"stored_cents"' in capsys.readouterr().out


def test_an_editor_changes_nothing_of_it(house: House) -> None:
    assert add_manager(house.store, "Ed", PASSWORD, NOON, who="shell", role=Role.EDITOR) is None
    office = Office(house, folder=house.folder)
    office.post("/login", {"name": "Ed", "password": PASSWORD})
    assert office.post("/purse/rules", PLAIN, "/purse").status_code == 403
    assert rules_now(house.store, house.now) is None


def test_habits_with_purses_stand_among_the_alerts(house: House, office: Office) -> None:
    office.post("/purse/rules", PLAIN)
    house.store.people.add_staff(StaffMember("s1", "Ann", "x", True, NOON))
    till = house.node()
    assert top_up(till, 20_000).accepted
    for number in range(4):
        assert pay(till, 100, f"nonce-{number:04}").accepted
    for number in range(4):
        assert top_up(till, 20_000, f"topup-1{number:03}").accepted is (number < 1)
    codes = {alert.shown.code for alert in look_at_counter(house.store, house.now)}
    assert "purse-one" in codes
    assert pay(till, 100, "nonce-9001").accepted
    assert pay(till, 100, "nonce-9002").refusal == "staff_limit"


def test_nobody_pays_from_their_own_purse(house: House, office: Office) -> None:
    office.post("/purse/rules", PLAIN)
    house.store.people.add_staff(StaffMember("s1", "Ann", "x", True, NOON, MEI))
    till = house.node()
    assert top_up(till, 1_000).refusal == "own_purse"
    assert top_up(till, 1_000, "topup-0002", "s2").accepted
    assert pay(till, 100, "nonce-0001").refusal == "own_purse"
