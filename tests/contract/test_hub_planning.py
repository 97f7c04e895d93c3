"""What the hub does for a till costs the same in a shop with ten coupons and in one with ten million."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.store.planning import statistics
from hub.store.sqlite import SqliteStore
from hub.wire.conditions import IsMember
from hub.wire.coupon import show_code
from hub.wire.snapshot import Value
from tests.hub_house import House, campaign

NEWEST = "SELECT position + count - 1 FROM journal WHERE shop = 7 ORDER BY position DESC LIMIT 1"
"""Reads one row, from the end of the key."""

LARGE = (
    *("coupon", "redemption", "journal", "answer", "refusal", "visit", "conflict", "reversal", "reservation"),
    *("voucher", "use_by_quarter", "use_by_member", "picture_seen"),
)
"""Tables that grow with every shopper. The rest have a row for each node, offer or member of staff."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def walks(store: SqliteStore, statements: list[str]) -> list[str]:
    """The steps of these statements that go through all rows of a large table, or of one shop in it."""
    conn = store.pool.conn()
    found = []
    for statement in statements:
        for *_, step in conn.execute("EXPLAIN QUERY PLAN " + statement).fetchall():
            named = re.match(r"(SCAN|SEARCH) (\w+)", step)
            whole = named is not None and (named[1] == "SCAN" or "(shop=?)" in step) and statement != NEWEST
            if named is not None and named[2] in LARGE and whole:
                found.append(f"{step}: {statement}")
    return found


def test_no_redemption_walks_through_a_table_that_grows(house: House) -> None:
    till = house.node()
    coupons = [till.mint() for _ in range(3)]
    conn = house.store.pool.conn()
    statements: list[str] = []
    conn.set_trace_callback(statements.append)
    for fact, token in coupons:
        till.report(fact)
        assert till.redeem(token if fact is coupons[0][0] else show_code(fact.code)).accepted
        assert not till.redeem(token).accepted
    conn.set_trace_callback(None)
    asked = [one for one in statements if re.match(r"\s*(SELECT|UPDATE|DELETE)", one)]
    assert any("FROM coupon" in one for one in asked)
    assert walks(house.store, asked) == []


def test_nothing_else_that_a_till_asks_walks_through_one_either(house: House) -> None:
    plain = campaign().offer
    voucher = msgspec.structs.replace(plain, value=Value("voucher", 2_000))
    limits = {"redemption_limit": 90, "per_day_limit": 90, "per_person_limit": 9, "group_size": 1}
    house.publish(campaign(2, **limits, condition=IsMember(), good_from="at_once", offline="refuse"))
    house.publish(campaign(3, offer=voucher, offline="refuse"))
    house.publish(campaign(4, rotating=True))
    house.publish(campaign(5, redemption_limit=90))
    till = house.node()
    coupons = [till.mint(number) for number in (2, 2, 3, 4, 5)]
    till.report(*(fact for fact, _ in coupons))
    statements: list[str] = []
    house.store.pool.conn().set_trace_callback(statements.append)
    (_, first), (_, second), (_, part), (_, changing), (_, limited) = coupons
    assert till.redeem(first, "nonce-0001", member="mei-00000001").accepted
    assert till.reserve(second, "hold-0001", member="mei-00000001").held
    assert till.redeem(second, member="mei-00000001", reservation="hold-0001").accepted
    assert till.reverse("nonce-0001", "back-0001").reversed
    assert till.reserve(first, "hold-0002", member="mei-00000001").held
    assert till.release("hold-0002").was_held
    assert till.redeem(part, amount_cents=500).balance_cents == 1_500
    assert till.redeem(changing + "R" + "0" * 15).refusal == "code_too_old"
    assert till.redeem(limited).accepted
    for text in (first, second, part, "mei-00000001"):
        assert till.look(text).found
    house.store.pool.conn().set_trace_callback(None)
    asked = [one for one in statements if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", one)]
    for table in ("reservation", "use_by_quarter", "use_by_member", "voucher", "reversal", "picture_seen"):
        assert any(f"FROM {table}" in one for one in asked), table
    assert walks(house.store, asked) == []


def test_the_statistics_say_that_the_shop_alone_narrows_nothing() -> None:
    assert statistics(2, unique=True) == "1000000 1000000 1"
    assert statistics(3, unique=True) == "1000000 1000000 1000 1"
    assert statistics(2, unique=False) == "1000000 1000000 10"
