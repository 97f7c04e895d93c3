"""What each role may on the manager's pages: every address that changes something asks for a right; refusals are written down."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from hub.admin.guard import NEEDS, need_of
from hub.admin.office import Route
from hub.admin.pages import every_route
from hub.people import add_manager
from hub.roles import RIGHTS, Right, Role, may, may_give
from hub.signing.standing import read_role
from hub.store.sqlite import FILE, SqliteStore
from tests.hub_house import NOON, House, campaign
from tests.hub_office import PASSWORD, Office, offer_form, words

WRITES = [route for route in every_route() if "POST" in route.methods]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    for role in Role:
        assert add_manager(made.store, role.title(), PASSWORD, NOON, who="shell", role=role) is None
    yield made
    made.close()


@pytest.fixture
def browser(house: House) -> Callable[[Role], Office]:
    def open_as(role: Role) -> Office:
        office = Office(house)
        assert office.post("/login", {"name": role.title(), "password": PASSWORD}).status_code == 303
        return office

    return open_as


def acts(house: House) -> list[str]:
    return [entry.what for entry in house.store.people.audit(50)]


@pytest.mark.parametrize("route", WRITES, ids=lambda route: str(route.endpoint))
def test_every_address_that_changes_something_says_which_right_it_needs(route: Route) -> None:
    assert route.open or need_of(route) is not None, f"{route.rule}: give its view `needs(Right…)`"


def test_the_table_names_no_address_that_is_gone() -> None:
    assert set(NEEDS) <= {route.endpoint for route in every_route()}


def test_a_role_has_every_right_of_the_one_below_it_and_an_owner_all() -> None:
    assert RIGHTS[Role.OWNER] == frozenset(Right)
    for above, below in pairwise(Role):
        assert RIGHTS[below] < RIGHTS[above]
    assert not may(Role.EDITOR, Right.CAMPAIGN_PUBLISH)
    assert not may(Role.MANAGER, Right.ERASE)
    assert [may_give(Role.MANAGER, role) for role in Role] == [False, True, True, True]
    assert not any(may_give(Role.EDITOR, role) for role in Role)


def path_of(route: Route) -> str:
    return re.sub(r"<(?:\w+:)?\w+>", "1", route.rule)


def guarded(route: Route) -> bool:
    """Whether it is more than one's own matters."""
    need = need_of(route)
    return not route.open and (need is None or need.owner or need.right is not Right.READ)


def test_a_viewer_changes_nothing_and_each_try_is_written_down(
    house: House, browser: Callable[[Role], Office]
) -> None:
    office = browser(Role.VIEWER)
    routes = [route for route in WRITES if guarded(route)]
    assert len(routes) > 20
    for route in routes:
        before = len(house.store.people.audit(1_000))
        answer = office.post(path_of(route), {"action": "publish"}, page="/security")
        assert answer.status_code == 403, route.rule
        assert "for somebody else" in words(answer)
        written = house.store.people.audit(1_000)
        assert len(written) == before + 1, route.rule
        entry = written[0]
        assert (entry.what, entry.who, entry.subject) == ("write.refused", "Viewer", route.endpoint)


def publish(office: Office, number: int | None = None, action: str = "publish") -> TestResponse:
    path = f"/offers/{number}" if number else "/offers/new"
    return office.post(path, offer_form(action=action), page=path)


def test_an_editor_drafts_and_does_not_publish(house: House, browser: Callable[[Role], Office]) -> None:
    office = browser(Role.EDITOR)
    assert publish(office, action="draft").status_code == 303
    assert publish(office).status_code == 403
    assert house.store.campaigns.all()[0].state == "draft"
    assert acts(house)[0] == "write.refused"


def test_a_manager_does_both_and_reaches_no_owner(house: House, browser: Callable[[Role], Office]) -> None:
    office = browser(Role.MANAGER)
    assert publish(office).status_code == 303
    form = {"action": "role", "manager": "Owner", "role": "viewer"}
    assert "do more than you" in words(office.post("/managers", form))
    form = {"action": "role", "manager": "Manager", "role": "owner"}
    assert office.post("/managers", form).status_code == 422
    form = {"action": "role", "manager": "Editor", "role": "viewer"}
    assert office.post("/managers", form).status_code == 303
    assert house.store.persons.role("Editor") == "viewer"


def test_a_role_holds_at_once_in_every_browser(house: House, browser: Callable[[Role], Office]) -> None:
    owner, manager = browser(Role.OWNER), browser(Role.MANAGER)
    house.publish(campaign(1))
    owner.post("/managers", {"action": "role", "manager": "Manager", "role": "viewer"})
    assert manager.post("/offers/1/turn", {"action": "pause"}, page="/security").status_code == 403
    assert "manager.role" in acts(house)


