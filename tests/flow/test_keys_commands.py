"""Keys and coupons that are called back, from a shell."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hub.app import create_api_app
from hub.cli import main
from hub.client.clock import Clock
from hub.client.enrolling import enrol
from hub.client.link import WsgiLink
from hub.devices import hub_key
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import Coupon, read_token
from tests.prove._site import ProofNode

Run = Callable[..., str]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command in a shop with one offer; what it printed, on standard error where it should fail."""

    def run(*words: str, status: int = 0) -> str:
        assert main(["--dir", str(tmp_path / "hub"), *words]) == status
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return said.err if status else said.out

    run("init", "--name", "Corner")
    run("campaign", "add", "--title", "Coffee", "--amount", "1.50", "--publish")
    return run


def test_a_key_is_renewed_ended_and_withdrawn(shop: Run, tmp_path: Path) -> None:
    assert "No keys yet" in shop("key", "list")
    code = shop("pair", "--program", "kiosk").strip()
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as store:
        link = WsgiLink(create_api_app(store, hub_key(tmp_path / "hub"), Clock()))
        till = ProofNode(
            tmp_path / "till", enrol(tmp_path / "till", "http://hub", code, "kiosk", "Till 1", link), link
        )
        assert "in use since" in shop("key", "list")
        shop("key", "renew", "kiosk-1")
        till.exchange.once()
        assert "to be used from" in shop("key", "list")
        (_, new) = json.loads(shop("key", "list", "--json"))
        assert (new["number"], new["device"], new["in_use"]) == (1, "kiosk-1", False)
        assert "is good until" in shop("key", "end", "0", "--days", "2")
        assert "good until" in shop("key", "list")
        shop("key", "end", "0")
        assert "ended" in shop("key", "list")
        assert "believed no more" in shop("key", "withdraw", "1")
        assert "withdrawn" in shop("key", "list")
        till.pool.close()
    for words in (("renew", "kiosk-9"), ("end", "9"), ("withdraw", "9"), ("withdraw", "1")):
        assert "There is no" in shop("key", *words, status=1)


def test_the_office_says_at_which_age_keys_change(shop: Run) -> None:
    assert "only when asked; coupons of an old key stay good until they expire" in shop("key", "policy")
    said = shop("key", "policy", "--every", "90", "--old", "after", "--after", "3", "--codes-every", "30")
    assert "every 90 days; coupons of an old key stay good for 3 days" in said
    assert "replaced every 30 days" in shop("key", "policy")
    assert "from 0 to 3650" in shop("key", "policy", "--every", "9999", status=1)
    assert "only when asked" in shop("key", "policy", "--every", "0")


def test_the_key_behind_changing_codes_is_replaced(shop: Run) -> None:
    assert "new key" in shop("key", "codes")
    assert "new key" in shop("key", "codes")
    assert "under way" in shop("key", "codes", status=1)
    assert "new key" in shop("key", "codes", "--at-once")


def test_coupons_are_called_back_one_by_one_and_by_rule_and_every_node_hears_of_it(
    shop: Run, tmp_path: Path
) -> None:
    made = json.loads(shop("coupon", "issue", "1", "--json"))
    token = read_token(made["token"])
    assert token is not None
    assert "No coupons are called back" in shop("revoke", "list")
    assert "Rule 1: coupons of campaign 1 taken before" in shop(
        "revoke", "add", "--campaign", "1", "--before", "2099-01-31T14:05", "--reason", "a slip in the price"
    )
    assert "a slip in the price" in shop("revoke", "list")
    code = shop("pair", "--program", "kiosk").strip()
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as store:
        link = WsgiLink(create_api_app(store, hub_key(tmp_path / "hub"), Clock()))
        folder = tmp_path / "till"
        till = ProofNode(folder, enrol(folder, "http://hub", code, "kiosk", "Till 1", link), link)
        till.exchange.drain()
        assert till.shelf.is_revoked(token.coupon)
        assert till.shelf.is_revoked(token.coupon, time.time())
        assert json.loads(shop("revoke", "list", "--json"))[0]["campaign"] == 1
        shop("revoke", "remove", "1")
        till.exchange.drain()
        assert not till.shelf.is_revoked(token.coupon)
        shop("revoke", "coupon", made["serial"])
        assert "before" in shop("revoke", "coupon", made["serial"], status=1)
        till.exchange.drain()
        assert till.shelf.is_revoked(token.coupon)
        other = Coupon(0, 1, 1, "00" * 8, int(time.time()) + 60)
        assert not till.shelf.is_revoked(other)
        till.pool.close()
    assert "There is no rule" in shop("revoke", "remove", "1", status=1)
    assert "Say of which" in shop("revoke", "add", status=1)
    assert "is no time" in shop("revoke", "add", "--campaign", "1", "--before", "noon", status=1)
