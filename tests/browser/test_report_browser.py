"""The report of an offer in a real browser: laptop and phone, both languages, judged by axe; and the form's control group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import log_in, violations
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from tests.hub_house import NOON
from tests.report_house import ReportHouse

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Hub]:
    house = ReportHouse(tmp_path)
    house.close()
    hub = Hub(
        read_config({"HUB_DIR": str(tmp_path), "HUB_URL": "https://shop.example"}),
        clock=Clock(wall=lambda: NOON + 60, ntp=lambda: True),
        with_site=False,
    )
    yield hub
    hub.close()


@pytest.mark.timeout(120)
def test_the_report_of_an_offer_is_fit_for_everybody(
    shop: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(shop.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    page.goto(f"{base}/manage/offers/1?lang=en")
    page.get_by_role("link", name="How it did").click()
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("It worked")
    state = page.context.storage_state()
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        there.goto(f"{base}/manage/campaigns/1/report?lang={language}")
        there.locator("main details").first.evaluate("one => { one.open = true; }")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert there.evaluate(wider) <= 0, f"the report in {language} runs over the side of a {name}"
        shots(there, f"report-{language}-{name}")
        assert violations(there) == []


@pytest.mark.timeout(60)
def test_the_control_group_stays_as_it_was_once_the_offer_has_begun(
    shop: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(shop.app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    log_in(page, base)
    page.goto(f"{base}/manage/offers/new?lang=en")
    page.get_by_label("What it is").first.fill("A warm roll")
    page.get_by_label("Amount in EUR").fill("1")
    page.get_by_label("Wi-Fi").first.check()
    page.get_by_label("Control group, in per cent of the members").fill("70")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#holdout-wrong")).to_contain_text("from 0 to 50")
    page.get_by_label("Control group, in per cent of the members").fill("10")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_label("Control group, in per cent of the members")).to_have_value("10")
    page.get_by_label("Control group, in per cent of the members").fill("20")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert").first).to_contain_text("stays as it was when the offer began")
    shots(page, "report-control-group-en-laptop")
