"""The till in a real Chromium, in both languages, by touch and by scanner, from the PIN to each verdict."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from access import faults, violations
from camera import picture_of
from kiosk_shop import COFFEE, LOCKED, PIN, SMALL, TENTH, TillShop
from PIL import Image
from playwright.sync_api import Page, Route, expect
from till_counter import (
    AGAIN,
    CAKE,
    CAKE_CODE,
    MEMBER,
    MEMBERS,
    VOUCHER,
    Till,
    shop_with_everything,
    till_with_devices,
)

from hub.storefront.qr import qr_png
from hub.wire.coupon import Issued
from kiosk.app import create_app

TILL = {"width": 1024, "height": 600}
PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}
LEAST_TARGET_PX = 44

WORDS = {
    "en": {"in": "Sign in", "good": "Redeemed", "look": "Already used", "note": "Accepted", "no": "Not a coupon",
           "amount": "Amount needed", "next": "Next customer", "part": "How much of it?", "product": "Products needed",
           "member": "Member needed", "back": "Taken back", "held": "Held", "not-now": "Not now"},
    "zh": {"in": "登录", "good": "核销成功", "look": "已使用过", "note": "已接受", "no": "不是优惠券",
           "amount": "需要金额", "next": "下一位", "part": "使用多少？", "product": "需要商品",
           "member": "需要会员码", "back": "已撤销", "held": "已预留", "not-now": "暂时无法核销"},
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TillShop]:
    with shop_with_everything(tmp_path) as shop:
        yield shop


@pytest.fixture
def till(shop: TillShop) -> Iterator[Till]:
    with till_with_devices(shop) as till:
        yield till


def tap_keys(page: Page, field: str, text: str) -> None:
    """Touch the keys on the screen, one after the other."""
    for character in text:
        page.locator(f'#{field}-pad [data-key="{character}"]').tap()


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
def test_staff_work_by_touch_and_scanner_through_every_answer_plugged_and_unplugged(
    till: Till,
    serve: Callable[..., str],
    browse: Callable[..., Page],
    shots: Callable[..., Path],
    language: str,
    screen: str,
) -> None:
    words, shop, counter = WORDS[language], till.shop, till.counter
    address = serve(till.app)
    page = browse(viewport=TILL if screen == "till" else PHONE, has_touch=True)
    wrong: list[str] = []

    def look(name: str) -> None:
        found = faults(page, least_target_px=LEAST_TARGET_PX)
        # Each page once on each screen and once in each language: the markup is the same in all four.
        found += violations(page) if (screen == "till") is (language == "en") else []
        wrong.extend(f"{name}: {one}" for one in found)
        shots(page, f"till-{name}-{screen}-{language}")

    def scan(coupon: Issued, tone: str, word: str) -> None:
        # A verdict of the same kind may stand there: its page has another address.
        with page.expect_navigation():
            till.scanner.scan(coupon.token)
        says(page, tone, words[word])

    page.goto(f"{address}/till?lang={language}")
    look("sign-in")
    page.locator(".person").first.tap()
    tap_keys(page, "pin", PIN)
    page.get_by_role("button", name=words["in"]).tap()
    expect(page.locator("#text")).to_be_focused()
    look("scan")

    first = shop.take(counter)
    if screen == "till":
        page.locator('[data-opens="text"]').tap()
        tap_keys(page, "text", first.code)
        look("scan-keys")
        page.locator('[name="do"][value="redeem"]').tap()
    else:
        page.locator("#text").tap()
        page.keyboard.type(first.code)
        page.locator('[name="do"][value="redeem"]').tap()
    says(page, "good", words["good"])
    look("verdict-good")
    scan(first, "look", "look")
    expect(page.locator(".verdict .reason")).to_contain_text("Till 1")
    look("verdict-used")

    scan(shop.take(counter, SMALL), "ask", "amount")
    expect(page.locator("#basket")).to_be_focused()
    look("verdict-amount")
    answer_with_keys(page, screen, "basket", "25.5")
    says(page, "good", words["good"])

    scan(shop.take(counter, VOUCHER), "ask", "part")
    answer_with_keys(page, screen, "amount", "12.5")
    says(page, "good", words["good"])
    expect(page.locator(".balance")).to_contain_text("37.50")
    look("verdict-voucher")

    scan(shop.take(counter, CAKE), "ask", "product")
    till.scanner.scan(CAKE_CODE)
    expect(page.locator(".products .code")).to_have_text(CAKE_CODE)
    look("verdict-product")
    page.locator('[name="do"][value="redeem"]').tap()
    says(page, "good", words["good"])

    scan(shop.take(counter, MEMBERS), "ask", "member")
    till.scanner.scan(MEMBER)
    expect(page.locator("#member")).to_have_value(MEMBER)
    look("verdict-member")
    page.locator('[name="do"][value="redeem"]').tap()
    says(page, "good", words["good"])

    scan(shop.take(counter, AGAIN), "good", "good")
    expect(page.locator(".gift svg")).to_be_visible()
    look("verdict-next-visit")
    page.locator(".undo").tap()
    expect(page.locator(".reasons")).to_be_visible()
    look("undo")
    page.locator(".reasons .button").first.tap()
    says(page, "back", words["back"])
    look("verdict-back")

    page.get_by_role("link", name=words["next"]).tap()
    page.fill("#text", shop.take(counter).code)
    page.locator('[name="do"][value="hold"]').tap()
    says(page, "hold", words["held"])
    look("verdict-held")
    page.locator('[name="do"][value="release"]').tap()
    expect(page.locator("#text")).to_be_focused()

    page.locator('a[href*="/till/find"]').tap()
    expect(page.locator(".find-form")).to_be_visible()
    # The search page is asked for what the scanner reads; it redeems nothing.
    till.scanner.scan(first.token)
    expect(page.locator(".found")).to_contain_text("Till 1")
    look("find")
    page.locator('a[href*="/till/day"]').tap()
    expect(page.locator(".act")).not_to_have_count(0)
    look("day")

    coupons = [shop.take(counter), shop.take(counter, LOCKED)]
    till.line.mode = "cut"
    counter.exchange.once()
    scan(coupons[0], "note", "note")
    look("verdict-own-account")
    scan(coupons[1], "no", "not-now")
    look("verdict-not-now")
    page.get_by_role("link", name=words["next"]).tap()
    expect(page.locator("#badge")).to_contain_text("2")
    look("cut-off")
    till.line.mode = "good"
    counter.exchange.drain()
    expect(page.locator("#badge")).to_have_class("badge tone-good")
    expect(page.locator("#around .warning")).to_have_count(0)

    page.locator(".practise button").tap()
    expect(page.locator(".training-banner")).to_be_visible()
    look("training")
    scan(shop.take(counter), "good", "good")
    expect(page.locator(".practice")).to_be_visible()
    look("training-verdict")
    assert wrong == []


def answer_with_keys(page: Page, screen: str, field: str, amount: str) -> None:
    """Answer a question by touch: with our keys at the till, with the phone's own on a phone."""
    if screen == "till":
        tap_keys(page, field, amount)
    else:
        page.locator(f"#{field}").tap()
        page.keyboard.type(amount)
    page.locator('[name="do"][value="redeem"]').tap()


