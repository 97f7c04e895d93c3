"""A hub whose disk was set back to a backup hears again what it has forgotten, before it decides anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hub_house import House, HouseNode, campaign, problem, read

from hub.app import create_api_app
from hub.client.link import WsgiLink
from hub.config import Config
from hub.health import look
from hub.setback import WAIT_S, standing
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import read_token
from hub.wire.events import CouponRedeemed
from hub.wire.sync import SyncReply, SyncRequest


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def set_back(house: House, *, marked: bool) -> None:
    """Stop the hub, put the copy in the place of its file, start it."""
    house.store.close()
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        (house.folder / name).unlink(missing_ok=True)
    shutil.copy(house.folder / ("marked.db" if marked else "plain.db"), house.folder / FILE)
    house.store = SqliteStore(house.folder / FILE)
    house.app = create_api_app(house.store, house.key, house.clock)
    house.link = WsgiLink(house.app)


def copies(house: House) -> None:
    for name in ("plain.db", "marked.db"):
        (house.folder / name).unlink(missing_ok=True)
    house.store.copy_to(house.folder / "plain.db")
    house.store.copy_to(house.folder / "marked.db", kept_at=house.now)


def exchange(
    node: HouseNode, *, answered: int = 0, retold: int = 0, facts: tuple[bytes, ...] = ()
) -> SyncReply:
    asked = SyncRequest(events=tuple(map(msgspec.Raw, facts)), answered=answered, retold=retold)
    return read(node.post("/v1/sync", msgspec.json.encode(asked)), SyncReply)


def test_a_backup_that_is_started_decides_nothing_until_every_node_has_told_again(house: House) -> None:
    till, other = house.node(), house.node(name="Till 2")
    _, token = till.mint()
    copies(house)
    house.now += 60
    assert till.redeem(token).accepted
    set_back(house, marked=True)

    assert problem(other.ask(token)).code == "recovering"
    first = exchange(till)
    assert first.retell is not None
    assert first.retell.since <= house.now - 60
    again = CouponRedeemed(
        serial=till_serial(token), campaign=1, nonce="n" * 16, till="Till 1", staff="s1", value_cents=500,
        decided_at=house.now - 1,
    )  # fmt: skip
    till.report(again)
    assert exchange(till, retold=first.retell.number).retell is None
    assert problem(other.ask(token)).code == "recovering"
    assert exchange(other, retold=first.retell.number).retell is None

    refused = other.redeem(token)
    assert (refused.accepted, refused.refusal, refused.till) == (False, "already_redeemed", "Till 1")
    assert standing(house.store) is None
    (act,) = house.store.counter.acts_of(till_serial(token))
    assert (act.at, act.flag) == (house.now - 1, None)


def test_a_copy_that_says_nothing_is_given_away_by_whoever_has_an_answer_that_it_never_gave(
    house: House,
) -> None:
    till = house.node()
    _, token = till.mint()
    copies(house)
    assert till.redeem(token).accepted
    set_back(house, marked=False)
    assert exchange(till, answered=0).retell is None
    till.counter += 5
    reply = exchange(till, answered=till.counter)
    assert reply.retell is not None
    assert problem(till.ask(token)).code == "recovering"


def test_what_was_asked_and_lost_on_its_way_is_no_sign_of_a_set_back(house: House) -> None:
    till = house.node()
    exchange(till)
    answered = till.counter
    till.counter += 40
    assert exchange(till, answered=answered).retell is None


def test_a_node_that_is_gone_is_not_waited_for_for_ever_and_stays_in_the_list(house: House) -> None:
    till, gone = house.node(), house.node(name="Till 2")
    _, token = till.mint()
    copies(house)
    set_back(house, marked=True)
    number = told_number(till)
    exchange(till, retold=number)
    assert problem(till.ask(token)).code == "recovering"
    house.now += WAIT_S
    assert till.redeem(token).accepted
    left = standing(house.store)
    assert left is not None
    assert (left.over, left.missing) == (True, (gone.device,))
    assert "set-back" in {shown.code for shown in look(house.store, Config(dir=house.folder), house.now)}
    assert exchange(gone).retell is not None
    assert exchange(gone, retold=number).retell is None
    assert standing(house.store) is None
    assert "set-back" not in {shown.code for shown in look(house.store, Config(dir=house.folder), house.now)}


def test_a_hub_that_goes_on_with_its_own_file_was_never_set_back(house: House) -> None:
    till = house.node()
    _, token = till.mint()
    copies(house)
    house.store.close()
    house.store = SqliteStore(house.folder / FILE)
    house.app = create_api_app(house.store, house.key, house.clock)
    house.link = WsgiLink(house.app)
    assert till.redeem(token).accepted
    assert standing(house.store) is None


def test_the_same_backup_put_back_twice_is_told_again_twice(house: House) -> None:
    till = house.node()
    copies(house)
    set_back(house, marked=True)
    first = told_number(till)
    assert exchange(till, retold=first).retell is None
    house.now += 5
    set_back(house, marked=True)
    again = exchange(till, retold=first).retell
    assert again is not None
    assert again.number != first


def test_what_was_not_told_after_one_set_back_is_asked_for_after_the_next(house: House) -> None:
    till = house.node()
    copies(house)
    first_copy_at = house.now
    house.now += 3 * 86_400
    set_back(house, marked=True)
    copies(house)
    house.now += 60
    set_back(house, marked=True)
    asked = exchange(till).retell
    assert asked is not None
    assert asked.since <= first_copy_at


def test_an_act_that_is_told_again_without_a_set_back_is_judged_like_any_other(house: House) -> None:
    house.publish(campaign(2, offline="refuse", redemption_limit=1))
    till = house.node()
    fact, _ = till.mint(2)
    till.report(fact)
    for nonce in ("a" * 16, "b" * 16):
        till.report(
            CouponRedeemed(
                serial=fact.serial,
                campaign=2,
                nonce=nonce,
                till="Till 1",
                staff="s1",
                value_cents=500,
                decided_at=house.now,
            )
        )
    assert [act.flag is None for act in house.store.counter.acts_of(fact.serial)] == [True, False]


def told_number(node: HouseNode) -> int:
    asked = exchange(node).retell
    assert asked is not None
    return asked.number


def till_serial(token: str) -> str:
    found = read_token(token)
    assert found is not None
    return found.coupon.serial
