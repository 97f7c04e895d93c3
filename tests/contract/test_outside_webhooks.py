"""What happens is told to other programs: each fact, under one id, again and again until it is taken, for three days."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hub_house import NOON, House, visit
from postgres_server import PostgresServer, postgres_server
from webhook_receiver import Got, receiving

from hub.config import Config
from hub.health import look
from hub.outside.signed import is_signed, read_secret
from hub.outside.webhooks import (
    AFTER_S,
    GIVE_UP_S,
    HELD_S,
    add_webhook,
    make_messages,
    remove_webhook,
    switch_webhook,
    try_webhook,
    work_webhooks,
)
from hub.store.outside_records import Webhook


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = House(tmp_path, database)
    yield made
    made.close()


def hook(house: House, url: str, *kinds: str) -> tuple[Webhook, bytes]:
    wanted = list(kinds or ("coupon.issued", "coupon.redeemed"))
    made = add_webhook(house.store, house.key, "Stock", url, wanted, "Ada", house.now, private=True)
    assert isinstance(made, tuple), made
    return made[0], read_secret(made[1])


def turn(house: House) -> None:
    work_webhooks(house.store, Config(house.folder), house.now)


def warned(house: House) -> list[str]:
    return [one.code for one in look(house.store, Config(house.folder), house.now)]


def kinds(got: list[Got]) -> list[str]:
    return [msgspec.json.decode(one.body)["type"] for one in got]


def test_what_happens_from_now_on_is_told_signed_in_order_and_without_codes(house: House) -> None:
    till = house.node()
    before, _ = till.mint()
    till.report(before)
    with receiving() as receiver:
        made, secret = hook(house, receiver.url)
        fact, token = till.mint(member="")
        till.report(fact, visit(NOON))
        assert till.redeem(token, "nonce-001", staff="s1").accepted
        turn(house)
        turn(house)
    assert kinds(receiver.got) == ["coupon.issued", "coupon.redeemed"]
    for one in receiver.got:
        head = one.headers
        assert is_signed(
            secret, head["webhook-id"], head["webhook-timestamp"], head["webhook-signature"], one.body, NOON
        )
        assert fact.code.encode() not in one.body
        assert b"nonce" not in one.body
    first = msgspec.json.decode(receiver.got[0].body)
    assert first["timestamp"] == "2026-11-18T11:06:40.000Z"
    assert first["data"] == {
        "shop": 7,
        "device": till.device,
        "serial": fact.serial,
        "campaign": 1,
        "channel": "kiosk",
        "expires_at": fact.expires_at,
        "simulated": False,
    }
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 2
    assert {message.state for message in house.store.webhooks.messages(made.number, 10)} == {"sent"}


def test_a_receiver_that_fails_is_tried_later_with_the_same_id_and_then_gets_all(house: House) -> None:
    till = house.node()
    with receiving(lambda number: 500 if number <= 2 else 200) as receiver:
        made, _ = hook(house, receiver.url)
        coupons = [till.mint()[0] for _ in range(3)]
        till.report(*coupons)
        turn(house)
        assert len(receiver.got) == 1, "the others wait behind the one that failed"
        turn(house)
        assert len(receiver.got) == 1
        house.now += AFTER_S[0] + 1
        turn(house)
        assert len(receiver.got) == 2
        assert "webhook-failing" not in warned(house)
        failing = house.store.webhooks.get(made.number)
        assert failing is not None
        assert failing.failing_since == NOON
        house.now += 601
        assert "webhook-failing" in warned(house)
        turn(house)
        turn(house)
        assert "webhook-failing" not in warned(house)
    ids = [one.headers["webhook-id"] for one in receiver.got]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids)) == 3
    sent = [msgspec.json.decode(one.body)["data"]["serial"] for one in receiver.got[2:]]
    assert sent == [coupon.serial for coupon in coupons]
    after = house.store.webhooks.get(made.number)
    assert after is not None
    assert (after.state, after.failing_since) == ("on", None)


def test_after_three_days_it_is_disabled_and_goes_on_from_there_when_somebody_lets_it(house: House) -> None:
    till = house.node()
    answers = {"status": 503}
    with receiving(lambda _: answers["status"]) as receiver:
        made, _ = hook(house, receiver.url)
        first, second = till.mint()[0], till.mint()[0]
        till.report(first)
        while house.now < NOON + 2 * GIVE_UP_S:
            turn(house)
            now = house.store.webhooks.get(made.number)
            assert now is not None
            if now.state == "disabled":
                break
            house.now += 1_800
        assert now.state == "disabled"
        assert GIVE_UP_S <= house.now - NOON <= GIVE_UP_S + 86_400
        tries = len(receiver.got)
        assert 6 <= tries <= len(AFTER_S) + 1
        till.report(second)
        turn(house)
        assert len(receiver.got) == tries
        assert [entry.what for entry in house.store.people.audit(limit=1)] == ["webhook.disabled"]
        assert "webhook-disabled" in warned(house)
        answers["status"] = 200
        assert switch_webhook(house.store, made.number, True, "Ada", house.now)
        turn(house)
    got = [msgspec.json.decode(one.body)["data"]["serial"] for one in receiver.got[tries:]]
    assert got == [second.serial]
    assert house.store.webhooks.again(made.number, 1, house.now)


def test_gone_means_gone(house: House) -> None:
    till = house.node()
    with receiving(lambda _: 410) as receiver:
        made, _ = hook(house, receiver.url)
        till.report(till.mint()[0])
        turn(house)
        turn(house)
    there = house.store.webhooks.get(made.number)
    assert there is not None
    assert (there.state, len(receiver.got)) == ("disabled", 1)


def test_a_worker_that_dies_between_sending_and_noting_sends_again_under_the_same_id(house: House) -> None:
    till = house.node()
    with receiving() as receiver:
        made, _ = hook(house, receiver.url)
        till.report(till.mint()[0])
        assert make_messages(house.store, made.number, house.now)
        # One worker took the message and was killed before it could say that it was sent.
        assert len(house.store.webhooks.take(house.now, house.now + HELD_S, 10)) == 1
        turn(house)
        assert receiver.got == []
        house.now += HELD_S
        turn(house)
        house.now += HELD_S * 3
        turn(house)
    assert len(receiver.got) == 1
    (message,) = house.store.webhooks.messages(made.number, 10)
    assert (message.state, message.tries, message.id) == (
        "sent",
        2,
        receiver.got[0].headers["webhook-id"],
    )


def test_workers_that_turn_at_once_make_and_send_each_message_once(house: House) -> None:
    till = house.node()
    with receiving() as receiver:
        made, _ = hook(house, receiver.url, "visit.closed")
        till.report(*(visit(NOON + place) for place in range(30)))
        threads = [threading.Thread(target=turn, args=(house,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        while house.store.webhooks.waiting(made.number):
            turn(house)
    ids = [one.headers["webhook-id"] for one in receiver.got]
    assert len(ids) == len(set(ids)) == 30


def test_a_test_goes_to_one_and_a_removed_one_gets_nothing_more(house: House) -> None:
    till = house.node()
    with receiving() as receiver:
        made, _ = hook(house, receiver.url)
        assert try_webhook(house.store, made.number, house.now)
        turn(house)
        assert kinds(receiver.got) == ["shopbell.test"]
        assert remove_webhook(house.store, made.number, "Ada", house.now)
        assert not remove_webhook(house.store, made.number, "Ada", house.now)
        till.report(till.mint()[0])
        turn(house)
    assert len(receiver.got) == 1
    assert house.store.webhooks.all() == []


def test_without_leave_nothing_goes_into_the_shops_own_network(house: House) -> None:
    till = house.node()
    with receiving() as receiver:
        https = receiver.url.replace("http:", "https:")
        made = add_webhook(house.store, house.key, "Stock", https, ["coupon.issued"], "Ada", house.now)
        assert isinstance(made, tuple)
        till.report(till.mint()[0])
        turn(house)
        (message,) = house.store.webhooks.messages(made[0].number, 5)
    assert (message.status, message.state, receiver.got) == (0, "waiting", [])
    assert "own network" in message.said
    refused = add_webhook(house.store, house.key, "Stock", receiver.url, ["coupon.issued"], "Ada", house.now)
    assert isinstance(refused, dict)
    assert set(refused) == {"url"}


def test_another_shop_is_not_told(house: House) -> None:
    shop = house.store.shop.get()
    assert shop is not None
    other = house.store.of_shop(8)
    other.shop.save(msgspec.structs.replace(shop, number=8), NOON)
    till = house.node()
    with receiving() as receiver:
        made = add_webhook(
            other, house.key, "Spy", receiver.url, ["coupon.issued"], "Bo", house.now, private=True
        )
        assert isinstance(made, tuple)
        till.report(till.mint()[0])
        work_webhooks(other, Config(house.folder), house.now)
        turn(house)
    assert receiver.got == []
    assert house.store.webhooks.all() == []


def test_the_secret_does_not_stand_in_the_database(house: House) -> None:
    made = add_webhook(
        house.store, house.key, "Stock", "https://a.example/x", ["coupon.issued"], "Ada", house.now
    )
    assert isinstance(made, tuple)
    kept = house.store.webhooks.get(made[0].number)
    assert kept is not None
    assert made[1] not in repr(kept)
    assert all(made[1] not in repr(entry) for entry in house.store.people.audit())