def test_without_a_script_the_till_reads_a_picture_of_the_shoppers_screen(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    counter, _ = shop.till()
    address = serve(create_app(counter))
    shopper = browse(viewport={"width": 1280, "height": 800}, java_script_enabled=False)
    shopper.goto(f"{address}/?lang=en")
    shopper.get_by_role("button", name="Take this").first.click()
    expect(shopper.locator(".ticket .qr svg")).to_be_visible()
    picture = tmp_path / "coupon.png"
    picture.write_bytes(picture_of(shopper))
    page = browse(viewport=TILL, java_script_enabled=False)
    sign_in(page, address, "en")
    page.set_input_files("#picture", picture)
    page.fill("#basket", "50")
    page.get_by_role("button", name="Redeem", exact=True).click()
    says(page, "good", "Redeemed")
    counter.exchange.drain()
    assert sum(shop.store.ledger.redeemed(number) for number in range(1, 20)) == 1


def test_without_a_script_a_scan_of_the_counters_scanner_comes_to_the_page_by_itself(
    till: Till, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    page = browse(viewport=TILL, java_script_enabled=False)
    sign_in(page, serve(till.app), "en")
    till.scanner.scan(till.shop.take(till.counter).token)
    says(page, "good", "Redeemed")


def test_a_chosen_picture_goes_at_once_and_a_large_one_is_made_small_first(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page], tmp_path: Path
) -> None:
    counter, _ = shop.till()
    page = browse(viewport=PHONE)
    sent: list[int] = []
    page.on(
        "request",
        lambda request: (
            sent.append(int(request.headers.get("content-length", "0")))
            if request.url.partition("?")[0].endswith("/redeem")
            else None
        ),
    )
    sign_in(page, serve(create_app(counter)), "en")
    picture = tmp_path / "coupon.bmp"
    # As large as a phone's photograph: nine million dots without any packing.
    with Image.open(io.BytesIO(qr_png(shop.take(counter).token))) as drawn:
        drawn.convert("L").resize((3000, 3000)).save(picture)
    assert picture.stat().st_size > 8_000_000
    page.set_input_files("#picture", picture)
    says(page, "good", "Redeemed")
    assert max(sent, default=0) < 1_000_000


def test_the_page_says_by_itself_that_the_hub_is_away_and_that_it_is_back(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    counter, line = shop.till()
    page = browse(viewport=TILL)
    sign_in(page, serve(create_app(counter)), "en")
    expect(page.locator("#badge")).to_have_text("Connected")
    page.keyboard.type("SB1 HALF A CODE")
    line.mode = "cut"
    counter.exchange.once()
    expect(page.locator("#badge")).to_contain_text("Cut off")
    expect(page.locator(".warning")).to_contain_text("Cut off from the shop's hub")
    line.mode = "good"
    counter.exchange.drain()
    expect(page.locator("#badge")).to_have_text("Connected")
    expect(page.locator(".warning")).to_have_count(0)
    # All of it without touching what somebody was typing.
    expect(page.locator("#text")).to_have_value("SB1 HALF A CODE")


def test_a_lock_out_is_told_in_words_and_counts_down(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    counter, _ = shop.till()
    address = serve(create_app(counter))
    page = browse(viewport=TILL)
    for language, words in (("en", "Too many wrong PINs"), ("zh", "PIN 码输错次数过多")):
        page.goto(f"{address}/till?lang={language}")
        for _ in range(5):
            page.get_by_text("Ada" if language == "en" else "Bo").click()
            page.fill("#pin", "0000")
            with page.expect_navigation():
                page.keyboard.press("Enter")
        expect(page.locator("#wrong")).to_contain_text(words)
        expect(page.locator("#wrong .counting")).to_have_text(re.compile(r"^\d+$"))
        shots(page, f"till-locked-out-{language}")


def test_the_field_keeps_the_focus_and_no_page_complains(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    counter, _ = shop.till()
    complaints: list[str] = []
    page = browse(viewport=TILL)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda wrong: complaints.append(str(wrong)))
    sign_in(page, serve(create_app(counter)), "en")
    expect(page.locator("#text")).to_be_focused()
    page.locator(".today").click()
    expect(page.locator("#text")).to_be_focused()
    page.locator("body").click(position={"x": 900, "y": 560})
    page.keyboard.type(shop.take(counter).code)
    with page.expect_request(lambda request: "/sound/good.wav" in request.url):
        page.keyboard.press("Enter")
    says(page, "good", "Redeemed")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(shop.take(counter).code)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    says(page, "good", "Redeemed")
    expect(page.locator("#text")).to_be_focused()
    assert complaints == []


def test_a_scan_that_begins_before_the_page_is_there_is_not_lost(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    counter, _ = shop.till()
    address = serve(create_app(counter))
    page = browse(viewport=TILL)
    sign_in(page, address, "en")
    code = shop.take(counter).code
    # The page's second script is held back: until it comes, the page is still loading, and its field may not be there yet.
    held: list[Route] = []
    page.route("**/pad.js*", lambda route: held.append(route))
    page.goto(f"{address}/till?lang=en", wait_until="commit")
    # The first script stands in the head: where there is a body, it listens.
    page.wait_for_selector("body", state="attached")
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.type(code[:5])
    # The browser may put the cursor into the field whenever it likes.
    page.locator("#text").focus()
    page.keyboard.type(code[5:])
    page.keyboard.press("Enter")
    until = page.locator(".verdict .word")
    for route in held:
        route.continue_()
    page.unroute("**/pad.js*")
    expect(until).to_have_text("Redeemed")


def test_no_page_is_wider_than_its_screen(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page]
) -> None:
    counter, _ = shop.till()
    page = browse(viewport=SMALL_PHONE)
    address = serve(create_app(counter))
    sign_in(page, address, "en")
    redeem(page, shop.take(counter).token)
    for path in (page.url, page.url.replace("verdict", "undo"), "/till", "/till/find", "/till/day?of=all"):
        page.goto(path if path.startswith("http") else f"{address}{path}")
        assert faults(page, least_target_px=LEAST_TARGET_PX) == [], path


def test_a_verdict_fits_the_tills_screen_without_scrolling(
    shop: TillShop, serve: Callable[..., str], browse: Callable[..., Page], shots: Callable[..., Path]
) -> None:
    notice = "Simulated street: no real radio on this machine."
    counter, line = shop.till(notice=notice)
    page = browse(viewport=TILL)
    sign_in(page, serve(create_app(counter)), "en")
    for campaign in (COFFEE, AGAIN, SMALL, VOUCHER, CAKE, MEMBERS):
        redeem(page, shop.take(counter, campaign).token)
        assert page.evaluate("document.documentElement.scrollHeight") <= TILL["height"], campaign
        if page.locator(".ask").count():
            page.get_by_role("link", name="Next customer").click()
    line.mode = "cut"
    counter.exchange.once()
    for campaign in (COFFEE, LOCKED, TENTH):
        redeem(page, shop.take(counter, campaign, tell_hub=False).token)
        shots(page, f"till-verdict-cut-off-{campaign}")
        assert page.evaluate("document.documentElement.scrollHeight") <= TILL["height"], campaign
