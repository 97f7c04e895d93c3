"""A PIN under the hub's pepper is checked at the till, and the till's files alone let nobody guess it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kiosk_shop import PIN, QUICK_HASH, TillShop, shop_in

from hub.client.db import StorageError
from hub.client.pins import Unready, Wrong
from hub.pepper import PEPPER_FILE, KeptPepper, hub_pepper
from hub.wire.pins import pepper_pin, write_pin
from hub.wire.snapshot import Staff
from kiosk.counter import DB_FILE, Counter


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        pepper = hub_pepper(tmp_path / "hub")
        ada = next(one for one in shop.store.people.staff() if one.id == "s1")
        shop.store.people.change_staff(
            replace(ada, pin=write_pin(QUICK_HASH.hash(pepper_pin(pepper, PIN)), pepper))
        )
        yield shop


def person(counter: Counter, staff: str) -> Staff:
    return next(one for one in counter.shelf.staff() if one.id == staff)


def test_a_till_checks_a_peppered_pin_and_an_old_one_beside_it(shop: TillShop) -> None:
    counter, line = shop.till()
    line.mode = "cut"
    for staff in ("s1", "s2"):
        assert counter.pins.check(person(counter, staff), PIN) is person(counter, staff)
        assert isinstance(counter.pins.check(person(counter, staff), "0000"), Wrong)


def test_the_pepper_stands_in_no_file_of_the_till_but_sealed_to_its_key(
    shop: TillShop, tmp_path: Path
) -> None:
    counter, _ = shop.till()
    pepper = hub_pepper(tmp_path / "hub")
    assert counter.shelf.pepper(counter.node) == pepper
    other, _ = shop.till("Till 2")
    assert counter.shelf.pepper(other.node) is None
    counter.stop()
    for path in counter.config.dir.glob(f"{DB_FILE}*"):
        body = path.read_bytes()
        assert pepper not in body
        assert pepper.hex().encode() not in body


def test_where_the_pepper_has_not_come_nothing_is_counted_against_anybody(shop: TillShop) -> None:
    counter, _ = shop.till()
    ada = person(counter, "s1")
    strange = replace_pin(ada, write_pin(QUICK_HASH.hash(pepper_pin(bytes(32), PIN)), bytes(32)))
    for _ in range(20):
        assert isinstance(counter.pins.check(strange, PIN), Unready)
    assert counter.pins.check(ada, PIN) is ada


def replace_pin(person: Staff, pin: str) -> Staff:
    return Staff(person.id, person.name, pin, person.member)


def test_a_pepper_that_is_kept_in_mind_is_read_anew_where_its_file_is_another(tmp_path: Path) -> None:
    kept = KeptPepper(tmp_path / "one")
    first = kept()
    assert kept() == first == hub_pepper(tmp_path / "one")
    other = hub_pepper(tmp_path / "two")
    (tmp_path / "two" / PEPPER_FILE).rename(tmp_path / "one" / PEPPER_FILE)
    assert kept() == other != first
    (tmp_path / "one" / PEPPER_FILE).write_text("rubbish")
    with pytest.raises(StorageError):
        kept()
