"""A second step after the password, over HTTP: turned on with an app, asked for, each code good once; and the ways back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyotp
import pytest
from werkzeug.test import TestResponse

from hub.people import add_manager
from hub.roles import Role
from hub.signing.knocking import FREE_FROM_ONE_PLACE, Wait
from hub.signing.login import LoggedIn, SecondStep, log_in, log_in_second
from hub.signing.second import check_second
from hub.signing.standing import recover
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="shell") is None
    assert add_manager(made.store, "Otto", PASSWORD, NOON, who="shell", role=Role.EDITOR) is None
    yield made
    made.close()


def browser(house: House, name: str = "Ines") -> Office:
    office = Office(house)
    assert office.post("/login", {"name": name, "password": PASSWORD}).status_code == 303
    return office


def turn_on(office: Office) -> tuple[pyotp.TOTP, list[str]]:
    """The app and the recovery codes, as the pages hand them out."""
    page = office.get("/security/codes").get_data(as_text=True)
    found = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert found, page
    app = pyotp.TOTP(found[1].replace(" ", ""))
    answer = office.post("/security/codes", {"action": "on", "code": app.at(office.house.now)})
    assert answer.status_code == 200, words(answer)
    codes = re.findall(r"<li><code>([0-9A-Z-]{14})</code>", answer.get_data(as_text=True))
    return app, codes


def second_page(office: Office) -> tuple[TestResponse, str]:
    answer = office.post("/login", {"name": "Ines", "password": PASSWORD})
    found = re.search(r'name="ticket" value="([^"]+)"', answer.get_data(as_text=True))
    assert found, words(answer)
    return answer, found[1]


def send_code(office: Office, ticket: str, code: str) -> TestResponse:
    return office.post("/login/code", {"ticket": ticket, "code": code}, page="/login")


def acts(house: House) -> list[str]:
    return [entry.what for entry in house.store.people.audit(50)]


def test_with_codes_on_a_password_alone_begins_no_session(house: House) -> None:
    app, _ = turn_on(browser(house))
    house.now += 60
    office = Office(house)
    answer, ticket = second_page(office)
    assert "One more step" in words(answer)
    assert office.get("/").status_code == 303, "there is no session yet"
    assert send_code(office, ticket, "000000").status_code == 401
    assert send_code(office, ticket, app.at(house.now)).status_code == 303
    assert office.get("/").status_code == 200
    assert "by password and code" in words(office.get("/security"))


def test_a_code_that_was_used_is_used(house: House) -> None:
    app, _ = turn_on(browser(house))
    house.now += 60
    first, second = Office(house), Office(house)
    _, ticket = second_page(first)
    assert send_code(first, ticket, app.at(house.now)).status_code == 303
    _, ticket = second_page(second)
    assert send_code(second, ticket, app.at(house.now)).status_code == 401
    house.now -= 30
    assert send_code(second, ticket, app.at(house.now)).status_code == 401, "nor is one before it good"
    house.now += 60
    assert send_code(second, ticket, app.at(house.now)).status_code == 303


def test_the_code_that_turned_it_on_does_not_log_in(house: House) -> None:
    app, _ = turn_on(browser(house))
    office = Office(house)
    _, ticket = second_page(office)
    assert send_code(office, ticket, app.at(house.now)).status_code == 401


def test_a_ticket_is_good_for_minutes_and_once(house: House) -> None:
    app, _ = turn_on(browser(house))
    house.now += 60
    office = Office(house)
    _, ticket = second_page(office)
    house.now += 301
    assert send_code(office, ticket, app.at(house.now)).status_code == 401
    _, ticket = second_page(office)
    assert send_code(office, ticket, app.at(house.now)).status_code == 303
    house.now += 60
    again = Office(house)
    assert send_code(again, ticket, app.at(house.now)).status_code == 401
    assert send_code(again, "made up", app.at(house.now)).status_code == 401


def test_a_recovery_code_opens_once(house: House) -> None:
    _, codes = turn_on(browser(house))
    assert len(set(codes)) == 10
    office = Office(house)
    _, ticket = second_page(office)
    assert send_code(office, ticket, codes[3].lower().replace("-", " ")).status_code == 303
    assert "9 recovery codes are left" in words(office.get("/security"))
    assert "manager.recovery_code_used" in acts(house)
    _, ticket = second_page(Office(house))
    assert send_code(Office(house), ticket, codes[3]).status_code == 401


def test_the_recovery_codes_of_somebody_else_open_nothing(house: House) -> None:
    _, hers = turn_on(browser(house))
    turn_on(browser(house, "Otto"))
    step = log_in(house.store, "Otto", PASSWORD, "there", house.now)
    assert isinstance(step, SecondStep)
    assert log_in_second(house.store, house.key, step, hers[0], house.now) is None
    assert house.store.persons.recovery_codes("Ines") == 10


def test_new_recovery_codes_make_the_old_ones_worthless(house: House) -> None:
    office = browser(house)
    _, old = turn_on(office)
    answer = office.post("/security/codes", {"action": "renew"})
    assert answer.status_code == 200
    _, ticket = second_page(Office(house))
    assert send_code(Office(house), ticket, old[0]).status_code == 401


def test_guesses_of_codes_wait_as_those_of_passwords_do(house: House) -> None:
    app, codes = turn_on(browser(house))
    house.now += 60
    office = Office(house)
    _, ticket = second_page(office)
    answers = [send_code(office, ticket, f"{n:06d}").status_code for n in range(FREE_FROM_ONE_PLACE + 1)]
    assert answers == [401] * FREE_FROM_ONE_PLACE + [429]
    assert send_code(office, ticket, app.at(house.now)).status_code == 429, "nothing is looked at before"
    assert send_code(Office(house), ticket, codes[0]).status_code == 429, "nor from another browser"
    waiting = check_second(house.store, house.key, "Ines", "000000", house.now)
    assert isinstance(waiting, Wait)
    house.now += waiting.seconds + 1
    assert send_code(office, ticket, app.at(house.now)).status_code == 303


def test_one_code_lets_one_of_many_in(house: House) -> None:
    app, _ = turn_on(browser(house))
    house.now += 60
    steps = [log_in(house.store, "Ines", PASSWORD, f"place {n}", house.now) for n in range(4)]
    code = app.at(house.now)

    def enter(step: object) -> bool:
        assert isinstance(step, SecondStep)
        return isinstance(log_in_second(house.store, house.key, step, code, house.now), LoggedIn)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(enter, steps)) == 1


def test_turning_it_on_asks_for_a_right_code(house: House) -> None:
    office = browser(house)
    office.get("/security/codes")
    assert office.post("/security/codes", {"action": "on", "code": "123"}).status_code == 422
    assert isinstance(log_in(house.store, "Ines", PASSWORD, "here", house.now), LoggedIn)


def test_turning_it_off_is_for_who_has_proved_who_they_are(house: House) -> None:
    office = browser(house)
    turn_on(office)
    house.now += 1_000
    assert office.post("/security/codes", {"action": "off"}).location.startswith("/manage/again")
    assert isinstance(log_in(house.store, "Ines", PASSWORD, "here", house.now), SecondStep)
    assert office.post("/again", {"password": PASSWORD}).status_code == 303
    assert office.post("/security/codes", {"action": "off"}).status_code == 303
    assert isinstance(log_in(house.store, "Ines", PASSWORD, "here", house.now), LoggedIn)
    assert {"manager.second_step_on", "manager.second_step_off"} <= set(acts(house))


def test_the_secret_stands_in_the_database_sealed(house: House) -> None:
    office = browser(house)
    app, codes = turn_on(office)
    house.store.checkpoint()
    content = b"".join(path.read_bytes() for path in house.folder.glob("hub.db*"))
    assert app.byte_secret() not in content
    assert app.secret.encode() not in content
    assert codes[0].replace("-", "").encode() not in content


def test_an_owner_asks_everybody_for_a_second_step(house: House) -> None:
    owner, editor = browser(house), browser(house, "Otto")
    turn_on(owner)
    assert owner.post("/managers/second-step", {"required": "yes"}, page="/managers").status_code == 303
    answer = editor.get("/offers")
    assert answer.location == "/manage/security/codes"
    assert "Everybody here needs a second step" in words(editor.get("/security/codes"))
    assert editor.get("/security/passkeys").status_code == 200
    turn_on(editor)
    assert editor.get("/offers").status_code == 200
    assert editor.post("/security/codes", {"action": "off"}).status_code == 422, "not while it is asked for"
    assert "managers.second_step" in acts(house)


def test_only_an_owner_asks_for_it(house: House) -> None:
    add_manager(house.store, "Mia", PASSWORD, NOON, who="shell", role=Role.MANAGER)
    mia = browser(house, "Mia")
    assert mia.post("/managers/second-step", {"required": "yes"}, page="/security").status_code == 403
    assert not house.store.persons.second_step_required()


def test_when_all_is_lost_the_machine_of_the_hub_lets_in(house: House) -> None:
    office = browser(house)
    turn_on(office)
    assert recover(house.store, "Nobody", "nine blue saucers", house.now, who="command line") is not None
    assert recover(house.store, "Ines", "short", house.now, who="command line") is not None
    assert office.get("/").status_code == 200
    assert recover(house.store, "Ines", "nine blue saucers", house.now, who="command line") is None
    assert office.get("/").status_code == 303, "every session is over"
    assert log_in(house.store, "Ines", PASSWORD, "here", house.now) is None
    assert isinstance(log_in(house.store, "Ines", "nine blue saucers", "here", house.now), LoggedIn)
    assert acts(house)[0] == "manager.recovered"


def test_the_page_of_codes_is_nobody_elses_to_read(house: House) -> None:
    office = browser(house)
    page = office.get("/security/codes")
    assert page.headers["Cache-Control"] == "no-store"
    other = browser(house, "Otto").get("/security/codes").get_data(as_text=True)
    hers = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page.get_data(as_text=True))
    assert hers is not None
    assert hers[1] not in other
