"""The manager's side of the counter: one coupon's history, reversals, calling back, keys, lots, alerts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from werkzeug.test import TestResponse

from hub.people import add_manager
from hub.wire.conditions import Hours, IsMember, Spends
from hub.wire.coupon import show_code
from hub.wire.snapshot import Value
from tests.hub_house import NOON, House, HouseNode, alone, campaign
from tests.hub_office import PASSWORD, Office, offer_form, words


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    made = Office(house)
    made.log_in()
    yield made
    house.close()


@pytest.fixture
def till(office: Office) -> HouseNode:
    return office.house.node()


def hidden(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.get_data(as_text=True))
    assert found, page.get_data(as_text=True)
    return html.unescape(found[1])


def taken_back(
    office: Office, serial: str, reason: str = "wrong article", act_id: str | None = None
) -> TestResponse:
    page = office.get(f"/coupons?q={serial}")
    fields = {name: hidden(page, name) for name in ("device", "nonce", "act_id")} | {"reason": reason}
    if act_id is not None:
        fields["act_id"] = act_id
    return office.post(f"/coupons/{serial}/reverse", fields, page=f"/coupons?q={serial}")


# The list


def test_a_list_of_more_than_a_page_goes_on_with_the_same_days(office: Office, till: HouseNode) -> None:
    facts = [till.mint()[0] for _ in range(60)]
    till.report(*facts, *(alone(fact, f"alone-{place:03}") for place, fact in enumerate(facts)))
    first = office.get("/coupons?days=7")
    assert first.status_code == 200
    older = re.search(r'href="(/manage/coupons\?[^"]*skip=50[^"]*)"', first.get_data(as_text=True))
    assert older, words(first)
    address = html.unescape(older[1]).removeprefix("/manage")
    assert "days=7" in address
    assert office.get(address).status_code == 200


# One coupon


def test_the_history_of_a_coupon_tells_every_step(office: Office, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    assert till.redeem(token, "nonce-one").accepted
    assert not till.redeem(token, "nonce-two").accepted
    assert till.reverse("nonce-one", "nonce-back").reversed
    for query in (
        fact.serial,
        show_code(fact.code),
        token,
        f"https://shop.example/01/04006381333931/21/{fact.code}",
    ):
        said = words(office.get(f"/coupons?q={query}"))
        assert "Taken" in said
        assert "Accepted, €5" in said
        assert "This coupon was used before." in said
        assert "Taken back, €5" in said
        assert "Reason: a slip" in said
        assert "Does not count any more." in said
    assert office.get("/coupons?q=0000000000000000").status_code == 404


def test_a_manager_takes_a_redemption_back_with_a_reason(office: Office, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    assert till.redeem(token).accepted
    office.house.now += 600
    answer = taken_back(office, fact.serial)
    assert answer.status_code == 303
    said = words(office.get(f"/coupons?q={fact.serial}"))
    assert "wrong article" in said
    assert "Ines" in said
    assert till.redeem(token).accepted, "it is good again"
    assert office.house.store.people.audit()[0].what == "coupon.reversed"


def test_a_reversal_needs_a_reason_and_a_form_that_was_shown(office: Office, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    till.redeem(token)
    refused = taken_back(office, fact.serial, reason="   ")
    assert refused.status_code == 422
    assert "Say why" in words(refused)
    too_long = taken_back(office, fact.serial, reason="x" * 201)
    assert "At most 200 characters" in words(too_long)
    assert 'value="' + "x" * 201 in too_long.get_data(as_text=True), "what was typed is not lost"
    assert taken_back(office, fact.serial, act_id="mine").status_code == 400
    assert not till.redeem(token).accepted


def test_a_reversal_that_is_sent_twice_is_one(office: Office, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    till.redeem(token)
    page = office.get(f"/coupons?q={fact.serial}")
    fields = {name: hidden(page, name) for name in ("device", "nonce", "act_id")} | {"reason": "slip"}
    for _ in range(2):
        answer = office.post(f"/coupons/{fact.serial}/reverse", fields, page=f"/coupons?q={fact.serial}")
        assert answer.status_code == 303
    assert len(office.house.store.counter.reversals(0, NOON + 86_400)) == 1
    other = office.post(
        f"/coupons/{fact.serial}/reverse",
        fields | {"act_id": "office-" + "0" * 32},
        page=f"/coupons?q={fact.serial}",
    )
    assert other.status_code == 409
    assert "taken back before" in words(other)


def test_an_old_redemption_is_not_offered_to_be_taken_back(office: Office, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    till.redeem(token)
    assert "Take this back" in words(office.get(f"/coupons?q={fact.serial}"))
    office.house.now += 91 * 86_400
    office.log_in()
    assert "Take this back" not in words(office.get(f"/coupons?q={fact.serial}"))


def test_one_coupon_is_called_back_with_a_reason(office: Office, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    page = f"/coupons?q={fact.serial}"
    assert office.post(f"/coupons/{fact.serial}/call-back", {"reason": ""}, page=page).status_code == 422
    assert (
        office.post(f"/coupons/{fact.serial}/call-back", {"reason": "stolen"}, page=page).status_code == 303
    )
    assert till.redeem(token).refusal == "revoked"
    said = words(office.get(page))
    assert "Called back" in said
    assert "Reason: stolen" in said
    assert "Call this coupon back" not in said


def test_the_parts_of_a_voucher_stand_there_with_what_is_left(office: Office, till: HouseNode) -> None:
    office.house.publish(
        campaign(
            2,
            offline="refuse",
            offer=msgspec.structs.replace(campaign().offer, value=Value("voucher", 2_000)),
        )
    )
    fact, token = till.mint(2)
    till.report(fact)
    assert till.redeem(token, amount_cents=500).accepted
    assert till.redeem(token, amount_cents=700).accepted
    said = words(office.get(f"/coupons?q={fact.serial}"))
    assert "€5 spent, €15 left on it" in said
    assert "€7 spent, €8 left on it" in said
    assert "Left on it €8" in said


# Many coupons


def test_conflicts_are_listed_with_their_cost_by_offer_and_in_sum(office: Office, till: HouseNode) -> None:
    other = office.house.node(name="Till 2")
    for number, value in ((1, 500), (1, 500), (2, 250)):
        office.house.publish(
            campaign(2, offer=msgspec.structs.replace(campaign().offer, value=Value("amount", 250)))
        )
        fact, _ = till.mint(number)
        till.report(fact, alone(fact, f"a{fact.serial}", value))
        other.report(alone(fact, f"b{fact.serial}", value))
    said = words(office.get("/coupons"))
    assert re.search(r"Cost by offer .* Offer 1 2 €10 .*1 €2.50 Together 3 €12.50", said), said
    serial = office.house.store.counter.conflicts()[0].serial
    page = office.get(f"/coupons?q={serial}")
    acts = re.findall(
        r'name="device" value="([^"]+)"><input type="hidden" name="nonce" value="([^"]+)"',
        page.get_data(as_text=True),
    )
    assert len(acts) == 2
    device, nonce = acts[1]
    form = {"device": device, "nonce": nonce, "act_id": hidden(page, "act_id"), "reason": "given twice"}
    assert office.post(f"/coupons/{serial}/reverse", form, page=f"/coupons?q={serial}").status_code == 303
    said = words(office.get("/coupons"))
    assert "Together 2 €10" in said
    assert "settled" in said


def test_what_is_held_at_this_moment_is_listed(office: Office, till: HouseNode) -> None:
    fact, token = till.mint()
    till.report(fact)
    assert till.reserve(token, "hold-nonce").refusal is None
    said = words(office.get("/coupons"))
    assert "Held at this moment" in said
    assert "held for a purchase" in words(office.get(f"/coupons?q={fact.serial}"))
    office.house.now += 300
    assert "Held at this moment" not in words(office.get("/coupons"))


def test_all_coupons_of_an_offer_are_called_back_after_saying_what_that_means(
    office: Office, till: HouseNode
) -> None:
    coupons = [till.mint() for _ in range(3)]
    till.report(*(fact for fact, _ in coupons))
    assert till.redeem(coupons[0][1]).accepted
    form = {"campaign": "1", "reason": "misprinted"}
    asked = office.post("/coupons/recall", form)
    assert "At most 2 coupons that are out are refused" in words(asked)
    assert till.redeem(coupons[1][1]).accepted, "nothing was done yet"
    assert office.post("/coupons/recall", form | {"sure": "yes"}).status_code == 303
    assert till.redeem(coupons[2][1]).refusal == "revoked"
    said = words(office.get("/coupons/recall"))
    assert "misprinted" in said
    assert office.post("/coupons/recall/1/remove", {}, page="/coupons/recall").status_code == 303
    assert till.redeem(coupons[2][1]).accepted


def test_coupons_of_one_device_are_called_back(office: Office, till: HouseNode) -> None:
    other = office.house.node(name="Till 2")
    (mine, mine_token), (theirs, theirs_token) = till.mint(), other.mint()
    till.report(mine)
    other.report(theirs)
    form = {"key": str(till.place.key_number), "reason": "stolen till", "sure": "yes"}
    assert office.post("/coupons/recall", form).status_code == 303
    assert till.redeem(mine_token).refusal == "revoked"
    assert till.redeem(theirs_token).accepted


def test_every_fault_of_a_recall_is_told_and_nothing_is_lost(office: Office) -> None:
    form = {"taken_from": "2026-12-02T10:00", "taken_before": "2026-12-01T10:00", "reason": " "}
    wrong = office.post("/coupons/recall", form)
    assert wrong.status_code == 422
    said = words(wrong)
    assert all(part in said for part in ("Say of which offer", "after the start", "Say why")), said
    assert 'value="2026-12-02T10:00"' in wrong.get_data(as_text=True)
    assert office.post("/coupons/recall/7/remove", {}, page="/coupons/recall").status_code == 404


# Keys and lots


def test_a_key_is_withdrawn_and_ended_after_saying_what_that_means(office: Office, till: HouseNode) -> None:
    number = till.place.key_number
    (known, known_token), (_, unknown_token) = till.mint(), till.mint()
    till.report(known)
    asked = office.post(f"/keys/{number}/end", {"how": "withdraw"}, page="/keys")
    assert "Others are refused" in words(asked)
    assert office.house.store.keys.get(number).withdrawn_at is None  # type: ignore[union-attr]
    assert (
        office.post(f"/keys/{number}/end", {"how": "withdraw", "sure": "yes"}, page="/keys").status_code
        == 303
    )
    assert till.redeem(unknown_token).refusal == "bad_signature"
    assert till.redeem(known_token).accepted
    assert "withdrawn" in words(office.get("/keys"))


def test_a_key_gets_an_end_in_days(office: Office, till: HouseNode) -> None:
    number = till.place.key_number
    wrong = office.post(f"/keys/{number}/end", {"how": "end", "sure": "yes", "days": "soon"}, page="/keys")
    assert wrong.status_code == 422
    form = {"how": "end", "sure": "yes", "days": "3"}
    assert office.post(f"/keys/{number}/end", form, page="/keys").status_code == 303
    key = office.house.store.keys.get(number)
    assert key is not None
    assert key.ends_at == NOON + 3 * 86_400
    assert office.post("/keys/200/end", form, page="/keys").status_code == 404
    assert office.post(f"/keys/{number}/end", {"how": "burn"}, page="/keys").status_code == 400


def test_a_device_is_asked_for_a_new_key(office: Office, till: HouseNode) -> None:
    assert office.post(f"/keys/device/{till.device}/renew", {}, page="/keys").status_code == 303
    assert till.device in office.house.store.keys.wishes()
    assert "takes a new one when it is heard of" in words(office.get("/keys"))
    assert office.post("/keys/device/kiosk-9/renew", {}, page="/keys").status_code == 404


def test_how_keys_change_is_kept_and_its_faults_are_told(office: Office) -> None:
    form = {"every": "30", "after": "2", "codes_every": "90", "old": "after"}
    assert office.post("/keys/policy", form, page="/keys").status_code == 303
    page = office.get("/keys").get_data(as_text=True)
    assert 'name="every" type="text" value="30"' in page
    wrong = office.post("/keys/policy", form | {"every": "often", "old": "never"}, page="/keys")
    assert wrong.status_code == 422
    assert 'value="often"' in wrong.get_data(as_text=True)


def test_the_key_behind_codes_that_change_is_replaced(office: Office) -> None:
    assert office.post("/keys/codes", {"at_once": "yes"}, page="/keys").status_code == 303
    assert len(office.house.store.keys.code_keys()) == 1


def test_a_limited_offer_tells_where_its_coupons_are(office: Office, till: HouseNode) -> None:
    office.house.publish(campaign(3, issue_limit=100))
    till.send()
    fact, _ = till.mint(3)
    till.report(fact)
    grants = {grant.campaign: grant.issue for grant in office.house.store.ledger.grants()}
    said = words(office.get("/offers/3"))
    assert "Taken 1 / 100" in said
    assert f"With nobody yet {100 - grants[3]}" in said
    assert f"may hand out {grants[3] - 1} more" in said
    office.house.now += 400
    said = words(office.get("/offers/3"))
    assert "silent" in said
    assert "Withdraw a device that does not come back" in said


# Offers


def test_an_offer_with_conditions_is_made_shown_in_words_and_changed(office: Office) -> None:
    form = offer_form(
        hours_0="9-11",
        if_spends="must",
        spends="20",
        if_member="must",
        condition_join="all",
        action="publish",
        per_day_limit="40",
    )
    assert office.post("/offers/new", form).status_code == 303
    record = office.house.store.campaigns.get(2)
    assert record is not None
    made = record.campaign
    assert made.hours == (Hours((0,), 540, 660),)
    assert set(made.condition.of) == {Spends(2_000), IsMember()}  # type: ignore[union-attr]
    shown = office.get("/offers/2/preview/phone").get_data(as_text=True)
    assert "On purchases of €20 or more" in shown
    chinese = office.get("/offers/2/preview/phone?lang=zh").get_data(as_text=True)
    assert "消费满 €20 可用" in chinese


def test_a_voucher_is_set_to_need_the_hub_and_the_form_says_so(office: Office) -> None:
    form = offer_form(value_kind="voucher", voucher_value="25", action="publish")
    first = office.post("/offers/new", form)
    assert first.status_code == 422
    assert "It is set that way now; save again." in words(first)
    page = first.get_data(as_text=True)
    assert 'name="offline" value="refuse" checked' in page
    form["offline"] = "refuse"
    assert office.post("/offers/new", form).status_code == 303
    record = office.house.store.campaigns.get(2)
    assert record is not None
    assert record.campaign.offer.value == Value("voucher", 2_500)


def test_nothing_that_was_typed_about_terms_is_lost(office: Office) -> None:
    typed = {
        "hours_1": "soon", "if_hours": "must", "when": "9 till 5", "if_buys": "must_not", "buys": "a, b", "buys_least": "x",
        "segment": "friends", "condition_join": "any", "group_size": "1", "gtin": "12", "per_person_limit": "none",
        "condition_text": '{"is": "all"}', "good_from": "next_day", "rotating": "yes",
    }  # fmt: skip
    form = offer_form(**typed)
    form.setlist("days", ["0", "6"])
    answer = office.post("/offers/new", form)
    assert answer.status_code == 422
    page = html.unescape(answer.get_data(as_text=True))
    for name in (
        "hours_1",
        "when",
        "buys",
        "buys_least",
        "segment",
        "group_size",
        "gtin",
        "per_person_limit",
    ):
        assert re.search(rf'name="{name}"[^>]*value="{re.escape(typed[name])}"', page), name
    for checked in ('name="days" value="0" checked', 'name="days" value="6" checked', 'name="rotating" value="yes" checked',
                    'name="good_from" value="next_day" checked', 'name="condition_join" value="any" checked'):  # fmt: skip
        assert checked in page, checked
    assert typed["condition_text"] in page
    assert '<option value="must_not" selected>' in page
    for name in ("hours_1", "when", "buys_least", "group_size", "gtin", "per_person_limit"):
        assert f'href="#{name}"' in page, name


def test_another_offer_comes_with_the_receipt(office: Office) -> None:
    office.house.publish(campaign(2))
    form = offer_form(next_visit="2", action="publish")
    assert office.post("/offers/new", form).status_code == 303
    record = office.house.store.campaigns.get(3)
    assert record is not None
    assert record.campaign.next_visit == 2
    assert office.post("/offers/new", offer_form(next_visit="77")).status_code == 422


def test_every_page_of_the_counter_speaks_chinese(office: Office, till: HouseNode) -> None:
    office.house.publish(campaign(3, issue_limit=100))
    till.send()
    fact, token = till.mint()
    till.report(fact)
    till.redeem(token)
    for path in (
        "/coupons",
        f"/coupons?q={fact.serial}",
        "/coupons/recall",
        "/keys",
        "/offers/3",
        "/offers/3/paper",
        "/offers/new",
    ):
        page = office.get(path + ("&" if "?" in path else "?") + "lang=zh")
        english = re.findall(r"[A-Za-z]{4,}(?: [a-z]{2,}){2,}", words(page).replace("Skip to the page", ""))
        assert english == [], (path, english)
