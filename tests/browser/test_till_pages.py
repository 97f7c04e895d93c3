"""The till in a real Chromium, in both languages, from the PIN to each verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kiosk_shop import PIN, TENTH, TillShop, shop_in
from playwright.sync_api import Page, expect

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
