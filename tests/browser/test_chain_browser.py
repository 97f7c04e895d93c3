"""A shop joins head office by clicks, in a real browser: on laptop and phone, in both languages, judged by axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import faults, log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.people import add_manager
from tests.hub_house import NOON, House, visit

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"


def hub_in(folder: Path, number: int, now: Callable[[], float]) -> Hub:
    folder.mkdir()
    house = House(folder, number=number)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test")
    if number != 1:
        house.node("edge", "Door").report(visit(), visit())
    house.close()
    return Hub(
        read_config({"HUB_DIR": str(folder)}), clock=Clock(wall=now, ntp=lambda: True), with_site=False
    )


@pytest.fixture
def now() -> list[float]:
    return [NOON + 60]


@pytest.fixture
def head(tmp_path: Path, now: list[float]) -> Iterator[Hub]:
    made = hub_in(tmp_path / "head", 1, lambda: now[0])
    yield made
    made.close()


@pytest.fixture
def shop(tmp_path: Path, now: list[float]) -> Iterator[Hub]:
    made = hub_in(tmp_path / "shop", 2, lambda: now[0])
    yield made
    made.close()


@pytest.mark.timeout(180)
def test_a_shop_joins_head_office_and_both_see_how_the_other_is(
    head: Hub,
    shop: Hub,
    now: list[float],
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
) -> None:
    above, below = serve(head.app), serve(shop.app)
    there, here = browse(viewport=LAPTOP, java_script_enabled=False), browse(viewport=LAPTOP)
    log_in(there, above)
    log_in(here, below)
    judge(here, below, "alone", shots)
    there.goto(f"{above}/manage/chain?lang=en")
    there.get_by_role("button", name="Code for the hub of a shop").click()
    code = there.locator(".pairing-code").inner_text()
    assert re.fullmatch(r"([0-9A-Z]{4}-){4}[0-9A-Z]{4}", code)
    here.goto(f"{below}/manage/chain?lang=en")
    here.get_by_label("Address of head office's hub").fill(above)
    here.get_by_label("Code from there").fill(code)
    here.get_by_role("button", name="Join").click()
    expect(here.get_by_role("status")).to_contain_text("Joined.")
    upstream = shop.head_office.upstream()
    assert upstream is not None
    upstream.drain()
    judge(here, below, "joined", shots)
    there.goto(f"{above}/manage/chain?lang=en")
    there.get_by_role("button", name="Draft for all shops").click()
    expect(there.get_by_role("status")).to_contain_text("A draft for all shops.")
    watching = browse(viewport=LAPTOP)
    log_in(watching, above)
    judge(watching, above, "head", shots)
    head.store.devices.withdraw(upstream.node.device, now[0])
    upstream.drain()
    now[0] += 3_600
    here.goto(f"{below}/manage/?lang=en")
    expect(here.get_by_text("Head office does not take this shop's facts", exact=False).first).to_be_visible()
    judge(here, below, "away", shots)


def judge(page: Page, base: str, state: str, shots: Callable[..., Path]) -> None:
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.goto(f"{base}/manage/chain?lang={language}")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) <= 0, f"runs over the side of a {name} in {language}"
        shots(page, f"chain-{state}-{language}-{name}")
        assert violations(page) == [], (language, name, state)
        assert faults(page) == [], (language, name, state)
