"""One shop of real processes, one afternoon: a shopper, a till and a manager, in a real Chromium.

`./shopbell up` makes the shop in an empty folder; nothing in it is replaced.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 120.0
PHONE = {"width": 390, "height": 844}
TILL = {"width": 1024, "height": 600}
LAPTOP = {"width": 1280, "height": 860}
KIOSK = {"width": 1080, "height": 1920}
PASSWORD = "a brass bell over the door"

WORDS = {
    "en": {
        "take": "Take this",
        "used": "Already used",
        "good": "Redeemed",
        "in": "Sign in",
        "all": "All offers",
    },
    "zh": {"take": "领取", "used": "已使用过", "good": "核销成功", "in": "登录", "all": "全部优惠"},
}


def free_ports(count: int) -> int:
    """The first of so many free neighbours."""
    for base in range(18_080, 28_080, 10):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for step in range(count):
                held.enter_context(socket.create_server(("127.0.0.1", base + step)))
            return base
    raise RuntimeError("no free ports")


class Shop:
    """A shop that was started with `up`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        base = free_ports(3)
        self.hub, self.kiosk, self.portal = (f"http://127.0.0.1:{base + step}" for step in range(3))
        command = [sys.executable, "-m", "hub.up.cli", "up", "--dir", str(folder), "--port-base", str(base)]
        self.process = subprocess.Popen(
            [*command, "--radio", "ble:sim", "--for", "900"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._wait()
        text = (folder / "first-steps.txt").read_text()
        self.code = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}", text)[0]
        self.pin = re.findall(r"PIN (\d+)", text)[0]

    def _wait(self) -> None:
        until = time.monotonic() + START_WITHIN_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(self.process.stderr.read() if self.process.stderr else "")
            try:
                with urlopen(self.portal + "/healthz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("the shop did not start")

    def stop(self) -> dict[str, Any]:
        """End it as Ctrl-C does; what it says happened."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=60)
        return json.loads(out)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("street") / "shop")
    yield shop
    if shop.process.poll() is None:
        shop.stop()


def sign_in(page: Page, shop: Shop, language: str) -> None:
    page.goto(f"{shop.kiosk}/till?lang={language}")
    if page.locator("#pin").count():
        page.fill("#pin", shop.pin)
        page.get_by_role("button", name=WORDS[language]["in"]).click()
    expect(page.locator("#text")).to_be_visible()


def take(page: Page, address: str, language: str) -> None:
    """A shopper's two taps, from the list of offers to the coupon."""
    page.goto(f"{address}?lang={language}")
    page.locator("article.offer h2 a, article.offer h3 a").first.click()
    page.get_by_role("button", name=WORDS[language]["take"]).first.click()
    expect(page.locator(".ticket .qr svg")).to_be_visible()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("language", "java_script", "taps"), [("en", False, 0), ("zh", True, 3)])
def test_a_coupon_of_the_pop_up_or_of_the_list_is_redeemed_once_from_a_picture_of_it(
    shop: Shop,
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    language: str,
    java_script: bool,
    taps: int,
) -> None:
    phone = browse(viewport=PHONE, java_script_enabled=java_script, device_scale_factor=2)
    phone.goto(f"{shop.portal}/?lang={language}")
    expect(phone.locator(".ticket .qr svg")).to_be_visible()
    picture = shots(phone, f"shop-phone-home-{language}", full_page=False)
    if taps:
        phone.get_by_role("link", name=WORDS[language]["all"]).first.click()
        take(phone, phone.url.partition("?")[0], language)
        picture = shots(phone, f"shop-phone-coupon-{language}", full_page=False)
    with Image.open(picture) as seen:
        (found,) = zxingcpp.read_barcodes(seen)
    assert re.fullmatch(r"SB1[A-Z2-7]{135}", found.text)

    till = browse(viewport=TILL)
    sign_in(till, shop, language)
    for word, name in ((WORDS[language]["good"], "good"), (WORDS[language]["used"], "used")):
        till.set_input_files("#picture", picture)
        expect(till.locator(".verdict .word")).to_have_text(word)
        shots(till, f"shop-till-{name}-{language}", full_page=False)
        if name == "used":
            reason = till.locator(".verdict .reason").inner_text()
            assert re.search(r"\d{1,2}:\d{2}", reason), reason
            assert "Till 1" in reason or "kiosk" in reason.lower(), reason
        till.goto(f"{shop.kiosk}/till?lang={language}")


@pytest.mark.timeout(300)
def test_the_manager_sees_what_was_issued_and_redeemed(
    shop: Shop, browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    page = browse(viewport=LAPTOP)
    page.goto(f"{shop.hub}/manage?lang=en")
    page.fill("#code", shop.code)
    page.fill("#name", "manager")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Begin").click()
    if page.locator("#password").count():
        page.fill("#name", "manager")
        page.fill("#password", PASSWORD)
        page.locator("form button[type=submit]").first.click()
    page.goto(f"{shop.hub}/manage/?lang=en")
    # The first number of each; another one says what it was a week before.
    taken, redeemed = (
        page.locator(".figure", has=page.get_by_text(name, exact=True)).locator(".number").first
        for name in ("Coupons taken", "Coupons redeemed")
    )
    until = time.monotonic() + 30
    while time.monotonic() < until and (taken.inner_text(), redeemed.inner_text()) != ("2", "2"):
        page.wait_for_timeout(500)
        page.reload()
    assert (taken.inner_text(), redeemed.inner_text()) == ("2", "2")
    for language in ("en", "zh"):
        page.goto(f"{shop.hub}/manage/?lang={language}")
        shots(page, f"shop-manager-today-{language}")


def test_every_screen_says_that_the_street_is_simulated(
    shop: Shop, browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    page = browse(viewport=KIOSK)
    for address in (shop.portal, shop.kiosk, shop.kiosk + "/till", shop.hub, shop.hub + "/manage"):
        for language, word in (("en", "simulated"), ("zh", "模拟")):
            page.goto(f"{address}{'' if '/' in address[8:] else '/'}?lang={language}")
            assert word in page.locator(".notice").inner_text().lower(), (address, language)
    page.goto(f"{shop.kiosk}/?lang=en")
    shots(page, "shop-kiosk-home-en", full_page=False)


@pytest.mark.timeout(120)
def test_the_shop_ends_in_order_and_says_what_happened(shop: Shop) -> None:
    happened = shop.stop()
    assert shop.process.returncode == 0
    assert happened["coupons"] == {"issued": 2, "redeemed": 2}
    assert happened["events"]["coupon.redeemed"] == 2
