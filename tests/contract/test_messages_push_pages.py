"""A member's browser asks to be told, is told, and is forgotten: by their own link, with their yes in the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.members.consent import standing
from hub.members.links import member_token
from hub.messages.push import push_key
from hub.messages.pushed import open_push, public_text
from tests.contract.test_messages_channels import Browser
from tests.message_house import MORNING, MessageHouse

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MessageHouse]:
    made = MessageHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(house: MessageHouse) -> Iterator[FlaskClient]:
    config = read_config({"HUB_DIR": str(house.folder), "HUB_URL": "https://shop.example"})
    hub = Hub(config, clock=Clock(wall=lambda: MORNING, ntp=lambda: True), with_site=True)
    yield hub.app.test_client()
    hub.close()


def body(endpoint: str = "https://push.example/abc") -> dict[str, str]:
    one = Browser(endpoint, ec.generate_private_key(ec.SECP256R1())).subscription()
    return {"endpoint": one.endpoint, "p256dh": one.p256dh, "auth": one.auth}


def test_a_browser_is_kept_sealed_with_the_yes_and_forgotten_with_the_no(
    house: MessageHouse, client: FlaskClient
) -> None:
    member = house.member(media=())
    token = member_token(house.secret, member, "page", MORNING)
    mine = client.get(f"/me/{token}").get_data(as_text=True)
    assert f'href="/push/{token}"' in mine
    page = client.get(f"/push/{token}")
    assert page.status_code == 200
    assert f'data-push="{public_text(push_key(house.folder))}"' in page.get_data(as_text=True)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert client.post(f"/push/{token}/ask", json=body(), headers=SAME).status_code == 204
    (row,) = house.store.mailings.push_of(member)
    assert b"push.example" not in row.closed
    opened = open_push(house.secret, row)
    assert opened is not None
    assert opened.endpoint == "https://push.example/abc"
    assert standing(house.store, member, "messages", "push", MORNING)
    assert not standing(house.store, member, "messages", "sms", MORNING)
    assert client.post(f"/push/{token}/end", headers=SAME).status_code == 200
    assert house.store.mailings.push_of(member) == []
    assert not standing(house.store, member, "messages", "push", MORNING)


def test_nobody_else_and_nothing_else_is_kept(house: MessageHouse, client: FlaskClient) -> None:
    member = house.member(media=())
    token = member_token(house.secret, member, "page", MORNING)
    leave = member_token(house.secret, member, "leave", MORNING)
    assert client.get("/push/nonsense").status_code == 404
    assert client.post(f"/push/{leave}/ask", json=body(), headers=SAME).status_code == 404
    assert (
        client.post(f"/push/{token}/ask", json=body(), headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )
    for wrong in (
        body("https://x") | {"auth": "?"},
        body() | {"endpoint": "http://push.example/"},
        {"endpoint": 1},
    ):
        assert client.post(f"/push/{token}/ask", json=wrong, headers=SAME).status_code == 422
    assert client.post(f"/push/{token}/ask", data=b"x" * 9_000, headers=SAME).status_code == 403
    assert house.store.mailings.push_of(member) == []
    assert not standing(house.store, member, "messages", "push", MORNING)


def test_the_worker_that_shows_notices_is_a_script_of_ours(client: FlaskClient) -> None:
    for name in ("worker.js", "ask.js"):
        with client.get(f"/push/{name}") as answer:
            assert answer.status_code == 200
            assert answer.mimetype == "text/javascript"
