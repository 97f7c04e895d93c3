"""The page Chain at both ends: join, see how the two stand with each other, make an offer for all shops, leave."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from chain_house import HeadHouse, ShopHouse
from flask import Flask
from hub_house import House
from werkzeug.serving import BaseWSGIServer, make_server

from hub.admin import create_admin
from hub.client.warnings import Shown
from hub.config import Config
from hub.health import look
from hub.pepper import hub_pepper
from hub.signing.joining import make_setup_code
from hub.upstream.line import node_at_head_office
from hub.wire.chain import CHAIN_FIRST
from tests.hub_office import PASSWORD, Office, words


class Desk(Office):
    """A manager of one of the two, logged in."""

    def __init__(self, house: House) -> None:
        self.house = house
        app = Flask("office")
        app.testing = True
        pages = create_admin(
            house.store,
            house.key,
            pepper=lambda: hub_pepper(house.folder),
            now=lambda: house.now,
            folder=house.folder,
        )
        app.register_blueprint(pages, url_prefix="/manage")
        self.client = app.test_client()
        self.post(
            "/setup", {"code": make_setup_code(house.store, house.now), "name": "Ines", "password": PASSWORD}
        )


@pytest.fixture
def head(tmp_path: Path) -> Iterator[HeadHouse]:
    made = HeadHouse(tmp_path / "head")
    yield made
    made.close()


@pytest.fixture
def served(head: HeadHouse) -> Iterator[str]:
    server: BaseWSGIServer = make_server("127.0.0.1", 0, head.app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def shop(tmp_path: Path, head: HeadHouse) -> Iterator[ShopHouse]:
    made = ShopHouse(tmp_path / "shop", 2, head)
    yield made
    made.close()


def warnings_of(house: House) -> dict[str, Shown]:
    return {one.code: one for one in look(house.store, Config(dir=house.folder), house.now)}


def test_a_shop_joins_with_the_code_that_head_offices_page_shows(
    head: HeadHouse, shop: ShopHouse, served: str
) -> None:
    above, below = Desk(head), Desk(shop)
    code = re.search(r'class="pairing-code"[^>]*>([^<]+)<', above.post("/chain/code", page="/chain").text)
    assert code is not None
    refused = below.post("/chain/join", {"url": served, "code": "ABCD"}, page="/chain")
    assert refused.status_code == 422
    assert "That is no pairing code" in words(refused)

    joined = below.post("/chain/join", {"url": served, "code": code[1]}, page="/chain")

    assert joined.status_code == 303
    assert node_at_head_office(shop.folder) is not None
    shop.connect()
    shop.drain()
    page = words(below.get("/chain"))
    assert "well" in page
    assert "Facts that wait here 0" in page
    assert "Corner" in words(above.get("/chain"))


def test_leaving_is_one_press_and_takes_nothing_of_the_shops_own(head: HeadHouse, shop: ShopHouse) -> None:
    shop.join()
    below = Desk(shop)
    assert "Leave head office" in words(below.get("/chain"))

    assert below.post("/chain/leave", page="/chain").status_code == 303

    assert node_at_head_office(shop.folder) is None
    assert "Join head office" in words(below.get("/chain"))


def test_head_office_makes_an_offer_one_of_the_chain_and_every_shop_carries_it(
    head: HeadHouse, shop: ShopHouse
) -> None:
    shop.join()
    above = Desk(head)
    till = shop.node()

    made = above.post("/chain/offer", {"number": "1"}, page="/chain")

    assert made.status_code == 303
    assert f"/offers/{CHAIN_FIRST}" in made.headers["Location"]
    record = head.store.campaigns.get(CHAIN_FIRST)
    assert record is not None
    assert record.state == "draft"
    head.store.campaigns.save(record.campaign, "published", head.now, "Ines")
    shop.drain()
    snapshot = till.send().snapshot
    assert snapshot is not None
    assert str(CHAIN_FIRST) in bytes(snapshot.sections["campaigns"]).decode()
    assert head.store.campaigns.free_number() == 2


def test_the_list_of_warnings_says_that_head_office_is_away_and_for_how_long(
    head: HeadHouse, shop: ShopHouse
) -> None:
    shop.join()
    shop.drain()
    assert "upstream-away" not in warnings_of(shop)
    shop.line.cut = True
    shop.drain()
    began = shop.now
    shop.now += 30 * 86_400
    shop.drain()

    away = warnings_of(shop)["upstream-away"]

    assert away.since == began
    assert "does not answer" in away.sentence()
    assert "does not answer" in words(Desk(shop).get("/chain"))
    shop.line.cut = False
    shop.drain()
    assert "upstream-away" not in warnings_of(shop)


def test_a_withdrawn_shop_is_told_what_to_do_and_head_office_sees_a_set_back(
    head: HeadHouse, shop: ShopHouse
) -> None:
    shop.join()
    shop.drain()
    node = node_at_head_office(shop.folder)
    assert node is not None
    head.store.devices.withdraw(node.device, head.now)
    shop.drain()

    refuses = warnings_of(shop)["upstream-refuses"]
    assert "withdrawn" in refuses.sentence()
    assert "upstream-away" not in warnings_of(shop)
