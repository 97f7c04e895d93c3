"""What was bought is kept once, however often and by whomever it is told, and a rebuild finds the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.folding import fold
from hub.rebuild import verify
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import PurchasePaid, make_event
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, alone, campaign
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    house = House(tmp_path, database)
    yield house
    house.close()


def bought(name: str, cents: int, **also: object) -> PurchasePaid:
    return msgspec.structs.replace(PurchasePaid(id=name, till="Till 1", staff="s1", cents=cents), **also)


def test_the_same_purchase_told_twice_and_by_two_tills_counts_once_as_it_was_first_told(house: House) -> None:
    till, pos = house.node(), house.node()
    till.report(bought("r/1", 500, member="m" * 8, items=2), bought("r/1", 900))
    pos.report(bought("r/1", 700))
    pos.report(bought("r/2", 100, zone="bar"), at=NOON + 5)
    kept = house.store.ledger.purchases(NOON - 10, NOON + 10)
    assert [(one.id, one.cents, one.items, one.member, one.zone) for one in kept] == [
        ("r/2", 100, None, "", "bar"),
        ("r/1", 500, 2, "m" * 8, ""),
    ]
    assert verify(house.store).differ == ()


def test_a_redemption_knows_its_purchase_whether_the_hub_decided_it_or_the_till_alone(house: House) -> None:
    house.publish(campaign())
    till = house.node()
    (first, token), (second, _) = till.mint(), till.mint()
    till.report(first, second)
    assert till.redeem(token, purchase="r/1").accepted
    till.report(alone(second, purchase="r/2"))
    acts = [house.store.ledger.first_act(one.serial) for one in (first, second)]
    assert [act.purchase for act in acts if act] == ["r/1", "r/2"]
    assert verify(house.store).differ == ()


def test_many_coupons_of_one_purchase_are_one_act_for_a_member_and_many_purchases_are_not(
    house: House,
) -> None:
    house.publish(campaign())
    till = house.node()
    minted = [till.mint() for _ in range(30)]
    till.report(*(fact for fact, _ in minted))
    tokens = iter(token for _, token in minted)
    mei = {"member": "mei-12345678"}
    # One large purchase, and four more: each one act of this member of staff for this member.
    assert all(till.redeem(next(tokens), purchase="r/1", **mei).accepted for _ in range(8))
    assert all(till.redeem(next(tokens), purchase=f"r/{number}", **mei).accepted for number in (2, 3, 4, 5))
    assert till.redeem(next(tokens), purchase="r/6", **mei).refusal == "staff_limit"
    assert till.redeem(next(tokens), **mei).refusal == "staff_limit"
    # The large one goes on, and not without end.
    assert all(till.redeem(next(tokens), purchase="r/1", **mei).accepted for _ in range(12))
    assert till.redeem(next(tokens), purchase="r/1", **mei).refusal == "staff_limit"


def test_how_a_journal_is_cut_makes_no_difference(tmp_path: Path) -> None:
    facts = [bought("a", 1), bought("b", 2), bought("a", 3), bought("c", 4), bought("b", 5)]
    placed = [
        (place, make_event("till-1", 1, place, fact, at=NOON + place, clock="ntp"))
        for place, fact in enumerate(facts, 1)
    ]
    digests = []
    for size in (1, 2, 5):
        store = SqliteStore(tmp_path / f"{size}-{FILE}")
        store.shop.save(Shop(1, {"en": "Corner"}), NOON)
        with store.writing():
            for first in range(0, len(placed), size):
                fold(store.ledger, placed[first : first + size])
        digests.append(store.ledger.digest())
        assert [one.cents for one in store.ledger.purchases_after(0, 0, NOON * 2, 9)] == [1, 2, 4]
        store.close()
    assert digests[0] == digests[1] == digests[2]
