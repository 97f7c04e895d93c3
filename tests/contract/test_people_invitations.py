"""A new manager comes in with a code that is good once, and chooses their own password."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.people import add_manager
from hub.roles import Role
from hub.sentences import Said
from hub.signing.joining import INVITATION_S, MOST_INVITATIONS, Invited, accept, invite
from hub.signing.knocking import FREE_FROM_ONE_PLACE, Wait
from hub.signing.login import LoggedIn
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

OWN = "nine blue saucers"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="shell") is None
    yield made
    made.close()


@pytest.fixture
def owner(house: House) -> Office:
    office = Office(house)
    office.log_in()
    return office


def code_of(owner: Office, role: str = "editor") -> str:
    page = owner.post("/managers/invite", {"role": role, "note": "Bo"}, page="/managers").get_data(
        as_text=True
    )
    found = re.search(r'class="pairing-code"[^>]*>([0-9A-Z-]{14})<', page)
    assert found, page
    return html.unescape(found[1])


def test_somebody_joins_with_a_code_and_a_password_of_their_own(house: House, owner: Office) -> None:
    code = code_of(owner)
    bo = Office(house)
    answer = bo.post("/join", {"code": code.lower().replace("-", " "), "name": "Bo", "password": OWN})
    assert answer.location == "/manage/?done=joined"
    assert bo.get("/offers").status_code == 200
    assert house.store.persons.role("Bo") == "editor"
    entries = {entry.what: entry for entry in house.store.people.audit(10)}
    assert entries["manager.invited"].who == "Ines"
    assert entries["manager.joined"].who == "Bo"
    assert '"invited_by":"Ines"' in entries["manager.joined"].detail


def test_a_code_is_good_once_and_for_two_days(house: House, owner: Office) -> None:
    code = code_of(owner)
    assert Office(house).post("/join", {"code": code, "name": "Bo", "password": OWN}).status_code == 303
    again = Office(house).post("/join", {"code": code, "name": "Eve", "password": OWN})
    assert again.status_code == 422
    assert "Ask for another one" in words(again)
    late = code_of(owner)
    house.now += INVITATION_S + 1
    assert Office(house).post("/join", {"code": late, "name": "Eve", "password": OWN}).status_code == 422
    assert set(house.store.persons.roles()) == {"Ines", "Bo"}


def test_a_fault_leaves_the_code_good(house: House, owner: Office) -> None:
    code = code_of(owner)
    bo = Office(house)
    assert bo.post("/join", {"code": code, "name": "", "password": "short"}).status_code == 422
    assert bo.post("/join", {"code": code, "name": "Ines", "password": OWN}).status_code == 422
    assert bo.post("/join", {"code": code, "name": "Bo", "password": "password123"}).status_code == 422
    assert bo.post("/join", {"code": code, "name": "Bo", "password": OWN}).status_code == 303


def test_a_code_that_was_taken_back_is_good_no_more(house: House, owner: Office) -> None:
    code = code_of(owner)
    page = owner.get("/managers").get_data(as_text=True)
    assert code not in page, "it is shown on one page only"
    found = re.search(r'name="invitation" value="([0-9a-f]{64})"', page)
    assert found is not None
    assert owner.post("/managers/uninvite", {"invitation": found[1]}, page="/managers").status_code == 303
    assert Office(house).post("/join", {"code": code, "name": "Bo", "password": OWN}).status_code == 422


def test_nobody_gives_more_than_they_have(house: House) -> None:
    assert isinstance(invite(house.store, Role.MANAGER, Role.OWNER, "", NOON, who="Mia"), Said)
    assert isinstance(invite(house.store, Role.EDITOR, Role.VIEWER, "", NOON, who="Ed"), Said)
    assert isinstance(invite(house.store, Role.MANAGER, Role.MANAGER, "", NOON, who="Mia"), Invited)


def test_there_is_an_end_to_open_invitations(house: House) -> None:
    for _ in range(MOST_INVITATIONS):
        assert isinstance(invite(house.store, Role.OWNER, Role.VIEWER, "", NOON, who="Ines"), Invited)
    assert isinstance(invite(house.store, Role.OWNER, Role.VIEWER, "", NOON, who="Ines"), Said)
    later = NOON + INVITATION_S + 1
    assert isinstance(invite(house.store, Role.OWNER, Role.VIEWER, "", later, who="Ines"), Invited)


def test_guesses_have_to_wait(house: House) -> None:
    for n in range(FREE_FROM_ONE_PLACE):
        assert isinstance(accept(house.store, f"0000-0000-000{n}", "Eve", OWN, "there", NOON), dict)
    assert isinstance(accept(house.store, "0000-0000-0009", "Eve", OWN, "there", NOON), Wait)


def test_one_code_makes_one_manager_whoever_comes_at_the_same_time(house: House) -> None:
    made = invite(house.store, Role.OWNER, Role.VIEWER, "", NOON, who="Ines")
    assert isinstance(made, Invited)

    def come(n: int) -> bool:
        return isinstance(accept(house.store, made.code, f"Bo {n}", OWN, f"place {n}", NOON), LoggedIn)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(come, range(4))) == 1
    assert len(house.store.persons.roles()) == 2


def test_the_code_stands_in_the_address_where_no_server_sees_it(owner: Office) -> None:
    page = owner.post("/managers/invite", {"role": "viewer"}, page="/managers").get_data(as_text=True)
    link = re.search(r'class="join-url" href="([^"]+)"', page)
    assert link is not None
    assert re.fullmatch(r"http://localhost/manage/join#[0-9A-Z-]{14}", link[1])


def test_without_a_manager_nobody_joins(tmp_path: Path) -> None:
    empty = House(tmp_path)
    assert Office(empty).get("/join").location == "/manage/setup"
    empty.close()
