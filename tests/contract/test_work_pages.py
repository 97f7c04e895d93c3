"""The office's pages of long work and of other programs: begun, watched, cancelled, fetched; keys and webhooks by who may."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from hub.config import Config
from hub.outside.webhooks import work_webhooks
from hub.people import add_manager
from hub.roles import Role
from hub.work import claim, submit
from hub.working import Worker
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words

CSV = "code,name,price\n1,Tea,2.50\n2,,dear\n"


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


def do_all(house: House) -> None:
    worker = Worker(house.store, Config(house.folder), now=lambda: house.now)
    while worker.once():
        pass


def upload(office: Office, text: str, page: str = "/work", **fields: str) -> TestResponse:
    form: MultiDict[str, object] = MultiDict({"what": "products", **fields})
    form["upload"] = (io.BytesIO(text.encode()), "goods.csv")
    return office.post("/work/import", form, page)


def test_work_is_begun_watched_and_cancelled(house: House, browser: Callable[[Role], Office]) -> None:
    office = browser(Role.MANAGER)
    begun = office.post("/work", {"kind": "verify"})
    assert begun.status_code == 303
    assert "waits for a worker" in words(office.get("/work/1"))
    work = claim(house.store, "w", ["verify"], house.now)
    assert work is not None
    house.now += 10
    house.store.work.progress(1, work.attempt, 250, 1_000, "events", "deriving")
    shown = words(office.get("/work"))
    assert "under way" in shown
    assert "deriving: 250 of 1,000 events · 25 a second · about 30 seconds left" in shown
    assert 'value="0.25"' in office.get("/work").get_data(as_text=True)
    assert office.post("/work/1/cancel", {"right": "backup"}, "/work/1").status_code == 303
    assert "is ending" in words(office.get("/work/1"))
    acts = [entry.what for entry in house.store.people.audit() if entry.what.startswith("work.")]
    assert acts == ["work.cancelled", "work.begun"]


def test_what_came_of_it_is_said(house: House, browser: Callable[[Role], Office]) -> None:
    office = browser(Role.MANAGER)
    for kind in ("verify", "rebuild", "backup"):
        office.post("/work", {"kind": kind})
    do_all(house)
    shown = words(office.get("/work"))
    assert "Everything agrees" in shown
    assert "0 rows changed" in shown
    assert "backups/hub-" in shown


def test_a_file_is_looked_at_then_mended_and_taken_in(
    house: House, browser: Callable[[Role], Office]
) -> None:
    office = browser(Role.MANAGER)
    assert upload(office, CSV, do="look").status_code == 303
    do_all(house)
    shown = words(office.get("/work/1"))
    assert "Lines that are good: 1. Things that are wrong: 2." in shown
    assert "3 price Give an amount of money, such as 2.50." in shown
    assert house.store.outside.count_products() == 0
    upload(office, CSV.replace("2,,dear", "2,Milk,1"), do="look")
    do_all(house)
    assert office.post("/work/2/import", {}, "/work/2").status_code == 303
    do_all(house)
    assert "Lines that were taken in: 2." in words(office.get("/work/3"))
    assert house.store.outside.count_products() == 2
    assert upload(office, "").status_code == 422


def test_an_export_is_fetched_by_who_may_and_the_fetching_is_on_record(
    house: House, browser: Callable[[Role], Office]
) -> None:
    office = browser(Role.MANAGER)
    office.post("/work", {"kind": "export"})
    do_all(house)
    assert "Fetch the file" in words(office.get("/work/1"))
    got = office.get("/work/1/file")
    assert (got.status_code, got.mimetype, got.get_data()[:2]) == (200, "application/zip", b"PK")
    assert house.store.people.audit(limit=1)[0].what == "export.fetched"
    viewer = browser(Role.VIEWER)
    assert "Fetch the file" not in words(viewer.get("/work/1"))
    assert viewer.get("/work/1/file").status_code == 403


def test_a_viewer_sees_work_and_begins_none(house: House, browser: Callable[[Role], Office]) -> None:
    made = submit(house.store, "rebuild", {}, "Ada", NOON)
    office = browser(Role.VIEWER)
    page = office.get("/work")
    assert "Derive everything again" in words(page)
    assert "Cancel" not in words(page)
    assert "Begin something" not in words(page)
    assert office.post("/work", {"kind": "rebuild"}, "/security").status_code == 403
    assert office.post(f"/work/{made.id}/cancel", {"right": "backup"}, "/security").status_code == 403
    assert upload(office, CSV, "/security").status_code == 403
    waits = house.store.work.get(made.id)
    assert waits is not None
    assert waits.state == "waiting"
    assert all("refused" in entry.what for entry in house.store.people.audit(3))


def test_a_form_that_names_another_right_cancels_nothing(
    house: House, browser: Callable[[Role], Office]
) -> None:
    made = submit(house.store, "rebuild", {}, "Ada", NOON)
    office = browser(Role.MANAGER)
    assert office.post(f"/work/{made.id}/cancel", {"right": "import_data"}, "/security").status_code == 400
    waits = house.store.work.get(made.id)
    assert waits is not None
    assert waits.state == "waiting"


def test_a_key_is_shown_once_and_ended(house: House, browser: Callable[[Role], Office]) -> None:
    office = browser(Role.OWNER)
    made = office.post("/outside/keys", {"name": "Stock", "scopes": "read"}, "/outside")
    text = made.get_data(as_text=True)
    found = re.search(r"sbk_[a-z2-7]{16}_[a-z2-7]{40}", text)
    assert found, words(made)
    listed = office.get("/outside")
    assert "Stock" in words(listed)
    assert found[0] not in listed.get_data(as_text=True)
    (key,) = house.store.outside.all_keys()
    assert (key.scopes, key.made_by) == ("read", "Owner")
    assert office.post(f"/outside/keys/{key.id}/end", {}, "/outside").status_code == 303
    assert "ended" in words(office.get("/outside"))
    wrong = office.post("/outside/keys", {"name": ""}, "/outside")
    assert wrong.status_code == 422
    assert "2 things are not right yet" in words(wrong)


def test_a_webhook_is_added_tested_switched_and_removed(
    house: House, browser: Callable[[Role], Office]
) -> None:
    office = browser(Role.OWNER)
    form = {"hook_name": "Stock", "url": "https://127.0.0.1:9/told", "kinds": "coupon.redeemed"}
    made = office.post("/outside/webhooks", form, "/outside")
    assert "whsec_" in made.get_data(as_text=True)
    office.post("/outside/webhooks/1", {"action": "test"})
    work_webhooks(house.store, Config(house.folder), house.now)
    shown = words(office.get("/outside/webhooks/1"))
    assert "own network" in shown
    assert "It does not answer" in shown
    assert "does not answer" in words(office.get("/outside"))
    for action, sentence in (("off", "Switched off"), ("on", "Switched on"), ("resend", "goes again")):
        answer = office.post("/outside/webhooks/1", {"action": action, "message": "1"})
        assert answer.status_code == 303
        assert sentence in words(office.client.get(answer.headers["Location"]))
    assert office.post("/outside/webhooks/1", {"action": "remove"}).status_code == 303
    assert office.get("/outside/webhooks/1").status_code == 404
    bad = office.post("/outside/webhooks", {"hook_name": "", "url": "http://a", "kinds": []}, "/outside")
    assert bad.status_code == 422


def test_only_owners_see_other_programs(house: House, browser: Callable[[Role], Office]) -> None:
    for role in (Role.MANAGER, Role.EDITOR, Role.VIEWER):
        office = browser(role)
        assert office.get("/outside").status_code == 403
        assert office.post("/outside/keys", {"name": "x", "scopes": "read"}, "/security").status_code == 403
    assert house.store.outside.all_keys() == []


def test_the_pages_speak_chinese(house: House, browser: Callable[[Role], Office]) -> None:
    office = browser(Role.OWNER)
    office.post("/work", {"kind": "verify"})
    upload(office, CSV, do="look")
    do_all(house)
    for path, sentence in (
        ("/work?lang=zh", "全部检查"),
        ("/work/2?lang=zh", "逐行列出的问题"),
        ("/outside?lang=zh", "其他程序"),
    ):
        assert sentence in words(office.get(path)), words(office.get(path))
