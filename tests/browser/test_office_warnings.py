"""The manager's page says what is wrong, since when and for how long, with a cause in place of what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from access import violations
from playwright.sync_api import Page, expect

from hub.app import create_app
from hub.config import Config
from hub.people import add_manager
from hub.wire.events import DeviceHealth
from tests.hub_house import NOON, House, visit
from tests.hub_office import PASSWORD

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    add_manager(one.store, "Ines", PASSWORD, NOON, who="test")
    yield one
    one.close()


@pytest.mark.timeout(120)
def test_a_silent_node_is_told_with_how_long_and_not_what_follows_from_it(
    house: House, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    door = house.node("edge", "Door")
    door.event(visit())
    door.report(DeviceHealth(program="edge", warnings=("radio-deaf",)))
    house.now += 3 * 3_600
    config = Config(house.folder, backup_days=0, site=False)
    base = serve(create_app(config, house.store, house.key, clock=house.clock))
    page = browse(viewport=LAPTOP)
    page.goto(f"{base}/manage/?lang=en")
    page.get_by_label("Name").fill("Ines")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    state: Any = page.context.storage_state()
    for language, name, viewport, what, long in (
        ("en", "laptop", LAPTOP, "Door is silent", "3 hours"),
        ("zh", "phone", PHONE, "Door没有消息", "3小时"),
    ):
        there = browse(viewport=viewport, storage_state=state)
        there.goto(f"{base}/manage/?lang={language}")
        warnings = there.locator(".attention .warning")
        expect(warnings).to_have_count(1)
        expect(warnings).to_contain_text(what)
        expect(warnings.locator(".since")).to_contain_text(long)
        assert violations(there) == []
        shots(there, f"office-warnings-{language}-{name}")
