"""Members in the office in a real browser: found, merged, apart again, paused, forgotten, without a script; every page on laptop
and phone, in both languages, judged by axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import faults, log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.members.book import Book
from hub.members.consent import give
from hub.members.merging import merge
from hub.members.people_key import people_key
from hub.people import add_manager
from hub.wire.sync_members import Fields
from hub.work_kinds import KINDS
from hub.working import Worker
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
ANNA, SAME, ALI, LONG, CARD, OLD, NEW = (f"{number:032x}" for number in range(1, 8))
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

PEOPLE = (
    (ANNA, Fields("Anna Huber", "+4915112345678", "anna@example.org", "1980-02-29", {"Size": "38"})),
    (SAME, Fields("Anna H.", "+4915112345678", birthday="--02-29")),
    (ALI, Fields("محمد بن عبد الله 😀", "+966501234567")),
    (
        LONG,
        Fields("Wolfeschlegelsteinhausenbergerdorff" * 5, mail="a" * 60 + "@" + "long." * 30 + "example.org"),
    ),
    (CARD, Fields()),
    (OLD, Fields("王小明", "+8613800138000")),
    (NEW, Fields("王小明", mail="xm@example.cn")),
)


class Members:
    """A hub with members, and its clock."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        house = House(folder)
        add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
        book = Book(house.store, people_key(folder))
        for place, (member, fields) in enumerate(PEOPLE):
            book.join(member, fields, language="de" if place else "zh", way="till", at=NOON - 600 + place)
        for medium in ("sms", "mail"):
            give(
                house.store,
                ANNA,
                "messages",
                medium,
                words="Yes, this shop may send me messages about its offers. I can take this back at any time.",
                version="1",
                language="en",
                place="Till 1",
                proof="code",
                now=NOON - 300,
                clock="ntp",
            )
        merge(book, NEW, OLD, act="e" * 32, by="Ines", now=NOON - 60, clock="ntp")
        house.close()
        self.config = read_config({"HUB_DIR": str(folder), "HUB_URL": "https://shop.example"})
        self.hub = Hub(self.config, clock=Clock(wall=lambda: self.now, ntp=lambda: True), with_site=False)
        self.book = Book(self.hub.store, people_key(folder))

    def do_work(self) -> None:
        worker = Worker(self.hub.store, self.config)
        while worker.once(tuple(KINDS)):
            pass

    def close(self) -> None:
        self.hub.close()


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    made = Members(tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(240)
def test_every_page_of_members_is_fit_for_everybody(
    members: Members, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(members.hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    state = page.context.storage_state()
    pages = {
        "list": "/people",
        "one": f"/people/{ANNA}",
        "long": f"/people/{LONG}",
        "card": f"/people/{CARD}",
        "merged": f"/people/{OLD}",
        "twice": "/people/twice",
        "merge": f"/people/{ANNA}/merge?other={SAME}",
        "merge-with": f"/people/{ANNA}/merge",
        "file": "/people/file",
    }
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        for what, path in pages.items():
            there.goto(f"{base}/manage{path}{'&' if '?' in path else '?'}lang={language}")
            shots(there, f"members-{what}-{language}-{name}")
            for details in there.locator("main details").all():
                details.evaluate("one => { one.open = true; }")
            assert there.evaluate(WIDER) <= 0, f"{what} in {language} runs over the side of a {name}"
            assert violations(there) == [], what
            assert faults(there) == [], what


@pytest.mark.timeout(120)
def test_a_manager_finds_merges_parts_pauses_and_forgets_without_a_script(
    members: Members, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(members.hub.app)
    page = browse(viewport=PHONE, java_script_enabled=False)
    log_in(page, base)
    page.goto(f"{base}/manage/people?lang=en")
    page.get_by_label("Find a member").fill("0151 12345678")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("caption")).to_have_text("2 members were found")
    assert "1234" not in page.url
    page.get_by_role("link", name="Anna Huber").click()
    expect(page.locator(".warning")).to_contain_text("They share a phone number with Anna H.")
    page.get_by_role("link", name="Look at both").click()
    page.get_by_role("button", name="One person: merge").click()
    expect(page.locator(".done")).to_contain_text("They are one person now")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator(".done")).to_contain_text("Both are as they were.")
    page.goto(f"{base}/manage/people/{ANNA}")
    page.get_by_label("They want a pause").select_option("90")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator(".done")).to_contain_text("They hear nothing from the shop until then.")
    page.get_by_role("button", name="No messages any more").click()
    expect(page.locator(".done")).to_contain_text("No message goes to them any more")
    page.get_by_label("Phone").fill("not a number")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#phone-wrong")).to_contain_text("This is no phone number.")
    shots(page, "members-fault-en-phone")
    page.goto(f"{base}/manage/people/{ANNA}")
    page.get_by_role("button", name="Forget them for good…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forget this member for good?")
    shots(page, "members-forget-en-phone")
    page.get_by_role("button", name="Forget them").click()
    expect(page.locator(".done")).to_contain_text("They are being forgotten")
    assert page.goto(f"{base}/manage/people/{ANNA}").status == 404  # type: ignore[union-attr]  # it is a page


@pytest.mark.timeout(120)
def test_a_file_is_looked_at_before_anybody_is_taken_in(
    members: Members,
    tmp_path: Path,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
) -> None:
    base = serve(members.hub.app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    log_in(page, base)
    file = tmp_path / "guests.csv"
    head = "name,phone,consent,consent_text,consent_at,consent_place,consent_proof\n"
    file.write_text(f"{head}=cmd|x,12,,,,,\nDora,0151 99999999,sms,,,,\n", encoding="utf-8")
    for bad in (True, False):
        page.goto(f"{base}/manage/people/file?lang=en")
        page.get_by_label("CSV file").set_input_files(file)
        page.get_by_role("button", name="Look at it first").click()
        members.do_work()
        page.reload()
        if bad:
            expect(page.get_by_role("table")).to_contain_text("This is no phone number.")
            shots(page, "members-file-faults-en-laptop")
            file.write_text(f"{head}=cmd|x,,,,,,\nDora,0151 99999999,sms,,,,\n", encoding="utf-8")
    expect(page.locator("#work")).to_contain_text("Without messages, for want of a proof: 1.")
    page.get_by_role("button", name="Take this file in").click()
    members.do_work()
    page.reload()
    expect(page.locator("#work")).to_contain_text("Members that were taken in: 2.")
    assert members.book.by_number("+4915199999999")
