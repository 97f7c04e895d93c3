"""The pages of figures in a real browser: on laptop, phone and paper, in both languages, judged by axe, and used by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from access import faults, log_in, violations
from playwright.sync_api import Locator, Page, expect

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.wire.events import VisitClosed
from tests.figures_house import FiguresHouse
from tests.hub_house import NOON

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
SATURDAY = "/explore?days=custom&from=2026-11-14&to=2026-11-14&vs=week"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Told:
    """A hub's pages over a shop to which more may happen meanwhile, with a clock that we turn."""

    def __init__(self, house: FiguresHouse) -> None:
        self.now = NOON + 30
        self.house = house
        self.hub = Hub(
            read_config({"HUB_DIR": str(house.folder), "HUB_URL": "https://shop.example"}),
            clock=Clock(wall=lambda: self.now, ntp=lambda: True),
            with_site=False,
        )

    def close(self) -> None:
        self.hub.close()
        self.house.close()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    house = FiguresHouse(tmp_path)
    house.tell(15)
    house.place_on_plan()
    made = Told(house)
    yield made
    made.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Told]:
    made = Told(FiguresHouse(tmp_path))
    yield made
    made.close()


def errors_of(page: Page) -> list[str]:
    """What its scripts fail with, as it comes."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def look(page: Page, what: str, shots: Callable[..., Path], name: str) -> None:
    """Everything that a page owes, with whatever is folded away opened."""
    shots(page, name)
    for details in page.locator("main details").all():
        details.evaluate("one => { one.open = true; }")
    assert page.evaluate(WIDER) <= 0, f"{what} runs over the side"
    assert violations(page) == [], what
    assert faults(page) == [], what


@pytest.mark.timeout(240)
def test_every_page_of_figures_is_fit_for_everybody(
    told: Told, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(told.hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    state: Any = page.context.storage_state()
    pages = {
        "today": "/",
        "saturday": SATURDAY,
        "month": "/explore?days=30&figure=redeemed&vs=none",
        "band": "/explore?days=90&figure=people_mean",
        "rows": "/explore/rows?days=7&figure=redeemed",
        "sums": "/explore/rows?days=7&figure=visits",
        "figures": "/figures",
    }
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        complaints = errors_of(there)
        for what, path in pages.items():
            there.goto(f"{base}/manage{path}{'&' if '?' in path else '?'}lang={language}")
            look(there, what, shots, f"numbers-{what}-{language}-{name}")
        assert complaints == []
    told.now += 8 * 86_400
    log_in(page, base)
    page.goto(f"{base}/manage/explore?days=30&lang=en")
    expect(page.locator(".warning", has_text="Not everything is here yet")).to_contain_text("Door is behind")
    look(page, "behind", shots, "numbers-behind-en-laptop")


@pytest.mark.timeout(60)
def test_pages_of_an_empty_shop_say_what_will_be_there(
    empty: Told, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(empty.hub.app)
    page = browse(viewport=PHONE)
    log_in(page, base)
    for what, path in {"today": "/", "explore": "/explore", "rows": "/explore/rows?figure=taken"}.items():
        page.goto(f"{base}/manage{path}{'&' if '?' in path else '?'}lang=en")
        expect(page.locator(".empty").first).to_be_visible()
        look(page, what, shots, f"numbers-empty-{what}-en-phone")


def first_number(card: Locator) -> float:
    """The raw value of the first number in it."""
    return float(card.locator("[data-figure]").first.get_attribute("data-value") or "nan")


@pytest.mark.timeout(60)
def test_a_manager_learns_in_two_clicks_whether_last_saturday_was_better_and_where(
    told: Told, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(told.hub.app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    log_in(page, base)
    page.get_by_role("link", name="Explore", exact=True).click()
    page.get_by_role("link", name="Last Saturday").click()
    why = page.locator(".why")
    expect(why).to_contain_text("Visits went up")
    expect(why).to_contain_text("Most of it: café")
    expect(why).to_contain_text("Most of it between 14:00 and 17:00")
    whole = first_number(page.locator(".figure.chosen"))
    page.locator(".cut", has_text="By zone").get_by_role("link", name="café").first.click()
    expect(page.locator(".chips")).to_contain_text("café")
    assert 0 < first_number(page.locator(".figure.chosen")) < whole
    page.locator(".chips").get_by_role("link").click()
    assert first_number(page.locator(".figure.chosen")) == whole
    page.get_by_role("link", name="Coupons redeemed", exact=True).click()
    expect(page.locator(".why")).to_contain_text("Coupons redeemed went up")
    expect(page.locator("h3", has_text="By channel")).to_be_visible()
    redeemed = first_number(page.locator(".figure.chosen"))
    page.locator(".figure.chosen a.value").click()
    expect(page.locator("h1")).to_have_text("Behind it: Coupons redeemed")
    assert page.locator("tbody tr").count() == redeemed


@pytest.mark.timeout(60)
def test_a_note_is_written_on_the_chart_and_stands_there(
    told: Told, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = serve(told.hub.app)
    page = browse(viewport=PHONE, java_script_enabled=False, has_touch=True)
    log_in(page, base)
    page.goto(f"{base}/manage{SATURDAY}&lang=en")
    page.get_by_text("Write a note on the chart").tap()
    page.get_by_label("What happened").fill("Street festival")
    page.get_by_role("button", name="Keep it").tap()
    expect(page.locator(".note-list")).to_contain_text("Street festival Ines, 18 Nov")
    expect(page.locator(".why")).to_contain_text("Street festival")
    assert "from=2026-11-14" in page.url
    page.get_by_role("button", name=re.compile("Remove")).tap()
    expect(page.locator(".note-list")).to_have_count(0)


@pytest.mark.timeout(90)
def test_today_follows_what_happens_without_a_reload_and_stops_when_asked_to(
    told: Told, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = serve(told.hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    # Asked again at once instead of in a third of a minute.
    page.add_init_script(
        "document.addEventListener('readystatechange', () => {"
        " const live = document.getElementById('live'); if (live) live.dataset.again = '200'; });"
    )
    page.goto(f"{base}/manage/?lang=en")
    visits = page.locator(".figure", has_text="Visits").first
    before = first_number(visits)
    shown = visits.locator("[data-figure]").first.get_attribute("data-value") or ""
    more = [
        VisitClosed(id="v", zone="door", arrived_at=NOON, departed_at=NOON + 9, dwell_s=9, peak_dbm=-60)
        for _ in range(40)
    ]
    page.get_by_text("How fresh the figures are").click()
    page.locator("h1").click()
    told.house.door.report(*more)
    expect(visits.locator("[data-figure]").first).not_to_have_attribute("data-value", shown)
    assert 30 <= first_number(visits) - before <= 50
    expect(page.locator("details.heard")).to_have_attribute("open", "")
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    renewed = page.evaluate("document.documentElement.dataset.renewed")
    told.house.door.report(*more)
    page.wait_for_timeout(1_000)
    assert page.evaluate("document.documentElement.dataset.renewed") == renewed
    page.get_by_role("button", name="Paused").click()
    page.locator("h1").click()
    page.wait_for_function("was => document.documentElement.dataset.renewed !== was", arg=renewed)


@pytest.mark.timeout(60)
def test_the_page_prints_its_numbers_and_none_of_its_buttons(
    told: Told, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    base = serve(told.hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    page.goto(f"{base}/manage{SATURDAY}&lang=en")
    page.emulate_media(media="print")
    shots(page, "numbers-saturday-print")
    expect(page.locator(".chart.large")).to_be_visible()
    for hidden in (".menu", ".period-bar", ".notes form", ".chart.small"):
        expect(page.locator(hidden).first).to_be_hidden()
    assert len(page.pdf(format="A4")) > 10_000
