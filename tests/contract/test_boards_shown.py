"""Boards: whoever has the address reads the numbers of one board and can do nothing else with it, until it is ended."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.figures.answer import Answer
from hub.figures.board import BoardPlan, board_question, end_board, hash_of, is_site, make_board
from hub.figures.engine import ask
from hub.people import add_manager
from hub.roles import Role
from hub.store.whole import HubStore
from hub.wire.snapshot import Shop
from tests.figures_house import FiguresHouse
from tests.hub_house import NOON
from tests.hub_office import Office, words
from tests.postgres_server import PostgresServer, postgres_server

FIGURES = ("visits", "redeemed", "given_cents")
ADDRESS = re.compile(r"https?://[^/\s\"]+(/board/sbb_[A-Za-z0-9_-]{32})")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    house = FiguresHouse(tmp_path)
    house.tell(3)
    house.close()
    made = Hub(
        Config(tmp_path, worker=False), clock=Clock(wall=lambda: NOON, ntp=lambda: True), with_site=False
    )
    yield made
    made.close()


def board(store: HubStore, **changes: object) -> str:
    plan = BoardPlan(**({"figures": FIGURES} | changes))  # type: ignore[arg-type]  # a plan's own fields
    made = make_board(store, "At the counter", plan, "Ines", NOON)
    assert isinstance(made, tuple), made
    return made[1]


def get(client: FlaskClient, token: str) -> TestResponse:
    return client.get(f"/board/{token}")


def test_a_board_has_the_numbers_of_the_pages_for_whoever_has_its_address(hub: Hub) -> None:
    token = board(hub.store)
    page = get(hub.app.test_client(), token)
    assert page.status_code == 200
    answer = ask(hub.store, board_question(BoardPlan(FIGURES), "Europe/Berlin", NOON), NOON)
    assert isinstance(answer, Answer)
    text = page.get_data(as_text=True)
    for name in FIGURES:
        number = answer.total.values[name].number
        assert f'data-figure="{name}" data-key="" data-by="" data-value="{number!r}"' in text
    assert "Corner Bakery" in words(page)


def test_a_board_speaks_the_language_that_it_was_made_in(hub: Hub) -> None:
    token = board(hub.store, language="zh")
    page = hub.app.test_client().get(f"/board/{token}?lang=en", headers={"Accept-Language": "en"})
    assert 'lang="zh-Hans"' in page.get_data(as_text=True)
    assert "街角面包店" in words(page)


def test_the_token_opens_nothing_else_sets_no_cookie_and_goes_nowhere(hub: Hub) -> None:
    token = board(hub.store)
    client = hub.app.test_client()
    page = get(client, token)
    assert "Set-Cookie" not in page.headers
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in page.headers["Cache-Control"]
    text = page.get_data(as_text=True)
    assert "<form" not in text
    assert "<a " not in text
    assert client.get("/manage/explore", headers={"Authorization": f"Bearer {token}"}).status_code == 303
    assert client.get("/api/v1/figures", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.post(f"/board/{token}").status_code == 405
    assert client.get(f"/board/{token}?figure=members_active&days=365&by=staff").get_data() == page.get_data()


def test_a_board_may_stand_in_a_frame_of_the_sites_that_were_named_and_the_managers_pages_in_none(
    hub: Hub,
) -> None:
    client = hub.app.test_client()
    anywhere = get(client, board(hub.store)).headers["Content-Security-Policy"]
    assert "frame-ancestors *;" in f"{anywhere};"
    named = get(client, board(hub.store, within=("https://example.org", "http://10.0.0.5:8080")))
    policy = named.headers["Content-Security-Policy"]
    assert "frame-ancestors https://example.org http://10.0.0.5:8080;" in f"{policy};"
    assert "X-Frame-Options" not in named.headers
    assert "frame-ancestors 'none'" in client.get("/manage/login").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "text",
    [
        *("example.org", "https://example.org/", "https://a.b; script-src *", "https://*", "'none'"),
        *("https://a b", "https://a:99999", "javascript:x"),
    ],
)
def test_what_is_no_site_goes_into_no_policy(text: str) -> None:
    assert not is_site(text)


def test_a_board_that_was_ended_and_a_token_that_never_was_look_the_same(hub: Hub) -> None:
    token = board(hub.store)
    client = hub.app.test_client()
    assert end_board(hub.store, 1, "Ines", NOON)
    ended, never = get(client, token), get(client, "sbb_" + "A" * 32)
    assert ended.status_code == never.status_code == 404
    assert ended.get_data() == never.get_data()
    for strange in ("", "x", "sbb_" + "A" * 31, "sbb_" + "%00" * 32, "../manage"):
        assert client.get(f"/board/{strange}").status_code in (404, 308), strange


def test_the_token_is_told_once_is_kept_as_a_hash_and_stands_in_no_log(
    hub: Hub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from hub.watching.logs import clean

    caplog.set_level(logging.DEBUG)
    token = board(hub.store)
    get(hub.app.test_client(), token)
    (kept,) = hub.store.boards.all()
    assert kept.token_hash == hash_of(token)
    hub.store.checkpoint()
    for path in tmp_path.glob("hub.db*"):
        assert token.encode() not in path.read_bytes()
    assert token not in caplog.text
    assert token not in clean(f"GET /board/{token} broke")


def test_managers_make_and_end_boards_by_the_form(tmp_path: Path) -> None:
    house = FiguresHouse(tmp_path)
    add_manager(house.store, "Olga", "seven green kettles", NOON, who="test", role=Role.OWNER)
    made = Hub(
        Config(tmp_path, worker=False), clock=Clock(wall=lambda: NOON, ntp=lambda: True), with_site=False
    )
    office = Office(house, url="https://bell.example")
    office.client = made.app.test_client()
    office.log_in()
    form = {
        "board_name": "Door",
        "board_figures": ["visits"],
        "days": "7",
        "board_language": "en",
        "compared": "yes",
    }
    assert office.post("/boards", form | {"board_figures": []}).status_code == 422
    assert office.post("/boards", form | {"within": "example.org"}).status_code == 422
    shown = office.post("/boards", form).get_data(as_text=True)
    found = ADDRESS.search(shown)
    assert found
    assert made.app.test_client().get(found[1]).status_code == 200
    assert found[1] not in office.get("/boards").get_data(as_text=True)
    office.post("/boards/1/end", page="/boards")
    assert made.app.test_client().get(found[1]).status_code == 404
    assert [one.what for one in house.store.people.audit(2)] == ["board.ended", "board.made"]
    made.close()
    house.close()


def test_of_several_shops_the_token_says_which(tmp_path: Path, server: PostgresServer) -> None:
    from tests.hub_house import House

    house = House(tmp_path, server.fresh())
    other = house.store.of_shop(8)
    other.shop.save(Shop(8, {"en": "Elsewhere"}, timezone="Asia/Shanghai", currency="CNY"), NOON)
    hub = Hub(
        Config(tmp_path, database=house.store.pool.url, worker=False),  # type: ignore[attr-defined]  # of PostgreSQL
        clock=Clock(wall=lambda: NOON, ntp=lambda: True),
        with_site=False,
    )
    client = hub.app.test_client()
    assert "Corner" in words(get(client, board(house.store)))
    assert "Elsewhere" in words(get(client, board(other)))
    hub.close()
    house.close()
