"""Segments in a real browser, without a script of their own: written line by line, looked at, saved; judged by axe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from access import log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.members.people_key import people_key
from hub.people import add_manager
from hub.segments.counting import count
from hub.segments.refreshing import refresh
from hub.wire.events_members import MemberJoined
from tests.contract.test_segments_fresh import paid
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD

DAY = 86_400.0
LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def tell(house: House) -> None:
    """Thirty members, each of whom came once more often than the one before, and then stayed away."""
    till = house.node()
    for number in range(30):
        member = f"{number:032x}"
        at = NOON - 60 * DAY
        till.report(MemberJoined(member=member, way="till", place="Till 1", language="en"), at=at)
        for time in range(number % 6):
            till.report(paid(f"{number}-{time}", member, 1_250 + number), at=at + time * 7 * DAY)


@pytest.mark.timeout(120)
def test_a_manager_says_who_is_meant_and_sees_how_many_that_are(
    tmp_path: Path, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    house = House(tmp_path)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    people_key(tmp_path)
    tell(house)
    house.close()
    hub = Hub(
        read_config({"HUB_DIR": str(tmp_path), "HUB_URL": "https://shop.example"}),
        clock=Clock(wall=lambda: NOON, ntp=lambda: True),
        with_site=False,
    )
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    page.goto(f"{base}/manage/segments")
    shots(page, "segments-none-en-laptop")
    assert violations(page) == []
    page.get_by_role("link", name="New segment").first.click()
    expect(page.locator("[data-preview]")).to_have_attribute("data-preview", "20")
    page.get_by_label("a line about").select_option("away")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[data-preview]")).to_have_count(0)
    page.locator("#least_1").fill("40")
    page.locator("#least_1").press("Enter")
    expect(page.locator("[data-preview]")).to_have_attribute("data-preview", "10")
    page.get_by_label("What it is called").fill("Came and went")
    shots(page, "segment-new-en-laptop")
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Its members are being counted.")).to_be_visible()
    count(hub.store, lambda: NOON)
    while refresh(hub.store, NOON):
        pass
    state = page.context.storage_state()
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        there = browse(
            viewport=viewport, storage_state=state, color_scheme="dark" if name == "phone" else "light"
        )
        for path, shot in (
            ("/segments", "segments"),
            ("/segments/1", "segment"),
            ("/segments/1/members", "segment-members"),
        ):
            there.goto(f"{base}/manage{path}?lang={language}")
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert there.evaluate(wider) <= 0, f"{path} in {language} runs over the side of a {name}"
            shots(there, f"{shot}-{language}-{name}")
            assert violations(there) == []
    hub.close()
