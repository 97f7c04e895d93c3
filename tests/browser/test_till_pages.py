"""The till in a real Chromium, in both languages, from the PIN to each verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from camera import picture_of
from kiosk_shop import COFFEE, LOCKED, PIN, TENTH, TillShop, shop_in
from PIL import Image
from playwright.sync_api import Page, expect

from hub.storefront.qr import qr_png
from hub.wire.coupon import read_token
from kiosk.app import create_app

TILL = {"width": 1024, "height": 600}
PHONE = {"width": 390, "height": 844}

WORDS = {
    "en": {"in": "Sign in", "redeem": "Redeem", "good": "Redeemed", "look": "Already used", "note": "Accepted",
           "no": "Not a coupon", "amount": "Amount needed", "next": "Next customer"},
    "zh": {"in": "登录", "redeem": "核销", "good": "核销成功", "look": "已使用过", "note": "已接受",
           "no": "不是优惠券", "amount": "需要金额", "next": "下一位"},
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_in(tmp_path) as shop:
        yield shop


def sign_in(page: Page, address: str, language: str) -> None:
    page.goto(f"{address}/till?lang={language}")
    page.get_by_text("Ada").click()
    page.fill("#pin", PIN)
    page.get_by_role("button", name=WORDS[language]["in"]).click()
    expect(page.locator("#text")).to_be_visible()


def redeem(page: Page, text: str) -> None:
    page.fill("#text", text)
    # The page before may show a verdict too: wait for the new one, with its style.
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".verdict .word")).to_be_visible()


def says(page: Page, tone: str, word: str) -> None:
    expect(page.locator(f".verdict.tone-{tone} .word")).to_have_text(word)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("screen", ["till", "phone"])
def test_staff_sign_in_scan_and_see_each_verdict(
    shop: TillShop,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    language: str,
    screen: str,
) -> None:
    counter, line = shop.till()
    words = WORDS[language]
    address = serve(create_app(counter))
    page = browse(viewport=TILL if screen == "till" else PHONE)
    page.goto(f"{address}/till?lang={language}")
    shots(page, f"till-sign-in-{screen}-{language}")
    sign_in(page, address, language)
    assert page.evaluate("document.activeElement.id") == "text"
    coupons = [shop.take(counter) for _ in range(3)]
    redeem(page, coupons[0].token)
    says(page, "good", words["good"])
    shots(page, f"till-verdict-good-{screen}-{language}")
    redeem(page, coupons[0].code)
    says(page, "look", words["look"])
    expect(page.locator(".verdict .reason")).to_contain_text("Till 1")
    shots(page, f"till-verdict-used-{screen}-{language}")
    redeem(page, "1234")
    says(page, "no", words["no"])
    shots(page, f"till-verdict-no-{screen}-{language}")
    redeem(page, shop.take(counter, TENTH).token)
    says(page, "no", words["amount"])
    assert page.evaluate("document.activeElement.id") == "basket"
    shots(page, f"till-verdict-amount-{screen}-{language}")
    page.fill("#basket", "12,50")
    page.keyboard.press("Enter")
    says(page, "good", words["good"])
    expect(page.locator(".verdict .worth")).to_contain_text("1.25")
    line.mode = "cut"
    counter.exchange.once()
    redeem(page, coupons[1].token)
    says(page, "note", words["note"])
    shots(page, f"till-verdict-own-account-{screen}-{language}")
    page.get_by_role("link", name=words["next"]).click()
    expect(page.locator("#badge")).to_contain_text("1")
    shots(page, f"till-cut-off-{screen}-{language}")
    line.mode = "good"
    counter.exchange.drain()
    page.reload()
    expect(page.locator("#badge")).to_have_class("badge tone-good")
    shots(page, f"till-idle-{screen}-{language}")


def test_without_a_script_the_till_reads_a_picture_of_the_shoppers_screen(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    counter, _ = shop.till()
    address = serve(create_app(counter))
    shopper = browse(viewport={"width": 1280, "height": 800}, java_script_enabled=False)
    shopper.goto(f"{address}/?lang=en")
    shopper.get_by_role("button", name="Take this").first.click()
    assert "/coupon/" in shopper.url
    picture = tmp_path / "coupon.png"
    picture.write_bytes(picture_of(shopper))
    (read,) = zxingcpp.read_barcodes(Image.open(picture))
    token = read_token(read.text)
    assert token is not None
    serial = token.coupon.serial
    coupon = counter.desk.coupon(serial)
    assert coupon is not None
    page = browse(viewport=TILL, java_script_enabled=False)
    sign_in(page, address, "en")
    page.set_input_files("#picture", picture)
    page.fill("#basket", "50")
    page.get_by_role("button", name="Redeem").click()
    says(page, "good", "Redeemed")
    (act,) = shop.store.counter.acts_of(serial)
    assert act.till == "Till 1"


def test_a_chosen_picture_goes_at_once(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    counter, _ = shop.till()
    page = browse(viewport=PHONE)
    sign_in(page, serve(create_app(counter)), "en")
    picture = tmp_path / "coupon.png"
    picture.write_bytes(qr_png(shop.take(counter).token))
    page.set_input_files("#picture", picture)
    says(page, "good", "Redeemed")


def test_the_page_says_by_itself_that_the_hub_is_away_and_that_it_is_back(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    counter, line = shop.till()
    page = browse(viewport=TILL)
    sign_in(page, serve(create_app(counter)), "en")
    expect(page.locator("#badge")).to_have_text("Connected")
    line.mode = "cut"
    counter.exchange.once()
    expect(page.locator("#badge")).to_contain_text("Cut off")
    expect(page.locator(".warning")).to_contain_text("Cut off from the shop's hub")
    line.mode = "good"
    counter.exchange.drain()
    expect(page.locator("#badge")).to_have_text("Connected")
    expect(page.locator(".warning")).to_have_count(0)


def test_the_field_keeps_the_focus_and_no_page_complains(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    counter, _ = shop.till()
    complaints: list[str] = []
    page = browse(viewport=TILL)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda wrong: complaints.append(str(wrong)))
    sounds: list[str] = []
    page.on("request", lambda request: sounds.append(request.url) if ".wav" in request.url else None)
    sign_in(page, serve(create_app(counter)), "en")
    page.locator("h1").click()
    assert page.evaluate("document.activeElement.id") == "text"
    page.locator("body").click(position={"x": 900, "y": 500})
    page.keyboard.type(shop.take(counter).code)
    page.keyboard.press("Enter")
    says(page, "good", "Redeemed")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type(shop.take(counter).code)
    page.keyboard.press("Enter")
    says(page, "good", "Redeemed")
    assert any("/sound/good.wav" in url for url in sounds)
    assert complaints == []


def test_no_page_is_wider_than_its_screen_and_every_target_is_large_enough(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    counter, _ = shop.till()
    address = serve(create_app(counter))
    for viewport in (TILL, PHONE, {"width": 360, "height": 740}):
        page = browse(viewport=viewport)
        page.goto(f"{address}/till?lang=en")
        for step in ("sign-in", "scan", "verdict", "home"):
            if step == "scan":
                sign_in(page, address, "en")
            if step == "verdict":
                redeem(page, shop.take(counter).token)
            if step == "home":
                page.get_by_role("link", name="Next customer").click()
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], step
            heights = page.evaluate(
                "[...document.querySelectorAll('a.button, button, input:not([type=hidden])')].map(e => e.offsetHeight)"
            )
            assert min(heights) >= 44, step


def test_a_verdict_fits_the_tills_screen_without_scrolling(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    counter, line = shop.till(notice="Simulated street: no real radio on this machine.")
    page = browse(viewport=TILL)
    sign_in(page, serve(create_app(counter)), "en")
    line.mode = "cut"
    counter.exchange.once()
    for campaign in (COFFEE, LOCKED, TENTH):
        redeem(page, shop.take(counter, campaign, tell_hub=False).token)
        shots(page, f"till-verdict-cut-off-{campaign}")
        assert page.evaluate("document.documentElement.scrollHeight") <= TILL["height"]
