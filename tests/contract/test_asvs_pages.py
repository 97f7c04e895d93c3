"""What OWASP ASVS asks of answers, cookies, passwords and sessions, on the whole hub as it is served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.admin.pages import every_route
from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.jobs import settle_all
from hub.people import add_manager
from hub.signing.login import LoggedIn, log_in
from hub.signing.passwords import PASSWORD_LONGEST, PASSWORD_SHORTEST
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

NAME = "https://hub.shop.example"
PUBLIC = (
    "/",
    "/manage/login",
    "/manage/style.css",
    "/healthz",
    "/v1/openapi.json",
    "/nowhere",
    "/manage/nowhere",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="shell") is None
    yield made
    made.close()


@pytest.fixture
def office(house: House) -> Office:
    made = Office(house, folder=house.folder)
    made.log_in()
    return made


def whole_hub(house: House, **settings: str) -> Hub:
    house.close()
    config = read_config({"HUB_DIR": str(house.folder), **settings})
    return Hub(config, clock=Clock(wall=lambda: NOON + 60, ntp=lambda: True))


@pytest.fixture
def named(house: House) -> Iterator[FlaskClient]:
    hub = whole_hub(house, HUB_URL=NAME)
    yield hub.app.test_client()
    hub.close()


def enter(client: FlaskClient, base: str = NAME) -> TestResponse:
    page = client.get("/manage/login", base_url=base).get_data(as_text=True)
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found
    form = {"form_token": found[1], "name": "Ines", "password": PASSWORD}
    return client.post("/manage/login", data=form, base_url=base)


def test_who_comes_by_tls_is_told_to_come_so_for_a_year(named: FlaskClient) -> None:
    for path in PUBLIC:
        told = named.get(path, base_url=NAME).headers["Strict-Transport-Security"]
        found = re.search(r"max-age=(\d+)", told)
        assert found is not None
        assert int(found[1]) >= 365 * 86_400


def test_a_hub_without_tls_does_not_claim_it(house: House) -> None:
    hub = whole_hub(house)
    assert "Strict-Transport-Security" not in hub.app.test_client().get("/").headers
    hub.close()


def test_cookies_by_tls_are_secure_and_named_so(named: FlaskClient) -> None:
    answer = enter(named)
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    begun = [one for one in cookies if "shopbell_manager=" in one]
    assert len(begun) == 1
    for part in ("__Secure-shopbell_manager=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/manage/"):
        assert part in begun[0]
    assert named.get("/manage/", base_url=NAME).status_code == 200


def test_no_other_site_may_read_an_answer(named: FlaskClient) -> None:
    for path in PUBLIC:
        for method in ("GET", "OPTIONS"):
            answer = named.open(
                path, method=method, base_url=NAME, headers={"Origin": "https://evil.example"}
            )
            assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_every_answer_says_what_it_is_and_in_which_letters(named: FlaskClient) -> None:
    for path in PUBLIC:
        answer = named.get(path, base_url=NAME)
        kind = answer.headers["Content-Type"]
        assert re.match(
            r"(text/(html|css|plain); charset=utf-8|application/(problem\+)?json|text/css)", kind
        ), kind
        if kind.startswith("text/"):
            assert "charset=utf-8" in kind


def test_the_server_answers_no_trace_lists_no_folder_and_keeps_no_history_of_its_source(
    named: FlaskClient,
) -> None:
    assert named.open("/", method="TRACE", base_url=NAME).status_code == 405
    for path in (
        "/manage/static/",
        "/manage/static",
        "/.git/config",
        "/.git/HEAD",
        "/static/../../setup.cfg",
    ):
        answer = named.get(path, base_url=NAME, follow_redirects=False)
        assert answer.status_code in (303, 404), path
        assert "passkey.js" not in answer.get_data(as_text=True)


def test_a_login_leaves_nothing_in_an_address(named: FlaskClient) -> None:
    answer = enter(named)
    token = re.search(r"shopbell_manager=([^;]+)", answer.headers["Set-Cookie"])
    assert token is not None
    assert PASSWORD not in answer.location
    assert token[1] not in answer.location


def test_a_new_hub_has_no_account_at_all(tmp_path: Path) -> None:
    fresh = House(tmp_path)
    assert fresh.store.people.managers() == []
    for name in ("admin", "root", "manager", "Ines", ""):
        assert log_in(fresh.store, name, "admin", f"from {name}", NOON) is None
    assert Office(fresh).get("/login").location == "/manage/setup"
    fresh.close()


def test_reading_changes_nothing(house: House, office: Office) -> None:
    """Every page of the office is read once: nothing of the shop is another afterwards."""
    own = {"session_use", "totp", "knock", "sqlite_sequence", "sqlite_stat1", "sqlite_stat4"}
    tables = [
        name
        for (name,) in house.store.pool.read(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        )
        if name not in own
    ]

    def content() -> dict[str, list[Any]]:
        return {name: sorted(house.store.pool.read(f"SELECT * FROM {name}"), key=repr) for name in tables}

    # What may be shown of people is made anew every half minute where facts came, and else when somebody asks for it.
    settle_all(house.store, house.now)
    before = content()
    seen = 0
    for route in every_route():
        if "GET" in route.methods and "<" not in route.rule and not route.open:
            assert office.get(route.rule).status_code < 500, route.rule
            seen += 1
    assert seen > 12
    after = content()
    assert [name for name in tables if before[name] != after[name]] == []


def test_what_changes_something_is_not_reached_by_a_link(office: Office) -> None:
    reads = {one.rule for one in every_route() if "GET" in one.methods}
    for route in every_route():
        if route.methods == ("POST",) and route.rule not in reads:
            path = re.sub(r"<(?:\w+:)?\w+>", "1", route.rule)
            assert office.get(path).status_code in (404, 405), route.rule


def test_without_the_token_of_its_page_no_form_does_anything(house: House, office: Office) -> None:
    before = len(house.store.people.audit(1_000))
    for route in every_route():
        if "POST" in route.methods:
            path = re.sub(r"<(?:\w+:)?\w+>", "1", route.rule)
            answer = office.client.post(f"/manage{path}", data={"action": "publish", "form_token": "0" * 64})
            assert answer.status_code in (303, 403), route.rule
    assert len(house.store.people.audit(1_000)) == before


@pytest.mark.parametrize(
    "password", ["x" * 5 + "y z " * 20, "пароль с пробелами", " begins with a blank", "一二三四五六七八九十"]
)
def test_a_password_of_any_signs_is_taken_and_asked_for_exactly(house: House, password: str) -> None:
    assert add_manager(house.store, "Bo", password, NOON, who="shell") is None
    assert isinstance(log_in(house.store, "Bo", password, "a", NOON), LoggedIn)
    for place, other in enumerate((password.upper(), password + " ", password[:-1], password.strip() + "!")):
        if other != password:
            assert not isinstance(log_in(house.store, "Bo", other, f"b{place}", NOON), LoggedIn), other


def test_long_passwords_are_welcome_and_short_ones_are_not(house: House) -> None:
    assert PASSWORD_SHORTEST >= 8
    assert PASSWORD_LONGEST >= 64
    longest = "".join(chr(97 + n % 26) for n in range(PASSWORD_LONGEST))
    assert add_manager(house.store, "Bo", longest, NOON, who="shell") is None
    assert isinstance(log_in(house.store, "Bo", longest, "a", NOON), LoggedIn)
    assert not isinstance(log_in(house.store, "Bo", longest[:-1], "b", NOON), LoggedIn)
    assert add_manager(house.store, "Li", "a b c d e", NOON, who="shell") is not None


def test_a_changed_password_needs_the_old_one(office: Office) -> None:
    wrong = office.post("/password", {"old": "not that one", "password": "nine blue saucers"})
    assert "That is not your password." in words(wrong)
    assert office.post("/password", {"old": PASSWORD, "password": "nine blue saucers"}).status_code == 303


def test_logging_out_clears_what_the_browser_kept(office: Office) -> None:
    answer = office.post("/logout", page="/security")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "shopbell_manager=;" in answer.headers["Set-Cookie"]
    page = office.get("/login")
    assert page.headers["Cache-Control"] == "no-store"


def test_each_login_has_a_token_of_its_own_with_bits_enough(house: House) -> None:
    tokens = set()
    for n in range(8):
        begun = log_in(house.store, "Ines", PASSWORD, f"place {n}", NOON)
        assert isinstance(begun, LoggedIn)
        tokens.add(begun.token)
    assert len(tokens) == 8
    assert all(len(token) * 6 >= 128 for token in tokens)


QUOTES = (
    "' OR '1'='1",
    '"; DROP TABLE manager; --',
    "1) UNION SELECT password FROM manager --",
    "%' --",
    "\\'; --",
    "a\x00b",
)


def test_quotes_and_commands_of_sql_are_just_text(house: House, office: Office) -> None:
    for text in QUOTES:
        assert log_in(house.store, text, text, text, NOON) is None
        for page in ("/record", "/coupons", "/offers"):
            answer = office.client.get(
                f"/manage{page}", query_string={"q": text, "who": text, "what": text, "day": text}
            )
            assert answer.status_code in (200, 404), page
        answer = office.post("/staff", {"name": text, "pin": "", "member": text})
        assert answer.status_code in (200, 422)
        assert [one.name for one in house.store.people.managers()] == ["Ines"]


def test_another_site_is_no_goal_after_logging_in(house: House) -> None:
    for goal in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
    ):
        office = Office(house)
        answer = office.post("/login", {"name": "Ines", "password": PASSWORD, "next": goal})
        assert answer.location == "/manage/", goal


def test_a_page_tells_nothing_that_its_reader_does_not_need(house: House, office: Office) -> None:
    manager = house.store.people.manager("Ines")
    assert manager is not None
    for route in every_route():
        if "GET" in route.methods and "<" not in route.rule:
            answer = office.get(route.rule)
            text = answer.get_data(as_text=True)
            answer.close()
            assert manager.password not in text
            assert "argon2" not in text


def test_an_error_tells_nothing_of_the_inside(named: FlaskClient) -> None:
    enter(named)
    for path in ("/manage/offers/999999", "/manage/coupons/%00", "/manage/picture/../../hub.key", "/v1/sync"):
        text = named.get(path, base_url=NAME).get_data(as_text=True)
        assert not re.search(r"Traceback|sqlite3|File \"|werkzeug|hub\.db", text), path


def test_what_is_not_in_the_office_is_said_on_a_page_of_the_office(named: FlaskClient) -> None:
    enter(named)
    for path in ("/manage/nothing", "/manage/offers/999999", "/manage/picture/none"):
        answer = named.get(path, base_url=NAME)
        assert answer.status_code == 404, path
        assert "Log out" in words(answer), path
    assert named.get("/nothing", base_url=NAME).status_code == 404
