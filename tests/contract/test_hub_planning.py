"""What the hub does for a till costs the same in a shop with ten coupons and in one with ten million."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store.planning import statistics
from hub.store.sqlite import SqliteStore
from hub.wire.coupon import show_code
from tests.hub_house import House

NEWEST = "SELECT position + count - 1 FROM journal ORDER BY position DESC LIMIT 1"
"""Reads one row, from the end of the table."""

LARGE = ("coupon", "redemption", "journal", "answer", "refusal", "visit", "conflict")
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


def test_the_statistics_say_that_the_shop_alone_narrows_nothing() -> None:
    assert statistics(2, unique=True) == "1000000 1000000 1"
    assert statistics(3, unique=True) == "1000000 1000000 1000 1"
    assert statistics(2, unique=False) == "1000000 1000000 10"
