"""A manager's own sessions over HTTP: listed, ended one by one or all at once, and never those of somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.people import add_manager
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="shell") is None
    assert add_manager(made.store, "Otto", PASSWORD, NOON, who="shell") is None
    yield made
    made.close()


def browser(house: House, name: str = "Ines") -> Office:
    office = Office(house)
    assert office.post("/login", {"name": name, "password": PASSWORD}).status_code == 303
    return office


def others(office: Office) -> list[str]:
    page = office.get("/security").get_data(as_text=True)
    return re.findall(r'name="session" value="([0-9a-f]+)"', page)


def acts(house: House) -> list[str]:
    return [entry.what for entry in house.store.people.audit(10)]


def test_a_manager_sees_only_their_own_sessions_and_which_one_is_here(house: House) -> None:
    here = browser(house)
    browser(house)
    browser(house, "Otto")
    assert len(others(here)) == 1
    assert words(here.get("/security")).count("this one") == 1


def test_one_other_session_ends_at_once_and_the_record_says_so(house: House) -> None:
    here, there, third = browser(house), browser(house), browser(house)
    names = others(there)
    ended = next(name for name in others(here) if name not in names)
    assert here.post("/security", {"action": "one", "session": ended}).status_code == 303
    assert there.get("/").status_code == 303
    assert (here.get("/").status_code, third.get("/").status_code) == (200, 200)
    assert "manager.session_ended" in acts(house)


def test_all_others_end_and_this_one_and_other_managers_stay(house: House) -> None:
    here, there, otto = browser(house), browser(house), browser(house, "Otto")
    assert here.post("/security", {"action": "others"}).status_code == 303
    assert there.get("/").status_code == 303
    assert (here.get("/").status_code, otto.get("/").status_code) == (200, 200)
    assert others(here) == []
    assert "manager.sessions_ended" in acts(house)


def test_nobody_ends_the_session_of_another_manager(house: House) -> None:
    here, otto = browser(house), browser(house, "Otto")
    browser(house)
    theirs = others(here)[0]
    otto.post("/security", {"action": "one", "session": theirs})
    assert others(here) == [theirs]
    assert "manager.session_ended" not in acts(house)


def test_a_form_from_elsewhere_or_of_nonsense_ends_nothing(house: House) -> None:
    here, there = browser(house), browser(house)
    assert here.client.post("/manage/security", data={"action": "others"}).status_code == 403
    assert here.post("/security", {"action": "dance"}).status_code == 400
    assert there.get("/").status_code == 200


def test_a_session_that_ran_out_is_not_listed(house: House) -> None:
    browser(house)
    house.now += 12 * 3_600
    here = browser(house)
    assert others(here) == []


def test_a_session_that_rested_for_too_long_is_over_and_one_that_is_used_goes_on(house: House) -> None:
    here, there = browser(house), browser(house)
    for _ in range(4):
        house.now += 3_600
        assert here.get("/").status_code == 200
    assert there.get("/").status_code == 303
    assert words(here.get("/security")).count("Log out there") == 0
    house.now += 2 * 3_600 + 1
    assert here.get("/").status_code == 303


def test_ending_sessions_asks_who_it_is_where_that_was_long_ago(house: House) -> None:
    here, there = browser(house), browser(house)
    house.now += 1_000
    assert here.post("/security", {"action": "others"}).location.startswith("/manage/again")
    assert there.get("/").status_code == 200


def test_a_new_password_that_is_refused_leaves_no_session_behind(house: House) -> None:
    here = browser(house)
    assert here.post("/password", {"old": PASSWORD, "password": "short"}).status_code == 422
    assert others(here) == []


def test_the_page_holds_nothing_that_a_cookie_could_be_made_of(house: House) -> None:
    here, there = browser(house), browser(house)
    page = here.get("/security").get_data(as_text=True)
    cookie = there.client.get_cookie("shopbell_manager", path="/manage/")
    assert cookie is not None
    assert cookie.value not in page
    assert all(len(name) == 16 for name in others(here))