def test_the_last_owner_stays_an_owner(house: House, browser: Callable[[Role], Office]) -> None:
    office = browser(Role.OWNER)
    lower = {"action": "role", "manager": "Owner", "role": "viewer"}
    assert "last owner" in words(office.post("/managers", lower))
    remove = {"action": "remove", "sure": "yes", "manager": "Owner"}
    assert "last owner" in words(office.post("/managers", remove))
    assert house.store.persons.role("Owner") == "owner"
    office.post("/managers", {"action": "role", "manager": "Manager", "role": "owner"})
    assert office.post("/managers", lower).status_code == 303


def test_who_is_removed_is_out_at_once_and_stays_in_the_record(
    house: House, browser: Callable[[Role], Office]
) -> None:
    owner, editor = browser(Role.OWNER), browser(Role.EDITOR)
    form = {"action": "remove", "manager": "Editor"}
    assert "Remove Editor?" in words(owner.post("/managers", form))
    assert editor.get("/").status_code == 200
    assert owner.post("/managers", form | {"sure": "yes"}).status_code == 303
    assert editor.get("/").status_code == 303
    assert Office(house).post("/login", {"name": "Editor", "password": PASSWORD}).status_code == 401
    assert "removed a manager" in words(owner.get("/record"))


def test_an_owner_logs_somebody_out_everywhere(house: House, browser: Callable[[Role], Office]) -> None:
    owner, here, there = browser(Role.OWNER), browser(Role.EDITOR), browser(Role.EDITOR)
    assert owner.post("/managers", {"action": "log-out", "manager": "Editor"}).status_code == 303
    assert (here.get("/").status_code, there.get("/").status_code) == (303, 303)
    assert owner.get("/").status_code == 200
    assert here.post("/login", {"name": "Editor", "password": PASSWORD}).status_code == 303
    assert (
        browser(Role.MANAGER).post("/managers", {"action": "log-out", "manager": "Owner"}).status_code == 422
    )
    assert "manager.logged_out" in acts(house)


def test_what_cannot_be_undone_asks_who_it_is_once_more(
    house: House, browser: Callable[[Role], Office]
) -> None:
    office = browser(Role.OWNER)
    house.now += 1_000
    form = {"action": "role", "manager": "Editor", "role": "viewer"}
    answer = office.post("/managers", form)
    assert answer.location.startswith("/manage/again?next=")
    assert house.store.persons.role("Editor") == "editor"
    before = office.client.get_cookie("shopbell_manager", path="/manage/")
    assert office.post("/again", {"password": "something else"}).status_code == 401
    assert office.post("/again", {"password": PASSWORD, "next": "/manage/managers"}).status_code == 303
    after = office.client.get_cookie("shopbell_manager", path="/manage/")
    assert before is not None
    assert after is not None
    assert before.value != after.value, "a session that was proved anew has a new cookie"
    assert office.post("/managers", form).location == "/manage/managers?done=role"
    office.client.set_cookie("shopbell_manager", before.value, path="/manage/")
    assert office.get("/").status_code == 303, "the cookie of before is worth nothing"


def test_a_role_of_a_later_release_is_the_least() -> None:
    assert read_role("emperor") is Role.VIEWER
    assert read_role(None) is Role.VIEWER


def test_whoever_was_a_manager_before_there_were_roles_is_an_owner(tmp_path: Path) -> None:
    with_roles = SqliteStore(tmp_path / FILE)
    with_roles.people.add_manager("Ines", "-", NOON)
    pool = with_roles.pool
    with pool.writing() as conn:
        for table in ("manager_role", "people_policy", "invitation", "totp", "recovery_code", "passkey"):
            conn.execute(f"DROP TABLE {table}")
        for table in ("ticket", "session_use"):
            conn.execute(f"DROP TABLE {table}")
        conn.execute("DELETE FROM _sqlite_migrations WHERE migration_set = 'hub-people'")
    with_roles.close()
    opened = SqliteStore(tmp_path / FILE)
    assert opened.people.managers()[0].name == "Ines"
    rows = opened.pool.read("SELECT manager, role FROM manager_role")
    opened.close()
    assert rows == [("Ines", "owner")]


def test_a_page_shows_hostile_names_as_text(house: House, browser: Callable[[Role], Office]) -> None:
    hostile = "<script>alert(1)</script>"
    assert add_manager(house.store, hostile, PASSWORD, NOON, who="shell", role=Role.EDITOR) is None
    page = browser(Role.OWNER).get("/managers").get_data(as_text=True)
    assert hostile not in page
    assert "&lt;script&gt;" in page
