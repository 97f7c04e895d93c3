"""A point-of-sale system tells purchases over `/api/v1`: each once, of its own shop, by a key that may bring data in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_house import NOON
from outside_office import OTHER, OutsideOffice, terms

from hub.purse.balances import balances
from hub.purse.ruling import set_rules
from hub.rebuild import verify
from hub.wire.chain import CHAIN_FIRST
from hub.wire.purse_rules import PurseRules


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OutsideOffice]:
    made = OutsideOffice(tmp_path)
    yield made
    made.close()


def bought(name: str, cents: int = 500, at: float = NOON - 60, **also: object) -> dict[str, Any]:
    return {"id": name, "at": at, "till": "Cash desk", "cents": cents, **also}


def test_a_purchase_is_kept_once_and_happened_when_it_was_paid(office: OutsideOffice) -> None:
    key = office.key("import_data", "read")
    told = {"purchases": [bought("a", 500, member="m" * 8, items=3), bought("b", 700), bought("a", 500)]}
    first = office.ask("POST", "/purchases", key, told).get_json()["items"]
    assert [one["outcome"] for one in first] == ["kept", "kept", "known"]
    again = office.ask("POST", "/purchases", key, {"purchases": [bought("a", 9), bought("b", 700)]})
    assert [(one["outcome"], one["same"]) for one in again.get_json()["items"]] == [
        ("known", False),
        ("known", True),
    ]
    page = office.ask("GET", "/purchases?limit=1", key).get_json()
    rest = office.ask("GET", f"/purchases?cursor={page['next']}", key).get_json()
    assert [(one["id"], one["cents"], one["at"]) for one in page["items"] + rest["items"]] == [
        ("a", 500, NOON - 60),
        ("b", 700, NOON - 60),
    ]
    assert rest["next"] is None
    assert office.ask("GET", f"/purchases?since={int(NOON)}", key).get_json()["items"] == []
    assert verify(office.store).differ == ()


def test_what_was_brought_back_is_kept_once_and_takes_its_points_off(office: OutsideOffice) -> None:
    set_rules(office.store, PurseRules(points_each=1, pending_days=0), "ines", NOON - 3_600, "ntp")
    key = office.key("import_data", "read")
    office.ask("POST", "/purchases", key, {"purchases": [bought("a", 5_000, member="m" * 8)]})
    told = {"returns": [{"id": "return-1", "purchase": "a", "till": "Cash desk", "cents": 2_000}]}
    outcomes = [
        office.ask("POST", "/purchases/returned", key, told).get_json()["items"][0]["outcome"]
        for _ in range(2)
    ]
    assert outcomes == ["kept", "known"]
    assert balances(office.store, "m" * 8, NOON).points == 30
    assert office.ask("POST", "/purchases/returned", office.key("read"), told).status_code == 403
    assert verify(office.store).differ == ()


def test_only_a_key_that_may_bring_data_in_tells_purchases_and_only_of_its_shop(
    office: OutsideOffice,
) -> None:
    told = {"purchases": [bought("a")]}
    assert office.ask("POST", "/purchases", office.key("read"), told).status_code == 403
    theirs = office.key("import_data", "read", shop=OTHER)
    assert office.ask("POST", "/purchases", theirs, told).status_code == 200
    assert office.ask("GET", "/purchases", office.key("read")).get_json()["items"] == []
    assert len(office.ask("GET", "/purchases", theirs).get_json()["items"]) == 1


@pytest.mark.parametrize(
    "wrong", [bought(""), bought("a", -1), bought("a", at=-1), bought("a", items=-1), bought("a", till="")]
)
def test_what_is_no_purchase_is_refused_and_nothing_of_the_rest_is_kept(
    office: OutsideOffice, wrong: dict[str, Any]
) -> None:
    key = office.key("import_data", "read")
    assert office.ask("POST", "/purchases", key, {"purchases": [bought("ok"), wrong]}).status_code in (
        400,
        422,
    )
    assert office.ask("GET", "/purchases", key).get_json()["items"] == []


def test_an_offer_for_all_shops_is_drafted_under_a_number_of_the_chain(office: OutsideOffice) -> None:
    key = office.key("campaign_edit")
    made = office.ask("POST", "/campaigns", key, terms(for_chain=True))
    assert (made.status_code, made.get_json()["number"]) == (201, CHAIN_FIRST)
    against = office.ask("POST", "/campaigns", key, terms(for_chain=True, rotating=True))
    assert (against.status_code, against.get_json()["code"]) == (409, "rotating")
