"""Somebody new to it signs in, makes an offer and publishes it, counted by keys and clicks; shoppers get what was shown."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from access import faults, violations
from keystrokes import Hand
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from hub import offering
from hub.app import Hub
from hub.client.clock import Clock
from hub.config import read_config
from hub.devices import hub_key
from hub.people import add_manager
from hub.signing.second import FreshCodes, begin_totp, confirm_totp
from hub.signing.totp import code_at, step_at
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.snapshot import Campaign, Offer, Shop, Value

NOON = 1_795_000_000.0
LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
PASSWORD = "seven green kettles"
MOST_S = 120.0
SOON_MS = 20_000
"""How long a preview may take on a machine that is busy; nothing that is counted depends on it."""

OWN_LINES = "Corner Bakery: Warm cherry tart. €1.50 off. Until Sunday 29 November, 20:00"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    store = SqliteStore(tmp_path / FILE)
    store.shop.save(Shop(7, {"en": "Corner Bakery", "zh": "街角面包店"}, timezone="Europe/Berlin"), NOON)
    assert add_manager(store, "Ines", PASSWORD, NOON, who="shell") is None
    bread = Offer({"en": "Ten per cent off bread", "zh": "面包九折"}, {}, Value("percent", percent=10))
    for number, state in ((1, "published"), (2, "paused")):
        made = Campaign(number, bread, int(NOON) - 86_400, int(NOON) + 86_400 * 9)
        store.campaigns.save(made, state, NOON, "Ines")
    store.close()
    config = read_config({"HUB_DIR": str(tmp_path), "HUB_URL": "https://corner.example"})
    made_hub = Hub(config, clock=Clock(wall=lambda: NOON + 60, ntp=lambda: True), with_site=True)
    yield made_hub
    made_hub.close()


def picture(folder: Path) -> Path:
    """A photograph of a tart, drawn by us."""
    image = Image.new("RGB", (1600, 1200), "#F0D9B8")
    ImageDraw.Draw(image).ellipse((300, 100, 1300, 1100), fill="#B4541A")
    out = io.BytesIO()
    image.save(out, "JPEG")
    path = folder / "tart.jpg"
    path.write_bytes(out.getvalue())
    return path


def shown_in(page: Page) -> Locator:
    """The shopper's page in the frame beside the form."""
    return page.frame_locator("#shown").frame_locator("iframe").locator("main")


def asks_for_codes(hub: Hub, folder: Path) -> bytes:
    """Ines has an app with codes on her phone; what it makes them from."""
    key = hub_key(folder)
    secret = begin_totp(hub.store, key, "Ines", NOON, os.urandom)
    assert secret is not None
    done = confirm_totp(hub.store, key, "Ines", code_at(secret, step_at(NOON)), NOON, os.urandom)
    assert isinstance(done, FreshCodes)
    return secret


def log_in(page: Page, base: str) -> None:
    page.goto(f"{base}/manage/?lang=en")
    page.get_by_label("Name").fill("Ines")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")


