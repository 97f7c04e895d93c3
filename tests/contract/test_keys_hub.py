"""Keys that change at the hub: numbers, ends, withdrawal; coupons that are called back; the key behind codes that change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.called_back import MOST_RULES, call_back, let_be_good
from hub.client.db import open_db, writing
from hub.code_keys import OVERLAP_S, CodeKeys
from hub.keys import (
    DAY_S,
    REUSE_AFTER_S,
    KeyPolicy,
    ask_new_key,
    end_key,
    key_policy,
    set_key_policy,
    withdraw_key,
)
from hub.store.keys import KEY_NUMBERS
from hub.store.schema import MIGRATIONS_HUB
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.coupon import Coupon, mint_token
from hub.wire.identity import public_text, sign_text
from hub.wire.rotating import RotatingKey
from hub.wire.sealing import BadSeal, unseal
from hub.wire.snapshot import Key, RevocationRule
from hub.wire.sync import RenewReply, RenewRequest, SyncReply, SyncRequest
from tests.hub_house import NOON, House, HouseNode, campaign, problem, read


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def till(house: House) -> HouseNode:
    return house.node()


def sync(node: HouseNode, signs_with: int | None, have: dict[str, str] | None = None) -> SyncReply:
    body = msgspec.json.encode(SyncRequest(signs_with=signs_with, have=have or {}))
    return read(node.post("/v1/sync", body), SyncReply)


def renewal(node: HouseNode, key: Ed25519PrivateKey, device: str | None = None) -> bytes:
    unsigned = RenewRequest(public_text(key), "")
    return msgspec.json.encode(
        RenewRequest(unsigned.public, sign_text(key, unsigned.signed_text(device or node.device)))
    )


def renew(node: HouseNode, key: Ed25519PrivateKey) -> RenewReply:
    return read(node.post("/v1/renew", renewal(node, key)), RenewReply)


def token(
    key: Ed25519PrivateKey, number: int, serial: int = 1, of: int = 1, expires_at: int = int(NOON) + 80_000
) -> str:
    return mint_token(key, Coupon(number, 7, of, f"{serial:016x}", expires_at))


def starts(codes: CodeKeys) -> dict[int, int]:
    held = codes.keys()
    return {key.number: key.starts_at for key in held}


def told_keys(node: HouseNode) -> list[Key]:
    reply = sync(node, None)
    assert reply.snapshot is not None
    return msgspec.json.decode(reply.snapshot.sections["keys"], type=list[Key])


def test_a_node_is_asked_for_a_new_key_until_it_signs_with_it(house: House, till: HouseNode) -> None:
    assert not sync(till, 0).renew
    assert ask_new_key(house.store, till.device, house.now, "ines")
    assert sync(till, 0).renew
    assert not sync(till, None).renew, "a release that knows of no new keys is not asked"
    key = Ed25519PrivateKey.generate()
    given = renew(till, key)
    assert (given.key_number, given.starts_at) == (1, int(NOON) + key_policy(house.store).lead_s)
    assert renew(till, key) == given, "the answer was lost, and the same key is told again"
    assert sync(till, 0).renew
    assert not sync(till, 1).renew
    assert [(one.number, one.device) for one in told_keys(till)] == [(0, till.device), (1, till.device)]


def test_the_old_key_ends_only_once_the_new_one_is_in_use(house: House, till: HouseNode) -> None:
    set_key_policy(house.store, KeyPolicy(old="after", after_s=100), house.now, "ines")
    new = Ed25519PrivateKey.generate()
    number = renew(till, new).key_number
    house.now += 1_000
    sync(till, 0)
    assert house.store.keys.get(0).ends_at is None  # type: ignore[union-attr]
    assert till.redeem(token(till.key, 0, 1)).accepted
    assert till.redeem(token(new, number, 2)).accepted
    sync(till, number)
    assert till.redeem(token(till.key, 0, 3)).accepted
    fact, known = till.mint()
    till.report(fact)
    house.now += 101
    for late in (token(till.key, 0, 4), known, fact.code):
        assert till.redeem(late).refusal == "key_ended"
    assert till.redeem(token(new, number, 5)).accepted
    house.close()


def test_where_coupons_are_to_live_out_their_time_the_key_ends_with_the_last(
    house: House, till: HouseNode
) -> None:
    house.publish(campaign(2, coupon_lasts_s=5_000))
    fact, _ = till.mint(expires_at=int(NOON) + 500_000)
    till.report(fact)
    number = renew(till, Ed25519PrivateKey.generate()).key_number
    sync(till, number)
    assert house.store.keys.get(0).ends_at == NOON + 500_000  # type: ignore[union-attr]


def test_a_hub_that_was_set_back_asks_for_a_key_in_the_place_of_one_that_it_forgot(
    house: House, till: HouseNode
) -> None:
    assert sync(till, 5).renew
    number = renew(till, Ed25519PrivateKey.generate()).key_number
    assert not sync(till, number).renew


def test_keys_change_by_themselves_at_the_age_that_the_office_sets(house: House, till: HouseNode) -> None:
    set_key_policy(house.store, KeyPolicy(every_s=10 * DAY_S), house.now, "ines")
    house.now += 10 * DAY_S - 1
    assert not sync(till, 0).renew
    house.now += 1
    assert sync(till, 0).renew


def test_a_withdrawn_key_is_believed_no_more_and_its_node_takes_another_at_once(
    house: House, till: HouseNode
) -> None:
    fact, known = till.mint()
    till.report(fact)
    assert withdraw_key(house.store, 0, house.now, "ines")
    assert not withdraw_key(house.store, 0, house.now, "ines")
    assert till.redeem(token(till.key, 0)).refusal == "bad_signature"
    assert till.redeem(known).accepted, "what the ledger knows needs no signature"
    assert sync(till, 0).renew
    new = Ed25519PrivateKey.generate()
    given = renew(till, new)
    assert given.starts_at == int(NOON)
    assert till.redeem(token(new, given.key_number, 9)).accepted


def test_a_withdrawn_device_takes_all_its_keys_with_it(house: House, till: HouseNode) -> None:
    other = house.node(name="Till 2")
    new = Ed25519PrivateKey.generate()
    number = renew(till, new).key_number
    sync(till, number)
    house.store.devices.withdraw(till.device, house.now)
    assert other.redeem(token(new, number)).refusal == "bad_signature"
    assert problem(till.post("/v1/renew", renewal(till, Ed25519PrivateKey.generate()))).code == "withdrawn"


def test_a_new_key_is_taken_from_whoever_holds_it_alone(house: House, till: HouseNode) -> None:
    other = house.node(name="Till 2")
    key = Ed25519PrivateKey.generate()
    assert problem(till.post("/v1/renew", renewal(till, key, other.device))).code == "bad_signature"
    renew(till, key)
    assert problem(other.post("/v1/renew", renewal(other, key))).code == "key_used"
    assert problem(other.post("/v1/renew", renewal(other, till.key))).code == "key_used"


def test_numbers_are_used_again_long_after_their_keys_are_over(house: House, till: HouseNode) -> None:
    latest = till.key
    for number in range(1, KEY_NUMBERS):
        latest = Ed25519PrivateKey.generate()
        assert renew(till, latest).key_number == number
    assert (
        problem(till.post("/v1/renew", renewal(till, Ed25519PrivateKey.generate()))).code == "too_many_keys"
    )
    end_key(house.store, 7, house.now, house.now, "ines")
    end_key(house.store, 9, house.now + 10, house.now, "ines")
    fact, _ = till.mint(expires_at=int(NOON) + REUSE_AFTER_S + 500)
    till.report(msgspec.structs.replace(fact, key_number=7))
    made = call_back(house.store, house.now, "ines", "", key_number=9)
    assert isinstance(made, RevocationRule)
    house.now += REUSE_AFTER_S + 20
    # A coupon under number 7 could still be good.
    fresh = Ed25519PrivateKey.generate()
    given = renew(till, fresh)
    assert given.key_number == 9
    house.publish(campaign(3, ends_at=int(house.now) + 90_000))
    good = token(fresh, 9, 5, of=3, expires_at=int(house.now) + 80_000)
    assert till.redeem(good).accepted, "a rule against the old key does not reach the new one"
    house.now += 500
    assert renew(till, Ed25519PrivateKey.generate()).key_number == 7


def test_a_rule_calls_back_what_was_taken_within_its_time(house: House, till: HouseNode) -> None:
    lasts = 14 * DAY_S
    house.publish(campaign(2, ends_at=int(NOON) + 90 * DAY_S, coupon_lasts_s=lasts))
    fact, known = till.mint(2, int(NOON) + 50 + lasts)
    till.send()
    house.now += 50
    till.report(fact)
    made = call_back(house.store, house.now, "ines", "a slip", campaign=2, taken_before=int(NOON) + 100)
    assert isinstance(made, RevocationRule)
    early, late = (token(till.key, 0, 40 + by, 2, int(NOON) + by + lasts) for by in (99, 100))
    assert till.redeem(early).refusal == "revoked"
    assert till.redeem(known).refusal == "revoked"
    assert till.redeem(late).accepted
    assert till.redeem(token(till.key, 0, 60)).accepted, "another campaign's"
    assert let_be_good(house.store, made.number, house.now, "ines")
    assert not let_be_good(house.store, made.number, house.now, "ines")
    assert till.redeem(early).accepted


def test_a_rule_against_a_key_reaches_what_it_signed_from_then_on(house: House, till: HouseNode) -> None:
    house.publish(campaign(2, ends_at=int(NOON) + 90 * DAY_S))
    made = call_back(house.store, house.now, "ines", "stolen", key_number=0, taken_from=int(NOON))
    assert isinstance(made, RevocationRule)
    lasts = campaign(2).coupon_lasts_s
    assert till.redeem(token(till.key, 0, 1, 2, int(NOON) - 1 + lasts)).accepted
    assert till.redeem(token(till.key, 0, 2, 2, int(NOON) + lasts)).refusal == "revoked"


def test_a_hundred_thousand_coupons_are_called_back_in_a_hundred_bytes(house: House, till: HouseNode) -> None:
    call_back(house.store, house.now, "ines", "", campaign=1)
    reply = sync(till, None)
    assert reply.snapshot is not None
    assert len(bytes(reply.snapshot.sections["revoked_rules"])) < 100


def test_a_rule_that_says_nothing_is_not_made(house: House, till: HouseNode) -> None:
    assert till
    store, now = house.store, house.now
    for said in (
        call_back(store, now, "ines", ""),
        call_back(store, now, "ines", "", campaign=99),
        call_back(store, now, "ines", "", key_number=99),
        call_back(store, now, "ines", "", campaign=1, taken_from=5, taken_before=5),
    ):
        assert isinstance(said, str)
    for _ in range(MOST_RULES):
        assert isinstance(call_back(store, now, "ines", "", campaign=1), RevocationRule)
    assert isinstance(call_back(store, now, "ines", "", campaign=1), str)


def test_the_key_behind_changing_codes_reaches_each_node_sealed_to_it(house: House, till: HouseNode) -> None:
    other = house.node(name="Till 2")
    sealed = []
    for node in (till, other):
        reply = sync(node, None)
        assert reply.snapshot is not None
        sealed.append(msgspec.json.decode(reply.snapshot.sections["rotating"], type=str))
    opened = [
        msgspec.json.decode(unseal(node.key, text), type=list[RotatingKey])
        for node, text in zip((till, other), sealed, strict=True)
    ]
    assert opened[0] == opened[1] == CodeKeys(house.store, house.key).keys()
    with pytest.raises(BadSeal):
        unseal(till.key, sealed[1])
    assert opened[0][0].secret not in str(house.store.keys.code_keys())


def test_two_keys_behind_changing_codes_are_good_while_one_takes_over(house: House) -> None:
    codes = CodeKeys(house.store, house.key)
    codes.tend(NOON)
    assert starts(codes) == {1: int(NOON)}
    assert codes.replace(NOON, "ines")
    assert starts(codes) == {1: int(NOON), 2: int(NOON) + OVERLAP_S}
    assert not codes.replace(NOON + 60, "ines"), "the last one is still under way"
    codes.tend(NOON + 2 * OVERLAP_S - 1)
    assert len(codes.keys()) == 2
    codes.tend(NOON + 2 * OVERLAP_S + 100)
    assert list(starts(codes)) == [2]
    codes.tend(NOON + OVERLAP_S + 90 * DAY_S)
    assert list(starts(codes)) == [2, 3]
    assert codes.replace(NOON + OVERLAP_S + 90 * DAY_S, "ines", at_once=True)
    assert list(starts(codes)) == [4]


def test_a_hub_that_lost_its_own_key_begins_anew(house: House) -> None:
    CodeKeys(house.store, house.key).tend(NOON)
    codes = CodeKeys(house.store, Ed25519PrivateKey.generate())
    assert codes.keys() == []
    codes.tend(NOON)
    assert list(starts(codes)) == [2]


def test_a_hub_of_an_earlier_release_keeps_its_nodes_keys(tmp_path: Path) -> None:
    db = open_db(tmp_path / FILE)
    with writing(db):
        MIGRATIONS_HUB.apply(db)
    db.execute(
        "INSERT INTO shop (number, body, made_at) VALUES (7, ?, ?)", ('{"number":7,"name":{"en":"C"}}', NOON)
    )
    for number, withdrawn_at in ((0, None), (3, NOON)):
        db.execute(
            "INSERT INTO device VALUES (7, ?, 'kiosk', 'Till', ?, ?, ?, ?)",
            (f"kiosk-{number + 1}", f"{number:064x}", number, NOON - 5, withdrawn_at),
        )
        db.execute(
            "INSERT INTO contact (shop, device, bits) VALUES (7, ?, ?)", (f"kiosk-{number + 1}", bytes(128))
        )
    db.close()
    store = SqliteStore(tmp_path / FILE)
    assert store.devices.keys() == [
        Key(0, "kiosk-1", f"{0:064x}"),
        Key(3, "kiosk-4", f"{3:064x}", withdrawn_at=int(NOON)),
    ]
    assert [device.device for device in store.devices.all()] == ["kiosk-1", "kiosk-4"]
    store.close()
