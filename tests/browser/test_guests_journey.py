"""A shopper's phone on the guest network: real Chromium in the phone's namespace, the real programs in the gateway's.

The whole journey is one function. It runs with the shop's line and with the cable pulled out, and means the same in both.
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
import zxingcpp
from access import faults
from camera import picture_of
from guest_network import GATEWAY, GuestNetwork, Phone, need
from guest_shop import FOREIGN, GuestShop, is_out
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from edge.portal.welcome.texts import consent_text
from hub.wire.coupon import CODE_CHARACTERS, Token, read_token

POP_UP = {"width": 360, "height": 640}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip

Shots = Callable[..., Path]


@contextmanager
def browser_in(phone: Phone, chromium: Browser) -> Iterator[Browser]:
    """Chromium in the namespace of a phone. `chromium` is the test run's own, for its driver."""
    wrapper = phone.folder / "chromium"
    wrapper.write_text("#!/bin/sh\nexec " + shlex.join(phone.command(["chromium"])) + ' "$@"\n')
    wrapper.chmod(0o755)
    browser = chromium.browser_type.launch(executable_path=str(wrapper), args=FLAGS)
    try:
        yield browser
    finally:
        browser.close()


def pop_up(browser: Browser, **options: object) -> Page:
    """The window that a phone opens over its captive network: small, no script, nothing kept."""
    context = browser.new_context(
        **{"viewport": POP_UP, "locale": "en-GB", "java_script_enabled": False, **options}  # type: ignore[arg-type]  # as Playwright takes them
    )
    context.set_default_timeout(15_000)
    return context.new_page()


def coupon_on(page: Page) -> Token:
    """The coupon that a scanner reads off the screen."""
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture_of(page))))
    token = read_token(read.text)
    assert token is not None, read.text
    return token


def journey(browser: Browser, phone: Phone, shots: Shots, name: str) -> None:
    """Caught, the coupon before any access, in with a code to be known by, an offer found, its coupon taken."""
    page = pop_up(browser)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # Caught, wherever the phone wanted to go.
    answer = page.goto(FOREIGN)
    assert answer
    assert (answer.status, page.url) == (200, "http://portal.internal/")
    assert faults(page) == []
    # The coupon is on the first page, before anything is asked or granted: its QR, and its code for a person to type.
    first = coupon_on(page)
    code = page.locator(".ticket .code").inner_text().split(":")[-1].replace(" ", "").strip()
    assert len(code) == CODE_CHARACTERS
    assert first.coupon.expires_at > 0
    shots(page, f"guests-{name}-pop-up")
    shots(page, f"guests-{name}-pop-up-first-screen", full_page=False)
    assert not is_out(phone)
    # Looking again is no second coupon.
    page.goto(FOREIGN)
    assert coupon_on(page) == first
    # Consent: the words are there, the two buttons weigh the same, nothing is ticked.
    expect(page.get_by_text(consent_text("recognise", "en"))).to_be_visible()
    boxes = [
        page.get_by_role("button", name=which).bounding_box()
        for which in ("Remember me and let me in", "Just let me in")
    ]
    assert all(boxes)
    assert len({(box["width"], box["height"]) for box in boxes if box}) == 1
    page.get_by_role("button", name="Remember me and let me in").click()
    page.wait_for_url("**/in")
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are in")
    kept = page.locator(".keep .code").inner_text().strip()
    assert re.fullmatch(r"[0-9A-Z -]{12,24}", kept), kept
    own_way = page.get_by_role("link", name="Your own way in").get_attribute("href")
    bookmark = urljoin(page.url, own_way)
    assert faults(page) == []
    shots(page, f"guests-{name}-in")
    # Search, and another offer's coupon.
    page.goto("http://portal.internal/offers")
    page.get_by_role("searchbox").fill("bread")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")
    shots(page, f"guests-{name}-search")
    page.locator("article h2 a").first.click()
    page.get_by_role("button", name="Take this").click()
    page.wait_for_url("**/coupon/*")
    second = coupon_on(page)
    assert second.coupon.campaign != first.coupon.campaign
    assert faults(page) == []
    shots(page, f"guests-{name}-coupon")
    # Known again by what was kept, and nothing else.
    page.goto("http://portal.internal/in")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("button", name="Just let me in")).to_be_visible()
    assert not is_out(phone)
    page.goto(bookmark)
    expect(page.get_by_label("Your code")).to_have_value(re.compile(".{12,}"))
    shots(page, f"guests-{name}-own-way")
    page.get_by_role("button", name="Let me in").click()
    page.wait_for_url("**/in")
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are in")
    assert {url.split("/")[2] for url in asked if url.startswith("http")} <= {
        "portal.internal",
        "example.com",
    }
    assert page.context.cookies() == []
    page.context.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("line", ["online", "unplugged"])
def test_the_whole_journey_is_the_same_with_and_without_the_internet(
    chromium: Browser, shots: Shots, line: str
) -> None:
    need()
    with GuestNetwork(phones=1) as network:
        if line == "unplugged":
            network.unplug()
        with GuestShop(network):
            phone = network.phones[0]
            assert phone.lease().dns == GATEWAY
            with browser_in(phone, chromium) as browser:
                journey(browser, phone, shots, line)
