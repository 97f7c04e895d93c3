"""A manager in a real browser: set up, make an offer with a picture, publish it, see it where shoppers do."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from hub.app import Hub
from hub.config import read_config
from hub.signing.joining import make_setup_code
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import StreetCounted
from hub.wire.snapshot import Air, Shop

LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"
PAGES = {
    "today": "/", "today-7-days": "/?days=7", "offers": "/offers", "offer": "/offers/1", "new": "/offers/new",
    "coupons": "/coupons", "devices": "/devices", "tags": "/tags", "staff": "/staff", "shop": "/shop", "record": "/record",
}  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    store = SqliteStore(tmp_path / FILE)
    store.shop.save(
        Shop(7, {"en": "Corner Bakery", "zh": "街角面包店"}, timezone="Europe/Berlin"), time.time()
    )
    store.close()
    notice = (
        '{"en": "Simulated street: no real radio on this machine.", "zh": "模拟街景：本机没有真实的无线电。"}'
    )
    made = Hub(read_config({"HUB_DIR": str(tmp_path), "HUB_NOTICE": notice}), with_site=True)
    yield made
    made.close()


def tart(folder: Path) -> Path:
    """A picture as a phone might take it, drawn by us."""
    image = Image.new("RGB", (1600, 1400), "#F0D9B8")
    draw = ImageDraw.Draw(image)
    draw.ellipse((260, 160, 1340, 1240), fill="#B4541A")
    draw.ellipse((330, 230, 1270, 1170), fill="#E3B341")
    for place in range(7):
        x = 520 + 200 * (place % 3) + 60 * (place // 3)
        y = 420 + 230 * (place // 3)
        draw.ellipse((x, y, x + 150, y + 150), fill="#8E1B2E")
    out = io.BytesIO()
    image.save(out, "JPEG")
    path = folder / "tart.jpg"
    path.write_bytes(out.getvalue())
    return path


def count_the_street(hub: Hub) -> None:
    """A quarter of an hour, as the door tells it."""
    assert hub.site is not None
    told = StreetCounted(zone="door", window_s=900.0, passers=89, entrants=31)
    hub.site.outbox.record(told, hub.clock.now())
    hub.site.exchange.drain()


def set_up(page: Page, base: str, hub: Hub) -> None:
    page.goto(f"{base}/manage/?lang=en")
    page.get_by_label("Set-up code").fill(make_setup_code(hub.store, hub.clock.now()))
    page.get_by_label("Your name").fill("Ines")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("status")).to_contain_text("Your shop is ready")


def fill_offer(page: Page, picture: Path) -> None:
    titles, words = (
        page.get_by_label(re.compile("^What it is")),
        page.get_by_label(re.compile("^A few words")),
    )
    titles.nth(0).fill("A warm cherry tart")
    words.nth(0).fill("With every coffee, until noon.")
    titles.nth(1).fill("温热樱桃挞")
    words.nth(1).fill("中午前，每杯咖啡附送一份。")
    page.get_by_label("Choose a picture").set_input_files(picture)
    page.get_by_label("A gift", exact=True).check()
    page.get_by_label("What one costs you, in EUR").fill("1.20")
    page.get_by_label("How many may be taken").fill("200")
    page.locator("#fold-air > summary").click()
    page.get_by_label("A link to a page (Eddystone URL)").check()
    page.get_by_label("The link").fill("https://shop.example")


@pytest.mark.timeout(120)
def test_a_manager_makes_an_offer_and_shoppers_see_it(
    hub: Hub,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    tmp_path: Path,
) -> None:
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{base}/manage/?lang=en")
    shots(page, "manager-setup-en")
    page.goto(f"{base}/manage/?lang=zh")
    shots(page, "manager-setup-zh")
    set_up(page, base, hub)

    page.get_by_role("link", name="Make an offer").click()
    fill_offer(page, tart(tmp_path))
    shown = page.frame_locator("#shown").frame_locator("iframe").locator("main")
    expect(shown).to_contain_text("A warm cherry tart")
    expect(shown.locator("img")).to_have_attribute("src", re.compile("/picture/[0-9a-f]{64}"))
    page.get_by_label("中文").check()
    expect(shown).to_contain_text("温热樱桃挞")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Published")
    assert complaints == []
    assert hub.store.campaigns.all()[0].campaign.air == Air(("eddystone-url",), "https://shop.example")

    page.get_by_role("link", name="Tags").click()
    page.get_by_label("What you call it").fill("Mei Tanaka")
    page.get_by_label("A member").check()
    page.get_by_label("A phone, by the key that its owner gave (IRK)").check()
    page.get_by_label("Key of the phone").fill("ec0234a357c8ad05341010a60a397d9b")
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody is recognised who has not agreed")
    page.get_by_label("Key of the phone").fill("ec0234a357c8ad05341010a60a397d9b")
    page.get_by_label("This person gave this key").check()
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("status")).to_contain_text("Enrolled")
    count_the_street(hub)

    assert hub.site is not None
    hub.site.exchange.once()
    shopper = browse(viewport=PHONE, java_script_enabled=False)
    shopper.goto(f"{base}/?lang=zh")
    expect(shopper.get_by_role("link", name="温热樱桃挞")).to_be_visible()
    assert shopper.locator(".picture img").first.evaluate("image => image.naturalWidth") > 0

    state: Any = page.context.storage_state()
    for language in ("en", "zh"):
        for name, viewport in (("laptop", LAPTOP), ("phone", PHONE)):
            scheme = "dark" if (language, name) == ("zh", "laptop") else "light"
            there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
            for what, path in PAGES.items():
                there.goto(f"{base}/manage{path}{'&' if '?' in path else '?'}lang={language}")
                wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                assert there.evaluate(wider) <= 0, f"{what} in {language} runs over the side of a {name}"
                shots(there, f"manager-{what}-{language}-{name}")


@pytest.mark.timeout(60)
def test_the_form_works_without_javascript_and_keeps_what_was_typed(
    hub: Hub,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    tmp_path: Path,
) -> None:
    base = serve(hub.app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    set_up(page, base, hub)
    page.goto(f"{base}/manage/offers/new?lang=en")
    fill_offer(page, tart(tmp_path))
    page.get_by_label("What one costs you, in EUR").fill("a little")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("alert")).to_contain_text("One thing is not right yet")
    shots(page, "manager-offer-fault-en")
    expect(page.get_by_label("A few words more").first).to_have_value("With every coffee, until noon.")
    expect(page.locator(".upload img")).to_be_visible()
    page.get_by_label("What one costs you, in EUR").fill("1.20")
    page.get_by_role("button", name="Preview").click()
    shown = page.frame_locator("#shown").frame_locator("iframe").locator("main")
    expect(shown).to_contain_text("A warm cherry tart")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert [record.state for record in hub.store.campaigns.all()] == ["draft"]


@pytest.mark.timeout(60)
def test_the_keyboard_alone_gets_through_the_door_and_the_menu(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    page.goto(f"{base}/manage/setup?lang=en")
    page.get_by_label("Set-up code").focus()
    for text in (make_setup_code(hub.store, hub.clock.now()), "Ines", PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    unnamed = page.evaluate(
        "[...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea')]"
        ".filter(one => !(one.textContent.trim() || one.labels?.length || one.getAttribute('aria-label'))).length"
    )
    assert unnamed == 0
