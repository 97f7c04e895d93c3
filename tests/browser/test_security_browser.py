"""Where a manager is logged in, in a real browser: without a script, on laptop and phone, in both languages, judged by axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.people import add_manager
from tests.hub_house import NOON, House

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    house = House(tmp_path)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    house.close()
    made = Hub(
        read_config({"HUB_DIR": str(tmp_path), "HUB_URL": "https://shop.example"}),
        clock=Clock(wall=lambda: NOON + 60, ntp=lambda: True),
        with_site=False,
    )
    yield made
    made.close()


@pytest.mark.timeout(120)
def test_a_manager_logs_out_everywhere_else_without_a_script(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(hub.app)
    here = browse(viewport=LAPTOP, java_script_enabled=False)
    there, third = browse(viewport=PHONE), browse(viewport=PHONE)
    for page in (here, there, third):
        log_in(page, base)
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        there.set_viewport_size(viewport)  # type: ignore[arg-type]
        there.goto(f"{base}/manage/security?lang={language}")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert there.evaluate(wider) <= 0, f"runs over the side of a {name} in {language}"
        shots(there, f"security-{language}-{name}")
        assert violations(there) == [], (language, name)
    here.goto(f"{base}/manage/security?lang=en")
    expect(here.get_by_text("this one")).to_have_count(1)
    here.get_by_role("button", name="Log out there").first.click()
    expect(here.get_by_role("status")).to_contain_text("Logged out there.")
    here.get_by_role("button", name="Log out everywhere else").click()
    expect(here.get_by_role("status")).to_contain_text("Logged out everywhere else.")
    expect(here.get_by_role("button", name="Log out there")).to_have_count(0)
    for page in (there, third):
        page.goto(f"{base}/manage/?lang=en")
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