@pytest.mark.timeout(120)
def test_a_new_manager_makes_and_publishes_an_offer_within_two_minutes(
    hub: Hub,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    tmp_path: Path,
) -> None:
    secret = asks_for_codes(hub, tmp_path)
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    page.goto(f"{base}/manage/?lang=en")
    hand = Hand(page, on_keys=True)

    expect(page.get_by_label("Name")).to_be_focused()
    hand.read("Name Password")
    hand.type("Ines")
    hand.press("Tab")
    hand.type(PASSWORD)
    hand.press("Enter", answer=True)
    expect(page.get_by_label("Code of your app")).to_be_focused()
    hand.read("Code of your app")
    hand.type(code_at(secret, step_at(NOON + 60)))
    hand.press("Enter", answer=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    hand.click(page.get_by_role("link", name="Make an offer"), answer=True)

    # What is read: headings of parts, labels of the fields that are filled, and of each preview the offer's own lines.
    for legend in page.locator("fieldset.card.part > legend").all()[:4]:
        hand.read(legend.inner_text())
    hand.read("What it is, in one line; Choose a picture; Amount in EUR; From; Until; How many may be taken")
    title = page.get_by_label(re.compile("^What it is")).first
    expect(title).to_be_focused()
    hand.type("Warm cherry tart")
    hand.press("Tab")
    hand.press("Tab")
    hand.type_chinese("温热樱桃挞", "wenreyingtaota")
    hand.choose_file(page.get_by_label("Choose a picture"), picture(tmp_path))
    expect(shown_in(page).locator("img")).to_have_attribute(
        "src", re.compile("/picture/[0-9a-f]{64}"), timeout=SOON_MS
    )
    hand.click(page.get_by_label("Amount in EUR"))
    hand.type("1.50")
    hand.type_moment(page.get_by_label("From", exact=True), "2026-11-18T08:00")
    hand.type_moment(page.get_by_label("Until", exact=True), "2026-11-29T20:00")
    hand.click(page.get_by_label("How many may be taken"))
    hand.type("200")

    expect(shown_in(page)).to_contain_text("Warm cherry tart", timeout=SOON_MS)
    expect(shown_in(page)).to_contain_text("€1.50 off", timeout=SOON_MS)
    hand.read(OWN_LINES)
    for kind, locator in (
        ("Kiosk", shown_in(page)),
        ("Message", page.frame_locator("#shown").locator(".message")),
    ):
        hand.click(page.get_by_role("button", name=kind), answer=True)
        expect(locator).to_contain_text("Warm cherry tart", timeout=SOON_MS)
        hand.read(OWN_LINES)
    hand.click(page.get_by_label("中文").last, answer=True)
    expect(page.frame_locator("#shown").locator(".message")).to_contain_text(
        "【街角面包店】温热樱桃挞", timeout=SOON_MS
    )
    hand.click(page.get_by_role("button", name="Poster"), answer=True)
    expect(page.frame_locator("#shown").get_by_role("img")).to_be_visible(timeout=SOON_MS)
    seen = shots(page, "editor-journey-poster")
    hand.read(OWN_LINES)
    hand.click(page.get_by_role("button", name="Publish"), answer=True)
    expect(page.get_by_role("status")).to_contain_text("Published")

    counts = f"{hand.clicks} clicks, {hand.keys} keys, {hand.words} words read"
    told = f"{hand.seconds:.1f} s, of which {hand.by_hand:.1f} s without reading: {counts}"
    seen.with_suffix(".txt").write_text("\n".join([told, *hand.done]), encoding="utf-8")
    assert hand.seconds <= MOST_S, told
    assert hand.clicks > 8
    assert hand.keys > 80

    made = hub.store.campaigns.all()[0]
    assert made.state == "published"
    campaign = made.campaign
    assert campaign.offer.title == {"en": "Warm cherry tart", "zh": "温热樱桃挞"}
    assert (campaign.offer.value, campaign.issue_limit) == (Value("amount", cents=150), 200)
    assert campaign.offer.picture is not None
    assert campaign.ends_at - campaign.starts_at == 11 * 86_400 + 12 * 3_600

    # What the manager looked at is what the shopper gets, to the word.
    assert hub.site is not None
    hub.site.exchange.once()
    shopper = browse(viewport=PHONE)
    shopper.goto(f"{base}/offer/{made.number}?lang=en")
    page.goto(f"{base}/manage/offers/{made.number}?lang=en")
    expect(shown_in(page)).to_contain_text("Warm cherry tart", timeout=SOON_MS)
    assert shown_in(page).inner_text() == shopper.locator("main").inner_text()


@pytest.mark.timeout(60)
def test_without_a_script_the_buttons_show_every_kind(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    base = serve(hub.app)
    page = browse(viewport=LAPTOP, java_script_enabled=False)
    log_in(page, base)
    page.goto(f"{base}/manage/offers/new?lang=en")
    page.get_by_label(re.compile("^What it is")).first.fill("Warm cherry tart")
    page.get_by_label("Choose a picture").set_input_files(picture(tmp_path))
    frame = page.frame_locator("#shown")
    page.get_by_role("button", name="Phone").click()
    expect(shown_in(page)).to_contain_text("Warm cherry tart", timeout=SOON_MS)
    expect(shown_in(page).locator("img")).to_have_attribute(
        "src", re.compile("/picture/[0-9a-f]{64}"), timeout=SOON_MS
    )
    page.get_by_role("button", name="Kiosk").click()
    expect(shown_in(page)).to_contain_text("Ten per cent off bread", timeout=SOON_MS)
    page.get_by_role("button", name="Message").click()
    expect(frame.locator(".message")).to_contain_text("Corner Bakery: Warm cherry tart.", timeout=SOON_MS)
    page.get_by_role("button", name="Poster").click()
    expect(frame.get_by_role("img")).to_be_visible(timeout=SOON_MS)
    # The form is as it was, the file included: nothing was sent away with it.
    assert page.get_by_label("Choose a picture").evaluate("field => field.files.length") == 1
    assert len(hub.store.campaigns.all()) == 2


@pytest.mark.timeout(240)
def test_every_page_of_the_editor_is_fit_for_everybody(
    hub: Hub, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    record = hub.store.campaigns.get(1)
    assert record is not None
    dearer = msgspec.structs.replace(record.campaign, issue_limit=40, offer=msgspec.structs.replace(
        record.campaign.offer, title={"en": "A fifth off bread", "zh": "面包八折"}, value=Value("percent", percent=20)
    ))  # fmt: skip
    hub.store.campaigns.save(dearer, "published", NOON + 30, "Bo")
    waits = offering.submit(hub.store, record.campaign, "Bo", NOON + 40, base=2)
    assert not isinstance(waits, offering.Said)
    base = serve(hub.app)
    page = browse(viewport=LAPTOP)
    log_in(page, base)
    state: Any = page.context.storage_state()
    pages = {
        "new": "/offers/new", "offer": "/offers/1", "offers": "/offers", "waiting": "/waiting", "proposal": "/offers/1/proposal",
        "versions": "/offers/1/versions", "version": "/offers/1/versions/1", "calendar": "/calendar?month=2026-11",
        "as-phone": "/offers/1/preview/phone", "as-message": "/offers/1/preview/sms", "as-poster": "/offers/1/preview/poster",
    }  # fmt: skip
    for language, name, viewport in (("en", "laptop", LAPTOP), ("zh", "phone", PHONE)):
        scheme: Any = "dark" if name == "phone" else "light"
        there = browse(viewport=viewport, storage_state=state, color_scheme=scheme)
        for what, path in pages.items():
            there.goto(f"{base}/manage{path}{'&' if '?' in path else '?'}lang={language}")
            for details in there.locator("main details").all():
                details.evaluate("one => { one.open = true; }")
            shots(there, f"editor-{what}-{language}-{name}")
            assert violations(there) == [], (what, language)
            assert faults(there) == [], (what, language)
